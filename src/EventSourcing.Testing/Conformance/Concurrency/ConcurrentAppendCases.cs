using System.Collections.Concurrent;
using static EventSourcing.Testing.StoreUnderTest;
using static EventSourcing.Testing.WholeLog;

namespace EventSourcing.Testing;

/// <summary>Appends at the same time: each is stored whole, at the place that it returns, and none is lost.</summary>
internal static class ConcurrentAppendCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        Case("Race_of_unconditional_appends_stores_every_one_at_its_own_position", async store =>
        {
            var results = await Race.RunAsync(8, async n =>
            {
                var mine = new List<AppendResult>();
                for (var i = 0; i < 25; i++) mine.Add(await store.AppendAsync($"s{n % 4}", store.Event()));
                return mine;
            });
            var all = results.SelectMany(r => r).ToList();
            Expect.Sequence(
                [.. Enumerable.Range(1, 200).Select(n => (long)n)], [.. all.Select(r => r.Position).Order()], "the positions returned");
            await ExpectWholeLogAsync(store, 200);
            foreach (var stream in all.GroupBy(r => r.Streams[0].Stream))
            {
                Expect.Sequence(
                    [.. Enumerable.Range(1, 50).Select(n => (long)n)],
                    [.. stream.Select(r => r.Version).Order()],
                    $"the versions returned for '{stream.Key}'");
            }
        }),
        Case("Race_of_appends_returns_to_each_where_its_own_event_stands", async store =>
        {
            var results = await Race.RunAsync(8, async n =>
            {
                var mine = new List<(Guid Id, AppendResult Result)>();
                for (var i = 0; i < 10; i++)
                {
                    var e = store.Event();
                    mine.Add((e.Id, await store.AppendAsync("s", e)));
                }

                return mine;
            });
            var log = await ExpectWholeLogAsync(store, 80);
            foreach (var (id, result) in results.SelectMany(r => r))
            {
                Expect.Equal(
                    id, log[(int)result.Position - 1].Id, $"the id at the position {result.Position} that the append of {id} returned");
                Expect.Equal(result.Version, log[(int)result.Position - 1].Version, $"the version at position {result.Position}");
            }
        }),
        Case("Race_of_writers_with_disjoint_conditions_lets_all_win", async store =>
        {
            await Race.RunAsync(4, async n =>
            {
                var after = 0L;
                for (var i = 0; i < 10; i++)
                    after = (await store.AppendIfAsync(new(EventQuery.WithTags($"t{n}"), after), $"s{n}", store.Tagged($"t{n}"))).Position;
            });
            await ExpectWholeLogAsync(store, 40);
        }),
        Case("Race_of_writers_to_their_own_streams_lets_all_win", async store =>
        {
            await Race.RunAsync(4, async n =>
            {
                for (var version = 0; version < 10; version++) await store.AppendAsync($"s{n}", version, store.Event());
            });
            await ExpectWholeLogAsync(store, 40);
        }),
        Case("Race_of_batches_over_the_same_streams_in_opposite_orders_lets_all_win", async store =>
        {
            await Race.RunAsync(8, async n =>
            {
                for (var i = 0; i < 5; i++)
                {
                    var writes = new[] { Write("a", ExpectedVersion.Any, store.Event()), Write("b", ExpectedVersion.Any, store.Event()) };
                    await store.AppendAsync(Request(n % 2 == 0 ? writes : [writes[1], writes[0]]));
                }
            });
            var log = await ExpectWholeLogAsync(store, 80);
            foreach (var pair in log.Chunk(2))
                Expect.True(pair[0].Stream != pair[1].Stream, $"the two events of a batch stand side by side ({pair[0]}; {pair[1]})");
        }),
        Case("Race_of_conflicting_and_free_appends_fails_only_those_in_conflict", async store =>
        {
            await store.AppendAsync("taken", store.Event());
            await Race.RunAsync(8, async n =>
            {
                for (var i = 0; i < 10; i++)
                {
                    if (n % 2 == 0) await store.AppendAsync($"s{n}", i, store.Event());
                    else
                        await Expect.ThrowsAsync<WrongExpectedVersionException>(
                            () => store.AppendAsync("taken", ExpectedVersion.NoStream, store.Event()), "the append in conflict");
                }
            });
            await ExpectWholeLogAsync(store, 41);
        }),
        Case("Race_of_the_same_append_stores_it_once_and_returns_it_to_all", async store =>
        {
            for (var round = 0; round < Rounds; round++)
            {
                await store.AppendAsync("elsewhere", store.Event());
                var head = await store.HeadAsync();
                var request = Request(
                    Write($"a{round}", ExpectedVersion.NoStream, store.Events(2)),
                    Write($"b{round}", ExpectedVersion.NoStream, store.Event()));
                var results = await Race.RunAsync(6, _ => store.AppendAsync(request));
                foreach (var result in results)
                {
                    ExpectResult(
                        result,
                        head + 1,
                        head + 3,
                        result.WasAlreadyStored,
                        new AppendedStream($"a{round}", 1, 2),
                        new AppendedStream($"b{round}", 1, 1));
                }

                Expect.Equal(1, results.Count(r => !r.WasAlreadyStored), "the number of appends that say they stored the events");
                Expect.Equal(head + 3, await store.HeadAsync(), "the head");
            }
        }),
        Case("Race_of_appends_that_share_one_id_stores_one_whole", async store =>
        {
            for (var round = 0; round < Rounds; round++)
            {
                var shared = store.NewId();
                var stored = await Race.RunAsync(4, async n =>
                {
                    try
                    {
                        await store.AppendAsync($"s{round}-{n}", store.Event(), new NewEvent(shared, "shared", default), store.Event());
                        return true;
                    }
                    catch (DuplicateEventIdException)
                    {
                        return false;
                    }
                });
                Expect.Equal(1, stored.Count(s => s), "the number of appends stored");
                await ExpectWholeLogAsync(store, (round + 1) * 3);
            }
        }),
        Case("Race_of_a_retry_loop_on_versions_loses_no_update", async store =>
        {
            await Race.RunAsync(6, async n =>
            {
                for (var i = 0; i < 10; i++)
                {
                    while (await Race.TryAsync(store.AppendAsync("counter", await store.VersionAsync("counter"), store.Event())) is null)
                        await Task.Yield();
                }
            });
            await ExpectWholeLogAsync(store, 60);
            Expect.Equal(60, await store.VersionAsync("counter"), "the version of the counter");
        }),
        Case("Race_of_decisions_on_random_queries_never_commits_one_whose_facts_had_changed", async store =>
        {
            // Each event records the query and the position of its decision, so that the log itself shows whether the guards held.
            var decisions = new ConcurrentDictionary<Guid, AppendCondition>();
            await Race.RunAsync(20, async n =>
            {
                var random = new Random(n);
                for (var i = 0; i < 10; i++)
                {
                    var query = EventQuery.Any([.. Enumerable.Range(0, random.Next(1, 3)).Select(_ => RandomItem(random))]);
                    var condition = new AppendCondition(query, await store.HeadAsync());
                    NewEvent[] batch = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ =>
                        store.Event($"T{random.Next(3)}", tags: RandomTags(random)))];
                    foreach (var e in batch) decisions[e.Id] = condition;
                    if (random.Next(3) == 0) await Task.Yield();
                    await Race.TryAsync(store.AppendIfAsync(condition, $"s{random.Next(4)}", batch));
                }
            });
            var log = await store.LogAsync();
            await ExpectWholeLogAsync(store, log.Count);
            for (var i = 0; i < log.Count; i++)
            {
                var (query, after) = decisions[log[i].Id];
                var first = i;
                while (first > 0 && decisions[log[first - 1].Id].Query == query) first--;
                var conflict = log.Take(first).FirstOrDefault(e =>
                    e.Position > after && query.Matches(e.Type, e.Stream, e.Tags.Split('\0', StringSplitOptions.RemoveEmptyEntries)));
                Expect.True(
                    conflict is null, $"no event before {log[i]} matches {query} after {after}, on which that was decided ({conflict})");
            }

            static string[] RandomTags(Random random) => [.. new[] { "x", "y" }.Where(_ => random.Next(2) == 0)];

            static EventQueryItem RandomItem(Random random)
            {
                var (types, tags) = (random.Next(2) == 0 ? new[] { $"T{random.Next(3)}" } : [], RandomTags(random));
                return types.Length + tags.Length == 0 ? new EventQueryItem(["T0"]) : new EventQueryItem(types, tags);
            }
        }),
        Case("Race_of_appends_under_a_clock_that_jumps_about_never_lets_stamps_go_back", async store =>
        {
            await Race.RunAsync(6, async n =>
            {
                var random = new Random(n);
                for (var i = 0; i < 15; i++)
                {
                    store.Clock.Now = ManualClock.Start.AddMilliseconds(random.Next(-1000, 1000));
                    await store.AppendAsync($"s{n}", store.Event());
                }
            });
            var log = await ExpectWholeLogAsync(store, 90);
            foreach (var (one, next) in log.Zip(log.Skip(1)))
                Expect.True(one.RecordedAt <= next.RecordedAt, $"stamps never go back ({one}; {next})");
        }),
        Case("Race_of_large_and_small_appends_keeps_each_whole", async store =>
        {
            await Race.RunAsync(6, async n =>
            {
                for (var i = 0; i < 4; i++) await store.AppendAsync($"s{n}-{i}", n % 2 == 0 ? store.Events(200) : store.Events(1));
            });
            var log = await ExpectWholeLogAsync(store, (3 * 4 * 200) + (3 * 4));
            foreach (var append in log.GroupBy(e => e.Stream))
            {
                Expect.Equal(
                    append.Count() - 1,
                    append.Last().Position - append.First().Position,
                    $"the distance from the first to the last position of the append to '{append.Key}'");
            }
        }),
        Case("Race_of_appends_and_commits_to_read_models_loses_neither", async store =>
        {
            await Race.RunAsync(6, async n =>
            {
                for (var i = 0; i < 10; i++)
                {
                    if (n % 2 == 0) await store.AppendAsync($"s{n}", i, store.Event());
                    else
                        await store.ReadModels.CommitAsync(new ReadModelCommit
                        {
                            Creates = [Documents.Define($"m{n}")],
                            Changes = [new DocumentChange($"m{n}", $"k{i}", new byte[] { (byte)i })],
                        });
                }
            });
            await ExpectWholeLogAsync(store, 30);
            foreach (var n in new[] { 1, 3, 5 })
            {
                Expect.Equal(10, await store.ReadModels.CountAsync($"m{n}", []), $"the number of documents of 'm{n}'");
            }
        }),
    ];

    private static ConformanceCase Case(string title, Func<StoreUnderTest, Task> run) => new(title, ConformanceRule.Concurrency, run);
}
