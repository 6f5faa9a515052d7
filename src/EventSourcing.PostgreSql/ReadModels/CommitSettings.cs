using System.Globalization;
using Npgsql;

namespace EventSourcing;

/// <summary>The beginning of a transaction that commits read models without an append.</summary>
internal static class CommitSettings
{
    /// <summary>
    /// Begins the transaction, makes its settings, and takes the lock of read models. The settings end with the transaction, so that
    /// they hold behind a pooler too.
    /// </summary>
    /// <returns>The number of results of these statements.</returns>
    public static int Begin(NpgsqlBatch batch, StoreServer server, PostgresEventStorageOptions options, bool isExclusive)
    {
        batch.Add("BEGIN ISOLATION LEVEL READ COMMITTED");
        batch.Add(string.Create(CultureInfo.InvariantCulture, $"""
            SELECT {StandbyConfirmation.Waits}, {StandbyConfirmation.KeepsWarnings},
                set_config('lock_timeout', '{LockTimeout(options.BusyTimeout)}', true), set_config('statement_timeout', '0', true),
                set_config('idle_in_transaction_session_timeout', '{(long)options.HolderTimeout.TotalMilliseconds}', true)
            """));
        batch.Add(LockSql(server.Mark, isExclusive));
        return 2;
    }

    /// <summary>The statement that takes the lock of read models.</summary>
    public static string LockSql(StoreMark mark, bool isExclusive) =>
        string.Create(CultureInfo.InvariantCulture, $"SELECT pg_advisory_xact_lock{(isExclusive ? "" : "_shared")}({mark.ModelsKey})");

    /// <summary>The milliseconds to wait for a lock; 0 would mean for ever.</summary>
    public static long LockTimeout(TimeSpan timeout) => Math.Clamp((long)timeout.TotalMilliseconds, 1, int.MaxValue);
}
