using System.Globalization;
using Npgsql;
using NpgsqlTypes;

namespace EventSourcing;

/// <summary>
/// The statement that appends one event without tags to a stream that exists, prepared on a connection. It does what
/// <c>append_events</c> does, without entering a function, which would take a fifth of the time of such an append.
/// Only the leader of the group commit uses it.
/// </summary>
/// <remarks>
/// A statement sees what was committed before it began, so it does not see what another process commits while it waits for the lock.
/// Its position is then taken, and the primary key refuses the row: nothing is written, and the server logs an error. So it is only used
/// while no other process writes; append_events waits for the lock first and looks afterwards.
/// </remarks>
internal sealed class SingleInsert : IAsyncDisposable
{
    private readonly NpgsqlCommand _command;
    private readonly NpgsqlParameter<long> _now = new();
    private readonly NpgsqlParameter<long> _stream = new();
    private readonly NpgsqlParameter<long> _version = new();
    private readonly NpgsqlParameter<int> _type = new();
    private readonly NpgsqlParameter<Guid> _id = new();
    private readonly NpgsqlParameter<byte[]> _seal = new() { NpgsqlDbType = NpgsqlDbType.Bytea };
    private readonly NpgsqlParameter<byte[]> _data = new() { NpgsqlDbType = NpgsqlDbType.Bytea };
    private readonly NpgsqlParameter<byte[]?> _metadata = new() { NpgsqlDbType = NpgsqlDbType.Bytea };
    private readonly NpgsqlParameter<long> _head = new();

    private SingleInsert(SchemaSql sql, NpgsqlConnection connection)
    {
        _command = new NpgsqlCommand(Sql(sql), connection);
        foreach (var parameter in (NpgsqlParameter[])[_now, _stream, _version, _type, _id, _seal, _data, _metadata, _head])
            _command.Parameters.Add(parameter);
    }

    /// <summary>Prepares the statement, if the role may insert. A role that does not own the store has append_events alone.</summary>
    public static async ValueTask<SingleInsert?> TryPrepareAsync(SchemaSql sql, NpgsqlConnection connection)
    {
        var may = new NpgsqlCommand("SELECT pg_catalog.has_table_privilege($1, 'INSERT')", connection)
        {
            Parameters = { new NpgsqlParameter<string> { TypedValue = $"{sql.Quoted}.events" } },
        };
        await using (may.ConfigureAwait(false))
        {
            if (await may.ExecuteScalarAsync().ConfigureAwait(false) is not true) return null;
        }

        var insert = new SingleInsert(sql, connection);
        try
        {
            await insert._command.PrepareAsync().ConfigureAwait(false);
        }
        catch
        {
            await insert.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        return insert;
    }

    /// <summary>The command that appends an event; valid until the next one is asked for.</summary>
    public NpgsqlCommand For(in SingleRow row)
    {
        _now.TypedValue = row.Now;
        _stream.TypedValue = row.Stream;
        _version.TypedValue = row.Version;
        _type.TypedValue = row.Type;
        _id.TypedValue = row.Id;
        _seal.TypedValue = row.Seal;
        _data.TypedValue = row.Data;
        _metadata.TypedValue = row.Metadata;
        _head.TypedValue = row.ExpectedHead;
        return _command;
    }

    public ValueTask DisposeAsync() => _command.DisposeAsync();

    // OFFSET 0 keeps the lock in a subquery of its own. A row is there to be inserted only after it was granted.
    private static string Sql(SchemaSql sql) => string.Create(CultureInfo.InvariantCulture, $"""
        INSERT INTO {sql.Quoted}.events (position, stream, version, recorded, id, type, seal, data, metadata)
        SELECT h.position OPERATOR(pg_catalog.+) 1, $2, $3 OPERATOR(pg_catalog.+) 1, greatest(h.recorded, $1), $5, $4, $6, $7, $8
        FROM (SELECT pg_catalog.pg_advisory_xact_lock({sql.LockKey}) OFFSET 0) l,
            LATERAL (SELECT position, recorded FROM {sql.Quoted}.events ORDER BY position DESC LIMIT 1) h
        WHERE (SELECT e.version FROM {sql.Quoted}.events e WHERE e.stream OPERATOR(pg_catalog.=) $2 ORDER BY e.version DESC LIMIT 1)
                OPERATOR(pg_catalog.=) $3
            AND ($9 OPERATOR(pg_catalog.<) 0 OR $9 OPERATOR(pg_catalog.=) h.position)
        RETURNING position OPERATOR(pg_catalog.-) 1, recorded
        """);
}

/// <summary>An event that <see cref="SingleInsert"/> appends.</summary>
/// <param name="Now">The time of the storage's clock, in ticks.</param>
/// <param name="Stream">The number of its stream, which exists.</param>
/// <param name="Version">The version that the stream is believed to have.</param>
/// <param name="Type">The number of its type.</param>
/// <param name="Id">Its id.</param>
/// <param name="Seal">Its salt.</param>
/// <param name="Data">Its data.</param>
/// <param name="Metadata">Its metadata; null if it has none.</param>
/// <param name="ExpectedHead">The head that the append depends on; -1 if it depends on none.</param>
internal readonly record struct SingleRow(
    long Now, long Stream, long Version, int Type, Guid Id, byte[] Seal, byte[] Data, byte[]? Metadata, long ExpectedHead);
