using System.Text;

namespace EventSourcing.Sqlite.Tests.ReadModels;

/// <summary>A read model of orders, and what is done with it in these tests.</summary>
internal static class SomeReadModel
{
    public static readonly ReadModelDefinition Orders = new("orders-1", [new("city", FieldKind.Text), new("total", FieldKind.Number), new("items", FieldKind.WholeNumber)]);

    public static readonly ReadModelDefinition Notes = new("notes", []);

    public static DocumentChange Order(string key, string? city = null, double? total = null, long? items = null, string data = "{}") => new(Orders.Name, key, Encoding.UTF8.GetBytes(data))
    {
        Fields = [city is null ? default : new FieldValue(city), total is { } t ? new FieldValue(t) : default, items is { } i ? new FieldValue(i) : default],
    };

    public static DocumentChange Note(string key, string data = "{}") => new(Notes.Name, key, Encoding.UTF8.GetBytes(data));

    public static ReadModelCommit Tables(TableWork tables) => new() { Tables = tables };

    public static async Task<string?> TextOf(this IReadModelStorage readModels, string model, string key) =>
        (await readModels.LoadAsync(model, [key]))[0] is { } data ? Encoding.UTF8.GetString(data) : null;

    public static ValueTask<long> CountOf(this SqliteEventStorage storage, string table) => storage.ReadSql<long>($"SELECT count(*) FROM {table}");

    public static ValueTask<T> ReadSql<T>(this SqliteEventStorage storage, string sql) =>
        storage.QueryAsync(async (connection, token) =>
        {
            await using var command = connection.CreateCommand();
            command.CommandText = sql;
            return (T)(await command.ExecuteScalarAsync(token))!;
        });

    /// <summary>Everything in the file that can be changed, as text: to see that nothing was.</summary>
    public static async Task<string> Contents(string path)
    {
        await using var connection = Some.ForeignConnection(path);
        var contents = new StringBuilder();
        foreach (var table in Rows(connection, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1"))
        {
            var columns = string.Join(" || '|' || ", Rows(connection, $"SELECT 'quote(\"' || replace(name, '\"', '\"\"') || '\")' FROM pragma_table_info('{table.Replace("'", "''", StringComparison.Ordinal)}')"));
            contents.AppendLine(table).AppendJoin('\n', Rows(connection, $"SELECT {columns} FROM \"{table.Replace("\"", "\"\"", StringComparison.Ordinal)}\" ORDER BY 1")).AppendLine();
        }

        return contents.AppendJoin('\n', Rows(connection, "SELECT type || name || coalesce(sql, '') FROM sqlite_master ORDER BY 1")).ToString();
    }

    public static List<string> Rows(Microsoft.Data.Sqlite.SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var rows = new List<string>();
        while (reader.Read()) rows.Add(reader.GetString(0));
        return rows;
    }
}
