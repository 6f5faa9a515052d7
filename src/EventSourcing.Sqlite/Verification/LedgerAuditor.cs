namespace EventSourcing;

/// <summary>
/// The pass of one verification through the log. It has a connection of its own: those of the pools refuse a damaged store,
/// and may still hold pages and names from before the file was changed. Used by one page at a time.
/// </summary>
internal sealed class LedgerAuditor(Database database, long after) : IDisposable
{
    /// <summary>How often a page may continue behind a place that cannot be read.</summary>
    private const int MaxDamagedPlaces = 100;

    private const string SelectEvents = $"SELECT {AuditedRow.Columns} FROM events WHERE position > ?1 ORDER BY position";
    private readonly Database _database = database;
    private readonly AuditedTree _tree = new(database);
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
            var frontier = Try(findings, null, _tree.ReadFrontier);
            var audit = new LedgerAudit(page, findings, Try(findings, default, () => _tree.ReadMarks(after, next, head, frontier)))
            {
                Tiles = Try<List<MerkleTile>>(findings, [], () => _tree.ReadTiles(after, next)),
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
            findings.Add(AuditFindings.Damage(failure));
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
                if (row.TryRead(page, out var e, out var flaw))
                {
                    page.Add(e);
                    if (e.Tags.Count > 0) CheckTags(e, row.TypeNumber, findings);
                }
                else
                {
                    findings.Add(RowFindings.Unreadable(position, flaw));
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
            if (!HasTag(select.Bind(1, tag), type)) findings.Add(RowFindings.TagNotFound(e.Position, e.Stream, tag));
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
}
