using Npgsql;

namespace EventSourcing;

/// <summary>
/// Whether something that callers are to be told is stored may be on the primary alone, although a standby is synchronous: the wait for the
/// standby was cancelled, or it is not known how it ended. It is owed until a commit has waited for the standby, which covers everything
/// that was committed before. Not thread-safe: it belongs to one connection at a time.
/// </summary>
internal sealed class StandbyConfirmation
{
    /// <summary>How often it is tried at once. Somebody who cancels all of these waits wants them to end.</summary>
    private const int Attempts = 3;

    /// <summary>
    /// Writes something of no meaning, so that the commit waits, unless no standby is synchronous. What it sets holds until the commit.
    /// </summary>
    private const string Sql = $"""
        SELECT {KeepsWarnings}, {Waits},
            CASE WHEN pg_catalog.current_setting('synchronous_standby_names') <> ''
                THEN pg_catalog.pg_logical_emit_message(true, 'eventsourcing', '') END
        """;

    private bool _wasCancelled;

    /// <summary>Lets the server tell of a wait that was cancelled, whatever the role's settings hide; in a transaction.</summary>
    public const string KeepsWarnings = "pg_catalog.set_config('client_min_messages', 'warning', true)";

    /// <summary>The value of <c>synchronous_commit</c> with which a commit waits for the disk, and for a synchronous standby.</summary>
    public const string WaitingMode =
        "CASE WHEN pg_catalog.current_setting('synchronous_commit') IN ('off', 'local') THEN 'on' "
        + "ELSE pg_catalog.current_setting('synchronous_commit') END";

    /// <summary>Lets the commit of the transaction wait for the disk, and for a synchronous standby if there is one.</summary>
    public const string Waits = $"pg_catalog.set_config('synchronous_commit', {WaitingMode}, true)";

    /// <summary>Whether a commit must wait for the standby before callers are told that something is stored.</summary>
    public bool IsOwed { get; private set; }

    /// <summary>Takes note of waits that are cancelled on a connection.</summary>
    public void Watch(NpgsqlConnection connection) => connection.Notice += (_, notice) =>
    {
        if (notice.Notice is not { SqlState: "01000", Routine: "SyncRepWaitForLSN" }) return;
        _wasCancelled = true;
        IsOwed = true;
    };

    /// <summary>Says that a confirmation is owed.</summary>
    public void Owe() => IsOwed = true;

    /// <summary>
    /// Commits so that the standby is waited for, if that is owed; false if each such wait was cancelled. It stays owed then.
    /// </summary>
    public async ValueTask<bool> TryPayAsync(NpgsqlConnection connection)
    {
        for (var i = 0; IsOwed && i < Attempts; i++)
        {
            _wasCancelled = false;
            try
            {
                await connection.ExecuteAsync(Sql, CancellationToken.None).ConfigureAwait(false);
                IsOwed = _wasCancelled;
            }
            catch (PostgresException failure) when (failure.SqlState == PostgresErrorCodes.QueryCanceled)
            {
                // It was cancelled before it committed.
            }
        }

        return !IsOwed;
    }

    /// <summary>Commits so that the standby is waited for, if that is owed.</summary>
    /// <exception cref="StorageFailedException">The write is committed on the primary, and may not be on the standby.</exception>
    public async ValueTask PayAsync(NpgsqlConnection connection, string store)
    {
        try
        {
            if (await TryPayAsync(connection).ConfigureAwait(false)) return;
        }
        catch (Exception failure)
        {
            throw Unconfirmed(store, failure);
        }

        throw Unconfirmed(store);
    }

    /// <summary>The error of a write that is committed on the primary, when nobody may wait for the standby.</summary>
    public static StorageFailedException Unconfirmed(string store, Exception? cause = null) => new(store, outcomeIsUnknown: true,
        new InvalidOperationException(
            "The server committed without waiting for its synchronous standby, because the wait was cancelled. If the primary is lost "
            + "now, the write is lost with it. Repeat it: with the same ids it is stored once.",
            cause));
}
