using System.Diagnostics;

namespace EventSourcing;

/// <summary>
/// Copies a store: SQLite writes the contents of one snapshot into a new file (<c>VACUUM INTO</c>), so that the copy contains
/// nothing that was erased or dropped, and no writer waits. The copy is then opened read-only and verified.
/// </summary>
internal sealed class StoreCopy(SqliteEventStorage source, StoreFile file, CopyPlace place, IProgress<SqliteBackupProgress>? progress)
{
    /// <summary>How many SQLite instructions run between two reports of progress.</summary>
    private const int InstructionsBetweenLooks = 200_000;

    private static readonly TimeSpan PauseBeforeRetry = TimeSpan.FromMilliseconds(20);

    /// <summary>Makes the copy in the incomplete file of its place.</summary>
    /// <exception cref="BackupFailedException">It could not be made, or is not sound.</exception>
    public async ValueTask<LedgerReport> MakeAsync(TimeSpan busyTimeout, CancellationToken cancellationToken)
    {
        for (var began = Stopwatch.GetTimestamp(); ;)
        {
            try
            {
                Write(cancellationToken);
                break;
            }
            catch (SqliteFailure failure)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (!failure.IsBusy) throw new BackupFailedException(place.Path, failure.Sentence, failure.AsDriverError);
                var waited = Stopwatch.GetElapsedTime(began);
                if (waited >= busyTimeout) throw new StoreBusyException(source.Path, waited, failure);
            }

            await Task.Delay(PauseBeforeRetry, cancellationToken).ConfigureAwait(false);
            File.WriteAllBytes(place.Incomplete, []);
        }

        await CompleteTreeAsync(cancellationToken).ConfigureAwait(false);
        var written = new FileInfo(place.Incomplete).Length;
        Report(SqliteBackupPhase.Copying, written, written);
        var report = await VerifyAsync(cancellationToken).ConfigureAwait(false);
        var root = (await MerkleFrontier.ReadAsync(source.Ledger, report.Size, cancellationToken).ConfigureAwait(false)).Root();
        return root == report.Root ? report : throw new BackupFailedException(
            place.Path,
            $"the {report.Size} events that were copied have the root {report.Root}, and those of the store {root}. Verify the store.");
    }

    /// <summary>
    /// Makes the copy store the tree over all of its events, as a closed store has it. The stored tree of a store in use may
    /// lack the newest events, and changes of these would not be found later.
    /// </summary>
    private async ValueTask CompleteTreeAsync(CancellationToken cancellationToken)
    {
        var copy = new SqliteEventStorage(place.Incomplete);
        await using (copy.ConfigureAwait(false))
        {
            try
            {
                await copy.SyncAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (EventSourcingException flaw)
            {
                throw NotSound(flaw);
            }
        }
    }

    private void Write(CancellationToken cancellationToken)
    {
        // It uses a connection of its own: moving the log into the file waits for the connections of the pools.
        using var database = file.OpenForReading() ?? throw StoreFile.Outdated();
        database.Execute("PRAGMA query_only = 0"); // the copy is a database of the same connection
        var total = (database.Read("PRAGMA page_count") - database.Read("PRAGMA freelist_count")) * database.Read("PRAGMA page_size");
        using var interruption = cancellationToken.Register(static database => ((Database)database!).Interrupt(), database);
        Exception? ofTheApp = null;
        database.WhileRunning(InstructionsBetweenLooks, GoesOn);
        try
        {
            Report(SqliteBackupPhase.Copying, 0, total);
            cancellationToken.ThrowIfCancellationRequested();
            using (var vacuum = database.PrepareOnceFor("VACUUM INTO ?1", place.Incomplete)) vacuum.Run();
            if (database.IsOutdated) throw StoreFile.Outdated();
        }
        catch (SqliteFailure) when (ofTheApp is not null)
        {
            throw ofTheApp;
        }
        catch (SqliteFailure) when (database.IsOutdated)
        {
            throw StoreFile.Outdated();
        }
        finally
        {
            database.WhileRunning(0, null);
        }

        bool GoesOn()
        {
            try
            {
                var written = new FileInfo(place.Incomplete).Length;
                Report(SqliteBackupPhase.Copying, written, Math.Max(total, written));
                return !cancellationToken.IsCancellationRequested;
            }
            catch (Exception failure)
            {
                // The exception must not be thrown through SQLite.
                ofTheApp = failure;
                return false;
            }
        }
    }

    private async ValueTask<LedgerReport> VerifyAsync(CancellationToken cancellationToken)
    {
        var copy = new SqliteEventStorage(place.Incomplete, new SqliteEventStorageOptions { ReadOnly = true });
        var store = new EventStore(copy, new EventTypes());
        await using (store.ConfigureAwait(false))
        {
            var options = new LedgerVerification { Progress = new Told(this) };
            LedgerReport report;
            try
            {
                report = await store.Ledger.VerifyAsync(options, cancellationToken).ConfigureAwait(false);
            }
            catch (EventSourcingException flaw)
            {
                throw NotSound(flaw);
            }

            return report.IsSound ? report : throw new BackupFailedException(
                place.Path, $"what was copied is not sound, so the store will not be, either. Verify it. {report}");
        }
    }

    private BackupFailedException NotSound(EventSourcingException flaw) => flaw is StorageFailedException
        ? new(place.Path, $"the copy could not be read again. See that the disk is sound and has space. {flaw.Message}", flaw)
        : new(place.Path, $"what was copied is not sound. Verify the store. {flaw.Message}", flaw);

    private void Report(SqliteBackupPhase phase, long done, long total) => progress?.Report(new SqliteBackupProgress(phase, done, total));

    private sealed class Told(StoreCopy copy) : IProgress<LedgerProgress>
    {
        public void Report(LedgerProgress value) => copy.Report(SqliteBackupPhase.Verifying, value.Position, value.Head);
    }
}
