using System.Data.Common;
using System.Globalization;
using static EventSourcing.Testing.Documents;
using static EventSourcing.Testing.StoreUnderTest;

namespace EventSourcing.Testing;

/// <summary>Makes and reads tables of a test, and checks that storages without tables refuse them.</summary>
internal static class Tables
{
    public const string Create = "CREATE TABLE visits (visitor TEXT, times BIGINT)";

    public static ConformanceCase Case(string title, Func<StoreUnderTest, Task> run) => new(title, ConformanceRule.Tables, async store =>
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

    public static ReadModelCommit Everything => new()
    {
        Drops = ["people"],
        Creates = [Define("new")],
        Aliases = [new ReadModelAlias("current", "new")],
        Changes = [Book("emma", "changed", 1), Put("new", "k", "1")],
    };

    public static Func<IAppendTransaction, CancellationToken, ValueTask<ReadModelCommit>> Within(ReadModelCommit commit) =>
        (_, _) => ValueTask.FromResult(commit);

    public static TableWork Run(params string[] statements) => async (connection, token) =>
    {
        foreach (var sql in statements) await ExecuteAsync(null, connection, sql, token);
    };

    public static TableSupport Support(StoreUnderTest store) =>
        store.ReadModels.Tables
            ?? throw new ConformanceException("Expected the storage to have tables as before, but now it says that it has none.");

    public static async Task ExecuteAsync(
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

    public static async Task SelectAsync(DbConnection connection, List<string> rows, CancellationToken cancellationToken)
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
    public static async Task ExpectTableAsync(StoreUnderTest store, params string[] expected)
    {
        var rows = new List<string>();
        await store.ReadModels.CommitAsync(
            new ReadModelCommit { Tables = async (connection, token) => await SelectAsync(connection, rows, token) });
        Expect.Sequence(expected, rows, "the rows of the table");
    }
}
