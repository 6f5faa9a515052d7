using System.Globalization;
using static EventSourcing.Testing.Documents;
using static EventSourcing.Testing.StoreUnderTest;

namespace EventSourcing.Testing;

/// <summary>
/// Read models that change with the events, within the append. For commits that it refuses, see <see cref="RefusedCommitCases"/>.
/// </summary>
internal static class AppendedReadModelCases
{
    private const string Count = "count";

    public static IEnumerable<ConformanceCase> All => [.. Sights, .. Effects, .. Refusals, .. Races];

    private static IEnumerable<ConformanceCase> Sights =>
    [
        Case("Append_with_read_models_shows_them_its_events_as_they_will_stand", async store =>
        {
            await store.AppendAsync("b", store.Events(2));
            store.Clock.Now += TimeSpan.FromSeconds(1);
            var seen = new List<SeenEvent>();
            await AppendAsync(
                store,
                Look(seen),
                Write("b", 2, store.Event("first", "data of first", "metadata of first", "x", "y")),
                Check("c", ExpectedVersion.NoStream),
                Write("a", ExpectedVersion.NoStream, store.Event("second"), store.Event("third", "", "", "z")));
            Expect.Sequence([3L, 4L, 5L], [.. seen.Select(e => e.Position)], "the positions that were seen");
            Expect.Sequence(await store.LogAsync(new LogRead { After = 2 }), seen, "the events that were seen");
        }),
        Case("Append_with_read_models_to_an_empty_store_shows_them_position_and_version_1", async store =>
        {
            var seen = new List<SeenEvent>();
            await AppendAsync(store, Look(seen), Write("a", ExpectedVersion.Any, store.Events(3)));
            Expect.Sequence(await store.LogAsync(), seen, "the events that were seen");
        }),
        Case("Append_with_read_models_after_the_clock_went_back_shows_them_the_last_stamp", async store =>
        {
            await store.AppendAsync("a", store.Event());
            store.Clock.Now -= TimeSpan.FromHours(1);
            var seen = new List<SeenEvent>();
            await AppendAsync(store, Look(seen), Write("a", 1, store.Event()));
            Expect.Equal(ManualClock.Start, seen[0].RecordedAt, "the stamp that was seen");
            Expect.Sequence(await store.LogAsync(new LogRead { After = 1 }), seen, "the events that were seen");
        }),
        Case("Append_of_1000_events_with_read_models_shows_them_each", async store =>
        {
            var seen = new List<SeenEvent>();
            await AppendAsync(
                store, Look(seen), [.. Enumerable.Range(0, 10).Select(n => Write($"s{n}", ExpectedVersion.Any, store.Events(100)))]);
            Expect.Equal(1000, seen.Count, "the number of events that were seen");
            Expect.Sequence(await store.LogAsync(), seen, "the events that were seen");
        }),
        Case("Append_with_read_models_again_and_again_shows_them_each_event_once_and_in_turn", async store =>
        {
            var seen = new List<SeenEvent>();
            for (var n = 0; n < 20; n++)
                await AppendAsync(store, Look(seen), Write($"s{n % 3}", ExpectedVersion.Any, store.Events(1 + (n % 4))));
            Expect.Sequence(await store.LogAsync(), seen, "the events that were seen");
        }),
        Case("Append_with_read_models_loads_what_earlier_commits_wrote", async store =>
        {
            await CommitAsync(store, Put("people", "ann", "Anna"), Delete("people", "bob"));
            var loaded = new List<string?>();
            await AppendAsync(store, Load(loaded, "people", "bob", "ann", "nobody", "ann"), Write("a", ExpectedVersion.Any, store.Event()));
            Expect.Sequence([null, "Anna", null, "Anna"], loaded, "the documents that were loaded");
        }),
        Case("Append_with_read_models_loads_what_earlier_appends_wrote", async store =>
        {
            for (var n = 1; n <= 10; n++)
            {
                var loaded = new List<string?>();
                await AppendAsync(store, Load(loaded, "people", Count), Write("a", ExpectedVersion.Any, store.Event()));
                Expect.Equal(n == 1 ? null : $"{n - 1}", loaded[0], "the count that was loaded");
                await AppendAsync(store, CountEvents, Write("a", ExpectedVersion.Any, store.Event()));
                await ExpectAsync(store, "people", (Count, $"{n}"));
            }
        }),
        Case("Append_with_read_models_loads_by_an_alias", async store =>
        {
            var loaded = new List<string?>();
            await AppendAsync(store, Load(loaded, "current", "ulysses", "ann"), Write("a", ExpectedVersion.Any, store.Event()));
            Expect.Sequence(["Ulysses", null], loaded, "the documents that were loaded");
        }),
        Case("Append_with_read_models_loads_none_from_a_read_model_that_does_not_exist", async store =>
        {
            var loaded = new List<string?>();
            await AppendAsync(store, Load(loaded, "missing", "ann"), Write("a", ExpectedVersion.Any, store.Event()));
            Expect.Sequence([null], loaded, "the documents that were loaded");
        }),
        Case("Append_with_read_models_reads_the_log_as_of_before", async store =>
        {
            await store.AppendAsync("a", store.Tagged("x"), store.Event(), store.Tagged("x"));
            var pages = new List<(string Positions, long Head, bool IsEnd)>();
            await AppendAsync(
                store,
                async (transaction, token) =>
                {
                    foreach (var read in new LogRead[]
                    {
                        new(),
                        new() { Filter = EventQuery.WithTags("x") },
                        new() { Direction = ReadDirection.Backwards, Limit = 2 },
                        new() { After = 3 },
                    })
                    {
                        using var page = await transaction.ReadLogAsync(read, token);
                        pages.Add((string.Join(" ", page.Events.ToArray().Select(e => e.Position)), page.Head, page.IsEnd));
                    }

                    return new ReadModelCommit();
                },
                Write("a", 3, store.Tagged("x"), store.Event()));
            Expect.Sequence(
                [("1 2 3", 3L, true), ("1 3", 3L, true), ("3 2", 3L, false), ("", 3L, true)],
                pages,
                "the pages that were read, each with its head and whether it is the end,");
        }),
        Case("Append_with_read_models_reads_1000_events_of_the_log_page_by_page", async store =>
        {
            await store.AppendAsync("a", store.Events(1000));
            var seen = 0;
            await AppendAsync(
                store,
                async (transaction, token) =>
                {
                    for (var read = new LogRead { Limit = 300 }; ;)
                    {
                        using var page = await transaction.ReadLogAsync(read, token);
                        seen += page.Count;
                        if (page.IsEnd) break;
                        read = read with { After = page.Next };
                    }

                    return new ReadModelCommit { Changes = [Put("people", Count, $"{seen}")] };
                },
                Write("a", 1000, store.Event()));
            await ExpectAsync(store, "people", (Count, "1000"));
        }),
    ];

    private static IEnumerable<ConformanceCase> Effects =>
    [
        Case("Append_with_read_models_writes_events_and_documents", async store =>
        {
            var request = Request(Write("a", ExpectedVersion.NoStream, store.Events(2))) with
            {
                ReadModels = (_, _) => Changing(Put("people", "ann", "Anna"), Delete("people", "bob"), Book("k", "1", 7)),
            };
            ExpectResult(await store.AppendAsync(request), 1, 2, false, new AppendedStream("a", 1, 2));
            await ExpectAsync(store, "people", ("ann", "Anna"), ("bob", null));
            Expect.Equal(
                1,
                await store.ReadModels.CountAsync("books", [Where("Pages", FieldComparison.Equal, new FieldValue(7L))]),
                "the number of documents with the new value");
            Expect.Equal(2, (await store.LogAsync()).Count, "the number of events");
        }),
        Case("Append_with_read_models_that_change_nothing_writes_the_events", async store =>
        {
            var before = await StateAsync(store);
            await AppendAsync(store, (_, _) => Changing(), Write("a", ExpectedVersion.Any, store.Event()));
            Expect.Sequence(before, await StateAsync(store), "what can be seen of the read models");
            Expect.Equal(1, await store.HeadAsync(), "the head");
        }),
        Case("Append_with_read_models_drops_creates_and_aliases_too", async store =>
        {
            await AppendAsync(
                store,
                (_, _) => ValueTask.FromResult(new ReadModelCommit
                {
                    Guards = [Guard("people", "ann", "Ann")],
                    Drops = ["people"],
                    Creates = [Define("new", ("Colour", FieldKind.Text))],
                    Aliases = [new ReadModelAlias("current", "new")],
                    Changes = [Put("new", "k", "1", new FieldValue("red"))],
                }),
                Write("a", ExpectedVersion.Any, store.Event()));
            await ExpectAllAsync(store, "current", "k");
            await ExpectAllAsync(store, "people");
        }),
        Case("Append_with_read_models_asks_for_them_once", async store =>
        {
            for (var n = 1; n <= 5; n++)
            {
                var asked = 0;
                await AppendAsync(store, (_, _) => Changing(Put("people", "k", $"{++asked}")), Write("a", n - 1, store.Event()));
                Expect.Equal(1, asked, "how often the read models were asked for");
            }
        }),
        Case("Append_with_read_models_that_take_their_time_within_the_transaction_writes_both", async store =>
        {
            await AppendAsync(
                store,
                async (transaction, token) =>
                {
                    for (var n = 0; n < 50; n++)
                    {
                        _ = await transaction.LoadAsync("people", ["ann"], token);
                        using var page = await transaction.ReadLogAsync(new LogRead { Limit = 1 }, token);
                    }

                    return new ReadModelCommit { Changes = [Put("people", "k", "1")] };
                },
                Write("a", ExpectedVersion.Any, store.Event()));
            await ExpectAsync(store, "people", ("k", "1"));
        }),
        Case("Append_again_with_read_models_does_not_ask_for_them_and_changes_nothing", async store =>
        {
            var asked = 0;
            var request = Request(Write("a", ExpectedVersion.NoStream, store.Events(2))) with
            {
                ReadModels = (transaction, token) =>
                {
                    asked++;
                    return CountEvents(transaction, token);
                },
            };
            await store.AppendAsync(request);
            await CommitAsync(store, Put("people", "ann", "Anna"));
            var before = await StateAsync(store);
            for (var n = 0; n < 3; n++) ExpectResult(await store.AppendAsync(request), 1, 2, true, new AppendedStream("a", 1, 2));
            Expect.Equal(1, asked, "how often the read models were asked for");
            Expect.Sequence(before, await StateAsync(store), "what can be seen of the read models");
        }),
        Case("Append_again_with_read_models_what_was_appended_without_does_not_ask_for_them", async store =>
        {
            var request = Request(Write("a", ExpectedVersion.NoStream, store.Events(2)));
            await store.AppendAsync(request);
            ExpectResult(
                await store.AppendAsync(request with { ReadModels = (_, _) => throw new Refusal() }),
                1,
                2,
                true,
                new AppendedStream("a", 1, 2));
        }),
        Case("Read_documents_and_events_while_they_are_appended_together_sees_neither_without_the_other", async store =>
        {
            var done = Task.Run(async () =>
            {
                for (var n = 1; n <= 60; n++) await AppendAsync(store, CountEvents, Write("a", ExpectedVersion.Any, store.Event()));
            });
            while (!done.IsCompleted)
            {
                var head = await store.HeadAsync();
                var count = await CountedAsync(store);
                Expect.True(
                    count >= head, $"documents are not behind the events that can be read (the count is {count}, the head was {head})");
                Expect.True(
                    await store.HeadAsync() >= count, $"events are not behind the documents that can be read (the count was {count})");
                await Task.Yield();
            }

            await done;
        }),
    ];

    private static IEnumerable<ConformanceCase> Refusals =>
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
    ];

    private static IEnumerable<ConformanceCase> Races =>
    [
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

    private static ConformanceCase Case(string title, Func<StoreUnderTest, Task> run) =>
        new(title, ConformanceRule.AppendedReadModels, async store =>
        {
            await SeedAsync(store);
            await run(store);
        });

    private static Task<AppendResult> AppendAsync(
        StoreUnderTest store,
        Func<IAppendTransaction, CancellationToken, ValueTask<ReadModelCommit>> readModels,
        params IReadOnlyList<StreamWrite> writes) =>
        store.AppendAsync(new AppendRequest(writes) { ReadModels = readModels });

    private static ValueTask<ReadModelCommit> Changing(params IReadOnlyList<DocumentChange> changes) =>
        ValueTask.FromResult(new ReadModelCommit { Changes = changes });

    /// <summary>The plainest inline projection: a document that counts events.</summary>
    private static async ValueTask<ReadModelCommit> CountEvents(IAppendTransaction transaction, CancellationToken cancellationToken)
    {
        var loaded = await transaction.LoadAsync("people", [Count], cancellationToken);
        return new ReadModelCommit { Changes = [Put("people", Count, $"{Number(Text(loaded[0])) + transaction.Events.Count}")] };
    }

    private static Func<IAppendTransaction, CancellationToken, ValueTask<ReadModelCommit>> Look(List<SeenEvent> seen) => (transaction, _) =>
    {
        foreach (var e in transaction.Events) seen.Add(SeenEvent.Of(e));
        return Changing();
    };

    private static Func<IAppendTransaction, CancellationToken, ValueTask<ReadModelCommit>> Load(
        List<string?> loaded, string model, params string[] keys) =>
        async (transaction, token) =>
        {
            loaded.AddRange((await transaction.LoadAsync(model, keys, token)).Select(Text));
            return new ReadModelCommit();
        };

    private static async Task<long> CountedAsync(StoreUnderTest store) =>
        Number(Text((await store.ReadModels.LoadAsync("people", [Count]))[0]));

    private static long Number(string? text) => text is null ? 0 : long.Parse(text, CultureInfo.InvariantCulture);

    /// <summary>What a read model throws to refuse an append: an exception that no storage throws itself.</summary>
    private sealed class Refusal() : Exception("This read model refuses the append.");
}
