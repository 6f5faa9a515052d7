using Npgsql;

namespace EventSourcing;

/// <summary>
/// The last event of the log that this process has appended or read. The log only grows, so if that event is missing, the server has lost
/// it: it was restored to an older state, or a replica without the event has become the primary. What this process knows is then of a
/// history that is gone, and nothing is served any more. Thread-safe.
/// </summary>
/// <param name="sql">The store's SQL.</param>
/// <param name="store">The store, for messages.</param>
/// <param name="isReplica">
/// Whether the connections may lead to a replica. Another replica may be further behind, so that an event which it does not have yet is not
/// lost; only another event in its place says so.
/// </param>
internal sealed class SeenLog(SchemaSql sql, string store, bool isReplica)
{
    private readonly Lock _lock = new();
    private long _position;
    private Guid _id;
    private volatile Loss? _loss;

    /// <summary>The position of the last event that was seen; 0 if none was.</summary>
    public long Position => Volatile.Read(ref _position);

    /// <summary>Whether the event is missing.</summary>
    public bool IsLost => _loss is not null;

    /// <summary>Adds an event that this process relies on from now on. One that is not the last is ignored.</summary>
    public void Learn(long position, Guid id)
    {
        if (position <= Position) return;
        lock (_lock)
        {
            if (position <= _position) return;
            _id = id;
            Volatile.Write(ref _position, position);
        }
    }

    /// <exception cref="StoreRolledBackException">The event was found missing.</exception>
    public void ThrowIfLost()
    {
        if (_loss is { } loss) throw new StoreRolledBackException(store, loss.Position, loss.Id, loss.Head);
    }

    /// <summary>Compares what a connection leads to with what was seen.</summary>
    /// <exception cref="StoreRolledBackException">The event is missing.</exception>
    public async ValueTask CheckAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await CompareAsync(connection, cancellationToken).ConfigureAwait(false);
        ThrowIfLost();
    }

    /// <summary>Compares what a connection leads to with what was seen, and keeps what was found.</summary>
    public async ValueTask CompareAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        long position;
        Guid id;
        lock (_lock) (position, id) = (_position, _id);
        if (position == 0) return;
        try
        {
            var batch = new NpgsqlBatch(connection);
            await using (batch.ConfigureAwait(false))
            {
                batch.Add($"""
                    SELECT (SELECT e.id FROM {sql.Quoted}.events e WHERE e.position = $1),
                        coalesce((SELECT h.position FROM {sql.Quoted}.events h ORDER BY h.position DESC LIMIT 1), 0)
                    """).With(position);
                var reader = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
                await using (reader.ConfigureAwait(false))
                {
                    await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
                    var isThere = !reader.IsDBNull(0);
                    if (isThere ? reader.GetGuid(0) != id : !isReplica) _loss ??= new Loss(position, id, reader.GetInt64(1));
                }
            }
        }
        catch (PostgresException failure) when (Failure.IsOfTable(failure))
        {
            // The store was removed. Whoever uses it next is told that.
        }
    }

    private sealed record Loss(long Position, Guid Id, long Head);
}
