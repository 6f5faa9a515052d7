using System.Collections.Concurrent;

namespace EventSourcing.Sqlite.Tests;

/// <summary>Storages that write to one file take turns: those of one process.</summary>
public sealed class WriteTurnsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TaskCompletionSource _turnMayEnd = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Append_by_storages_of_one_process_is_in_the_order_in_which_they_came()
    {
        await using var first = new SqliteEventStorage(_folder.Store);
        var turn = await TakeTurnAsync(first);
        var storages = Enumerable.Range(0, 20).Select(_ => new SqliteEventStorage(_folder.Store)).ToList();
        var appends = new List<Task<AppendResult>>();
        foreach (var storage in storages) appends.Add(await WaitForTurnAsync(storage, $"s-{appends.Count}", first.Turns!.Waiting + 1));
        _turnMayEnd.SetResult();

        await turn;
        (await Task.WhenAll(appends)).Select(result => result.Position).Should().Equal(Enumerable.Range(3, 20).Select(i => (long)i));
        foreach (var storage in storages) await storage.DisposeAsync();
        await ExpectFreeAsync(first);
    }

    [Fact]
    public async Task Append_by_who_has_just_written_comes_after_those_who_wait_once_they_are_many()
    {
        await using var greedy = new SqliteEventStorage(_folder.Store);
        var others = Enumerable.Range(0, WriteTurns.GroupsWithOneOther).Select(_ => new SqliteEventStorage(_folder.Store)).ToList();
        var turn = await TakeTurnAsync(greedy);
        var more = greedy.AppendAsync(Some.Append("more", 0)).AsTask();
        var waiting = new List<Task<AppendResult>>();
        foreach (var other in others) waiting.Add(await WaitForTurnAsync(other, $"s-{waiting.Count}", waiting.Count + 1));
        _turnMayEnd.SetResult();

        await Task.WhenAll([turn, more, .. waiting]);
        (await Some.LogOf(greedy)).Select(e => e.Stream).Should().Equal("first", "turn", "s-0", "s-1", "s-2", "s-3", "s-4", "s-5", "more");
        foreach (var other in others) await other.DisposeAsync();
        await ExpectFreeAsync(greedy);
    }

    [Fact]
    public async Task Append_by_who_has_just_written_belongs_to_its_turn_while_one_other_waits()
    {
        await using var first = new SqliteEventStorage(_folder.Store);
        await using var other = new SqliteEventStorage(_folder.Store);
        var turn = await TakeTurnAsync(first);
        var more = first.AppendAsync(Some.Append("more", 0)).AsTask();
        var waiting = await WaitForTurnAsync(other, "other", 1);
        _turnMayEnd.SetResult();

        await Task.WhenAll(turn, more, waiting);
        (await Some.LogOf(first)).Select(e => e.Stream).Should().Equal("first", "turn", "more", "other");
        await ExpectFreeAsync(first);
    }

    [Theory]
    [InlineData(1, 6)]
    [InlineData(2, 3)]
    [InlineData(3, 2)]
    [InlineData(5, 1)]
    [InlineData(49, 1)]
    public void Groups_of_a_turn_are_fewer_the_more_others_wait(int waiting, int groups) =>
        WriteTurns.GroupsAmong(waiting).Should().Be(groups);

    [Fact]
    public async Task Turn_of_a_storage_with_a_group_after_another_ends_after_its_share()
    {
        await using var greedy = new SqliteEventStorage(_folder.Store);
        await using var other = new SqliteEventStorage(_folder.Store);
        var turn = await TakeTurnAsync(greedy);

        // A caller that appends again as soon as it may, within the turn: each is one more group.
        var chain = AppendChainAsync(greedy, 20);
        var waiting = await WaitForTurnAsync(other, "other", 1);
        _turnMayEnd.SetResult();

        await Task.WhenAll(turn, chain, waiting);
        (await waiting).Position.Should().BeLessThanOrEqualTo(2 + WriteTurns.GroupsWithOneOther);
        await ExpectFreeAsync(greedy);

        static async Task AppendChainAsync(SqliteEventStorage storage, int count)
        {
            for (var version = 0; version < count; version++) await storage.AppendAsync(Some.Append("chain", version));
        }
    }

    [Fact]
    public async Task Cancel_while_waiting_for_a_turn_loses_nobody_elses_place()
    {
        await using var first = new SqliteEventStorage(_folder.Store);
        await using var impatient = new SqliteEventStorage(_folder.Store);
        await using var patient = new SqliteEventStorage(_folder.Store);
        var turn = await TakeTurnAsync(first);
        using var cancellation = new CancellationTokenSource();
        var cancelled = await WaitForTurnAsync(impatient, "cancelled", 1, cancellation.Token);
        var waiting = await WaitForTurnAsync(patient, "patient", 2);
        await cancellation.CancelAsync();
        await FluentActions.Awaiting(() => cancelled).Should().ThrowAsync<OperationCanceledException>();
        turn.IsCompleted.Should().BeFalse("the caller did not have to wait for the turn to end");
        _turnMayEnd.SetResult();

        await turn;
        (await waiting).Position.Should().Be(3);
        (await impatient.AppendAsync(Some.Append("again", 0))).Position.Should().Be(4);
        (await Some.LogOf(first)).Select(e => e.Stream).Should().Equal("first", "turn", "patient", "again");
        await ExpectFreeAsync(first);
    }

    [Fact]
    public async Task Dispose_while_waiting_for_a_turn_refuses_the_append_and_leaves_the_queue()
    {
        await using var first = new SqliteEventStorage(_folder.Store);
        var closed = new SqliteEventStorage(_folder.Store);
        await using var patient = new SqliteEventStorage(_folder.Store);
        var turn = await TakeTurnAsync(first);
        var refused = await WaitForTurnAsync(closed, "refused", 1);
        var waiting = await WaitForTurnAsync(patient, "patient", 2);

        await closed.DisposeAsync();

        await FluentActions.Awaiting(() => refused).Should().ThrowAsync<ObjectDisposedException>();
        first.Turns!.Waiting.Should().Be(1);
        turn.IsCompleted.Should().BeFalse();
        _turnMayEnd.SetResult();
        await turn;
        (await waiting).Position.Should().Be(3);
        await ExpectFreeAsync(first);
    }

    [Fact]
    public async Task Append_that_waits_too_long_for_a_turn_is_busy_and_leaves_the_queue()
    {
        await using var first = new SqliteEventStorage(_folder.Store);
        await using var hasty = new SqliteEventStorage(_folder.Store, new SqliteEventStorageOptions { BusyTimeout = TimeSpan.FromMilliseconds(100) });
        await using var patient = new SqliteEventStorage(_folder.Store);
        var turn = await TakeTurnAsync(first);
        var overdue = hasty.AppendAsync(Some.Append("overdue", 0)).AsTask();
        var waiting = patient.AppendAsync(Some.Append("patient", 0)).AsTask();

        var busy = (await FluentActions.Awaiting(() => overdue).Should().ThrowAsync<StoreBusyException>()).Which;

        busy.Waited.Should().BeGreaterThanOrEqualTo(TimeSpan.FromMilliseconds(100));
        while (first.Turns!.Waiting > 1) await Task.Delay(1);
        turn.IsCompleted.Should().BeFalse();
        _turnMayEnd.SetResult();
        await turn;
        (await waiting).Position.Should().Be(3);
        (await hasty.AppendAsync(Some.Append("again", 0))).Position.Should().Be(4);
        await ExpectFreeAsync(first);
    }

    [Fact]
    public async Task Append_by_many_storages_with_cancellations_and_disposals_leaves_the_turn_free()
    {
        await using var first = new SqliteEventStorage(_folder.Store);
        await first.AppendAsync(Some.Append("first", 0));
        var stored = new ConcurrentBag<Guid>();
        await Task.WhenAll(Enumerable.Range(0, 12).Select(i => Task.Run(async () =>
        {
            var random = new Random(i);
            var storage = new SqliteEventStorage(_folder.Store);
            for (var n = 0; n < 60; n++)
            {
                using var cancellation = new CancellationTokenSource(TimeSpan.FromMicroseconds(random.Next(0, 20_000)));
                var e = Some.Event();
                try
                {
                    await storage.AppendAsync(Some.Append($"s-{i}", ExpectedVersion.Any, e), cancellation.Token);
                    stored.Add(e.Id);
                }
                catch (OperationCanceledException)
                {
                }

                if (n % 20 != 19) continue;
                var last = storage.AppendAsync(Some.Append($"s-{i}", ExpectedVersion.Any, e = Some.Event())).AsTask();
                await storage.DisposeAsync();
                try
                {
                    await last;
                    stored.Add(e.Id);
                }
                catch (ObjectDisposedException)
                {
                }

                storage = new SqliteEventStorage(_folder.Store);
            }

            await storage.DisposeAsync();
        })));

        (await Some.LogOf(first)).Skip(1).Select(e => e.Id).Order().Should().Equal(stored.Order());
        await ExpectFreeAsync(first);
    }

    /// <summary>Has a storage take the turn, and keep it until <see cref="_turnMayEnd"/>.</summary>
    private async Task<Task<AppendResult>> TakeTurnAsync(SqliteEventStorage storage)
    {
        await storage.AppendAsync(Some.Append("first", 0));
        var hasBegun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var turn = storage.AppendAsync(Some.Append("turn", 0) with
        {
            ReadModels = async (_, _) =>
            {
                hasBegun.SetResult();

                // Not for ever: a storage that is disposed by a test that fails waits for the turn.
                await _turnMayEnd.Task.WaitAsync(TimeSpan.FromSeconds(30), CancellationToken.None);
                return new ReadModelCommit();
            },
        }).AsTask();
        await (await Task.WhenAny(hasBegun.Task, turn));
        return turn;
    }

    /// <summary>Has a storage append, and returns when it waits for its turn.</summary>
    private static async Task<Task<AppendResult>> WaitForTurnAsync(
        SqliteEventStorage storage, string stream, int place, CancellationToken cancellationToken = default)
    {
        var append = storage.AppendAsync(Some.Append(stream, 0), cancellationToken).AsTask();
        while (storage.Turns!.Waiting < place && !append.IsCompleted) await Task.Delay(1, CancellationToken.None);
        storage.Turns.Waiting.Should().Be(place);
        return append;
    }

    /// <summary>Expects that nobody waits for the turn and nobody has kept it.</summary>
    private static async Task ExpectFreeAsync(SqliteEventStorage storage)
    {
        // The last one to write gets its result just before it ends its turn.
        var turns = storage.Turns!;
        if (turns.Enter() is { } place) await place.Task.WaitAsync(TimeSpan.FromSeconds(30));
        turns.Pass(process: null);
        turns.Waiting.Should().Be(0);
    }
}
