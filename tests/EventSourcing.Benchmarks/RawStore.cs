using System.Buffers;
using System.Text;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace EventSourcing.Benchmarks;

/// <summary>
/// The floor: what a careful developer would write by hand for this very job. Prepared statements on the driver's
/// native handle, the same durability, the same unique keys, the same serializer, and nothing else.
/// </summary>
internal sealed class RawStore : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly sqlite3 _db;
    private readonly sqlite3_stmt _begin, _commit, _version, _insertStream, _insert, _readStream, _readLog;
    private readonly ArrayBufferWriter<byte> _buffer = new(512);
    private readonly Utf8JsonWriter _json;
    private readonly EventIdGenerator _ids = new(TimeProvider.System);
    private long _position;

    public RawStore(string path)
    {
        _connection = new SqliteConnection($"Data Source={path};Pooling=False");
        _connection.Open();
        _db = _connection.Handle!;
        raw.sqlite3_exec(_db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=10000");
        raw.sqlite3_exec(_db, """
            CREATE TABLE IF NOT EXISTS streams (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
            CREATE TABLE IF NOT EXISTS events (position INTEGER PRIMARY KEY, stream INTEGER NOT NULL, version INTEGER NOT NULL,
                type INTEGER NOT NULL, id BLOB NOT NULL UNIQUE, recorded INTEGER NOT NULL, data BLOB NOT NULL, metadata BLOB, UNIQUE (stream, version));
            """);
        _begin = Prepare("BEGIN IMMEDIATE");
        _commit = Prepare("COMMIT");
        _version = Prepare("SELECT s.id, (SELECT max(version) FROM events WHERE stream = s.id) FROM streams s WHERE s.name = ?1");
        _insertStream = Prepare("INSERT INTO streams (name) VALUES (?1)");
        _insert = Prepare("INSERT INTO events VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, NULL)");
        _readStream = Prepare("SELECT position, version, type, id, recorded, data, metadata FROM events WHERE stream = (SELECT id FROM streams WHERE name = ?1) ORDER BY version");
        _readLog = Prepare("SELECT position, stream, version, type, id, recorded, data, metadata FROM events WHERE position > ?1 ORDER BY position LIMIT ?2");
        _json = new Utf8JsonWriter(_buffer, new JsonWriterOptions { SkipValidation = true });
        var max = Prepare("SELECT max(position) FROM events");
        raw.sqlite3_step(max);
        _position = raw.sqlite3_column_int64(max, 0);
        raw.sqlite3_finalize(max);
    }

    public void Append(string stream, long expected, ReadOnlySpan<OrderItemAdded> events)
    {
        Step(_begin);
        Span<byte> name = stackalloc byte[200];
        name = name[..Encoding.UTF8.GetBytes(stream, name)];
        raw.sqlite3_bind_text(_version, 1, name);
        var exists = raw.sqlite3_step(_version) == raw.SQLITE_ROW;
        var streamId = exists ? raw.sqlite3_column_int64(_version, 0) : 0;
        var version = exists ? raw.sqlite3_column_int64(_version, 1) : 0;
        raw.sqlite3_reset(_version);
        if (version != expected) throw new InvalidOperationException("conflict");
        if (!exists)
        {
            raw.sqlite3_bind_text(_insertStream, 1, name);
            Step(_insertStream);
            streamId = raw.sqlite3_last_insert_rowid(_db);
        }

        var now = TimeProvider.System.GetUtcNow().UtcTicks;
        Span<byte> id = stackalloc byte[16];
        foreach (var e in events)
        {
            _buffer.ResetWrittenCount();
            _json.Reset();
            JsonSerializer.Serialize(_json, e, ShopJson.Default.OrderItemAdded);
            _json.Flush();
            _ids.Next().TryWriteBytes(id, bigEndian: true, out _);
            raw.sqlite3_bind_int64(_insert, 1, ++_position);
            raw.sqlite3_bind_int64(_insert, 2, streamId);
            raw.sqlite3_bind_int64(_insert, 3, ++version);
            raw.sqlite3_bind_int64(_insert, 4, 1);
            raw.sqlite3_bind_blob(_insert, 5, id);
            raw.sqlite3_bind_int64(_insert, 6, now);
            raw.sqlite3_bind_blob(_insert, 7, _buffer.WrittenSpan);
            Step(_insert);
        }

        Step(_commit);
    }

    public int ReadStream(string stream, Action<OrderItemAdded> each)
    {
        raw.sqlite3_bind_text(_readStream, 1, stream);
        var count = 0;
        while (raw.sqlite3_step(_readStream) == raw.SQLITE_ROW)
        {
            _ = raw.sqlite3_column_int64(_readStream, 0);
            _ = raw.sqlite3_column_int64(_readStream, 1);
            _ = new Guid(raw.sqlite3_column_blob(_readStream, 3), bigEndian: true);
            _ = raw.sqlite3_column_int64(_readStream, 4);
            each(JsonSerializer.Deserialize(raw.sqlite3_column_blob(_readStream, 5), ShopJson.Default.OrderItemAdded)!);
            count++;
        }

        raw.sqlite3_reset(_readStream);
        return count;
    }

    public int ReadLog(Action<OrderItemAdded> each)
    {
        var position = 0L;
        for (var count = 0; ;)
        {
            raw.sqlite3_bind_int64(_readLog, 1, position);
            raw.sqlite3_bind_int64(_readLog, 2, 1000);
            var before = count;
            while (raw.sqlite3_step(_readLog) == raw.SQLITE_ROW)
            {
                position = raw.sqlite3_column_int64(_readLog, 0);
                _ = raw.sqlite3_column_int64(_readLog, 1);
                _ = raw.sqlite3_column_int64(_readLog, 2);
                _ = new Guid(raw.sqlite3_column_blob(_readLog, 4), bigEndian: true);
                _ = raw.sqlite3_column_int64(_readLog, 5);
                each(JsonSerializer.Deserialize(raw.sqlite3_column_blob(_readLog, 6), ShopJson.Default.OrderItemAdded)!);
                count++;
            }

            raw.sqlite3_reset(_readLog);
            if (count == before) return count;
        }
    }

    public void Dispose()
    {
        foreach (var statement in (sqlite3_stmt[])[_begin, _commit, _version, _insertStream, _insert, _readStream, _readLog]) statement.Dispose();
        _json.Dispose();
        _connection.Dispose();
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
