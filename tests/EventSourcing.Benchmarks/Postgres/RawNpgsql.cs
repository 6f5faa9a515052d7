using System.Text.Json;
using Npgsql;
using NpgsqlTypes;

namespace EventSourcing.Benchmarks;

/// <summary>
/// The floor: what a careful developer would write by hand with Npgsql for this very job. One prepared statement in one round trip
/// for an append, the same bytes, serializer and unique keys. It gives no order of commits, no tree, and no repetition by id. For
/// one caller at a time.
/// </summary>
internal sealed class RawNpgsql : IAsyncDisposable
{
    private const string Insert = """
        INSERT INTO raw.events (stream, version, recorded, id, type, data)
        SELECT $1, $2 + n, $3, i, 1, d FROM unnest($4, $5) WITH ORDINALITY u(i, d, n)
        """;

    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlCommand _append, _one, _stream, _log, _load, _save;
    private readonly EventIdGenerator _ids = new(TimeProvider.System);

    private RawNpgsql(NpgsqlConnection connection)
    {
        _connection = connection;
        _append = Command(Insert, NpgsqlDbType.Text, NpgsqlDbType.Bigint, NpgsqlDbType.Bigint, NpgsqlDbType.Array | NpgsqlDbType.Uuid,
            NpgsqlDbType.Array | NpgsqlDbType.Bytea);
        _one = Command(
            "INSERT INTO raw.events (stream, version, recorded, id, type, data) VALUES ($1, $2, $3, $4, 1, $5)",
            NpgsqlDbType.Text, NpgsqlDbType.Bigint, NpgsqlDbType.Bigint, NpgsqlDbType.Uuid, NpgsqlDbType.Bytea);
        _stream = Command("SELECT position, version, recorded, id, type, data FROM raw.events WHERE stream = $1 ORDER BY version",
            NpgsqlDbType.Text);
        _log = Command("SELECT position, stream, version, recorded, id, type, data FROM raw.events ORDER BY position");
        _load = Command("SELECT key, data FROM raw.documents WHERE key = ANY ($1)", NpgsqlDbType.Array | NpgsqlDbType.Text);
        _save = Command(
            "INSERT INTO raw.documents SELECT * FROM unnest($1, $2) ON CONFLICT (key) DO UPDATE SET data = excluded.data",
            NpgsqlDbType.Array | NpgsqlDbType.Text, NpgsqlDbType.Array | NpgsqlDbType.Bytea);
    }

    public static async Task CreateAsync(NpgsqlDataSource source)
    {
        await using var create = source.CreateCommand("""
            DROP SCHEMA IF EXISTS raw CASCADE;
            CREATE SCHEMA raw;
            CREATE TABLE raw.events (position bigserial PRIMARY KEY, version bigint NOT NULL, recorded bigint NOT NULL, id uuid NOT NULL UNIQUE,
                type int NOT NULL, stream text COLLATE "C" NOT NULL, data bytea NOT NULL, metadata bytea, UNIQUE (stream, version));
            CREATE INDEX ON raw.events (type, position);
            CREATE TABLE raw.documents (key text COLLATE "C" PRIMARY KEY, data bytea NOT NULL);
            """);
        await create.ExecuteNonQueryAsync();
    }

    public static async Task<RawNpgsql> OpenAsync(NpgsqlDataSource source)
    {
        var raw = new RawNpgsql(await source.OpenConnectionAsync());
        foreach (var command in (NpgsqlCommand[])[raw._append, raw._one, raw._stream, raw._log, raw._load, raw._save])
            await command.PrepareAsync();
        return raw;
    }

    public async Task AppendAsync(string stream, long expected, ReadOnlyMemory<OrderItemAdded> events)
    {
        var now = TimeProvider.System.GetUtcNow().UtcTicks;
        if (events.Length == 1)
        {
            Set(_one, stream, expected + 1, now, _ids.Next(),
                JsonSerializer.SerializeToUtf8Bytes(events.Span[0], ShopJson.Default.OrderItemAdded));
            await _one.ExecuteNonQueryAsync();
            return;
        }

        var (ids, data) = (new Guid[events.Length], new byte[events.Length][]);
        for (var i = 0; i < events.Length; i++) (ids[i], data[i])
            = (_ids.Next(), JsonSerializer.SerializeToUtf8Bytes(events.Span[i], ShopJson.Default.OrderItemAdded));
        Set(_append, stream, expected, now, ids, data);
        await _append.ExecuteNonQueryAsync();
    }

    public async Task<int> ReadStreamAsync(string stream, Action<OrderItemAdded> each)
    {
        Set(_stream, stream);
        await using var reader = await _stream.ExecuteReaderAsync();
        var count = 0;
        for (; await reader.ReadAsync(); count++)
        {
            _ = (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetGuid(3), reader.GetInt32(4));
            each(JsonSerializer.Deserialize(reader.GetFieldValue<byte[]>(5), ShopJson.Default.OrderItemAdded)!);
        }

        return count;
    }

    public async Task<int> ReadLogAsync(Action<OrderItemAdded> each)
    {
        await using var reader = await _log.ExecuteReaderAsync();
        var count = 0;
        for (; await reader.ReadAsync(); count++)
        {
            _ = (reader.GetInt64(0), reader.GetString(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetGuid(4), reader.GetInt32(5));
            each(JsonSerializer.Deserialize(reader.GetFieldValue<byte[]>(6), ShopJson.Default.OrderItemAdded)!);
        }

        return count;
    }

    /// <summary>
    /// The loop that one writes by hand for this read model: a batch of events, the documents that it touches, one upsert.
    /// </summary>
    public async Task FoldIntoDocumentsAsync(NpgsqlDataSource other)
    {
        await using var writer = await OpenAsync(other);
        var pending = new List<OrderItemAdded>(4096);
        await ReadLogInBatchesAsync(pending, async () =>
        {
            Set(writer._load, [pending.Select(e => e.CustomerId).Distinct().ToArray()]); // one value, which is an array
            var documents = new Dictionary<string, CustomerTotal>(StringComparer.Ordinal);
            await using (var reader = await writer._load.ExecuteReaderAsync())
            {
                while (await reader.ReadAsync())
                    documents[reader.GetString(0)] =
                    JsonSerializer.Deserialize(reader.GetFieldValue<byte[]>(1), ProjectedJson.Default.CustomerTotal)!;
            }

            foreach (var e in pending) documents[e.CustomerId] = CustomerTotals.Apply(documents.GetValueOrDefault(e.CustomerId), e);
            Set(writer._save, documents.Keys.ToArray(), documents.Values
                .Select(document => JsonSerializer.SerializeToUtf8Bytes(document, ProjectedJson.Default.CustomerTotal)).ToArray());
            await writer._save.ExecuteNonQueryAsync();
        });
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var command in (NpgsqlCommand[])[_append, _one, _stream, _log, _load, _save]) await command.DisposeAsync();
        await _connection.DisposeAsync();
    }

    private async Task ReadLogInBatchesAsync(List<OrderItemAdded> pending, Func<Task> fold)
    {
        await using var reader = await _log.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            pending.Add(JsonSerializer.Deserialize(reader.GetFieldValue<byte[]>(6), ProjectedJson.Default.OrderItemAdded)!);
            if (pending.Count < 4096) continue;
            await fold();
            pending.Clear();
        }

        if (pending.Count > 0) await fold();
        pending.Clear();
    }

    private static void Set(NpgsqlCommand command, params ReadOnlySpan<object> values)
    {
        for (var i = 0; i < values.Length; i++) command.Parameters[i].Value = values[i];
    }

    private NpgsqlCommand Command(string sql, params NpgsqlDbType[] types)
    {
        var command = new NpgsqlCommand(sql, _connection);
        foreach (var type in types) command.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = type });
        return command;
    }
}
