using System.Globalization;
using EventSourcing.Tests.Postgres;
using Npgsql;

namespace EventSourcing.PostgreSql.Tests;

/// <summary>
/// The server says nothing any more, and no connection ends: its host has lost power, or the network loses every packet. What waits for it
/// ends all the same.
/// </summary>
public sealed class SilentServerTests : IDisposable
{
    private static readonly TimeSpan Never = TimeSpan.FromSeconds(60);
    private readonly OneSchema _schema = new();

    public void Dispose() => _schema.Dispose();

    [Theory]
    [InlineData("plain")]
    [InlineData("inline")]
    public async Task Append_to_a_server_that_has_fallen_silent_ends_as_unknown_and_so_does_the_disposal(string kind)
    {
        await using var proxy = Proxy();
        try
        {
            var request = Some.Append("s", 2);
            var storage = Open(proxy.ConnectionString(PostgresServer.ConnectionString));
            for (var version = 0; version < 2; version++) await storage.AppendAsync(Some.Append("s", version)); // prepares its statements
            proxy.Freeze();

            var append = storage.AppendAsync(kind == "plain" ? request
                : request with { ReadModels = (_, _) => ValueTask.FromResult(new ReadModelCommit()) }).AsTask();

            // An append with a read model has not been sent when the first statement of its transaction gets no answer.
            var failed = await FluentActions.Awaiting(() => append.WaitAsync(Never)).Should().ThrowAsync<StorageFailedException>();
            failed.Which.OutcomeIsUnknown.Should().Be(kind == "plain");
            await storage.DisposeAsync().AsTask().WaitAsync(Never);
            proxy.Thaw();

            await using var other = _schema.Open();
            (await other.AppendAsync(request)).Version.Should().Be(3);
            (await Some.ExpectRegularAsync(other)).Should().HaveCount(3);
        }
        finally
        {
            proxy.Thaw();
        }
    }

    [Fact]
    public async Task Append_whose_answer_does_not_come_is_unknown_and_its_repetition_is_stored_once()
    {
        await using var proxy = Proxy();
        var storage = Open(proxy.ConnectionString(PostgresServer.ConnectionString));
        try
        {
            await storage.AppendAsync(Some.Append("s", 0));
            var request = Some.Append("s", 1);
            Task<AppendResult> append;
            await using (var holder = new NpgsqlConnection(PostgresServer.ConnectionString + ";Pooling=false"))
            {
                await holder.OpenAsync();
                await using var hold = new NpgsqlCommand($"BEGIN; SELECT pg_advisory_xact_lock((SELECT lock_key FROM \"{_schema.Name}\".store))", holder);
                await hold.ExecuteNonQueryAsync();
                append = storage.AppendAsync(request).AsTask();
                using var patience = new CancellationTokenSource(Never);
                while (!_schema.IsAnybodyWaitingForLock()) await Task.Delay(5, patience.Token);
                proxy.Freeze();
            }

            var failed = await FluentActions.Awaiting(() => append.WaitAsync(Never)).Should().ThrowAsync<StorageFailedException>();
            failed.Which.OutcomeIsUnknown.Should().BeTrue();
            proxy.Thaw();
            (await storage.AppendAsync(request).AsTask().WaitAsync(Never)).Version.Should().Be(2);
            (await Some.ExpectRegularAsync(storage)).Should().HaveCount(2);
        }
        finally
        {
            proxy.Thaw();
            await storage.DisposeAsync();
        }
    }

    /// <summary>The other host is the one that took the place of the first.</summary>
    [Fact]
    public async Task Append_to_a_host_that_has_fallen_silent_goes_on_at_the_next_one()
    {
        await using var silent = Proxy();
        await using var next = Proxy();
        var hosts = new NpgsqlConnectionStringBuilder(silent.ConnectionString(PostgresServer.ConnectionString));
        hosts.Host = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{silent.Port},127.0.0.1:{next.Port}");
        var storage = Open(hosts.ConnectionString);
        try
        {
            await storage.AppendAsync(Some.Append("s", 0));
            silent.Freeze();

            (await storage.AppendAsync(Some.Append("s", 1)).AsTask().WaitAsync(Never)).Version.Should().Be(2);

            await using var other = _schema.Open();
            (await Some.ExpectRegularAsync(other)).Should().HaveCount(2);
        }
        finally
        {
            silent.Thaw();
            await storage.DisposeAsync();
        }
    }

    [Fact]
    public async Task Commit_of_a_read_model_to_a_server_that_has_fallen_silent_ends()
    {
        await using var proxy = Proxy();
        var storage = Open(proxy.ConnectionString(PostgresServer.ConnectionString));
        try
        {
            await storage.ReadModels.CommitAsync(Some.Document());
            proxy.Freeze();
            var commit = storage.ReadModels.CommitAsync(new ReadModelCommit { Changes = [new DocumentChange("m", "k", "{ }"u8.ToArray())] });
            await FluentActions.Awaiting(() => commit.AsTask().WaitAsync(Never)).Should().ThrowAsync<StorageFailedException>();
            proxy.Thaw();
            await storage.ReadModels.CommitAsync(new ReadModelCommit { Changes = [new DocumentChange("m", "k", "[]"u8.ToArray())] });
            (await storage.ReadModels.LoadAsync("m", ["k"])).Single().Should().Equal("[]"u8.ToArray());
        }
        finally
        {
            proxy.Thaw();
            await storage.DisposeAsync();
        }
    }

    private static TcpProxy Proxy() => new(new NpgsqlConnectionStringBuilder(PostgresServer.ConnectionString).Port);

    private PostgresEventStorage Open(string connectionString) => new(
        connectionString + ";Timeout=1;Command Timeout=1;Cancellation Timeout=300",
        OneSchema.OptionsFor(_schema.Name) with { BusyTimeout = TimeSpan.FromSeconds(1) });
}
