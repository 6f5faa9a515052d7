using static EventSourcing.Testing.AppendedReadModels;
using static EventSourcing.Testing.Documents;
using static EventSourcing.Testing.StoreUnderTest;

namespace EventSourcing.Testing;

/// <summary>Appends that are refused or that race: events and read models change together or not at all.</summary>
internal static class AppendedRefusalCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        .. new (string Name, Func<IAppendTransaction, CancellationToken, ValueTask<ReadModelCommit>> ReadModels)[]
        {
            ("throw_at_once", (_, _) => throw new Refusal()),
            ("fail", (_, _) => ValueTask.FromException<ReadModelCommit>(new Refusal())),
            ("fail_after_they_have_loaded", async (transaction, token) =>
            {
                _ = await transaction.LoadAsync("people", ["ann"], token);
                throw new Refusal();
            }),
            ("fail_after_they_have_read_the_log", async (transaction, token) =>
            {
                using var page = await transaction.ReadLogAsync(new LogRead(), token);
                throw new Refusal();
            }),
        }.Select(row => Case($"Append_with_read_models_that_{row.Name}_is_refused_and_changes_nothing", async store =>
        {
            await store.AppendAsync("a", store.Event());
            var events = store.Events(2);
            await RefusesAsync<Refusal>(store, async () =>
                await store.Storage.AppendAsync(Request(Write("a", 1, events)) with { ReadModels = row.ReadModels }));
            ExpectResult(
                await store.AppendAsync(Request(Write("a", 1, events)) with { ReadModels = CountEvents }),
                2,
                3,
                false,
                new AppendedStream("a", 2, 3));
            await ExpectAsync(store, "people", (Count, "2"));
        })),
        .. new (string Name, Func<IAppendTransaction, ValueTask> Ask)[]
        {
            ("load_a_bad_key", async transaction => await transaction.LoadAsync("people", ["\uD800"])),
            ("load_without_keys", async transaction => await transaction.LoadAsync("people", null!)),
            ("load_from_a_bad_name", async transaction => await transaction.LoadAsync("", ["ann"])),
            ("read_by_a_bad_limit", async transaction => (await transaction.ReadLogAsync(new LogRead { Limit = 0 })).Dispose()),
        }.Select(row => Case($"Append_with_read_models_that_{row.Name}_is_refused_and_changes_nothing", async store =>
            await RefusesAsync<ArgumentException>(store, async () =>
                await store.Storage.AppendAsync(Request(Write("a", ExpectedVersion.Any, store.Event())) with
                {
                    ReadModels = async (transaction, _) =>
                    {
                        await row.Ask(transaction);
                        return new ReadModelCommit { Changes = [Put("people", "ann", "wrong")] };
                    },
                })))),
        .. new (string Name, Func<StoreUnderTest, NewEvent, AppendRequest> Request, Type Error)[]
        {
            ("at_a_wrong_version", (store, _) => Request(Write("a", 7, store.Event())), typeof(WrongExpectedVersionException)),
            (
                "beside_a_failed_check",
                (store, _) => Request(Write("b", ExpectedVersion.NoStream, store.Event()), Check("a", ExpectedVersion.NoStream)),
                typeof(WrongExpectedVersionException)),
            (
                "on_a_failed_condition",
                (store, _) =>
                    Request(Write("b", ExpectedVersion.Any, store.Event())) with { Conditions = [new AppendCondition(EventQuery.All, 0)] },
                typeof(AppendConditionFailedException)),
            (
                "of_an_id_that_is_stored_elsewhere",
                (_, stored) => Request(Write("b", ExpectedVersion.Any, stored)),
                typeof(DuplicateEventIdException)),
            ("of_no_events", (_, _) => Request(Check("a", ExpectedVersion.Any)), typeof(ArgumentException)),
        }.Select(row => Case($"Append_{row.Name}_does_not_ask_for_its_read_models", async store =>
        {
            var stored = store.Event();
            await store.AppendAsync("a", stored);
            var asked = 0;
            var error = await RefusesAsync<Exception>(store, async () => await store.Storage.AppendAsync(
                row.Request(store, stored) with { ReadModels = (_, _) => Changing(Put("people", "k", $"{++asked}")) }));
            Expect.Equal(row.Error, error.GetType(), "the type of the error");
            Expect.Equal(0, asked, "how often the read models were asked for");
        })),
        Case("Race_of_8_appending_with_a_count_counts_every_event", async store =>
        {
            var seen = new List<SeenEvent>();
            await Race.RunAsync(8, async n =>
            {
                for (var i = 0; i < 25; i++)
                {
                    await AppendAsync(
                        store,
                        async (transaction, token) =>
                        {
                            // It runs under the write lock, so one at a time: a list is enough.
                            foreach (var e in transaction.Events) seen.Add(SeenEvent.Of(e));
                            return await CountEvents(transaction, token);
                        },
                        Write($"s{n}", ExpectedVersion.Any, store.Events(1 + (i % 2))));
                }
            });
            var log = await store.LogAsync();
            Expect.Equal(8 * 37, log.Count, "the number of events");
            Expect.Equal(log.Count, await CountedAsync(store), "the count");
            Expect.Sequence(log, seen, "the events that the read models were shown");
        }),
        Case("Race_of_appends_with_a_count_of_which_every_third_throws_counts_exactly_the_others", async store =>
        {
            var kept = await Race.RunAsync(6, async n =>
            {
                var kept = 0;
                for (var i = 0; i < 20; i++)
                {
                    var throws = (n + i) % 3 == 0;
                    try
                    {
                        await AppendAsync(
                            store,
                            async (transaction, token) =>
                            {
                                var commit = await CountEvents(transaction, token);
                                return throws ? throw new Refusal() : commit;
                            },
                            Write($"s{n}", ExpectedVersion.Any, store.Event()));
                        Expect.True(!throws, "an append whose read models throw is refused");
                        kept++;
                    }
                    catch (Refusal)
                    {
                        Expect.True(throws, "an append is not refused for what the read models of another throw");
                    }
                }

                return kept;
            });
            Expect.Equal(80, kept.Sum(), "the number of appends that returned");
            Expect.Equal(80, (await store.LogAsync()).Count, "the number of events");
            Expect.Equal(80, await CountedAsync(store), "the count");
        }),
        Case("Race_of_appends_with_a_count_and_appends_without_counts_exactly_the_former", async store =>
        {
            await Race.RunAsync(8, async n =>
            {
                for (var i = 0; i < 15; i++)
                {
                    if (n % 2 == 0) await AppendAsync(store, CountEvents, Write($"s{n}", i, store.Event()));
                    else await store.AppendAsync($"s{n}", i, store.Event());
                }
            });
            Expect.Equal(120, (await store.LogAsync()).Count, "the number of events");
            Expect.Equal(60, await CountedAsync(store), "the count");
        }),
        Case("Race_of_appends_with_a_count_and_guarded_commits_to_it_counts_both", async store =>
        {
            await Race.RunAsync(6, async n =>
            {
                for (var i = 0; i < 15;)
                {
                    if (n % 2 == 0)
                    {
                        await AppendAsync(store, CountEvents, Write($"s{n}", i++, store.Event()));
                        continue;
                    }

                    var seen = Text((await store.ReadModels.LoadAsync("people", [Count]))[0]);
                    if (await DocumentGuardCases.TryAsync(store, new ReadModelCommit
                    {
                        Guards = [Guard("people", Count, seen)],
                        Changes = [Put("people", Count, $"{Number(seen) + 1}")],
                    }))
                        i++;
                }
            });
            Expect.Equal(45, (await store.LogAsync()).Count, "the number of events");
            Expect.Equal(90, await CountedAsync(store), "the count");
        }),
        Case("Race_of_8_appending_at_one_version_with_a_count_counts_the_winners", async store =>
        {
            for (var round = 0; round < 15; round++)
            {
                var won = await Race.RunAsync(8, _ => Race.TryAsync(
                    store.Storage.AppendAsync(Request(Write("a", round, store.Event())) with { ReadModels = CountEvents }).AsTask()));
                Expect.Equal(1, won.Count(w => w is not null), "the number of winners");
                Expect.Equal(round + 1, await CountedAsync(store), "the count");
            }
        }),
        Case("Race_of_the_same_append_with_a_count_counts_it_once", async store =>
        {
            for (var round = 1; round <= 15; round++)
            {
                var request = Request(Write("a", ExpectedVersion.Any, store.Events(2))) with { ReadModels = CountEvents };
                var results = await Race.RunAsync(8, async _ => await store.Storage.AppendAsync(request));
                Expect.Equal(1, results.Count(r => !r.WasAlreadyStored), "the number of appends that stored the events");
                Expect.Equal(2 * round, await CountedAsync(store), "the count");
            }
        }),
    ];
}
