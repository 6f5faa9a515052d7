using EventSourcing.Sqlite.Tests;
using System.Diagnostics;
using EventSourcing.Tests.Postgres;

namespace EventSourcing.PostgreSql.Tests;

/// <summary>
/// Several apps on one store: positions are dense, versions have no gap, nothing is lost or there twice, whatever becomes of one
/// of them.
/// </summary>
public sealed class SeveralProcessesTests : IDisposable
{
    private readonly OneSchema _schema = new();

    public void Dispose() => _schema.Dispose();

    [Fact]
    public async Task Append_from_two_handles_sees_each_others_versions()
    {
        await using var one = _schema.Open();
        await using var other = _schema.Open();
        await one.AppendAsync(Some.Append("s", 0));
        (await other.AppendAsync(Some.Append("s", 1))).Version.Should().Be(2);

        var stale = async () => await one.AppendAsync(Some.Append("s", 1));

        (await stale.Should().ThrowAsync<WrongExpectedVersionException>()).Which.ActualVersion.Should().Be(2);
        (await one.AppendAsync(Some.Append("s", 2))).Position.Should().Be(3);
        (await Some.LogOf(other)).Select(e => e.Version).Should().Equal(1, 2, 3);
    }

    /// <summary>What a storage knows of a stream may be old. No verdict rests on it.</summary>
    [Fact]
    public async Task Append_on_a_version_that_only_another_handle_has_seen_succeeds_and_on_the_own_one_fails()
    {
        await using var one = _schema.Open();
        await using var other = _schema.Open();
        await one.AppendAsync(Some.Append("s", 0, Some.Event(), Some.Event(), Some.Event()));
        await other.AppendAsync(Some.Append("s", 3));

        (await one.AppendAsync(Some.Append("s", 4))).Version.Should().Be(5);
        await other.AppendAsync(Some.Append("s", 5));
        var refused = await FluentActions.Awaiting(() => one.AppendAsync(Some.Append("s", 5)).AsTask()).Should()
            .ThrowAsync<WrongExpectedVersionException>();

        refused.Which.ActualVersion.Should().Be(6);
        await FluentActions.Awaiting(() => one.AppendAsync(Some.Append("s", ExpectedVersion.NoStream)).AsTask()).Should()
            .ThrowAsync<WrongExpectedVersionException>();
        (await one.GetHeadAsync()).Should().Be(6);
    }

    [Fact]
    public async Task Append_to_a_stream_that_another_handle_created_uses_that_stream()
    {
        await using var one = _schema.Open();
        await using var other = _schema.Open();
        await one.AppendAsync(Some.Append("mine", ExpectedVersion.NoStream));
        await other.AppendAsync(Some.Append("shared", ExpectedVersion.NoStream, Some.Event("made-there")));
        await one.AppendAsync(Some.Append("shared", ExpectedVersion.StreamExists, Some.Event("made-there")));
        (await Some.LogOf(one)).Select(e => (e.Stream, e.Version)).Should().Equal(("mine", 1), ("shared", 1), ("shared", 2));
    }

    /// <summary>A guard on a stream that is only checked is as good as one on a stream that is written.</summary>
    [Fact]
    public async Task Append_that_checks_a_stream_which_another_handle_has_moved_is_refused()
    {
        await using var one = _schema.Open();
        await using var other = _schema.Open();
        await one.AppendAsync(Some.Append("checked", 0));
        await other.AppendAsync(Some.Append("checked", 1));
        var request = new AppendRequest([new StreamWrite("checked", 1, []),
            new StreamWrite("written", ExpectedVersion.Any, [Some.Event()])]);

        (await FluentActions.Awaiting(() => one.AppendAsync(request).AsTask()).Should().ThrowAsync<WrongExpectedVersionException>())
            .Which.ActualVersion.Should().Be(2);

        (await one.GetHeadAsync()).Should().Be(2);
    }

    [Fact]
    public async Task Repeat_an_append_by_another_handle_returns_the_original_result()
    {
        await using var one = _schema.Open();
        await using var other = _schema.Open();
        var request = Some.Append("s", 0, Some.Event(), Some.Event());
        var result = await one.AppendAsync(request);
        await one.AppendAsync(Some.Append("s", 2));

        var repeated = await other.AppendAsync(request);

        (repeated.WasAlreadyStored, repeated.FirstPosition, repeated.Position, repeated.Version).Should()
            .Be((true, result.FirstPosition, result.Position, result.Version));
        (await other.GetHeadAsync()).Should().Be(3);
    }

    [Fact]
    public async Task Wait_for_events_is_woken_by_another_handle()
    {
        await using var one = _schema.Open();
        await using var other = _schema.Open();
        var woken = one.WaitForEventsAsync(0).AsTask();
        await other.AppendAsync(Some.Append("s", 0));
        (await woken.WaitAsync(TimeSpan.FromSeconds(30))).Should().Be(1);
    }

    [Fact]
    public async Task Open_of_a_new_schema_by_many_handles_at_once_makes_one_store()
    {
        var handles = Enumerable.Range(0, 8).Select(_ => _schema.OpenByString()).ToList();
        await Task.WhenAll(handles.Select((handle, i) => Task.Run(async () => await handle.AppendAsync(Some.Append($"s-{i}", 0)))));
        (await Some.LogOf(handles[0])).Select(e => e.Position).Should().Equal(Enumerable.Range(1, 8).Select(i => (long)i));
        foreach (var handle in handles) await handle.DisposeAsync();
    }

    [Fact]
    public async Task Append_from_three_processes_loses_and_repeats_nothing()
    {
        const int Callers = 4, Each = 60;
        var workers = Enumerable.Range(0, 3)
            .Select(i => WorkerProgram.StartAppending(PostgresServer.ConnectionString, _schema.Name, $"own-{i}", Callers, Each)).ToList();
        var acknowledged = (await Task.WhenAll(workers.Select(AcknowledgedAsync))).SelectMany(ids => ids).ToList();
        foreach (var worker in workers) (worker.ExitCode, worker.HasExited).Should().Be((0, true));

        acknowledged.Should().HaveCount(3 * Callers * Each);
        await using var storage = _schema.Open();
        (await Some.ExpectRegularAsync(storage)).Should().BeEquivalentTo(acknowledged);
        await Tree.ExpectWholeAsync(storage);
    }

    [UnixPostgresFact]
    public async Task Append_from_three_processes_while_one_is_suspended_one_killed_and_one_cut_off_loses_and_repeats_nothing()
    {
        await using var proxy = new TcpProxy(new Npgsql.NpgsqlConnectionStringBuilder(PostgresServer.ConnectionString).Port);
        string[] ways = [PostgresServer.ConnectionString, PostgresServer.ConnectionString,
            proxy.ConnectionString(PostgresServer.ConnectionString)];
        var workers = ways.Select((way, i) =>
            WorkerProgram.StartAppending(way, _schema.Name, $"own-{i}", callers: 4, int.MaxValue)).ToList();
        foreach (var worker in workers) (await worker.StandardOutput.ReadLineAsync()).Should().Be("ready");
        var reading = workers.Select(RestAsync).ToList();
        var (suspended, killed) = (workers[0], workers[1]);
        await using var storage = _schema.Open();
        for (var round = 0; round < 8; round++)
        {
            await GrowAsync(storage, 40);
            suspended.Signal("STOP");
            if (round == 4) killed.Signal("KILL");
            if (round % 2 == 1) proxy.Cut();
            if (round == 2) proxy.Freeze();

            // Somebody goes on while others stand still. Whoever stands with the lock is ended by the server.
            await GrowAsync(storage, 20);
            proxy.Thaw();
            suspended.Signal("CONT");
        }

        await GrowAsync(storage, 40);
        foreach (var worker in workers.Where(worker => worker != killed)) worker.StandardInput.Close();
        var acknowledged = (await Task.WhenAll(reading)).SelectMany(ids => ids).ToHashSet();
        (workers[0].ExitCode, workers[2].ExitCode).Should().Be((0, 0));
        foreach (var worker in workers) worker.Dispose();

        var stored = await Some.ExpectRegularAsync(storage);
        stored.Should().Contain(acknowledged);
        (stored.Count - acknowledged.Count).Should().BeInRange(0, 4, "only the callers who were killed have not heard of what they stored");
        await Tree.ExpectWholeAsync(storage);
    }

    private static async Task<IReadOnlyList<Guid>> AcknowledgedAsync(Process worker)
    {
        (await worker.StandardOutput.ReadLineAsync()).Should().Be("ready");
        return await RestAsync(worker);
    }

    private static async Task<IReadOnlyList<Guid>> RestAsync(Process worker)
    {
        var output = await worker.StandardOutput.ReadToEndAsync();
        await worker.WaitForExitAsync();
        return [.. output.Split('\n').SkipLast(1).Select(Guid.Parse)];
    }

    /// <summary>Waits until the log has so many events more.</summary>
    private static async Task GrowAsync(IEventStorage storage, int events)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await storage.WaitForEventsAsync(await storage.GetHeadAsync() + events - 1, patience.Token);
    }
}
