using static EventSourcing.Testing.Documents;
using static EventSourcing.Testing.StoreUnderTest;

namespace EventSourcing.Testing;

/// <summary>A store that is marked as moved refuses every write and says where it went; reading goes on.</summary>
internal static class MoveCases
{
    private const string There = "postgres://db.example/shop's “new” place\\ü😀";

    public static IEnumerable<ConformanceCase> All =>
    [
        Case(
            "Open_a_store_that_has_not_moved_says_so",
            async store => Expect.Equal(null, await MovedToAsync(store), "where a store has moved that has not")),
        Case("Mark_as_moved_refuses_every_append", async store =>
        {
            await MoveAsync(store);
            await RefusesAsync(store, () => AppendAsync(store, Request(Write("a", 2, store.Event()))));
            var several = Request(Write("a", ExpectedVersion.Any, store.Events(3)), Check("b", ExpectedVersion.Any));
            await RefusesAsync(store, () => AppendAsync(store, several));
            var ofNew = Request(Write("new", ExpectedVersion.NoStream, store.Event(type: "new", tags: "new")));
            await RefusesAsync(store, () => AppendAsync(store, ofNew));
            await RefusesAsync(store, () => AppendAsync(store, Request(Write("b", ExpectedVersion.Any, store.Event())) with
            {
                Conditions = [new AppendCondition(EventQuery.OfTypes("none"), 0)],
            }));
        }),
        Case("Mark_as_moved_refuses_an_append_with_its_read_models", async store =>
        {
            await MoveAsync(store);
            await RefusesAsync(store, () => AppendAsync(store, Request(Write("a", ExpectedVersion.Any, store.Event())) with
            {
                ReadModels = (_, _) => ValueTask.FromResult(new ReadModelCommit { Changes = [Put("people", "carl", "Carl")] }),
            }));
        }),
        Case("Mark_as_moved_refuses_every_erasure", async store =>
        {
            await MoveAsync(store);
            var record = Write(PayloadsErased.StreamName, ExpectedVersion.Any, Erasures.Record(store, 1));
            await RefusesAsync(store, () => AppendAsync(store, new AppendRequest([record]) { Erase = [1] }));
        }),
        Case("Mark_as_moved_refuses_every_import", async store =>
        {
            await MoveAsync(store);
            var unplaced = new StoredEvent
            {
                Position = 0,
                Stream = "a",
                Version = 0,
                Id = store.NewId(),
                Type = "t",
                RecordedAt = store.Clock.Now,
                Data = "{}"u8.ToArray(),
                Tags = [],
            };
            await RefusesAsync(store, () => store.Storage.ImportAsync(new ImportRequest([unplaced]), store.CancellationToken).AsTask());
            var placed = unplaced with { Position = 3, Version = 3, Seal = new byte[LedgerLeaf.SaltLength] };
            await RefusesAsync(store, () => store.Storage.ImportAsync(new ImportRequest([placed]), store.CancellationToken).AsTask());
        }),
        .. from change in new (string What, ReadModelCommit Commit)[]
           {
               ("documents", new ReadModelCommit { Changes = [Put("people", "carl", "Carl"), Delete("people", "ann")] }),
               (
                   "a_document_of_a_guard",
                   new ReadModelCommit { Guards = [Guard("people", "carl", null)], Changes = [Put("people", "carl", "Carl")] }),
               ("a_new_read_model", new ReadModelCommit { Creates = [Define("new")] }),
               ("an_alias", new ReadModelCommit { Aliases = [new ReadModelAlias("other", "people")] }),
               ("a_read_model_to_drop", new ReadModelCommit { Drops = ["people"] }),
           }
           select Case($"Mark_as_moved_refuses_a_commit_of_{change.What}", async store =>
           {
               await MoveAsync(store);
               await RefusesAsync(store, () => store.ReadModels.CommitAsync(change.Commit, store.CancellationToken).AsTask());
           }),
        Case("Mark_as_moved_evaluates_guards_first", async store =>
        {
            await MoveAsync(store);
            await store.RefusesAsync<WrongExpectedVersionException>(Request(Write("a", 7, store.Event())));
            await Documents.RefusesAsync<ReadModelConflictException>(
                store, new ReadModelCommit { Guards = [Guard("people", "ann", "Anna")], Changes = [Put("people", "carl", "Carl")] });
        }),
        Case("Mark_as_moved_still_returns_the_result_of_a_repetition", async store =>
        {
            var request = Request(Write("b", ExpectedVersion.NoStream, store.Event()));
            var original = await store.AppendAsync(request);
            await MoveAsync(store);
            var again = await store.Storage.AppendAsync(request, store.CancellationToken);
            Expect.True(again.WasAlreadyStored, "the append is a repetition");
            Expect.Equal(original.Position, again.Position, "the position of a repetition");
        }),
        Case("Mark_as_moved_leaves_all_to_be_read", async store =>
        {
            var before = await StateAsync(store);
            await MoveAsync(store);
            Expect.Sequence(before, await StateAsync(store), "what is read of a store that has moved");
            await LedgerChecks.ExpectTreeAsync(store);
            var findings = await store.Storage.Ledger.AuditStructureAsync(isWhole: true, store.CancellationToken);
            Expect.Sequence([], findings, "the findings in a store that has moved");
        }),
        Case("Mark_as_moved_at_another_head_changes_nothing", async store =>
        {
            foreach (var head in (long[])[0, 1, 3, long.MaxValue])
                Expect.True(!await SetAsync(store, There, head), $"a log of 2 events is not marked at {head}");
            Expect.Equal(null, await MovedToAsync(store), "where the store has moved");
            await store.AppendAsync("a", store.Event());
        }),
        Case("Mark_as_moved_again_is_the_same_and_elsewhere_is_refused", async store =>
        {
            await MoveAsync(store);
            await MoveAsync(store);
            await RefusesAsync(store, () => SetAsync(store, "elsewhere", 2));
            Expect.Equal(There, await MovedToAsync(store), "where the store has moved");
        }),
        Case("Take_the_mark_away_lets_writes_go_on", async store =>
        {
            for (var round = 0; round < 2; round++)
            {
                var head = await store.HeadAsync();
                await MoveAsync(store);
                Expect.True(!await SetAsync(store, null, head + 1), "a mark is not taken away at another head");
                Expect.True(await SetAsync(store, null, head), "the mark is taken away");
                Expect.Equal(null, await MovedToAsync(store), "where the store has moved once the mark is away");
                await store.AppendAsync("a", store.Event());
                await CommitAsync(store, Put("people", "carl", $"Carl {round}"));
                Expect.True(await SetAsync(store, null, head + 1), "a mark that is not there is taken away at once");
            }
        }),
        Case("Mark_as_moved_while_many_append_lets_each_be_below_the_mark_or_refused", async store =>
        {
            var appended = new long[8];
            var appending = Enumerable.Range(0, appended.Length).Select(i => Task.Run(async () =>
            {
                while (true)
                {
                    try
                    {
                        var request = Request(Write($"s{i}", ExpectedVersion.Any, store.Event()));
                        appended[i] = (await store.Storage.AppendAsync(request, store.CancellationToken)).Position;
                    }
                    catch (StoreMovedException)
                    {
                        return;
                    }
                }
            })).ToList();
            long head;
            do head = await store.HeadAsync();
            while (!await SetAsync(store, There, head));
            store.WaitingFor = "the appends to be refused";
            await Task.WhenAll(appending);
            Expect.Equal(head, await store.HeadAsync(), "the head of a store that was marked there");
            Expect.True(appended.Max() <= head, "no append has succeeded above the mark");
            await LedgerChecks.ExpectTreeAsync(store);
        }),
        .. from place in new (string What, string Text)[]
           {
               ("nothing", ""), ("blanks", "  "), ("a_line_break", "a\nb"), ("half_a_surrogate_pair", "a\uD83D"),
               ("a_text_that_is_too_long", new string('x', StoreMovedException.MaxPlaceLength + 1)),
           }
           select Case($"Mark_as_moved_to_{place.What}_is_refused", async store =>
           {
               await Expect.ThrowsAsync<ArgumentException>(() => SetAsync(store, place.Text, 2), "the mark");
               Expect.Equal(null, await MovedToAsync(store), "where the store has moved");
               await store.AppendAsync("a", store.Event());
           }),
        Case("Mark_as_moved_read_only_is_refused", async store =>
        {
            if (await store.OpenReadOnlyAsync() is not { } reading) return;
            await Documents.RefusesAsync<StoreReadOnlyException>(
                store, () => reading.SetMovedToAsync(There, 2, store.CancellationToken).AsTask());
            await MoveAsync(store);
            Expect.Equal(There, await reading.GetMovedToAsync(store.CancellationToken), "where the store has moved, read read-only");
        }),
    ];

    private static ConformanceCase Case(string title, Func<StoreUnderTest, Task> run) => new(title, ConformanceRule.Move, async store =>
    {
        await SeedAsync(store);
        await store.AppendAsync("a", store.Events(2));
        await run(store);
    });

    private static async Task MoveAsync(StoreUnderTest store)
    {
        Expect.True(await SetAsync(store, There, await store.HeadAsync()), "the store is marked as moved");
        Expect.Equal(There, await MovedToAsync(store), "where the store has moved");
    }

    private static async Task<string?> MovedToAsync(StoreUnderTest store) => await store.Storage.GetMovedToAsync(store.CancellationToken);

    private static async Task<bool> SetAsync(StoreUnderTest store, string? movedTo, long head) =>
        await store.Storage.SetMovedToAsync(movedTo, head, store.CancellationToken);

    private static Task<AppendResult> AppendAsync(StoreUnderTest store, AppendRequest request) =>
        store.Storage.AppendAsync(request, store.CancellationToken).AsTask();

    private static async Task RefusesAsync(StoreUnderTest store, Func<Task> write)
    {
        var refusal = await Documents.RefusesAsync<StoreMovedException>(store, write);
        Expect.Equal(There, refusal.MovedTo, "where the refusal says that the store has moved");
    }
}
