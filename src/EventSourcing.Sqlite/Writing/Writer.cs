using System.Globalization;

namespace EventSourcing;

/// <summary>
/// The one connection that writes, and what it knows of the log's end. Only the leader of the <see cref="CommitQueue"/> uses
/// it, so one thread at a time does. Its knowledge is dropped when another process has written, and when a transaction or
/// hashing fails.
/// </summary>
internal sealed class Writer : IDisposable
{
    private const int PagesBeforeNextTry = 250;
    private const int CheckpointTries = 10;
    private const int PageBytes = 4096;
    private const int MaxKnownStreams = 100_000;
    private const int MaxKnownTables = 1_000;
    private const int HeaderBytesOfLog = 32;
    private const int HeaderBytesOfFrame = 24;
    private const int MillisecondsBetweenTriesToClean = 200;

    /// <summary>The length in bytes to which the write-ahead log is cut back when it begins anew.</summary>
    public const int LogLimit = 64 * 1024 * 1024;

    private const string InsertEvent =
        "INSERT INTO events (position, stream, version, type, id, recorded, seal, data, metadata, tags) "
        + "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

    private readonly StoreFile _file;
    private readonly SqliteEventStorageOptions _options;
    private readonly HeadSignal _signal;
    private readonly Dictionary<string, StreamEnd> _streams = new(StringComparer.Ordinal);
    private readonly TypeIds _types = new();
    private readonly Dictionary<string, DocumentTable?> _tables = new(StringComparer.Ordinal);
    private readonly LedgerWriter _ledger;
    private Database? _database;
    private Database? _checkpointer;
    private long _dataVersion = -1;
    private (long File, long Temporary) _schema = (-1, -1);
    private long _commitsOfProcess = -1;
    private long _head;
    private long _lastTicks;
    private int _pagesSinceCheckpoint;
    private bool _hasSynced;
    private bool _isToReopen;
    private bool _isForAppSql;
    private bool _mayMoveLog;
    private long _triedToCleanAt = long.MinValue / 2;

    public Writer(StoreFile file, SqliteEventStorageOptions options, HeadSignal signal)
    {
        _file = file;
        _options = options;
        _ledger = new LedgerWriter(options.WithoutLedger);
        _signal = signal;
    }

    public string Path => _file.Path;

    /// <summary>The turns of this process's storages on the file; null until the file is there.</summary>
    public WriteTurns? Turns => _file.SharedIfThere()?.Turns;

    /// <summary>The turns of this process among all that write to the file; null until the file is there.</summary>
    public ProcessTurns? ProcessTurns => _file.Shared?.ProcessTurns;

    /// <summary>Whether the write-ahead log may still hold copies of payloads that were erased.</summary>
    public bool LogHoldsErased { get; private set; }

    /// <summary>Where the store has moved to; null if it has not. It is known within a transaction.</summary>
    public string? MovedTo { get; private set; }

    public Database Database => _database ?? throw new InvalidOperationException("The writer has no transaction.");

    /// <summary>Begins a transaction that holds the write lock; false if another connection holds the lock.</summary>
    /// <exception cref="EventSourcingException">The file cannot be written.</exception>
    public bool TryBegin()
    {
        try
        {
            _database ??= Open();
            _database.TrimStatements();
            _database.Prepare("BEGIN IMMEDIATE").Run();
            ThrowIfMoved(whileCommitting: false);
            LearnOfOtherWriters();
            return true;
        }
        catch (StorageFailedException) when (_database is not null && _file.Moved() is not null)
        {
            Rollback(); // the connection stays open: only through it can the log still be moved into the file
            throw;
        }
        catch (SqliteFailure failure)
        {
            if (failure.IsBusy) _file.Shared?.Turns.SawOthers();
            if (_database is not null) Abandon(closeConnection: !failure.IsBusy);
            return failure.IsBusy ? false : throw failure.ToTyped(Path, whileCommitting: false);
        }
        catch
        {
            if (_database is not null) Abandon(closeConnection: true); // the lock must not be held meanwhile
            throw;
        }
    }

    /// <summary>
    /// Checks and writes the queued writes in order, each seeing those before it, and commits them. A refused write has
    /// changed nothing and does not disturb the others.
    /// </summary>
    /// <returns>
    /// False if an event id is stored already, or the connection is of the wrong kind for a write: then nothing was written;
    /// begin again, and look the ids up first.
    /// </returns>
    /// <exception cref="EventSourcingException">
    /// The database failed; nothing was written, or the error says that something may have been.
    /// </exception>
    public async ValueTask<bool> TryCommitAsync(List<WriteWork> works, bool lookForRepetitions)
    {
        var isCommitting = false;
        try
        {
            var hasWritten = false;
            foreach (var work in works)
                hasWritten |= work.IsAsync ? await RunAsync(work, lookForRepetitions).ConfigureAwait(false) : Run(work, lookForRepetitions);
            if (!hasWritten)
            {
                if (_hasSynced)
                {
                    if (_isToReopen) Abandon(closeConnection: true);
                    else Rollback();
                    return true;
                }

                RewriteMark();
            }

            _ledger.Save(Database);
            isCommitting = hasWritten;
            Database.Prepare("COMMIT").Run();
            _hasSynced = true;
            if (!_ledger.TryFinish()) Forget(); // committed events stay committed, and the tree can be made from them
        }
        catch (SqliteFailure failure) when (failure.IsDuplicate && !lookForRepetitions)
        {
            Abandon(closeConnection: false);
            return false;
        }
        catch (ReopenException)
        {
            _isForAppSql = true;
            Abandon(closeConnection: true);
            return false;
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
        ThrowIfMoved(whileCommitting: true);
        if (_isToReopen) Abandon(closeConnection: true);
        if (_file.Shared is { } shared) _commitsOfProcess = shared.Turns.Committed(_head);
        _signal.Advance(_head);
        return true;
    }

    /// <summary>
    /// Moves what was acknowledged from the write-ahead log into the file. Called once <see cref="TryBegin"/> or
    /// <see cref="TryCommitAsync"/> has found that one of the two was deleted, moved or replaced: the next process to open
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

    public StreamEnd EndOf(string stream)
    {
        if (_streams.TryGetValue(stream, out var known)) return known;
        var id = Database.Prepare("SELECT id FROM streams WHERE name = ?1").Bind(1, stream).Scalar();
        var end = new StreamEnd
        {
            Id = id ?? 0,
            Version = id is null
                ? 0
                : Database.Prepare("SELECT max(version) FROM events WHERE stream = ?1").Bind(1, id.Value).Scalar() ?? 0,
        };
        if (_streams.Count >= MaxKnownStreams) _streams.Clear();
        _streams.Add(stream, end);
        return end;
    }

    /// <summary>The table of a read model's documents; null if there is none.</summary>
    public DocumentTable? TableOf(string model)
    {
        if (_tables.TryGetValue(model, out var known)) return known;
        var table = DocumentTable.Find(Database, model);
        if (_tables.Count >= MaxKnownTables) _tables.Clear();
        _tables.Add(model, table);
        return table;
    }

    /// <summary>Marks the store as moved, or takes the mark away.</summary>
    public void SetMovedTo(string? movedTo)
    {
        MoveMark.Write(Database, movedTo);
        MovedTo = movedTo;

        // If the transaction is rolled back, the next one reads the mark with the schema.
        _schema = (-1, -1);
    }

    /// <summary>Forgets which read models there are: they have changed, or SQL of the app was undone.</summary>
    public void ForgetTables() => _tables.Clear();

    /// <summary>Lets the connection be closed once this group is committed: code of the app has left something on it.</summary>
    public void ReopenAfterThis() => _isToReopen = true;

    /// <summary>The first position after another whose event matches; 0 if there is none.</summary>
    public long FirstMatch(EventQuery query, long after) => LogReader.FirstMatch(Database, query, after, _head);

    public long Head => _head;

    /// <summary>When the last event was recorded.</summary>
    public DateTimeOffset LastRecordedAt => new(_lastTicks, TimeSpan.Zero);

    /// <summary>The time of the storage's clock.</summary>
    public DateTimeOffset Now => _options.TimeProvider.GetUtcNow();

    /// <summary>Inserts events at the end of a stream and of the log.</summary>
    public void Insert(StreamWrite write, DateTimeOffset recordedAt)
    {
        var end = EndToExtend(write.Stream);
        _ledger.Add(write, end.Version + 1, recordedAt);
        var insert = Database.Prepare(InsertEvent);
        insert.Bind(2, end.Id).Bind(6, recordedAt.UtcTicks);
        Span<byte> id = stackalloc byte[16];
        for (var i = 0; i < write.Events.Count; i++)
        {
            var e = write.Events[i];
            var type = _types.Of(Database, e.Type);
            e.Id.TryWriteBytes(id, bigEndian: true, out _);
            insert.Bind(1, _head + 1)
                .Bind(3, end.Version + 1).Bind(4, type).Bind(5, id).Bind(7, _ledger.SaltOf(_head + 1)).Bind(8, e.Data.Span);
            if (e.Metadata.IsEmpty) insert.BindNull(9);
            else insert.Bind(9, e.Metadata.Span);
            TagRows.BindList(insert, 10, e.Tags);
            insert.Run();
            _head++;
            end.Version++;
            if (e.Tags.Count > 0) TagRows.Insert(Database, e.Tags, _head, type);
        }

        _lastTicks = recordedAt.UtcTicks;
    }

    /// <summary>Inserts an imported event at the end of its stream and of the log. A seal that it brings is kept.</summary>
    public void Insert(in StoredEvent e)
    {
        var end = EndToExtend(e.Stream);
        var type = _types.Of(Database, e.Type);
        var position = _head + 1;
        _ledger.Add(e with { Position = position, Version = end.Version + 1, RecordedAt = e.RecordedAt.ToUniversalTime() });
        Span<byte> id = stackalloc byte[16];
        e.Id.TryWriteBytes(id, bigEndian: true, out _);
        var insert = Database.Prepare(InsertEvent);
        insert.Bind(1, position).Bind(2, end.Id).Bind(3, end.Version + 1).Bind(4, type).Bind(5, id).Bind(6, e.RecordedAt.UtcTicks);
        insert.Bind(7, e.Seal.IsEmpty ? _ledger.SaltOf(position) : e.Seal.Span).Bind(8, e.Data.Span);
        if (e.Metadata.IsEmpty) insert.BindNull(9);
        else insert.Bind(9, e.Metadata.Span);
        TagRows.BindList(insert, 10, e.Tags);
        insert.Run();
        _head = position;
        end.Version++;
        if (e.Tags.Count > 0) TagRows.Insert(Database, e.Tags, _head, type);
        _lastTicks = e.RecordedAt.UtcTicks;
    }

    /// <summary>Erases payloads of events; after the commit, the write-ahead log, which holds copies of them, is emptied.</summary>
    public void Erase(IReadOnlyCollection<long> positions)
    {
        if (!Eraser.Erase(Database, positions)) return;
        LogHoldsErased = true;
        _triedToCleanAt = long.MinValue / 2;
    }

    /// <summary>
    /// Moves the write-ahead log into the database file once it is long, so that the next write begins it anew. SQLite before
    /// 3.51.3 can lose committed data when a checkpoint runs beside a commit (sqlite.org/wal.html#walresetbug). Therefore no
    /// connection checkpoints by itself; this one does so while it holds the write lock, when no process can commit. Readers
    /// of this process wait meanwhile; readers of other processes get some time to finish their page. A log that holds erased
    /// payloads is moved at once, and cut off. If others are in the way, a later commit tries again.
    /// </summary>
    public async ValueTask CheckpointIfDueAsync(ReaderPool readers)
    {
        if (_database is null) return;
        _pagesSinceCheckpoint += _database.TakePagesWritten();
        var isToBeCleaned = LogHoldsErased && Environment.TickCount64 - _triedToCleanAt >= MillisecondsBetweenTriesToClean;
        if (_pagesSinceCheckpoint < _options.CheckpointPages && !isToBeCleaned) return;
        await readers.PauseAsync().ConfigureAwait(false);
        try
        {
            _database.Prepare("BEGIN IMMEDIATE").Run();
            _checkpointer ??= _file.OpenForReading();
            var isDone = false;
            for (var i = 0; i < CheckpointTries && _checkpointer is not null && !isDone; i++)
            {
                if (i > 0) await Task.Delay(1).ConfigureAwait(false);
                isDone = _checkpointer.CheckpointPassively();
            }

            var wait = isDone ? 0 : _options.CheckpointPages - PagesBeforeNextTry;
            _pagesSinceCheckpoint = isToBeCleaned && !isDone ? Math.Min(_pagesSinceCheckpoint, wait) : wait;
            Rollback();
            if (isDone && LogHoldsErased) CutLogOff();
        }
        catch (Exception failure)
        {
            // What was committed stays committed, in the log. Another process may hold the lock, or the disk may be full: a
            // later commit tries again, and meets the same failure if it matters by then.
            _pagesSinceCheckpoint = _options.CheckpointPages - PagesBeforeNextTry;
            Abandon(closeConnection: failure is not SqliteFailure { IsBusy: true });
        }
        finally
        {
            if (isToBeCleaned) _triedToCleanAt = Environment.TickCount64;
            readers.Resume();
        }
    }

    /// <summary>
    /// Begins the log anew by a commit that changes nothing, and cuts off the old content. SQLite does so when all of the log
    /// is in the file and nothing reads from it; the file's length tells whether it did.
    /// </summary>
    private void CutLogOff()
    {
        Database.Execute("PRAGMA journal_size_limit = 0; BEGIN IMMEDIATE");
        RewriteMark();
        Database.Execute(string.Create(CultureInfo.InvariantCulture, $"COMMIT; PRAGMA journal_size_limit = {LogLimit}"));

        // An erasure fills more than two pages of the log; this commit fills one.
        var length = HeaderBytesOfLog + (2 * (HeaderBytesOfFrame + Database.Read("PRAGMA page_size")));
        LogHoldsErased = new FileInfo(_file.LogPath) is { Exists: true } log && log.Length > length;
    }

    /// <summary>
    /// Closes the connections. The last one to close moves the log into the file and removes it; SQLite does so only if no
    /// other process has the file open.
    /// </summary>
    public void Dispose()
    {
        SaveLedger();
        SaveLogIfMoved();
        Close();
        _ledger.Dispose();
    }

    private void Close()
    {
        _checkpointer?.Dispose();
        _checkpointer = null;
        _database?.Dispose();
        _database = null;
        _schema = (-1, -1);
        _hasSynced = false;
        _isToReopen = false;
        _mayMoveLog = false;
    }

    /// <summary>Stores the end of the tree, which may trail the log, so that the file of a closed store has all of it.</summary>
    private void SaveLedger()
    {
        if (_options.ReadOnly || !_file.WasOpened || _ledger.IsSaved || new FileInfo(Path) is not { Exists: true, Length: > 0 }) return;
        try
        {
            if (!TryBegin()) return;
            _ledger.SaveAll(Database);
            Database.Prepare("COMMIT").Run();
            _file.Shared?.Turns.Committed(_head);
        }
        catch (Exception)
        {
            // The next process that opens the file makes the end of the tree from the events, and meets any damage of the
            // file itself. The connection is closed in any case, which releases the lock.
        }
    }

    private Database Open()
    {
        var database = _file.OpenForWriting(_isForAppSql, _options.IsTemporary);

        // What other processes have left in the log counts: if processes live only briefly, or open and close beside others,
        // none of them would write enough for a checkpoint, and the log would grow for ever. Only the length is read: opening
        // the file would drop SQLite's locks.
        var log = new FileInfo(_file.LogPath);
        _pagesSinceCheckpoint = log.Exists ? (int)Math.Min(log.Length / PageBytes, int.MaxValue) : 0;

        // The process that erased payloads may have died before the log was emptied.
        LogHoldsErased |= _pagesSinceCheckpoint > 0
            && database.Read($"SELECT count(*) FROM streams WHERE name = '{PayloadsErased.StreamName}'") > 0;
        return database;
    }

    private void ThrowIfMoved(bool whileCommitting)
    {
        if (_file.Moved() is not { } moved) return;

        // Not if other processes read the same log through another index, or have committed since: what this connection takes
        // for the log's content may have been overwritten.
        _mayMoveLog = _file.SharesIndex && _dataVersion >= 0 && Database.Prepare("PRAGMA data_version").Scalar() == _dataVersion;
        throw _file.Failure(moved, whileCommitting);
    }

    private void SaveLogIfMoved()
    {
        if (!_mayMoveLog) return;
        try
        {
            _mayMoveLog = !Database.TryEmptyLog();
        }
        catch (SqliteFailure)
        {
            // The caller of the write is told what was done to the files; this failure is another consequence of it.
        }
    }

    /// <summary>Whether anything was written; false if the write was refused.</summary>
    private bool Run(WriteWork work, bool lookForRepetitions)
    {
        try
        {
            if (!IsToWrite(work, lookForRepetitions)) return false;
        }
        catch (Exception refusal) when (refusal is not SqliteFailure)
        {
            work.Refuse(Typed(refusal));
            return false;
        }

        try
        {
            work.Write(this);
        }
        catch (TransactionLostException lost)
        {
            lost.Work = work;
            throw;
        }

        return true;
    }

    /// <summary>The same for a write in which code of the app takes part.</summary>
    private async ValueTask<bool> RunAsync(WriteWork work, bool lookForRepetitions)
    {
        // A leader's first round runs on a caller's thread, with the flow of contexts suppressed. The app's code needs a
        // flowing context. On the pool a new one begins, and what the code does to it ends with the code.
        if (ExecutionContext.IsFlowSuppressed()) await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            if (!IsToWrite(work, lookForRepetitions)) return false;
            await work.PrepareAsync(this).ConfigureAwait(false);
        }
        catch (TransactionLostException lost)
        {
            lost.Work = work;
            throw;
        }
        catch (Exception refusal) when (refusal is not (SqliteFailure or ReopenException))
        {
            work.Refuse(Typed(refusal));
            return false;
        }

        work.Write(this);
        return true;
    }

    /// <summary>Whether a write has something to write here. If the store has moved, it is refused then.</summary>
    private bool IsToWrite(WriteWork work, bool lookForRepetitions)
    {
        if (!work.Check(this, lookForRepetitions || MovedTo is not null)) return false;
        if (MovedTo is not { } movedTo || work is MoveWork) return true;
        work.Refuse(new StoreMovedException(Path, movedTo));
        return false;
    }

    private Exception Typed(Exception refusal) => refusal is DamagedDataException damage ? damage.ToTyped(Path) : refusal;

    /// <summary>
    /// Changes nothing, but makes the commit one that syncs the log. A process that died between writing its commit and
    /// syncing it leaves events that recovery finds and that a loss of power may still take away. The first results after
    /// opening may rest on such events ("already stored", for example), so they are given only after a sync of our own.
    /// </summary>
    private void RewriteMark() =>
        Database.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA application_id = {Schema.ApplicationId}"));

    private void LearnOfOtherWriters()
    {
        var dataVersion = Database.Prepare("PRAGMA data_version").Scalar() ?? 0;
        if (dataVersion == _dataVersion) return;
        var hadDataVersion = _dataVersion >= 0;
        Forget();

        // Meanwhile a newer version of this library may have upgraded the file to its own schema, or an administrator may
        // have added a trigger that undoes what is appended.
        if (!Schema.IsOfThisVersion(Database)) Schema.Recognise(Database, Path);
        if (Database.SchemaVersions is var schema && schema != _schema)
        {
            Schema.Verify(Database, Path);
            MovedTo = MoveMark.Read(Database);
        }

        var last = Database.Prepare("SELECT position, recorded FROM events ORDER BY position DESC LIMIT 1");
        (_head, _lastTicks) = last.Step() ? (last.Long(0), last.Long(1)) : (0, 0);
        last.Reset();
        LearnWhoHasWritten(hadDataVersion);
        try
        {
            // Nothing is appended to a log that its tree does not cover.
            _ledger.Load(Database, _head);
            if (_lastTicks < 0 || _lastTicks > DateTimeOffset.MaxValue.Ticks)
                throw new DamagedDataException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"the event at position {_head} was recorded at {_lastTicks}, which is no instant.")) { Column = "recorded" };
        }
        catch (DamagedDataException damage)
        {
            throw damage.ToTyped(Path);
        }

        _schema = schema;
        _dataVersion = dataVersion;
    }

    /// <summary>
    /// Learns whether another process has written, or another storage of this one. If both may have, the head of the log
    /// tells: a write of another process that appended nothing is missed, which affects nothing but the turns.
    /// </summary>
    private void LearnWhoHasWritten(bool hadDataVersion)
    {
        if (_file.Shared?.Turns is not { } turns) return;
        var isAlone = turns.Commits == _commitsOfProcess;
        if (isAlone ? hadDataVersion : turns.Head >= 0 && turns.Head != _head) turns.SawOthers();
    }

    /// <summary>The end of a stream that is to get more events. A new stream gets its row.</summary>
    private StreamEnd EndToExtend(string stream)
    {
        var end = EndOf(stream);
        if (end.Id == 0) end.Id = Database.Prepare("INSERT INTO streams (name) VALUES (?1) RETURNING id").Bind(1, stream).Scalar()!.Value;
        return end;
    }

    private void Rollback()
    {
        if (_database is { InTransaction: true }) _database.Prepare("ROLLBACK").Run();
    }

    /// <summary>Rolls back the transaction and forgets all that was learned in it.</summary>
    private void Abandon(bool closeConnection)
    {
        Forget();
        try
        {
            Rollback();
        }
        catch (SqliteFailure)
        {
            closeConnection = true; // closing rolls back as well
        }

        if (!closeConnection) return;

        // After a full disk or an I/O error a connection may be in any state; the next write opens a new one.
        Close();
    }

    private void Forget()
    {
        _ledger.Forget();
        _dataVersion = -1;
        _streams.Clear();
        _types.Clear();
        _tables.Clear();
    }
}
