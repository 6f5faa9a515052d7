using System.Data.Common;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Shop;

/// <summary>All that is stored of a read model, row by row, as SQL sees it.</summary>
/// <param name="Rows">
/// By key, every column of the row: of documents the JSON as it is stored and the fields beside it, of the table all columns.
/// </param>
internal sealed record StoredReadModel(SortedDictionary<string, IReadOnlyList<string>> Rows)
{
    public long Bytes => Rows.Sum(row => Encoding.UTF8.GetByteCount(row.Key) + row.Value.Sum(Encoding.UTF8.GetByteCount));

    /// <summary>The beginning of the digest over all rows.</summary>
    public string Digest
    {
        get
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (var (key, columns) in Rows) hash.AppendData(Encoding.UTF8.GetBytes($"{key}\0{string.Join('\0', columns)}\n"));
            return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 6));
        }
    }

    /// <summary>Every read model of the shop, by name, all as of one moment.</summary>
    public static ValueTask<SortedDictionary<string, StoredReadModel>> ReadAllAsync(ShopStore shop, CancellationToken cancellationToken) => shop.QueryAsync(
        async (connection, token) =>
        {
            var all = new SortedDictionary<string, StoredReadModel>(StringComparer.Ordinal);
            foreach (var projection in shop.Projections.Where(projection => projection != shop.RevenuePerMinute))
                all[projection.Name] = await ReadAsync(connection, await ViewOfAsync(connection, projection.Name, token), token);
            all[shop.RevenuePerMinute.Name] = await ReadAsync(connection, RevenuePerMinute.Table, token);
            return all;
        },
        cancellationToken);

    public bool IsTheSameAs(StoredReadModel other) =>
        Rows.Count == other.Rows.Count && Rows.All(row => other.Rows.TryGetValue(row.Key, out var columns) && row.Value.SequenceEqual(columns, StringComparer.Ordinal));

    /// <summary>Whether these are the rows of a fold, which knows no fields.</summary>
    public bool HasTheContentOf(IReadOnlyDictionary<string, string> folded) =>
        Rows.Count == folded.Count && Rows.All(row => folded.TryGetValue(row.Key, out var content) && row.Value[0] == content);

    private static async Task<StoredReadModel> ReadAsync(DbConnection connection, string table, CancellationToken cancellationToken)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT * FROM \"{table}\"";
        using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new SortedDictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellationToken))
        {
            var columns = Enumerable.Range(1, reader.FieldCount - 1).Select(i => Convert.ToString(reader.GetValue(i), CultureInfo.InvariantCulture)!);

            // The table has several columns where documents have one, and no fields beside them.
            rows.Add(reader.GetString(0), table == RevenuePerMinute.Table ? [string.Join(' ', columns)] : [.. columns]);
        }

        return new StoredReadModel(rows);
    }

    private static async Task<string> ViewOfAsync(DbConnection connection, string readModel, CancellationToken cancellationToken)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT view_name FROM read_model_aliases WHERE alias = '{readModel}'";
        return (string)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
