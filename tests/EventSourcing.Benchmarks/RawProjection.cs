using System.Text;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace EventSourcing.Benchmarks;

/// <summary>
/// The floor of projections: the loop that a careful developer would write by hand for this one read model, in the file
/// of a <see cref="RawStore"/>. Prepared statements, one transaction for each batch with the checkpoint in it, each
/// document read and written once per batch.
/// </summary>
internal sealed class RawProjection : IDisposable
{
    private const int BatchEvents = 16_384;
    private readonly SqliteConnection _connection;
    private readonly sqlite3 _db;
    private readonly sqlite3_stmt _begin, _commit, _read, _load, _save, _count, _move;

    public RawProjection(string path)
    {
        _connection = new SqliteConnection($"Data Source={path};Pooling=False");
        _connection.Open();
        _db = _connection.Handle!;
        raw.sqlite3_exec(_db, """
            PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=10000;
            CREATE TABLE documents (key TEXT NOT NULL UNIQUE, data BLOB NOT NULL);
            CREATE TABLE customers (customer TEXT PRIMARY KEY, items INTEGER NOT NULL, total REAL NOT NULL) WITHOUT ROWID;
            CREATE TABLE checkpoint (id INTEGER PRIMARY KEY, position INTEGER NOT NULL);
            INSERT INTO checkpoint VALUES (1, 0);
            """);
        _begin = Prepare("BEGIN IMMEDIATE");
        _commit = Prepare("COMMIT");
        _read = Prepare("SELECT position, stream, version, type, id, recorded, data, metadata FROM events WHERE position > ?1 ORDER BY position LIMIT ?2");
        _load = Prepare("SELECT data FROM documents WHERE key = ?1");
        _save = Prepare("INSERT INTO documents (key, data) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET data = excluded.data");
        _count = Prepare("INSERT INTO customers (customer, items, total) VALUES (?1, 1, ?2) ON CONFLICT (customer) DO UPDATE SET items = items + 1, total = total + excluded.total");
        _move = Prepare("UPDATE checkpoint SET position = ?1 WHERE id = 1");
    }

    public void FoldIntoDocuments()
    {
        var documents = new Dictionary<string, CustomerTotal>(StringComparer.Ordinal);
        for (var position = 0L; ;)
        {
            var from = position;
            Step(_begin);
            documents.Clear();
            position = Read(position, e =>
            {
                if (!documents.TryGetValue(e.CustomerId, out var document)) document = Load(e.CustomerId);
                documents[e.CustomerId] = CustomerTotals.Apply(document, e);
            });
            foreach (var (key, document) in documents)
            {
                Bind(_save, 1, key);
                raw.sqlite3_bind_blob(_save, 2, JsonSerializer.SerializeToUtf8Bytes(document, ProjectedJson.Default.CustomerTotal));
                Step(_save);
            }

            Move(position);
            if (position == from) return;
        }
    }

    public void FoldIntoTable()
    {
        for (var position = 0L; ;)
        {
            var from = position;
            Step(_begin);
            position = Read(position, e =>
            {
                Bind(_count, 1, e.CustomerId);
                raw.sqlite3_bind_double(_count, 2, (double)(e.Price * e.Quantity));
                Step(_count);
            });
            Move(position);
            if (position == from) return;
        }
    }

    public void Dispose()
    {
        foreach (var statement in (sqlite3_stmt[])[_begin, _commit, _read, _load, _save, _count, _move]) statement.Dispose();
        _connection.Dispose();
    }

    private long Read(long position, Action<OrderItemAdded> each)
    {
        raw.sqlite3_bind_int64(_read, 1, position);
        raw.sqlite3_bind_int64(_read, 2, BatchEvents);
        while (raw.sqlite3_step(_read) == raw.SQLITE_ROW)
        {
            position = raw.sqlite3_column_int64(_read, 0);
            each(JsonSerializer.Deserialize(raw.sqlite3_column_blob(_read, 6), ProjectedJson.Default.OrderItemAdded)!);
        }

        raw.sqlite3_reset(_read);
        return position;
    }

    private CustomerTotal? Load(string key)
    {
        Bind(_load, 1, key);
        var document = raw.sqlite3_step(_load) == raw.SQLITE_ROW ? JsonSerializer.Deserialize(raw.sqlite3_column_blob(_load, 0), ProjectedJson.Default.CustomerTotal) : null;
        raw.sqlite3_reset(_load);
        return document;
    }

    private void Move(long position)
    {
        raw.sqlite3_bind_int64(_move, 1, position);
        Step(_move);
        Step(_commit);
    }

    private static void Bind(sqlite3_stmt statement, int index, string text)
    {
        Span<byte> utf8 = stackalloc byte[100];
        raw.sqlite3_bind_text(statement, index, utf8[..Encoding.UTF8.GetBytes(text, utf8)]);
    }

    private sqlite3_stmt Prepare(string sql)
    {
        if (raw.sqlite3_prepare_v2(_db, sql, out var statement) != raw.SQLITE_OK) throw new InvalidOperationException(raw.sqlite3_errmsg(_db).utf8_to_string());
        return statement;
    }

    private void Step(sqlite3_stmt statement)
    {
        var code = raw.sqlite3_step(statement);
        raw.sqlite3_reset(statement);
        if (code is not (raw.SQLITE_DONE or raw.SQLITE_ROW)) throw new InvalidOperationException($"{code}: {raw.sqlite3_errmsg(_db).utf8_to_string()}");
    }
}
