using System.Net.Sockets;
using Npgsql;

namespace EventSourcing;

/// <summary>
/// What errors of the driver and the server mean to the storage. The message of an error decides nothing, only its code does.
/// </summary>
internal static class Failure
{
    /// <summary>The constraint that is violated if an event id is stored already.</summary>
    public const string EventIds = "events_by_id";

    private const string EventPositions = "events_pkey";
    private const string EventVersions = "events_by_stream";

    /// <summary>
    /// Whether the connection is gone, or the server ended the session or was not reached. If a statement that may commit was sent
    /// before, its outcome is unknown.
    /// </summary>
    public static bool IsOfConnection(Exception failure) => failure switch
    {
        PostgresException server => server.SqlState is
            PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow or "57P05"
            || (server.SqlState.StartsWith("08", StringComparison.Ordinal) && !IsOfParameters(server)) || IsOfHolder(server),
        NpgsqlOperationInProgressException => false, // two statements at once on a connection, which is a mistake in code
        NpgsqlException or IOException or SocketException or TimeoutException or ObjectDisposedException => true,
        _ => false,
    };

    /// <summary>Whether a statement came with fewer parameters than it has: the server says so by the code of a broken protocol.</summary>
    private static bool IsOfParameters(PostgresException failure) =>
        failure is { SqlState: PostgresErrorCodes.ProtocolViolation, InvariantSeverity: "ERROR" };

    /// <summary>Whether the server ended a transaction because its holder did nothing for too long. Nothing of it was written.</summary>
    public static bool IsOfHolder(Exception failure) => StateOf(failure) is "25P03" or "25P04";

    /// <summary>Whether the server accepts no further connections for now.</summary>
    public static bool IsTooManyConnections(Exception failure) => StateOf(failure) == PostgresErrorCodes.TooManyConnections;

    /// <summary>
    /// Whether an error says something about the server and not about the statement: the connection, a lock, the disk, or that it was ended
    /// from outside.
    /// </summary>
    public static bool IsOfServer(Exception failure) => IsOfConnection(failure) || IsToBeRepeated(failure) || IsLockTimeout(failure)
        || StateOf(failure) is PostgresErrorCodes.QueryCanceled or ['5', '3' or '8', ..];

    /// <summary>
    /// What the server has failed with, if an error of the app's code comes from that and not from its SQL; else null. The code may have
    /// wrapped it, as projections do.
    /// </summary>
    public static NpgsqlException? ServerCauseIn(Exception failure)
    {
        for (var cause = failure; cause is not (null or OperationCanceledException); cause = cause.InnerException)
        {
            if (cause is NpgsqlException server && IsOfServer(server)) return server;
        }

        return null;
    }

    /// <summary>
    /// The server's refusal, if SQL of the app tried to commit the storage's transaction; else null. The code may have wrapped it.
    /// </summary>
    public static Exception? RefusedCommitIn(Exception failure)
    {
        for (var cause = failure; cause is not null; cause = cause.InnerException)
        {
            if (StateOf(cause) == SchemaSql.CommitRefused) return cause;
        }

        return null;
    }

    /// <summary>Whether a lock was not granted in time.</summary>
    public static bool IsLockTimeout(Exception failure) => StateOf(failure) == PostgresErrorCodes.LockNotAvailable;

    /// <summary>
    /// Whether the server chose the transaction to give way to another one: nothing was written, and it may be tried again.
    /// </summary>
    public static bool IsToBeRepeated(Exception failure) =>
        StateOf(failure) is PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected;

    /// <summary>Whether the server is a standby, so that nothing can be written there.</summary>
    public static bool IsOfStandby(Exception failure) => StateOf(failure) == PostgresErrorCodes.ReadOnlySqlTransaction
        || failure is StorageFailedException { InnerException: StandbyException };

    /// <summary>Whether an event id is stored already.</summary>
    public static bool IsStoredId(Exception failure) =>
        failure is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: EventIds };

    /// <summary>Whether another event has the position, or the version in the stream.</summary>
    public static bool IsTakenPlace(Exception failure) => failure is PostgresException
    {
        SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: EventPositions or EventVersions,
    };

    /// <summary>Whether the store has moved, so that nothing is written to it any more.</summary>
    public static bool IsOfMove(Exception failure) => StateOf(failure) == SchemaSql.Moved;

    /// <summary>Whether a prepared statement is not there. Nothing was executed.</summary>
    public static bool IsOfStatement(Exception failure) => StateOf(failure) == PostgresErrorCodes.InvalidSqlStatementName;

    /// <summary>Whether a statement found a table missing or changed: it was dropped or made anew meanwhile.</summary>
    public static bool IsOfTable(Exception failure) => StateOf(failure) is
        PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedColumn or PostgresErrorCodes.UndefinedObject
        or PostgresErrorCodes.FeatureNotSupported
            or PostgresErrorCodes.WrongObjectType or PostgresErrorCodes.DatatypeMismatch or PostgresErrorCodes.UndefinedFunction
            or PostgresErrorCodes.InvalidSchemaName;

    /// <summary>The error for callers.</summary>
    /// <param name="failure">The error of the driver.</param>
    /// <param name="store">The store, for the message.</param>
    /// <param name="schema">Its schema.</param>
    /// <param name="outcomeIsUnknown">Whether the statement may have committed.</param>
    public static Exception Typed(Exception failure, string store, string schema, bool outcomeIsUnknown = false) => failure switch
    {
        EventSourcingException or OperationCanceledException or ArgumentException => failure,
        PostgresException { SqlState: PostgresErrorCodes.UniqueViolation, TableName: { } table, ConstraintName: var constraint } violated
            when violated.SchemaName == schema && SchemaSql.Tables.Contains(table) =>
            new StoreCorruptedException(store,
                $"a position, version or name was given twice ('{constraint}'), so something writes to the store without its lock.",
                failure),
        PostgresException { SqlState: "XX001" or "XX002" or PostgresErrorCodes.CharacterNotInRepertoire } =>
            new StoreCorruptedException(store, $"the server says '{Clause(failure)}'.", failure),
        PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } => new IncompatibleStoreException(
            store,
            $"the server says '{Clause(failure)}'. Grant the role what PostgresEventStorage.Script lists and, if another role has made the "
            + "read model, membership in that role; or open the store with another role.",
            failure)
        {
            LacksRight = true,
        },
        PostgresException { SqlState: SchemaSql.Moved } moved =>
            new StoreMovedException(store, moved.MessageText[SchemaSql.MovedMessage.Length..], failure),
        PostgresException { SqlState: PostgresErrorCodes.InvalidSqlStatementName or PostgresErrorCodes.DuplicatePreparedStatement } =>
            new IncompatibleStoreException(store,
                "the session is shared with others, as by a pooler that gives each transaction another connection: "
                + $"the server says '{Clause(failure)}'. Nothing was written. Connect directly, "
                + $"or set the option {nameof(PostgresEventStorageOptions.ThroughPooler)}.",
                failure),
        PostgresException { SqlState: SchemaSql.ChangeRefused } =>
            new StorageFailedException(store, outcomeIsUnknown: false, failure) { IsTransient = false },
        PostgresException server =>
            new StorageFailedException(store, outcomeIsUnknown && IsOfConnection(server), failure) { IsTransient = IsOfMedium(server) },
        _ when IsOfConnection(failure) => new StorageFailedException(store, outcomeIsUnknown, failure),
        _ => failure,
    };

    private static string? StateOf(Exception failure) => (failure as PostgresException)?.SqlState;

    private static string Clause(Exception failure) => ((PostgresException)failure).MessageText.TrimEnd('.');

    /// <summary>
    /// Whether the call may succeed later without a change of what is stored: the disk is full, the server is restarting …
    /// </summary>
    private static bool IsOfMedium(PostgresException server) =>
        IsOfConnection(server) || server.SqlState[..2] is "53" or "55" or "57" or "58" or "40" or "25" or "28" or "3D" or "42" or "3F";
}
