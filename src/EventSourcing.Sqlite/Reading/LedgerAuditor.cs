namespace EventSourcing;

/// <summary>
/// The pass of one verification through the log. It has a connection of its own: those of the pools refuse a damaged store,
/// and may still hold pages and names from before the file was changed. Used by one page at a time.
/// </summary>
internal sealed class LedgerAuditor(Database database, long after) : IDisposable
{
    /// <summary>The most tiles of a page; an intact log has far fewer.</summary>
    private const int MaxTiles = 100_000;

    /// <summary>How often a page may continue behind a place that cannot be read.</summary>
    private const int MaxDamagedPlaces = 100;

    private const string SelectEvents = $"SELECT {AuditedRow.Columns} FROM events WHERE position > ?1 ORDER BY position";
    private readonly Database _database = database;
    private readonly AuditedNames _streams = AuditedNames.OfStreams();
    private readonly AuditedNames _types = AuditedNames.OfTypes();

    /// <summary>The position after which the next page begins.</summary>
    public long Next { get; private set; } = after;

    /// <summary>Whether another process may have changed the file meanwhile, so that what was read does not count.</summary>
    public bool IsOutdated => _database.IsOutdated;

    public void Dispose() => _database.Dispose();

    /// <summary>Reads a page from one snapshot.</summary>
    /// <exception cref="SqliteFailure">The database is busy, or the medium failed.</exception>
    public LedgerAudit Read(int limit)
    {
        var after = Next;
        var page = new EventPage(Math.Min(limit, EventPage.DefaultLimit));
        var findings = new List<LedgerFinding>();
        try
        {
            _database.Execute("BEGIN");
            var isEnd = ReadEvents(page, findings, limit, out var next);
            var head = Math.Max(
                next,
                Try(findings, isEnd ? next : long.MaxValue, () => _database.Prepare("SELECT max(position) FROM events").Scalar() ?? 0));
            page.Complete(next, isEnd, head);
            var frontier = Try(findings, null, ReadFrontier);
            var audit = new LedgerAudit(page, findings, Try(findings, default, () => ReadMarks(after, next, head, frontier)))
            {
                Tiles = Try<List<MerkleTile>>(findings, [], () => ReadTiles(after, next)),
                Frontier = frontier,
            };
            Next = next;
            return audit;
        }
        catch
        {
            page.Dispose();
            throw;
        }
        finally
        {
            if (_database.InTransaction) _database.Execute("ROLLBACK");
        }
    }

    private static T Try<T>(List<LedgerFinding> findings, T otherwise, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (SqliteFailure failure) when (failure.IsDamage)
        {
            findings.Add(new LedgerFinding(
                LedgerFindingKind.StructureDamaged, 0, 0, null, $"A part of the file cannot be read: {failure.Sentence}"));
            return otherwise;
        }
    }

    /// <summary>Reads events until there are no more or the page is full, and continues behind what cannot be read.</summary>
    /// <returns>Whether there are no more.</returns>
    private bool ReadEvents(EventPage page, List<LedgerFinding> findings, int limit, out long next)
    {
        next = Next;
        for (var places = 0; ; places++)
        {
            try
            {
                return ReadOn(page, findings, limit, ref next);
            }
            catch (SqliteFailure failure) when (failure.IsDamage)
            {
                var first = next + 1;
                var goesOn = places < MaxDamagedPlaces && TryPass(ref next);
                if (!goesOn) next = first;
                findings.Add(new LedgerFinding(
                    LedgerFindingKind.StructureDamaged,
                    first,
                    next,
                    null,
                    $"The events from position {first} {(goesOn ? $"to {next}" : "on")} cannot be read: {failure.Sentence}"));
                if (!goesOn) return true;
            }
        }
    }

    private bool ReadOn(EventPage page, List<LedgerFinding> findings, int limit, ref long next)
    {
        var select = _database.Prepare(SelectEvents).Bind(1, next);
        var row = new AuditedRow(_database, select, _streams, _types);
        try
        {
            while (select.Step())
            {
                if (page.Count + findings.Count >= limit || page.CopiedBytes >= EventPage.MaxBytes) return false;
                var position = row.Position;
                if (position <= next)
                {
                    findings.Add(new LedgerFinding(
                        LedgerFindingKind.StructureDamaged,
                        Math.Max(position, 0),
                        Math.Max(position, 0),
                        null,
                        $"The event at position {position} stands behind the one at position {next}."));
                    continue;
                }

                next = position;
                if (row.TryRead(page, position, out var e, out var flaw))
                {
                    page.Add(e);
                    if (e.Tags.Count > 0) CheckTags(e, row.TypeNumber, findings);
                }
                else
                {
                    findings.Add(new LedgerFinding(
                        LedgerFindingKind.EventUnreadable,
                        position,
                        position,
                        null,
                        $"The event at position {position} is not as the library writes one: {flaw}."));
                }
            }

            return true;
        }
        finally
        {
            select.Reset();
        }
    }

    /// <summary>
    /// Checks that the table by which events are found by their tags has each of the event's tags; that it has no others is
    /// checked from the side of the table.
    /// </summary>
    private void CheckTags(in StoredEvent e, long type, List<LedgerFinding> findings)
    {
        var select = _database.Prepare("SELECT type FROM event_tags WHERE tag = ?1 AND position = ?2").Bind(2, e.Position);
        foreach (var tag in e.Tags)
        {
            if (!HasTag(select.Bind(1, tag), type))
                findings.Add(new LedgerFinding(
                    LedgerFindingKind.IndexMismatch,
                    e.Position,
                    e.Position,
                    e.Stream,
                    $"The event at position {e.Position} has the tag '{tag}', but the table of tags does not say so, "
                    + "or has another type for it."));
        }
    }

    private static bool HasTag(Statement select, long type)
    {
        try
        {
            return select.Step() && select.Class(0) == StorageClass.Integer && select.Long(0) == type;
        }
        catch (SqliteFailure failure) when (failure.IsDamage)
        {
            return false;
        }
        finally
        {
            select.Reset();
        }
    }

    /// <summary>Moves on to the next position at which events can be read; false if there is none.</summary>
    private bool TryPass(ref long position)
    {
        // The unreadable part is a page of the file, or a subtree: probe further and further, then search for its end.
        var (unreadable, readable) = (position, position + 1);
        for (var step = 1L; !IsReadableAfter(readable); step *= 2)
        {
            if (readable > long.MaxValue / 4) return false;
            (unreadable, readable) = (readable, readable + step);
        }

        while (readable - unreadable > 1)
        {
            var middle = unreadable + ((readable - unreadable) / 2);
            if (IsReadableAfter(middle)) readable = middle;
            else unreadable = middle;
        }

        position = readable;
        return true;
    }

    private bool IsReadableAfter(long position)
    {
        var select = _database.Prepare(SelectEvents + " LIMIT 1").Bind(1, position);
        try
        {
            return !select.Step() || select.Long(0) > position;
        }
        catch (SqliteFailure failure) when (failure.IsDamage)
        {
            return false;
        }
        finally
        {
            select.Reset();
        }
    }

    private MerkleFrontier? ReadFrontier()
    {
        var select = _database.Prepare("SELECT frontier FROM ledger WHERE id = 0");
        try
        {
            return select.Step() && select.Class(0) == StorageClass.Blob ? MerkleFrontier.Parse(select.Bytes(0)) : null;
        }
        catch (LedgerFormatException)
        {
            return null;
        }
        finally
        {
            select.Reset();
        }
    }

    private List<MerkleTile> ReadTiles(long after, long upTo)
    {
        var tiles = new List<MerkleTile>();
        var select = _database.Prepare(
            "SELECT number, hash FROM ledger_tiles WHERE level = ?1 AND number >= ?2 AND number < ?3 ORDER BY number");
        for (var level = 1; level < sizeof(long) && tiles.Count < MaxTiles; level++)
        {
            var shift = 8 * level;
            if (after >> shift == upTo >> shift) break;
            select.Bind(1, level).Bind(2, after >> shift).Bind(3, upTo >> shift);
            try
            {
                while (tiles.Count < MaxTiles && select.Step())
                {
                    if (select.Class(1) == StorageClass.Blob && select.Bytes(1).Length == MerkleHash.Length)
                        tiles.Add(new MerkleTile(level, select.Long(0), new MerkleHash(select.Bytes(1))));
                }
            }
            finally
            {
                select.Reset();
            }
        }

        return tiles;
    }

    /// <summary>The marks of the leaves after a position, up to another or to the first that is missing.</summary>
    private ReadOnlyMemory<byte> ReadMarks(long after, long upTo, long head, MerkleFrontier? frontier)
    {
        const int OfTile = MerkleTree.TileWidth * LedgerAudit.LeafMarkLength;
        if (upTo - after > EventPage.MaxBytes) return default;
        var first = after / MerkleTree.TileWidth;
        var marks = new byte[(upTo / MerkleTree.TileWidth + 1 - first) * OfTile];
        var known = ReadMarksOfTiles(marks, first, Math.Min(upTo / MerkleTree.TileWidth, (head / MerkleTree.TileWidth) - 1)) * OfTile;
        if (known == marks.Length - OfTile && frontier?.Size / MerkleTree.TileWidth == upTo / MerkleTree.TileWidth)
        {
            var select = _database.Prepare("SELECT marks FROM ledger WHERE id = 0");
            if (select.Step() && select.Class(0) == StorageClass.Blob
                && select.Bytes(0).Length == frontier!.Size % MerkleTree.TileWidth * LedgerAudit.LeafMarkLength)
            {
                select.Bytes(0).CopyTo(marks.AsSpan(known));
                known += select.Bytes(0).Length;
            }

            select.Reset();
        }

        var skipped = (int)(after % MerkleTree.TileWidth) * LedgerAudit.LeafMarkLength;
        return skipped < known ? marks.AsMemory(skipped..known) : default;
    }

    /// <returns>How many tiles' marks there are, one after the other.</returns>
    private int ReadMarksOfTiles(Span<byte> marks, long first, long last)
    {
        const int OfTile = MerkleTree.TileWidth * LedgerAudit.LeafMarkLength;
        var select = _database.Prepare("SELECT tile, marks FROM ledger_marks WHERE tile >= ?1 AND tile <= ?2 ORDER BY tile")
            .Bind(1, first).Bind(2, last);
        var read = 0;
        try
        {
            while (select.Step() && select.Long(0) == first + read && select.Class(1) == StorageClass.Blob
                && select.Bytes(1).Length == OfTile)
            {
                select.Bytes(1).CopyTo(marks[(read++ * OfTile)..]);
            }

            return read;
        }
        finally
        {
            select.Reset();
        }
    }
}
