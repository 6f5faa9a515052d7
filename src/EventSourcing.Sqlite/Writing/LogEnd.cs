namespace EventSourcing;

/// <summary>
/// The end of the log, within the transaction of the <see cref="Writer"/>: what is known of it, and how more is added. The writes of a
/// group see those before them. It belongs to one connection. What it knows is dropped when another process has written, and when a
/// transaction or hashing fails.
/// </summary>
/// <param name="database">The connection that writes.</param>
/// <param name="path">The store's path.</param>
/// <param name="ledger">Adds the leaves to the tree.</param>
/// <param name="wal">Is told of erasures.</param>
/// <param name="clock">The storage's clock.</param>
internal sealed class LogEnd(Database database, string path, TreeWriter ledger, WalCheckpoints wal, TimeProvider clock)
{
    private const int MaxKnownStreams = 100_000;
    private const int MaxKnownTables = 1_000;

    private const string InsertEvent =
        "INSERT INTO events (position, stream, version, type, id, recorded, seal, data, metadata, tags) "
        + "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

    private readonly Dictionary<string, StreamEnd> _streams = new(StringComparer.Ordinal);
    private readonly TypeIds _types = new();
    private readonly Dictionary<string, DocumentTable?> _tables = new(StringComparer.Ordinal);
    private long _dataVersion = -1;
    private (long File, long Temporary) _schema = (-1, -1);
    private long _lastTicks;

    public Database Database => database;

    /// <summary>The store's path.</summary>
    public string Path => path;

    /// <summary>The position of the last event; 0 if there is none.</summary>
    public long Head { get; private set; }

    /// <summary>When the last event was recorded.</summary>
    public DateTimeOffset LastRecordedAt => new(_lastTicks, TimeSpan.Zero);

    /// <summary>The time of the storage's clock.</summary>
    public DateTimeOffset Now => clock.GetUtcNow();

    /// <summary>Where the store has moved to; null if it has not.</summary>
    public string? MovedTo { get; private set; }

    /// <summary>Whether the connection is to be closed after this group: code of the app has left something on it.</summary>
    public bool IsToReopen { get; private set; }

    /// <summary>Whether the end is known, as it was at the last look.</summary>
    public bool IsKnown => _dataVersion >= 0;

    /// <summary>Whether the end is known and no other connection has written since.</summary>
    public bool IsStillKnown => IsKnown && ReadDataVersion() == _dataVersion;

    /// <summary>Learns the end of the log, unless it is still known. Called at the beginning of a transaction.</summary>
    /// <returns>Whether it was not known any more.</returns>
    /// <exception cref="EventSourcingException">The file is no store of this version, or is damaged.</exception>
    public bool Learn()
    {
        var dataVersion = ReadDataVersion();
        if (dataVersion == _dataVersion) return false;
        Forget();

        // Meanwhile a newer version of this library may have upgraded the file to its own schema, or an administrator may
        // have added a trigger that undoes what is appended.
        if (!Schema.IsOfThisVersion(database)) Schema.Recognise(database, path);
        if (database.SchemaVersions is var schema && schema != _schema)
        {
            Schema.Verify(database, path);
            MovedTo = MoveMark.Read(database);
        }

        var last = database.Prepare("SELECT position, recorded FROM events ORDER BY position DESC LIMIT 1");
        (Head, _lastTicks) = last.Step() ? (last.Long(0), last.Long(1)) : (0, 0);
        last.Reset();
        try
        {
            // Nothing is appended to a log that its tree does not cover.
            ledger.Load(database, Head);
            if (!EventValues.IsInstant(_lastTicks))
                throw new DamagedDataException(EventValues.NoInstant(Head, _lastTicks)) { Column = "recorded" };
        }
        catch (DamagedDataException damage)
        {
            throw damage.ToTyped(path);
        }

        _schema = schema;
        _dataVersion = dataVersion;
        return true;
    }

    /// <summary>Forgets all that was learned.</summary>
    public void Forget()
    {
        ledger.Forget();
        _dataVersion = -1;
        _streams.Clear();
        _types.Clear();
        _tables.Clear();
    }

    /// <exception cref="StoreCorruptedException">The end of the stream is none that the library writes.</exception>
    public StreamEnd EndOf(string stream)
    {
        if (_streams.TryGetValue(stream, out var known)) return known;
        var end = new StreamEnd();
        if (database.Prepare("SELECT id FROM streams WHERE name = ?1").Bind(1, stream).Scalar() is { } id)
        {
            var version = database.Prepare("SELECT max(version) FROM events WHERE stream = ?1").Bind(1, id).Scalar();
            if (EventValues.DamageAtEnd(stream, version) is { } damage) throw new DamagedDataException(damage).ToTyped(path);
            (end.Id, end.Version) = (id, version!.Value);
        }

        if (_streams.Count >= MaxKnownStreams) _streams.Clear();
        _streams.Add(stream, end);
        return end;
    }

    /// <summary>The first position after another whose event matches; 0 if there is none.</summary>
    public long FirstMatch(EventQuery query, long after) => LogReader.FirstMatch(database, query, after, Head);

    /// <summary>The table of a read model's documents; null if there is none.</summary>
    public DocumentTable? TableOf(string model)
    {
        if (_tables.TryGetValue(model, out var known)) return known;
        var table = DocumentCatalog.Find(database, model);
        if (_tables.Count >= MaxKnownTables) _tables.Clear();
        _tables.Add(model, table);
        return table;
    }

    /// <summary>Forgets which read models there are: they have changed, or SQL of the app was undone.</summary>
    public void ForgetTables() => _tables.Clear();

    /// <summary>Lets the connection be closed once this group is committed: code of the app has left something on it.</summary>
    public void ReopenAfterThis() => IsToReopen = true;

    /// <summary>Marks the store as moved, or takes the mark away.</summary>
    public void SetMovedTo(string? movedTo)
    {
        MoveMark.Write(database, movedTo);
        MovedTo = movedTo;

        // If the transaction is rolled back, the next one reads the mark with the schema.
        _schema = (-1, -1);
    }

    /// <summary>Erases payloads of events; after the commit, the write-ahead log, which holds copies of them, is emptied.</summary>
    public void Erase(IReadOnlyCollection<long> positions)
    {
        if (Eraser.Erase(database, positions)) wal.WillHoldErased();
    }

    /// <summary>Inserts events at the end of a stream and of the log.</summary>
    public void Insert(StreamWrite write, DateTimeOffset recordedAt)
    {
        var end = EndToExtend(write.Stream);
        ledger.Add(write, end.Version + 1, recordedAt);
        var insert = database.Prepare(InsertEvent);
        insert.Bind(2, end.Id).Bind(6, recordedAt.UtcTicks);
        for (var i = 0; i < write.Events.Count; i++)
        {
            var e = write.Events[i];
            InsertRow(insert.Bind(7, ledger.SaltOf(Head + 1)), end, e.Id, e.Type, e.Data.Span, e.Metadata.Span, e.Tags);
        }

        _lastTicks = recordedAt.UtcTicks;
    }

    /// <summary>Inserts an imported event at the end of its stream and of the log. A seal that it brings is kept.</summary>
    public void Insert(in StoredEvent e)
    {
        var end = EndToExtend(e.Stream);
        var position = Head + 1;
        ledger.Add(e with { Position = position, Version = end.Version + 1, RecordedAt = e.RecordedAt.ToUniversalTime() });
        var insert = database.Prepare(InsertEvent);
        insert.Bind(2, end.Id).Bind(6, e.RecordedAt.UtcTicks).Bind(7, e.Seal.IsEmpty ? ledger.SaltOf(position) : e.Seal.Span);
        InsertRow(insert, end, e.Id, e.Type, e.Data.Span, e.Metadata.Span, e.Tags);
        _lastTicks = e.RecordedAt.UtcTicks;
    }

    /// <summary>Inserts the row of an event; what its stream and its append have in common is bound already.</summary>
    private void InsertRow(
        Statement insert,
        StreamEnd end,
        Guid id,
        string type,
        ReadOnlySpan<byte> data,
        ReadOnlySpan<byte> metadata,
        IReadOnlyList<string> tags)
    {
        var typeId = _types.Of(database, type);
        Span<byte> idBytes = stackalloc byte[16];
        id.TryWriteBytes(idBytes, bigEndian: true, out _);
        insert.Bind(1, Head + 1).Bind(3, end.Version + 1).Bind(4, typeId).Bind(5, idBytes).Bind(8, data);
        if (metadata.IsEmpty) insert.BindNull(9);
        else insert.Bind(9, metadata);
        TagRows.BindList(insert, 10, tags);
        insert.Run();
        Head++;
        end.Version++;
        if (tags.Count > 0) TagRows.Insert(database, tags, Head, typeId);
    }

    /// <summary>The end of a stream that is to get more events. A new stream gets its row.</summary>
    private StreamEnd EndToExtend(string stream)
    {
        var end = EndOf(stream);
        if (end.Id == 0) end.Id = database.Prepare("INSERT INTO streams (name) VALUES (?1) RETURNING id").Bind(1, stream).Scalar()!.Value;
        return end;
    }

    private long ReadDataVersion() => database.Prepare("PRAGMA data_version").Scalar() ?? 0;
}
