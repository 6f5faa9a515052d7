using static EventSourcing.Testing.StoreUnderTest;

namespace EventSourcing.Testing;

/// <summary>
/// Waiting for events: a wait returns at once if there are some. Otherwise the next append wakes it, and nothing else does.
/// </summary>
internal static class WaitCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        Case("Wait_where_there_are_events_already_returns_the_head", async store =>
        {
            await store.AppendAsync("a", store.Events(3));
            for (var position = 0; position < 3; position++)
                Expect.Equal(3, await WaitAsync(store, position), $"the head that a wait after {position} returns");
        }),
        Case("Wait_in_an_empty_store_is_woken_by_the_first_append", async store =>
        {
            var wait = WaitAsync(store, 0);
            await store.AppendAsync("a", store.Event());
            Expect.Equal(1, await WokenAsync(store, wait), "the head that the wait returns");
        }),
        Case("Wait_at_the_head_is_woken_by_the_next_append", async store =>
        {
            await store.AppendAsync("a", store.Events(2));
            var wait = WaitAsync(store, 2);
            await store.AppendAsync("b", store.Event());
            Expect.Equal(3, await WokenAsync(store, wait), "the head that the wait returns");
        }),
        Case("Wait_is_woken_when_the_event_can_be_read", async store =>
        {
            for (var position = 0L; position < 20; position++)
            {
                var after = position;
                var read = Task.Run(async () =>
                {
                    await WaitAsync(store, after);
                    return await store.LogAsync(new LogRead { After = after });
                });
                await store.AppendAsync("a", store.Event());
                Expect.Equal(
                    1,
                    (await WokenAsync(store, read)).Count,
                    $"the number of events that can be read once the wait after {after} has ended");
            }
        }),
        Case("Wait_beyond_the_head_is_not_ended_by_a_lower_position", async store =>
        {
            var wait = WaitAsync(store, 3);
            for (var n = 1; n <= 3; n++) await store.AppendAsync("a", store.Event());
            await SettleAsync(store);
            Expect.True(!wait.IsCompleted, "a wait after position 3 goes on while the head is 3");
            await store.AppendAsync("a", store.Event());
            Expect.Equal(4, await WokenAsync(store, wait), "the head that the wait returns");
        }),
        Case("Wait_is_not_ended_by_a_refused_append", async store =>
        {
            await store.AppendAsync("a", store.Event());
            var wait = WaitAsync(store, 1);
            await store.RefusesAsync<WrongExpectedVersionException>(Request(Write("a", 7, store.Event())));
            await SettleAsync(store);
            Expect.True(!wait.IsCompleted, "the wait goes on after a refused append");
            await store.AppendAsync("a", store.Event());
            Expect.Equal(2, await WokenAsync(store, wait), "the head that the wait returns");
        }),
        Case("Wait_is_not_ended_by_a_repeated_append", async store =>
        {
            var request = Request(Write("a", ExpectedVersion.Any, store.Event()));
            await store.AppendAsync(request);
            var wait = WaitAsync(store, 1);
            await store.AppendAsync(request);
            await SettleAsync(store);
            Expect.True(!wait.IsCompleted, "the wait goes on after a repeated append");
            await store.AppendAsync("a", store.Event());
            Expect.Equal(2, await WokenAsync(store, wait), "the head that the wait returns");
        }),
        Case("Wait_is_not_ended_by_a_commit_to_a_read_model", async store =>
        {
            await store.AppendAsync("a", store.Event());
            var wait = WaitAsync(store, 1);
            await store.ReadModels.CommitAsync(new ReadModelCommit { Creates = [Documents.People] });
            await SettleAsync(store);
            Expect.True(!wait.IsCompleted, "the wait goes on after a commit to a read model");
            await store.AppendAsync("a", store.Event());
            Expect.Equal(2, await WokenAsync(store, wait), "the head that the wait returns");
        }),
        Case("Wait_of_many_at_once_wakes_them_all", async store =>
        {
            var waits = Enumerable.Range(0, 100).Select(n => WaitAsync(store, n % 2)).ToArray();
            await store.AppendAsync("a", store.Events(2));
            foreach (var wait in waits) Expect.Equal(2, await WokenAsync(store, wait), "the head that a wait returns");
        }),
        Case("Wait_of_several_for_different_positions_wakes_each_in_its_turn", async store =>
        {
            var waits = Enumerable.Range(0, 5).Select(n => WaitAsync(store, n)).ToArray();
            for (var n = 0; n < 5; n++)
            {
                await store.AppendAsync("a", store.Event());
                Expect.True(await WokenAsync(store, waits[n]) > n, $"the wait after {n} returns a head above it");
                await SettleAsync(store);
                Expect.True(waits.Skip(n + 1).All(wait => !wait.IsCompleted), $"waits for more go on while the head is {n + 1}");
            }
        }),
        Case("Wait_cancelled_ends_and_leaves_the_others_waiting", async store =>
        {
            using var cancel = new CancellationTokenSource();
            var given = store.Storage.WaitForEventsAsync(0, cancel.Token).AsTask();
            var other = WaitAsync(store, 0);
            await cancel.CancelAsync();
            store.WaitingFor = "a cancelled wait to end";
            await Expect.ThrowsAsync<OperationCanceledException>(() => given, "the cancelled wait");
            Expect.True(!other.IsCompleted, "the other wait goes on");
            await store.AppendAsync("a", store.Event());
            Expect.Equal(1, await WokenAsync(store, other), "the head that the other wait returns");
        }),
        Case("Wait_while_the_storage_is_disposed_ends_with_an_error", async store =>
        {
            await store.AppendAsync("a", store.Event());
            var wait = WaitAsync(store, 1);
            await store.Storage.DisposeAsync();
            store.WaitingFor = "a wait to end when its storage is disposed";
            await Expect.ThrowsAsync<ObjectDisposedException>(() => wait, "the wait");
        }),
        Case("Wait_and_append_in_turns_never_misses_a_wake_up", async store =>
        {
            const int Rounds = 100;
            var follower = Task.Run(async () =>
            {
                var position = 0L;
                while (position < Rounds) position = await WaitAsync(store, position);
            });
            for (var n = 0; n < Rounds; n++)
            {
                await store.AppendAsync("a", store.Event());
                if (n % 7 == 0) await Task.Yield();
            }

            store.WaitingFor = "the follower to see the last of 100 appends";
            await follower;
        }),
        Case("Follow_the_log_from_a_position_delivers_old_and_new_events_once_and_in_order", async store =>
        {
            await store.AppendAsync("a", store.Events(10));
            var followed = FollowAsync(store, 4, 40, EventQuery.All);
            for (var n = 0; n < 30; n++) await store.AppendAsync($"s{n % 3}", store.Event());
            store.WaitingFor = "the follower to see all 40 events";
            Expect.Sequence([.. Enumerable.Range(5, 36).Select(n => (long)n)], await followed, "the positions followed");
        }),
        Case("Follow_the_log_by_a_filter_delivers_every_match_once_and_in_order", async store =>
        {
            var followed = FollowAsync(store, 0, 60, EventQuery.WithTags("x"));
            for (var n = 1; n <= 60; n++) await store.AppendAsync("a", n % 5 == 0 ? store.Tagged("x") : store.Event());
            store.WaitingFor = "the follower to come to position 60";
            Expect.Sequence([.. Enumerable.Range(1, 12).Select(n => n * 5L)], await followed, "the positions followed");
        }),
        Case("Follow_the_log_from_several_readers_delivers_the_same_to_each", async store =>
        {
            var followers = Enumerable.Range(0, 4).Select(_ => FollowAsync(store, 0, 30, EventQuery.All)).ToArray();
            for (var n = 0; n < 15; n++) await store.AppendAsync("a", store.Events(2));
            store.WaitingFor = "the followers to see all 30 events";
            foreach (var follower in followers)
                Expect.Sequence([.. Enumerable.Range(1, 30).Select(n => (long)n)], await follower, "the positions followed");
        }),
    ];

    private static ConformanceCase Case(string title, Func<StoreUnderTest, Task> run) => new(title, ConformanceRule.Waiting, run);

    /// <summary>Waits, and checks that the position returned is above the one given.</summary>
    private static async Task<long> WaitAsync(StoreUnderTest store, long position)
    {
        var head = await store.Storage.WaitForEventsAsync(position, store.CancellationToken);
        Expect.True(head > position, $"a wait after {position} ends with a head above that (it ended with {head})");
        Expect.True(await store.HeadAsync() >= head, $"the head is not below the {head} that a wait returned");
        return head;
    }

    private static async Task<T> WokenAsync<T>(StoreUnderTest store, Task<T> wait)
    {
        store.WaitingFor = "an append to wake a wait";
        return await wait;
    }

    /// <summary>Gives a wait that would end wrongly time to do so: as a rule, a woken wait has run before this returns.</summary>
    private static async Task SettleAsync(StoreUnderTest store)
    {
        for (var i = 0; i < 5; i++)
        {
            await store.LogAsync();
            await Task.Yield();
        }

        await Task.Delay(5, store.CancellationToken);
    }

    private static Task<List<long>> FollowAsync(StoreUnderTest store, long after, long upTo, EventQuery filter) => Task.Run(async () =>
    {
        var positions = new List<long>();
        var read = new LogRead { After = after, Filter = filter, Limit = 3 };
        while (read.After < upTo)
        {
            await WaitAsync(store, read.After);
            using var page = await store.Storage.ReadLogAsync(read, store.CancellationToken);
            foreach (ref readonly var e in page.Events) positions.Add(e.Position);
            read = read with { After = page.Next };
        }

        return positions;
    });
}
