using static EventSourcing.Testing.Documents;
using static EventSourcing.Testing.StoreUnderTest;
using static EventSourcing.Testing.Tables;

namespace EventSourcing.Testing;

/// <summary>
/// Tables change with read models and events in one commit, or not at all. Each case runs on all storages: see <see cref="TableCases"/>.
/// </summary>
internal static class TableRefusalCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        Case("Commit_tables_that_throw_undoes_rows_and_documents_or_is_refused", async store =>
        {
            await RefusesAsync<Refusal>(store, Everything with
            {
                Tables = RunThenThrow("INSERT INTO visits (visitor, times) VALUES ('bob', 2)", "DELETE FROM visits WHERE visitor = 'ann'"),
            });
            await ExpectTableAsync(store, "ann 7");
            await ExpectUsableAsync(store);
        }),
        Case("Commit_tables_that_throw_undoes_what_they_created_and_dropped_or_is_refused", async store =>
        {
            await RefusesAsync<Refusal>(
                store, Everything with { Tables = RunThenThrow("CREATE TABLE others (n BIGINT)", "DROP TABLE visits") });
            await ExpectTableAsync(store, "ann 7");
            await store.ReadModels.CommitAsync(new ReadModelCommit { Tables = Run("CREATE TABLE others (n BIGINT)") });
            await ExpectUsableAsync(store);
        }),
        Case("Commit_tables_whose_SQL_is_wrong_undoes_rows_and_documents_or_is_refused", async store =>
        {
            await RefusesAsync<Exception>(store, Everything with
            {
                Tables = Run("INSERT INTO visits (visitor, times) VALUES ('bob', 2)", "INSERT INTO no_such_table (n) VALUES (1)"),
            });
            await ExpectTableAsync(store, "ann 7");
            await ExpectUsableAsync(store);
        }),
        Case("Commit_tables_that_throw_at_once_changes_nothing_or_is_refused", async store =>
        {
            await RefusesAsync<Refusal>(store, Everything with { Tables = (_, _) => throw new Refusal() });
            await ExpectTableAsync(store, "ann 7");
            await ExpectUsableAsync(store);
        }),
        Case("Commit_tables_with_a_guard_that_is_not_met_changes_nothing_or_is_refused", async store =>
        {
            await RefusesAsync<ReadModelConflictException>(
                store, Everything with { Guards = [Guard("people", "ann", "Anna")], Tables = Run("DELETE FROM visits") });
            await ExpectTableAsync(store, "ann 7");
            await ExpectUsableAsync(store);
        }),
        Case("Commit_tables_with_a_bad_change_changes_nothing_or_is_refused", async store =>
        {
            await RefusesAsync<ArgumentException>(
                store, Everything with { Changes = [.. Everything.Changes, Put("missing", "k", "1")], Tables = Run("DELETE FROM visits") });
            await ExpectTableAsync(store, "ann 7");
            await ExpectUsableAsync(store);
        }),
        Case("Append_with_tables_writes_events_documents_and_rows_or_is_refused", async store =>
        {
            var request = Request(Write("a", ExpectedVersion.Any, store.Events(2)));
            ExpectResult(
                await store.AppendAsync(request with
                {
                    ReadModels = Within(Everything with { Tables = Run("INSERT INTO visits (visitor, times) VALUES ('bob', 2)") }),
                }),
                1,
                2,
                false,
                new AppendedStream("a", 1, 2));
            await ExpectTableAsync(store, "ann 7", "bob 2");
            await ExpectAsync(store, "current", ("k", "1"));
            await store.AppendAsync(request with { ReadModels = Within(new ReadModelCommit { Tables = Run("DELETE FROM visits") }) });
            await ExpectTableAsync(store, "ann 7", "bob 2");
        }),
        Case("Append_with_tables_that_throw_undoes_events_documents_and_rows_or_is_refused", async store =>
        {
            await store.AppendAsync("a", store.Event());
            var request = Request(Write("a", 1, store.Events(2)));
            foreach (var work in new[]
            {
                RunThenThrow("DELETE FROM visits", "CREATE TABLE others (n BIGINT)"),
                (_, _) => throw new Refusal(),
            })
            {
                await RefusesAsync<Refusal>(store, async () =>
                    await store.Storage.AppendAsync(request with { ReadModels = Within(Everything with { Tables = work }) }));
                await ExpectTableAsync(store, "ann 7");
            }

            ExpectResult(await store.AppendAsync(request), 2, 3, false, new AppendedStream("a", 2, 3));
            await ExpectUsableAsync(store);
        }),
        Case("Append_with_tables_whose_SQL_is_wrong_undoes_events_documents_and_rows_or_is_refused", async store =>
        {
            var request = Request(Write("a", ExpectedVersion.Any, store.Event()));
            await RefusesAsync<Exception>(store, async () => await store.Storage.AppendAsync(request with
            {
                ReadModels = Within(Everything with { Tables = Run("DELETE FROM visits", "SELECT nonsense FROM nowhere") }),
            }));
            await ExpectTableAsync(store, "ann 7");
            await ExpectUsableAsync(store);
        }),
        Case("Race_of_commits_with_tables_counts_every_one_or_refuses_all", async store =>
        {
            await Race.RunAsync(8, async n =>
            {
                for (var i = 0; i < 10; i++)
                {
                    var commit = new ReadModelCommit
                    {
                        Changes = [Put("people", $"{n}/{i}", "1")],
                        Tables = Run("UPDATE visits SET times = times + 1"),
                    };
                    if (n % 2 == 0) await store.ReadModels.CommitAsync(commit);
                    else await store.AppendAsync(Request(Write($"s{n}", i, store.Event())) with { ReadModels = Within(commit) });
                }
            });
            await ExpectTableAsync(store, "ann 87");
            Expect.Equal(82, await store.ReadModels.CountAsync("people", []), "the number of documents");
            Expect.Equal(40, (await store.LogAsync()).Count, "the number of events");
        }),
        Case("Race_of_commits_with_tables_of_which_every_other_throws_keeps_exactly_the_others_or_refuses_all", async store =>
        {
            await Race.RunAsync(8, async n =>
            {
                for (var i = 0; i < 10; i++)
                {
                    const string Sql = "UPDATE visits SET times = times + 1";
                    var commit = new ReadModelCommit
                    {
                        Changes = [Put("people", $"{n}/{i}", "1")],
                        Tables = n % 2 == 0 ? Run(Sql) : RunThenThrow(Sql),
                    };
                    var write = i % 2 == 0
                        ? async () => await store.ReadModels.CommitAsync(commit)
                        : (Func<Task>)(async () => await store.AppendAsync(
                            Request(Write($"s{n}", ExpectedVersion.Any, store.Event())) with { ReadModels = Within(commit) }));
                    if (n % 2 == 0) await write();
                    else await Expect.ThrowsAsync<Refusal>(write, "the commit");
                }
            });
            await ExpectTableAsync(store, "ann 47");
            Expect.Equal(42, await store.ReadModels.CountAsync("people", []), "the number of documents");
            Expect.Equal(20, (await store.LogAsync()).Count, "the number of events");
        }),
    ];

    private static TableWork RunThenThrow(params string[] statements) => async (connection, token) =>
    {
        foreach (var sql in statements) await ExecuteAsync(null, connection, sql, token);
        throw new Refusal();
    };

    private static async Task ExpectUsableAsync(StoreUnderTest store)
    {
        await store.ReadModels.CommitAsync(Everything with { Tables = Run("INSERT INTO visits (visitor, times) VALUES ('late', 3)") });
        await ExpectTableAsync(store, "ann 7", "late 3");
        await ExpectAsync(store, "current", ("k", "1"));
        await store.AppendAsync("late", store.Event());
    }

    /// <summary>What the work on a table throws: an exception that no storage throws itself.</summary>
    private sealed class Refusal() : Exception("This work throws.");
}
