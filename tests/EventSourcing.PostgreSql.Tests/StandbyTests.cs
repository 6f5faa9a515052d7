using EventSourcing.Tests.Postgres;
using Npgsql;

namespace EventSourcing.PostgreSql.Tests;

/// <summary>
/// A synchronous standby is configured and does not answer, so every commit waits for it, until somebody cancels the wait: then the server
/// has committed on the primary alone. Nobody may be told that it is stored before a commit has waited.
/// </summary>
public sealed class StandbyTests : IClassFixture<StandbyTests.Server>, IDisposable
{
    private static readonly TimeSpan Never = TimeSpan.FromSeconds(60);
    private readonly Server _server;
    private readonly string _schema = "es_" + Guid.NewGuid().ToString("N")[..16];

    public StandbyTests(Server server) => _server = server;

    public void Dispose() => _server.AnswerAsync().GetAwaiter().GetResult();

    [OwnServerFact]
    public Task Append_whose_wait_is_cancelled_is_unknown_and_its_repetition_waits() => ExpectRepetitionToWaitAsync(Open());

    [OwnServerFact]
    public Task Append_through_a_pooler_whose_wait_is_cancelled_is_unknown_and_its_repetition_waits() =>
        ExpectRepetitionToWaitAsync(Open(own => own with { ThroughPooler = true }));

    [OwnServerFact]
    public async Task Repetition_by_another_process_waits_for_the_standby_too()
    {
        await using var storage = Open();
        await using var other = Open();
        await storage.AppendAsync(Some.Append("s", 0));
        await other.AppendAsync(Some.Append("o", 0));
        await _server.FallSilentAsync();
        var request = Some.Append("s", 1);
        await ExpectCancelledAsync(storage.AppendAsync(request));

        var again = other.AppendAsync(request).AsTask();
        await _server.UntilWaitingAsync();
        again.IsCompleted.Should().BeFalse("the standby does not have it, though the server does");
        (await ExpectCancelledAsync(new ValueTask<AppendResult>(again))).OutcomeIsUnknown.Should().BeTrue();

        again = other.AppendAsync(request).AsTask();
        await _server.UntilWaitingAsync();
        await _server.AnswerAsync();
        (await again.WaitAsync(Never)).WasAlreadyStored.Should().BeTrue();
    }

    /// <summary>The session that waits is ended: the server has committed and says nothing.</summary>
    [OwnServerFact]
    public async Task Append_whose_session_is_ended_while_it_waits_is_looked_up_and_waits_again()
    {
        await using var storage = Open();
        await storage.AppendAsync(Some.Append("s", 0));
        await _server.FallSilentAsync();
        var append = storage.AppendAsync(Some.Append("s", 1)).AsTask();
        await _server.UntilWaitingAsync();
        await _server.RunAsync("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");

        await _server.UntilWaitingAsync();
        append.IsCompleted.Should().BeFalse("the standby does not have it");
        await _server.AnswerAsync();
        var result = await append.WaitAsync(Never);
        (result.Version, result.WasAlreadyStored).Should().Be((2, false));
        (await Some.ExpectRegularAsync(storage)).Should().HaveCount(2);
    }

    [OwnServerFact]
    public async Task Append_with_a_read_model_whose_wait_is_cancelled_is_unknown_and_its_repetition_waits()
    {
        await using var storage = Open();
        await storage.ReadModels.CommitAsync(Some.Document());
        var request = Some.Append("s", 0) with { ReadModels = (_, _) => ValueTask.FromResult(Change()) };
        await _server.FallSilentAsync();
        (await ExpectCancelledAsync(storage.AppendAsync(request))).OutcomeIsUnknown.Should().BeTrue();

        var again = storage.AppendAsync(request).AsTask();
        await _server.UntilWaitingAsync();
        again.IsCompleted.Should().BeFalse("the standby does not have it");
        await _server.AnswerAsync();
        (await again.WaitAsync(Never)).WasAlreadyStored.Should().BeTrue();
    }

    [OwnServerFact]
    public async Task Commit_of_a_read_model_whose_wait_is_cancelled_is_unknown()
    {
        await using var storage = Open();
        await storage.ReadModels.CommitAsync(Some.Document());
        await _server.FallSilentAsync();

        var commit = storage.ReadModels.CommitAsync(Change()).AsTask();
        (await ExpectCancelledAsync(commit)).OutcomeIsUnknown.Should().BeTrue();
    }

    [OwnServerFact]
    public async Task Mark_of_a_move_whose_wait_is_cancelled_is_unknown_and_its_repetition_waits()
    {
        await using var storage = Open();
        await storage.AppendAsync(Some.Append("s", 0));
        await _server.FallSilentAsync();
        (await ExpectCancelledAsync(storage.SetMovedToAsync("elsewhere", 1))).OutcomeIsUnknown.Should().BeTrue();

        var again = storage.SetMovedToAsync("elsewhere", 1).AsTask();
        await _server.UntilWaitingAsync();
        again.IsCompleted.Should().BeFalse("the standby does not have it");
        await _server.AnswerAsync();
        (await again.WaitAsync(Never)).Should().BeTrue();
        (await storage.GetMovedToAsync()).Should().Be("elsewhere");
    }

    [OwnServerFact]
    public async Task Checkpoint_is_not_signed_over_events_that_the_standby_may_not_have()
    {
        await using var storage = Open();
        await storage.AppendAsync(Some.Append("s", 0));
        await _server.FallSilentAsync();
        await ExpectCancelledAsync(storage.AppendAsync(Some.Append("s", 1)));

        var sync = storage.Ledger.SyncAsync().AsTask();
        await _server.UntilWaitingAsync();
        sync.IsCompleted.Should().BeFalse();
        await _server.AnswerAsync();
        await sync.WaitAsync(Never);
    }

    /// <summary>A role whose clients hear of errors only would not be told that the wait was cancelled.</summary>
    [OwnServerFact]
    public async Task Role_that_hides_warnings_and_does_not_wait_changes_nothing()
    {
        await _server.RunAsync("""
            CREATE ROLE quiet SUPERUSER LOGIN;
            ALTER ROLE quiet SET client_min_messages = 'error';
            ALTER ROLE quiet SET synchronous_commit = 'off'
            """);
        await using var storage = Open(user: "quiet");
        await storage.ReadModels.CommitAsync(Some.Document());
        await storage.AppendAsync(Some.Append("s", 0));
        await _server.FallSilentAsync();

        await ExpectCancelledAsync(storage.AppendAsync(Some.Append("s", 1)));
        await ExpectCancelledAsync(storage.ReadModels.CommitAsync(Change()).AsTask());
    }

    private async Task ExpectRepetitionToWaitAsync(PostgresEventStorage opened)
    {
        await using var storage = opened;
        await storage.AppendAsync(Some.Append("s", 0));
        await _server.FallSilentAsync();
        var request = Some.Append("s", 1);

        var error = await ExpectCancelledAsync(storage.AppendAsync(request));
        error.OutcomeIsUnknown.Should().BeTrue();

        var again = storage.AppendAsync(request).AsTask();
        await _server.UntilWaitingAsync();
        again.IsCompleted.Should().BeFalse("the standby does not have it");
        await _server.AnswerAsync();
        (await again.WaitAsync(Never)).Version.Should().Be(2);
        (await Some.ExpectRegularAsync(storage)).Should().HaveCount(2);
    }

    private PostgresEventStorage Open(Func<PostgresEventStorageOptions, PostgresEventStorageOptions>? with = null,
        string user = "postgres")
    {
        var options = OneSchema.OptionsFor(_schema);
        return new PostgresEventStorage(new NpgsqlConnectionStringBuilder(_server.ConnectionString) { Username = user }.ConnectionString,
            with?.Invoke(options) ?? options);
    }

    private static ReadModelCommit Change() => new() { Changes = [new DocumentChange("m", "k", "{ }"u8.ToArray())] };

    private Task<StorageFailedException> ExpectCancelledAsync<T>(ValueTask<T> write) => ExpectCancelledAsync(write.AsTask());

    /// <summary>Cancels every wait for the standby until a write gives up.</summary>
    private async Task<StorageFailedException> ExpectCancelledAsync(Task write)
    {
        using var patience = new CancellationTokenSource(Never);
        while (!write.IsCompleted)
        {
            await _server.RunAsync("SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
            await Task.WhenAny(write, Task.Delay(5, patience.Token));
            patience.Token.ThrowIfCancellationRequested();
        }

        return (await FluentActions.Awaiting(() => write).Should().ThrowAsync<StorageFailedException>()).Which;
    }

    /// <summary>A server that waits for a standby which is not there, when told to.</summary>
    public sealed class Server : IDisposable
    {
        private readonly Lazy<PostgresInstance> _instance = new(() => PostgresInstance.Start(PostgresServer.Binaries, isDurable: false));

        internal string ConnectionString => _instance.Value.ConnectionString();

        public void Dispose()
        {
            if (_instance.IsValueCreated) _instance.Value.Dispose();
        }

        internal async Task<object?> RunAsync(string sql)
        {
            await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false");
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand(sql, connection);
            return await command.ExecuteScalarAsync();
        }

        /// <summary>From now on commits wait for a standby that does not answer.</summary>
        internal async Task FallSilentAsync()
        {
            Configure("'nobody'");

            // The setting takes effect a moment later.
            using var patience = new CancellationTokenSource(Never);
            for (var probe = Task.CompletedTask; probe.IsCompleted; await Task.WhenAny(probe, UntilWaitingAsync(patience.Token)))
                probe = RunAsync("SELECT pg_logical_emit_message(true, 'probe', '')");
            await RunAsync("SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
            while (await CountWaitingAsync() > 0) await Task.Delay(5, patience.Token);
        }

        /// <summary>From now on commits wait for nobody, and those that wait go on.</summary>
        internal async Task AnswerAsync()
        {
            if (!_instance.IsValueCreated) return;
            Configure("''");
            using var patience = new CancellationTokenSource(Never);
            while (await CountWaitingAsync() > 0) await Task.Delay(5, patience.Token);
        }

        /// <summary>Waits until a commit waits for the standby.</summary>
        internal async Task UntilWaitingAsync(CancellationToken cancellationToken = default)
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(Never);
            while (await CountWaitingAsync() == 0) await Task.Delay(5, patience.Token);
        }

        private async Task<long> CountWaitingAsync() =>
            (long)(await RunAsync("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"))!;

        private void Configure(string standbys)
        {
            _instance.Value.Configure([$"synchronous_standby_names = {standbys}"]);
            _instance.Value.Reload();
        }
    }
}
