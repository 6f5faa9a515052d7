using EventSourcing.Tests.Postgres;
using Npgsql;

namespace EventSourcing.PostgreSql.Tests;

/// <summary>
/// The connection is lost while an append is with the server: the storage finds out what became of it, so that it is stored exactly
/// once, and the caller is told so.
/// </summary>
public sealed class OutcomeUnknownTests : IDisposable
{
    private const int MostMessages = 200;
    private readonly OneSchema _schema = new();

    public void Dispose() => _schema.Dispose();

    [Theory]
    [InlineData("plain")]
    [InlineData("conditional")]
    [InlineData("inline")]
    public async Task Append_whose_connection_is_cut_at_any_message_is_stored_once(string kind)
    {
        await using var proxy = new TcpProxy(new NpgsqlConnectionStringBuilder(PostgresServer.ConnectionString).Port);
        await using var storage = new PostgresEventStorage(proxy.ConnectionString(PostgresServer.ConnectionString), OneSchema.OptionsFor(_schema.Name));
        await storage.AppendAsync(Some.Append("s", 0));
        await storage.ReadModels.CommitAsync(new ReadModelCommit { Creates = [new ReadModelDefinition("m", [])] });
        var version = 1;
        var wasCut = true;
        var step = kind == "inline" ? 5 : 1; // it has several round trips, which would take as long as all other tests together
        for (var message = 1; wasCut && message < MostMessages; message += step)
        {
            var cut = proxy.CutBefore(message);
            var request = Some.Append("s", version) with { Conditions = kind == "conditional" ? [new AppendCondition(EventQuery.WithTags("none"), 0)] : [] };
            if (kind == "inline") request = request with { ReadModels = (_, _) => ValueTask.FromResult(new ReadModelCommit { Changes = [new DocumentChange("m", "k", new[] { (byte)message })] }) };
            var result = await storage.AppendAsync(request);
            proxy.KeepAll();
            wasCut = cut.IsCompleted;
            (result.Version, result.WasAlreadyStored).Should().Be((++version, false), "cut before message {0}", message);
        }

        wasCut.Should().BeFalse("an append has fewer messages than that");
        (await Some.ExpectRegularAsync(storage)).Should().HaveCount(version);
    }

    [Fact]
    public async Task Append_to_a_server_that_cannot_be_reached_again_in_time_says_that_its_outcome_is_unknown()
    {
        await using var proxy = new TcpProxy(new NpgsqlConnectionStringBuilder(PostgresServer.ConnectionString).Port);
        var connectionString = proxy.ConnectionString(PostgresServer.ConnectionString);
        await using var storage = new PostgresEventStorage(connectionString, OneSchema.OptionsFor(_schema.Name) with { BusyTimeout = TimeSpan.FromSeconds(3) });
        await storage.AppendAsync(Some.Append("s", 0));

        // The lock of somebody else keeps the append with the server, so that the cut comes while its outcome is open.
        await using var holder = await PostgresServer.DataSource.OpenConnectionAsync();
        await using (var transaction = await holder.BeginTransactionAsync())
        {
            await using (var hold = new NpgsqlCommand($"SELECT pg_advisory_xact_lock((SELECT lock_key FROM \"{_schema.Name}\".store))", holder, transaction)) await hold.ExecuteNonQueryAsync();
            var append = storage.AppendAsync(Some.Append("s", 1)).AsTask();
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            while (!_schema.IsAnybodyWaitingForLock()) await Task.Delay(5, patience.Token);
            proxy.Refuse(true);
            proxy.Cut();

            var failed = await FluentActions.Awaiting(() => append).Should().ThrowAsync<StorageFailedException>();
            failed.Which.OutcomeIsUnknown.Should().BeTrue();
        }

        proxy.Refuse(false);
        (await storage.AppendAsync(Some.Append("other", 0))).Version.Should().Be(1, "it goes on once the server can be reached");
    }

    [Fact]
    public async Task Append_whose_session_is_ended_by_an_administrator_is_stored_once()
    {
        await using var storage = _schema.OpenByString();
        await storage.AppendAsync(Some.Append("s", 0));
        for (var version = 1; version < 20; version++)
        {
            var append = storage.AppendAsync(Some.Append("s", version)).AsTask();
            EndWriters();
            (await append).Version.Should().Be(version + 1);
        }

        (await Some.ExpectRegularAsync(storage)).Should().HaveCount(20);
    }

    [Fact]
    public async Task Holder_of_the_lock_that_does_nothing_is_ended_and_the_others_go_on()
    {
        await using var storage = _schema.OpenByString(own => own with { HolderTimeout = TimeSpan.FromMilliseconds(200) });
        await using var other = _schema.OpenByString();
        await storage.AppendAsync(Some.Append("s", 0));
        var began = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var runs = 0;
        var slow = storage.AppendAsync(Some.Append("s", 1) with
        {
            ReadModels = async (_, token) =>
            {
                began.TrySetResult();
                if (runs++ == 0) await Task.Delay(TimeSpan.FromSeconds(1), token);
                return new ReadModelCommit();
            },
        }).AsTask();
        await began.Task;

        (await other.AppendAsync(Some.Append("other", 0))).Position.Should().Be(2, "the holder was ended before it wrote");
        (await slow).Version.Should().Be(2, "it was tried again");
        (await Some.ExpectRegularAsync(other)).Should().HaveCount(3);
    }

    /// <summary>Ends the sessions that append to this test's store, but none of those that all tests share.</summary>
    private void EndWriters() => PostgresServer.Run($"""
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE query SIMILAR TO '%({_schema.Name}%append_events|INSERT INTO "{_schema.Name}".events)%' AND pid <> pg_backend_pid() AND application_name <> 'tests'
        """);
}
