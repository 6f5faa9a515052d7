using System.Data.Common;
using System.Globalization;
using static EventSourcing.Testing.Documents;
using static EventSourcing.Testing.StoreUnderTest;

namespace EventSourcing.Testing;

/// <summary>
/// Tables that change with read models, in portable SQL. Each case runs on all storages: if a storage has no tables, the same commits are
/// refused and change nothing.
/// </summary>
internal static class TableCases
{
    private const string Create = "CREATE TABLE visits (visitor TEXT, times BIGINT)";

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

    private static ReadModelCommit Everything => new()
    {
        Drops = ["people"],
        Creates = [Define("new")],
        Aliases = [new ReadModelAlias("current", "new")],
        Changes = [Book("emma", "changed", 1), Put("new", "k", "1")],
    };

    private static ConformanceCase Case(string title, Func<StoreUnderTest, Task> run) => new(title, ConformanceRule.Tables, async store =>
    {
        await SeedAsync(store);
        if (store.ReadModels.Tables is not null)
        {
            await store.ReadModels.CommitAsync(
                new ReadModelCommit { Tables = Run(Create, "INSERT INTO visits (visitor, times) VALUES ('ann', 7)") });
            await run(store);
            return;
        }

        var request = Request(Write("a", ExpectedVersion.NoStream, store.Event()));
        foreach (var commit in new[] { Everything, new ReadModelCommit() })
        {
            await RefusesAsync<NotSupportedException>(store, commit with { Tables = Run(Create) });
            await RefusesAsync<NotSupportedException>(store, async () =>
                await store.Storage.AppendAsync(request with { ReadModels = Within(commit with { Tables = Run(Create) }) }));
        }

        ExpectResult(await store.AppendAsync(request with { ReadModels = Within(Everything) }), 1, 1, false, new AppendedStream("a", 1, 1));
        await ExpectAsync(store, "current", ("k", "1"));
    });

    private static Func<IAppendTransaction, CancellationToken, ValueTask<ReadModelCommit>> Within(ReadModelCommit commit) =>
        (_, _) => ValueTask.FromResult(commit);

    private static TableWork Run(params string[] statements) => async (connection, token) =>
    {
        foreach (var sql in statements) await ExecuteAsync(null, connection, sql, token);
    };

    private static TableWork RunThenThrow(params string[] statements) => async (connection, token) =>
    {
        foreach (var sql in statements) await ExecuteAsync(null, connection, sql, token);
        throw new Refusal();
    };

    private static TableSupport Support(StoreUnderTest store) =>
        store.ReadModels.Tables
            ?? throw new ConformanceException("Expected the storage to have tables as before, but now it says that it has none.");

    private static string Quoted(StoreUnderTest store, string name) => Support(store).Quote(name);

    private static async Task ExecuteAsync(
        StoreUnderTest? store, DbConnection connection, string sql, CancellationToken cancellationToken, params object[] values)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The statements are the kit's own.
        command.CommandText = sql;
#pragma warning restore CA2100
        for (var i = 0; i < values.Length; i++)
        {
            var parameter = command.CreateParameter();
            if (Support(store!).HasNamedParameters) parameter.ParameterName = string.Create(CultureInfo.InvariantCulture, $"${i + 1}");
            parameter.Value = values[i];
            command.Parameters.Add(parameter);
        }

        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task SelectAsync(DbConnection connection, List<string> rows, CancellationToken cancellationToken)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT visitor, times FROM visits";
        using var reader = await command.ExecuteReaderAsync(cancellationToken);
        rows.Clear();
        while (await reader.ReadAsync(cancellationToken))
            rows.Add(string.Create(CultureInfo.InvariantCulture, $"{reader.GetString(0)} {reader.GetInt64(1)}"));
        rows.Sort(StringComparer.Ordinal);
    }

    /// <summary>Reads a table in a commit, like every write to it; this commit changes nothing.</summary>
    private static async Task ExpectTableAsync(StoreUnderTest store, params string[] expected)
    {
        var rows = new List<string>();
        await store.ReadModels.CommitAsync(
            new ReadModelCommit { Tables = async (connection, token) => await SelectAsync(connection, rows, token) });
        Expect.Sequence(expected, rows, "the rows of the table");
    }

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
