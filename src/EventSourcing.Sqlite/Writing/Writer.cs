namespace EventSourcing;

/// <summary>
/// The one connection that writes, and its transactions: each has the writes of one group. Only the <see cref="GroupWriter"/> uses it,
/// so one thread at a time does.
/// </summary>
internal sealed class Writer : IDisposable
{
    private readonly StoreFile _file;
    private readonly SqliteEventStorageOptions _options;
    private readonly HeadSignal _signal;
    private readonly TreeWriter _ledger;
    private readonly WalCheckpoints _wal;
    private LogEnd? _log;
    private long _commitsOfProcess = -1;
    private long? _logLength;
    private bool _hasSynced;
    private bool _isForAppSql;
    private bool _mayMoveLog;

    public Writer(StoreFile file, SqliteEventStorageOptions options, HeadSignal signal)
    {
        _file = file;
        _options = options;
        _signal = signal;
        _ledger = new TreeWriter(options.WithoutLedger);
        _wal = new WalCheckpoints(file, options.CheckpointPages);
    }

    public string Path => _file.Path;

    /// <summary>The turns of this process's storages on the file; null until the file is there.</summary>
    public WriteTurns? Turns => _file.Place.Shared?.Turns;

    /// <summary>The turns of this process among all that write to the file; null until the file is there.</summary>
    public ProcessTurns? ProcessTurns => _file.Place.Shared?.ProcessTurns;

    /// <summary>Whether the write-ahead log may still hold copies of payloads that were erased.</summary>
    public bool LogHoldsErased => _wal.HoldsErased;

    private LogEnd Log => _log ?? throw new InvalidOperationException("The writer has no transaction.");

    /// <summary>Begins a transaction that holds the write lock; false if another connection holds the lock.</summary>
    /// <exception cref="EventSourcingException">The file cannot be written.</exception>
    public bool TryBegin()
    {
        try
        {
            _log ??= Open();
            _log.Database.TrimStatements();
            _log.Database.Prepare("BEGIN IMMEDIATE").Run();
            ThrowIfMoved(whileCommitting: false, out var logLength);
            var wasKnown = _log.IsKnown;
            if (_log.Learn())
            {
                LearnWhoHasWritten(wasKnown);
                _logLength = logLength; // whoever has written may have cut off the log
            }
            else if (logLength < _logLength)
            {
                throw CutOff(logLength.Value);
            }

            if (IsFileCutOff()) throw _file.Place.Failure(_file.Place.Moved()!, outcomeIsUnknown: false);
            return true;
        }
        catch (StorageFailedException) when (_log is not null && _file.Place.Moved() is not null)
        {
            _log.Database.Rollback(); // the connection stays open: only through it can the log still be moved into the file
            throw;
        }
        catch (SqliteFailure failure)
        {
            if (failure.IsBusy) _file.Place.Shared?.Turns.SawOthers();
            Abandon(closeConnection: !failure.IsBusy);
            return failure.IsBusy ? false : throw failure.ToTyped(Path, whileCommitting: false);
        }
        catch
        {
            Abandon(closeConnection: true); // the lock must not be held meanwhile
            throw;
        }
    }

    /// <summary>
    /// Checks and writes the queued writes in order, each seeing those before it, and commits them. A refused write has
    /// changed nothing and does not disturb the others.
    /// </summary>
    /// <exception cref="EventSourcingException">
    /// The database failed; nothing was written, or the error says that something may have been.
    /// </exception>
    public async ValueTask<GroupEnd> CommitAsync(List<WriteWork> works, bool lookForRepetitions)
    {
        var log = Log;
        var isCommitting = false;
        try
        {
            var hasWritten = false;
            foreach (var work in works)
            {
                hasWritten |= work.IsAsync
                    ? await work.RunAsync(log, lookForRepetitions).ConfigureAwait(false)
                    : work.Run(log, lookForRepetitions);
            }

            if (!hasWritten)
            {
                if (_hasSynced)
                {
                    if (log.IsToReopen) Abandon(closeConnection: true);
                    else log.Database.Rollback();
                    return GroupEnd.Committed;
                }

                // A process that died between writing its commit and syncing it leaves events that recovery finds and that a loss of
                // power may still take away. The first results after opening may rest on such events ("already stored", for example),
                // so they are given only after a sync of our own.
                Schema.RewriteMark(log.Database);
            }

            _ledger.Save(log.Database);
            isCommitting = hasWritten;
            log.Database.Prepare("COMMIT").Run();
            _hasSynced = true;
            if (!_ledger.TryFinish()) log.Forget(); // committed events stay committed, and the tree can be made from them
        }
        catch (SqliteFailure failure) when (failure.IsDuplicate && !lookForRepetitions)
        {
            Abandon(closeConnection: false);
            return GroupEnd.IdIsStored;
        }
        catch (ReopenException)
        {
            _isForAppSql = true;
            Abandon(closeConnection: true);
            return GroupEnd.NeedsAppSql;
        }
        catch (SqliteFailure failure)
        {
            Abandon(closeConnection: true);
            throw failure.ToTyped(Path, isCommitting);
        }
        catch
        {
            Abandon(closeConnection: true);
            throw;
        }

        // A commit into files that no later process will find is not acknowledged.
        ThrowIfMoved(whileCommitting: true, out _logLength);
        var head = log.Head;
        if (log.IsToReopen) Abandon(closeConnection: true);
        if (_file.Place.Shared is { } shared) _commitsOfProcess = shared.Turns.Committed(head);
        _signal.Advance(head);
        return GroupEnd.Committed;
    }

    /// <summary>Moves the write-ahead log into the file if that is due: see <see cref="WalCheckpoints"/>.</summary>
    public async ValueTask CheckpointIfDueAsync(ReaderPool readers)
    {
        if (_log is not { Database: var database } || !_wal.IsDue(database)) return;
        await readers.PauseAsync().ConfigureAwait(false);
        _logLength = null; // the log may be cut off now
        try
        {
            await _wal.MoveAsync(database).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            // What was committed stays committed, in the log. Another process may hold the lock, or the disk may be full: a
            // later commit tries again, and meets the same failure if it matters by then.
            Abandon(closeConnection: failure is not SqliteFailure { IsBusy: true });
        }
        finally
        {
            readers.Resume();
        }
    }

    /// <summary>
    /// Moves what was acknowledged from the write-ahead log into the file. Called once <see cref="TryBegin"/> or
    /// <see cref="CommitAsync"/> has found that one of the two was deleted, moved or replaced: the next process to open
    /// the file would not find those commits. If anything is in the way, the next write tries again.
    /// </summary>
    public async ValueTask SaveLogIfMovedAsync(ReaderPool readers)
    {
        if (!_mayMoveLog) return;
        await readers.PauseAsync().ConfigureAwait(false);
        try
        {
            SaveLogIfMoved();
        }
        finally
        {
            readers.Resume();
        }
    }

    /// <summary>
    /// Closes the connections. The last one to close moves the log into the file and removes it; SQLite does so only if no
    /// other process has the file open.
    /// </summary>
    public void Dispose()
    {
        LookAtLog();
        SaveLedger();
        SaveLogIfMoved();
        Close();
        _ledger.Dispose();
    }

    /// <summary>Stores the end of the tree, which may trail the log, so that the file of a closed store has all of it.</summary>
    private void SaveLedger()
    {
        if (_options.ReadOnly || !_file.Place.WasOpened || _ledger.IsSaved) return;
        if (new FileInfo(Path) is not { Exists: true, Length: > 0 }) return;
        try
        {
            if (!TryBegin()) return;
            _ledger.SaveAll(Log.Database);
            Log.Database.Prepare("COMMIT").Run();
            _file.Place.Shared?.Turns.Committed(Log.Head);
        }
        catch (Exception)
        {
            // The next process that opens the file makes the end of the tree from the events, and meets any damage of the
            // file itself. The connection is closed in any case, which releases the lock.
        }
    }

    private LogEnd Open()
    {
        var database = _file.OpenForWriting(_isForAppSql, _options.IsTemporary);
        try
        {
            _wal.Look(database);
            return new LogEnd(database, Path, _ledger, _wal, _options.TimeProvider);
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>
    /// The log is never shorter than after the last commit, as long as nobody else has committed. If it is, somebody has cut it off, and
    /// what SQLite still knows of its content is not there. A write would be lost, and the log moved into the file would destroy the file.
    /// </summary>
    private StorageFailedException CutOff(long logLength)
    {
        _file.Place.Shared?.LogWasCutOff(_logLength!.Value, logLength);
        return _file.Place.Failure(_file.Place.Moved()!, outcomeIsUnknown: false);
    }

    /// <summary>
    /// Whether somebody has cut off the database file: it is shorter than it was, and shorter than its content. Then nothing can be read
    /// or written any more, and the log, which has the newest events, must stay where it is.
    /// </summary>
    private bool IsFileCutOff()
    {
        if (_log is not { Database: var database } || _file.Place.Shortened is not { } length) return false;
        if (length.Now >= database.Read("PRAGMA page_count") * database.Read("PRAGMA page_size"))
        {
            _file.Place.AcceptLength(); // it was compacted
            return false;
        }

        _file.Place.Shared?.FileWasCutOff(length.Before, length.Now);
        return true;
    }

    /// <summary>Looks whether somebody has cut off the log since the last commit: the last connection to close would move it.</summary>
    private void LookAtLog()
    {
        try
        {
            // In this order: whoever commits after the look at the length may cut off the log.
            if (_logLength is { } before && _file.Place.Moved(out var now) is null && now < before && Log.IsStillKnown)
                _file.Place.Shared?.LogWasCutOff(before, now.Value);
            IsFileCutOff();
        }
        catch (SqliteFailure)
        {
            // The file cannot be read, and nothing of it will be moved.
        }
    }

    private void ThrowIfMoved(bool whileCommitting, out long? logLength)
    {
        if (_file.Place.Moved(out logLength) is not { } moved) return;

        // Not if other processes read the same log through another index, or have committed since: what this connection takes
        // for the log's content may have been overwritten.
        _mayMoveLog = _file.Place.SharesIndex && Log.IsStillKnown;
        throw _file.Place.Failure(moved, whileCommitting);
    }

    private void SaveLogIfMoved()
    {
        if (!_mayMoveLog) return;
        _logLength = null; // it is emptied
        try
        {
            _mayMoveLog = !Log.Database.TryEmptyLog();
        }
        catch (SqliteFailure)
        {
            // The caller of the write is told what was done to the files; this failure is another consequence of it.
        }
    }

    /// <summary>
    /// Learns whether another process has written, or another storage of this one. If both may have, the head of the log
    /// tells: a write of another process that appended nothing is missed, which affects nothing but the turns.
    /// </summary>
    private void LearnWhoHasWritten(bool wasKnown)
    {
        if (_file.Place.Shared?.Turns is not { } turns) return;
        var isAlone = turns.Commits == _commitsOfProcess;
        if (isAlone ? wasKnown : turns.Head >= 0 && turns.Head != Log.Head) turns.SawOthers();
    }

    /// <summary>Rolls back the transaction and forgets all that was learned in it.</summary>
    private void Abandon(bool closeConnection)
    {
        if (_log is not { } log) return;
        log.Forget();
        try
        {
            log.Database.Rollback();
        }
        catch (SqliteFailure)
        {
            closeConnection = true; // closing rolls back as well
        }

        // After a full disk or an I/O error a connection may be in any state; the next write opens a new one.
        if (closeConnection) Close();
    }

    private void Close()
    {
        _wal.Dispose();
        _log?.Database.Dispose();
        _log = null;
        _logLength = null;
        _hasSynced = false;
        _mayMoveLog = false;
    }
}
