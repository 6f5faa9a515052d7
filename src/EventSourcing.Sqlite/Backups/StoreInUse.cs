namespace EventSourcing;

/// <summary>Whether any process uses the store at a path, determined without changing it.</summary>
internal static class StoreInUse
{
    /// <summary>
    /// Holds the store so that no process can open it, until the result is disposed; null if no process can have it open.
    /// </summary>
    /// <exception cref="BackupFailedException">It is in use, or that cannot be found out.</exception>
    public static Database? Hold(string path)
    {
        if (!File.Exists(path)) return null;
        if (SharedFile.IsInUse(FilePlace.KeyOf(path)))
            throw new BackupFailedException(path, "the store there is open in this process. Dispose it first.");

        // A process that has the store open has both of these files.
        if (!File.Exists(path + StoreFile.LogSuffix) && !File.Exists(path + StoreFile.IndexSuffix)) return null;
        Database? database = null;
        try
        {
            database = Connector.Open(path, create: false);
            database.CloseWithoutCheckpoint();

            // Every process that has the file open has a lock on it that excludes this one.
            database.Execute("PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE");
            database.Read("SELECT count(*) FROM sqlite_master");
            return database;
        }
        catch (SqliteFailure failure)
        {
            database?.Dispose();
            throw new BackupFailedException(
                path,
                failure.IsBusy
                    ? "another process has the store there open. Stop all that use it, and try again."
                    : $"it cannot be found out whether another process has the file there open ({failure.Message}). " +
                    "Stop all that may use it, " +
                    $"move it and the files beside it ('{StoreFile.LogSuffix}', '{StoreFile.IndexSuffix}') away, and try again.",
                failure);
        }
    }
}
