using System.Globalization;
using static EventSourcing.Testing.Documents;
using static EventSourcing.Testing.Tables;

namespace EventSourcing.Testing;

/// <summary>
/// Tables that change with read models, in portable SQL. Each case runs on all storages: if a storage has no tables, the same commits are
/// refused and change nothing.
/// </summary>
internal static class TableCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        Case("Commit_tables_and_documents_writes_both_or_is_refused", async store =>
        {
            await store.ReadModels.CommitAsync(new ReadModelCommit
            {
                Changes = [Put("people", "carl", "Carl")],
                Tables = Run("INSERT INTO visits (visitor, times) VALUES ('carl', 1)"),
            });
            await ExpectTableAsync(store, "ann 7", "carl 1");
            await ExpectAsync(store, "people", ("carl", "Carl"));
        }),
        Case("Commit_tables_alone_writes_them_or_is_refused", async store =>
        {
            await store.ReadModels.CommitAsync(new ReadModelCommit
            {
                Tables = Run("UPDATE visits SET times = times + 1", "INSERT INTO visits (visitor, times) VALUES ('bob', 2)"),
            });
            await ExpectTableAsync(store, "ann 8", "bob 2");
        }),
        Case("Commit_tables_with_parameters_writes_their_values_or_is_refused", async store =>
        {
            string[] visitors = ["O'Hara", "caf\u00E9", "\U0001F600", ""];
            await store.ReadModels.CommitAsync(new ReadModelCommit
            {
                Tables = async (connection, token) =>
                {
                    foreach (var visitor in visitors)
                        await ExecuteAsync(
                            store, connection, "INSERT INTO visits (visitor, times) VALUES ($1, $2)", token, visitor, long.MaxValue);
                },
            });
            await ExpectTableAsync(store, [.. visitors.Select(v => $"{v} {long.MaxValue}").Append("ann 7").Order(StringComparer.Ordinal)]);
        }),
        Case("Commit_tables_with_parameters_in_another_order_and_twice_takes_each_by_its_number_or_is_refused", async store =>
        {
            await store.ReadModels.CommitAsync(new ReadModelCommit
            {
                Tables = async (connection, token) =>
                {
                    await ExecuteAsync(store, connection, "INSERT INTO visits (times, visitor) VALUES ($2, $1)", token, "carl", 2L);
                    await ExecuteAsync(
                        store, connection, "UPDATE visits SET times = $2 + times, visitor = $1 WHERE visitor <> $1", token, "both", 5L);
                },
            });
            await ExpectTableAsync(store, "both 12", "both 7");
        }),
        Case("Commit_tables_with_a_parameter_that_is_null_writes_and_finds_NULL_or_is_refused", async store =>
        {
            await store.ReadModels.CommitAsync(new ReadModelCommit
            {
                Tables = async (connection, token) =>
                {
                    await ExecuteAsync(store, connection, "INSERT INTO visits (visitor, times) VALUES ($1, $2)", token, DBNull.Value, 2L);
                    await ExecuteAsync(
                        store,
                        connection,
                        "UPDATE visits SET visitor = 'nobody' WHERE visitor IS NULL AND CAST($1 AS TEXT) IS NULL",
                        token,
                        DBNull.Value);
                },
            });
            await ExpectTableAsync(store, "ann 7", "nobody 2");
        }),
        Case("Commit_tables_of_any_names_once_quoted_makes_each_or_is_refused", async store =>
        {
            string[] names = ["order", "with space", "a \"quoted\" name", "it's", "na\u00EFve", "half;", "--", "$1"];
            var counts = new List<string>();
            await store.ReadModels.CommitAsync(new ReadModelCommit
            {
                Tables = async (connection, token) =>
                {
                    foreach (var name in names)
                        await ExecuteAsync(
                            store, connection, $"CREATE TABLE {Quoted(store, name)} ({Quoted(store, "group")} BIGINT)", token);
                    for (var i = 0; i < names.Length; i++)
                        await ExecuteAsync(
                            store,
                            connection,
                            $"INSERT INTO {Quoted(store, names[i])} ({Quoted(store, "group")}) VALUES ($1)",
                            token,
                            (long)i);
                    for (var i = 0; i < names.Length; i++)
                        await ExecuteAsync(
                            store,
                            connection,
                            $"INSERT INTO visits (visitor, times) SELECT $1, {Quoted(store, "group")} FROM {Quoted(store, names[i])}",
                            token,
                            names[i]);
                },
            });
            await ExpectTableAsync(store, [.. names.Select((name, i) => string.Create(CultureInfo.InvariantCulture, $"{name} {i}"))
                .Append("ann 7").Order(StringComparer.Ordinal)]);
        }),
        Case("Commit_tables_of_the_longest_names_that_differ_at_the_end_makes_both_or_is_refused", async store =>
        {
            var stem = new string('a', Math.Min(Support(store).MaxNameLength, 200) - 1);
            await store.ReadModels.CommitAsync(new ReadModelCommit
            {
                Tables = async (connection, token) =>
                {
                    foreach (var end in new[] { "1", "2" })
                    {
                        await ExecuteAsync(store, connection, $"CREATE TABLE {Quoted(store, stem + end)} (n BIGINT)", token);
                        await ExecuteAsync(store, connection, $"INSERT INTO {Quoted(store, stem + end)} (n) VALUES ({end})", token);
                        await ExecuteAsync(
                            store,
                            connection,
                            $"INSERT INTO visits (visitor, times) SELECT 'end', n FROM {Quoted(store, stem + end)}",
                            token);
                    }
                },
            });
            await ExpectTableAsync(store, "ann 7", "end 1", "end 2");
        }),
        Case("Commit_tables_by_their_names_quoted_or_not_is_of_the_same_or_is_refused", async store =>
        {
            await store.ReadModels.CommitAsync(new ReadModelCommit
            {
                Tables = Run($"INSERT INTO {Quoted(store, "visits")} ({Quoted(store, "visitor")}, times) VALUES ('bob', 2)"),
            });
            await store.ReadModels.CommitAsync(new ReadModelCommit
            {
                Tables = Run(
                    $"CREATE TABLE {Quoted(store, "others_2")} (n BIGINT)",
                    "INSERT INTO others_2 (n) VALUES (1)",
                    "INSERT INTO visits (visitor, times) SELECT 'other', n FROM others_2"),
            });
            await ExpectTableAsync(store, "ann 7", "bob 2", "other 1");
        }),
        Case("Ask_what_tables_need_says_the_same_each_time_or_that_there_are_none", store =>
        {
            Expect.True(ReferenceEquals(Support(store), store.ReadModels.Tables), "what tables need is the same each time");
            Expect.True(
                Support(store).MaxNameLength >= 63, $"names may have at least 63 bytes (they may have {Support(store).MaxNameLength})");
            foreach (var table in new[] { "visits", "orders", "a", "_", "x1", new string('a', 60) })
                Expect.Equal(null, Support(store).FlawIn(table), $"what is wrong with a table's name '{table}'");
            return Task.CompletedTask;
        }),
        Case("Commit_tables_sees_its_own_rows_before_they_are_committed_or_is_refused", async store =>
        {
            var rows = new List<string>();
            await store.ReadModels.CommitAsync(new ReadModelCommit
            {
                Tables = async (connection, token) =>
                {
                    await ExecuteAsync(store, connection, "INSERT INTO visits (visitor, times) VALUES ('bob', 2)", token);
                    await SelectAsync(connection, rows, token);
                },
            });
            Expect.Sequence(["ann 7", "bob 2"], rows, "the rows seen within the commit");
        }),
        Case("Commit_tables_that_are_created_and_dropped_is_done_or_refused", async store =>
        {
            await store.ReadModels.CommitAsync(new ReadModelCommit { Tables = Run("DROP TABLE visits", Create) });
            await ExpectTableAsync(store);
        }),
    ];

    private static string Quoted(StoreUnderTest store, string name) => Support(store).Quote(name);
}
