using System.Globalization;
using Npgsql;

namespace EventSourcing;

/// <summary>
/// The one connection that appends, with its settings and its prepared statement. It is opened when it is needed, and again after it
/// was lost. Only the leader of the group commit uses it.
/// </summary>
internal sealed class WriteConnection(StoreServer server, PostgresEventStorageOptions options, GroupRows rows) : IAsyncDisposable
{
    /// <summary>How long one attempt waits for the lock, in milliseconds. Between attempts, writes can be cancelled and expire.</summary>
    private const int LockSlice = 1_000;

    private NpgsqlConnection? _connection;
    private NpgsqlCommand? _append;
    private SingleInsert? _single;
    private bool _hasTriedSingle;
    private bool _wasLost;

    /// <summary>The connection; it was opened before.</summary>
    public NpgsqlConnection Connection => _connection ?? throw new InvalidOperationException("The connection is not open.");

    /// <summary>The statement that appends the rows.</summary>
    public NpgsqlCommand Append => _append ?? throw new InvalidOperationException("The connection is not open.");

    /// <summary>
    /// The statement that appends one event; null if the role may not insert, or if statements cannot be prepared. It is made when it is
    /// first asked for.
    /// </summary>
    public async ValueTask<SingleInsert?> SingleAsync()
    {
        if (_hasTriedSingle || options.ThroughPooler) return _single;
        _single = await SingleInsert.TryPrepareAsync(server.Sql, Connection).ConfigureAwait(false);
        _hasTriedSingle = true;
        return _single;
    }

    /// <summary>Whether there is a connection that was not found lost.</summary>
    public bool IsConnected => _connection is { FullState: System.Data.ConnectionState.Open };

    /// <summary>A batch of statements that write a group.</summary>
    public NpgsqlBatch BatchFor(List<AppendWork> group) => new(Connection) { Timeout = SecondsFor(group) };

    /// <summary>
    /// Prepares the statements of a batch that is executed again and again with other values: to plan them costs the server more than to
    /// execute them. Behind a pooler nothing is prepared. What is prepared already takes no round trip.
    /// </summary>
    public async ValueTask PrepareAsync(NpgsqlBatch batch)
    {
        if (!options.ThroughPooler) await batch.PrepareAsync().ConfigureAwait(false);
    }

    /// <summary>How long the server may take to write a group, in seconds; see <see cref="StoreServer.SecondsToWrite"/>.</summary>
    public int SecondsFor(List<AppendWork> group)
    {
        var weight = 0L;
        foreach (var work in group) weight += work.Weight;
        return server.SecondsToWrite(Connection, weight);
    }

    /// <summary>Whether a commit must wait for the standby before callers are told that something is stored.</summary>
    public StandbyConfirmation Standby { get; } = new();

    /// <summary>Opens the connection if it is not open.</summary>
    /// <returns>
    /// Whether the one before was lost. Then this one may lead to another server, which may lack what was committed but not acknowledged.
    /// </returns>
    /// <exception cref="StoreRolledBackException">The server lacks what this process has seen.</exception>
    public async ValueTask<bool> ConnectAsync()
    {
        if (IsConnected) return false;
        await CloseAsync(isLost: _connection is not null).ConfigureAwait(false);
        server.Seen.ThrowIfLost();
        var connection = await server.ConnectToWriteAsync(CancellationToken.None).ConfigureAwait(false);
        _connection = connection;
        try
        {
            await server.VerifyAsync(connection, CancellationToken.None).ConfigureAwait(false);
            Standby.Watch(connection);
            await SetAsync(connection).ConfigureAwait(false);
            await server.Seen.CheckAsync(connection, CancellationToken.None).ConfigureAwait(false);
            _append = new NpgsqlCommand(AppendSql, connection);
            rows.AddParametersTo(_append.Parameters);
            if (!options.ThroughPooler) await _append.PrepareAsync().ConfigureAwait(false);
        }
        catch
        {
            await CloseAsync(isLost: false).ConfigureAwait(false); // a connection that was not checked must not be used
            throw;
        }

        // How the commits of a connection that was lost have ended is not known, and so whether the standby has them.
        if (!_wasLost) return false;
        _wasLost = false;
        Standby.Owe();
        return true;
    }

    /// <summary>The statement that appends the rows.</summary>
    public string AppendSql =>
        $"SELECT o_head, o_recorded FROM {server.Sql.Quoted}.append_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, "
        + "$15, $16, $17) WHERE o_head IS NOT NULL";

    /// <summary>The statement that imports the rows.</summary>
    public string ImportSql =>
        $"SELECT o_head, 0::bigint FROM {server.Sql.Quoted}.import_rows($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, "
        + "$15) WHERE o_head IS NOT NULL";

    /// <summary>The statement that makes the settings, of the session or of the transaction.</summary>
    public string Settings(bool isLocal) => string.Create(CultureInfo.InvariantCulture, $"""
        SELECT set_config('lock_timeout', '{Math.Min(LockSlice, CommitSettings.LockTimeout(options.BusyTimeout))}', {isLocal}),
            set_config('statement_timeout', '0', {isLocal}),
            set_config('idle_in_transaction_session_timeout', '{(long)options.HolderTimeout.TotalMilliseconds}', {isLocal}),
            set_config('synchronous_commit', {StandbyConfirmation.WaitingMode}, {isLocal}),
            set_config('client_min_messages', 'warning', {isLocal})
        """);

    /// <summary>Makes the settings of the session. Behind a pooler there is no session, so each transaction makes its own.</summary>
    private async ValueTask SetAsync(NpgsqlConnection connection)
    {
        if (options.ThroughPooler) return;
        await connection.ExecuteAsync(
            Settings(isLocal: false)
            + ", set_config('default_transaction_isolation', 'read committed', false), set_config('plan_cache_mode', "
            + "'force_generic_plan', false)",
            CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>
    /// What the app's SQL has left on the connection is gone afterwards: roles, settings, locks, temporary tables, subscriptions.
    /// </summary>
    public async ValueTask ResetAfterAppAsync()
    {
        try
        {
            await Connection.ExecuteAsync(
                "RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; SELECT pg_advisory_unlock_all(); DISCARD TEMP; CLOSE ALL; UNLISTEN *",
                CancellationToken.None).ConfigureAwait(false);
            await SetAsync(Connection).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is NpgsqlException or InvalidOperationException)
        {
            await CloseAsync(isLost: true).ConfigureAwait(false); // the append is committed, and the next one connects anew
        }
    }

    /// <summary>Rolls back what is open; closes the connection if that fails or is asked for.</summary>
    public async ValueTask RollbackAsync(bool closes = false)
    {
        if (_connection is null) return;
        var isLost = !closes;
        try
        {
            if (!closes && _connection.FullState == System.Data.ConnectionState.Open)
            {
                await _connection.ExecuteAsync("ROLLBACK", CancellationToken.None).ConfigureAwait(false);
                return;
            }
        }
        catch (Exception failure) when (failure is NpgsqlException or InvalidOperationException)
        {
            // Closing the connection rolls back too.
        }

        await CloseAsync(isLost).ConfigureAwait(false);
    }

    public ValueTask DisposeAsync() => CloseAsync(isLost: false);

    /// <summary>Closes the connection; the next use opens another.</summary>
    /// <param name="isLost">Whether the server or the line has failed, so that the next connection may lead to another server.</param>
    public async ValueTask CloseAsync(bool isLost)
    {
        _wasLost |= isLost;
        var (connection, append, single) = (_connection, _append, _single);
        (_connection, _append, _single, _hasTriedSingle) = (null, null, null, false);
        if (single is not null) await single.DisposeAsync().ConfigureAwait(false);
        if (append is not null) await append.DisposeAsync().ConfigureAwait(false);
        if (connection is not null) await connection.DisposeAsync().ConfigureAwait(false);
    }
}
