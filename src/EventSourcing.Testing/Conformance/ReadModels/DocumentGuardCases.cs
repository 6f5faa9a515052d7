using System.Globalization;
using static EventSourcing.Testing.Documents;

namespace EventSourcing.Testing;

/// <summary>Guards that hold, and races for what they guard. For what they refuse, see <see cref="RefusedCommitCases"/>.</summary>
internal static class DocumentGuardCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        .. new (string Name, DocumentGuard Guard)[]
        {
            ("of_its_bytes", Guard("people", "ann", "Ann")),
            ("of_absence_in_a_read_model", Guard("people", "carl", null)),
            ("of_absence_in_a_read_model_that_does_not_exist", Guard("missing", "ann", null)),
            ("of_absence_in_a_read_model_that_it_creates", Guard("new", "ann", null)),
            ("of_absence_by_an_alias_which_is_no_read_model", Guard("current", "emma", null)),
            ("of_a_document_that_it_changes", Guard("people", "bob", "Bob")),
            ("of_a_document_in_a_read_model_that_it_drops", Guard("books", "ulysses", "Ulysses")),
        }.Select(row => Case($"Commit_with_a_guard_{row.Name}_takes_effect", async store =>
        {
            await store.ReadModels.CommitAsync(new ReadModelCommit
            {
                Guards = [row.Guard],
                Drops = ["books"],
                Creates = [Define("new")],
                Changes = [Put("people", "bob", "changed"), Put("new", "k", "1")],
            });
            await ExpectAsync(store, "people", ("bob", "changed"), ("ann", "Ann"));
            await ExpectAllAsync(store, "new", "k");
            await ExpectAllAsync(store, "books");
        })),
        Case("Commit_with_a_guard_of_an_empty_document_takes_effect", async store =>
        {
            await CommitAsync(store, Put("people", "ann", ""));
            await store.ReadModels.CommitAsync(
                new ReadModelCommit { Guards = [Guard("people", "ann", "")], Changes = [Put("people", "bob", "changed")] });
            await ExpectAsync(store, "people", ("ann", ""), ("bob", "changed"));
        }),
        Case("Commit_with_guards_alone_changes_nothing", async store =>
        {
            var before = await StateAsync(store);
            await store.ReadModels.CommitAsync(new ReadModelCommit { Guards = [Guard("people", "ann", "Ann"), Guard("books", "k", null)] });
            Expect.Sequence(before, await StateAsync(store), "what can be seen of the read models");
        }),
        Case("Commit_with_guards_alone_that_are_not_met_is_a_conflict", async store =>
            await RefusesAsync<ReadModelConflictException>(
                store, new ReadModelCommit { Guards = [Guard("people", "ann", "Ann"), Guard("books", "emma", null)] })),
        Case("Commit_with_1000_guards_and_changes_takes_effect_once", async store =>
        {
            var commit = new ReadModelCommit
            {
                Guards = [.. Enumerable.Range(0, 1000).Select(n => Guard("people", $"k{n}", null))],
                Changes = [.. Enumerable.Range(0, 1000).Select(n => Put("people", $"k{n}", $"{n}"))],
            };
            await store.ReadModels.CommitAsync(commit);
            var error = await RefusesAsync<ReadModelConflictException>(store, commit with { Changes = [Delete("people", "ann")] });
            Expect.Equal("k0", error.Key, "the key in the error");
        }),
        Case("Commit_again_what_was_committed_under_a_guard_is_a_conflict", async store =>
        {
            var commit = new ReadModelCommit { Guards = [Guard("people", "k", null)], Changes = [Put("people", "k", "1")] };
            await store.ReadModels.CommitAsync(commit);
            await RefusesAsync<ReadModelConflictException>(store, commit);
        }),
        Case("Commit_after_a_conflict_with_what_is_there_now_takes_effect", async store =>
        {
            await RefusesAsync<ReadModelConflictException>(
                store, new ReadModelCommit { Guards = [Guard("people", "ann", "Anna")], Changes = [Put("people", "ann", "wrong")] });
            var now = Text((await store.ReadModels.LoadAsync("people", ["ann"]))[0]);
            await store.ReadModels.CommitAsync(
                new ReadModelCommit { Guards = [Guard("people", "ann", now)], Changes = [Put("people", "ann", "right")] });
            await ExpectAsync(store, "people", ("ann", "right"));
        }),
        Case("Race_of_8_writers_on_one_guard_lets_exactly_one_win", async store =>
        {
            var last = (string?)null;
            for (var round = 0; round < 20; round++)
            {
                var won = await Race.RunAsync(8, async n => await TryAsync(store, new ReadModelCommit
                {
                    Guards = [Guard("people", "turn", last)],
                    Changes = [Put("people", "turn", $"{round}/{n}"), Put("people", $"of {n}", $"{round}")],
                }));
                Expect.Equal(1, won.Count(w => w), "the number of winners");
                var winner = Array.IndexOf(won, true);
                last = $"{round}/{winner}";
                await ExpectAsync(store, "people", ("turn", last), ($"of {winner}", $"{round}"));
                var written = await store.ReadModels.LoadAsync("people", [.. Enumerable.Range(0, 8).Select(n => $"of {n}")]);
                Expect.Equal(1, written.Count(d => Text(d) == $"{round}"), "the number of writers whose document of the round is there");
            }
        }),
        Case("Race_of_8_creating_what_must_be_absent_lets_exactly_one_win", async store =>
        {
            for (var round = 0; round < 20; round++)
            {
                var name = $"model {round}";
                var won = await Race.RunAsync(8, async n => await TryAsync(store, new ReadModelCommit
                {
                    Guards = [Guard(name, "owner", null)],
                    Creates = [Define(name, ("Owner", FieldKind.WholeNumber))],
                    Changes = [Put(name, "owner", $"{n}", new FieldValue((long)n))],
                }));
                Expect.Equal(1, won.Count(w => w), "the number of winners");
                await ExpectAsync(store, name, ("owner", $"{Array.IndexOf(won, true)}"));
            }
        }),
        Case("Race_of_2_writing_each_what_the_other_guards_lets_exactly_one_win", async store =>
        {
            for (var round = 0; round < 20; round++)
            {
                var won = await Race.RunAsync(2, async n => await TryAsync(store, new ReadModelCommit
                {
                    Guards = [Guard("people", $"{round}/{1 - n}", null)],
                    Changes = [Put("people", $"{round}/{n}", "here")],
                }));
                Expect.Equal(1, won.Count(w => w), "the number of winners");
            }
        }),
        Case("Race_of_counting_writers_counts_every_step_once", async store =>
        {
            await Race.RunAsync(4, async n =>
            {
                for (var step = 0; step < 15;)
                {
                    var seen = Text((await store.ReadModels.LoadAsync("people", ["count"]))[0]);
                    await Task.Yield();
                    var count = 1 + (seen is null ? 0 : int.Parse(seen, CultureInfo.InvariantCulture));
                    if (await TryAsync(store, new ReadModelCommit
                    {
                        Guards = [Guard("people", "count", seen)],
                        Changes = [Put("people", "count", $"{count}"), Put("people", $"step {count}", $"{n}")],
                    }))
                        step++;
                }
            });
            await ExpectAsync(store, "people", ("count", "60"));
            Expect.Equal(63, await store.ReadModels.CountAsync("people", []), "the number of documents");
        }),
        Case("Race_of_commits_of_which_every_other_is_refused_keeps_exactly_the_others", async store =>
        {
            var won = await Race.RunAsync(8, async n =>
            {
                for (var i = 0; i < 10; i++)
                {
                    var isKept = await TryAsync(store, new ReadModelCommit
                    {
                        Guards = [Guard("people", "ann", n % 2 == 0 ? "Ann" : "Anna")],
                        Changes = [Put("people", $"{n}/{i}", "1"), Put("people", $"of {n}", $"{i}")],
                    });
                    Expect.Equal(n % 2 == 0, isKept, "whether the commit took effect");
                }

                return true;
            });
            Expect.Equal(8, won.Length, "the number of contenders");
            Expect.Equal(2 + (4 * 11), await store.ReadModels.CountAsync("people", []), "the number of documents");
            for (var n = 0; n < 8; n++)
                await ExpectAsync(store, "people", ($"of {n}", n % 2 == 0 ? "9" : null), ($"{n}/3", n % 2 == 0 ? "1" : null));
        }),
    ];

    public static async Task<bool> TryAsync(StoreUnderTest store, ReadModelCommit commit)
    {
        try
        {
            await store.ReadModels.CommitAsync(commit, store.CancellationToken);
            return true;
        }
        catch (ReadModelConflictException)
        {
            return false;
        }
    }

    private static ConformanceCase Case(string title, Func<StoreUnderTest, Task> run) =>
        new(title, ConformanceRule.ReadModels, async store =>
        {
            await SeedAsync(store);
            await run(store);
        });
}
