namespace EventSourcing;

/// <summary>
/// Reads the catalogue through a connection, within the transaction that its owner has begun. Every statement uses an index
/// and steps over no more rows than it returns, except when it counts the last events of each type: see
/// <see cref="TypeCounts"/>.
/// </summary>
internal static class CatalogReader
{
    /// <summary>A page holds a thread and a snapshot, so it ends here even if more was asked for.</summary>
    private const int MaxStreams = 10_000;

    private const string LastOfStream =
        "SELECT version, position, recorded FROM events INDEXED BY events_by_stream WHERE stream = ?1 ORDER BY version DESC LIMIT 1";

    private const string FirstOfType =
        "SELECT position FROM events INDEXED BY events_by_type WHERE type = ?1 ORDER BY position LIMIT 1";
    private const string LastOfType =
        "SELECT position FROM events INDEXED BY events_by_type WHERE type = ?1 ORDER BY position DESC LIMIT 1";
    private const string SizeOfPages = "SELECT page_size, freelist_count FROM pragma_page_size, pragma_freelist_count";

    public static StreamPage ReadStreams(Database database, StreamListing listing)
    {
        // Only one bound: with two, SQLite would begin at one and step over all rows up to the other.
        var isAfterName = listing.After is { } after && CodePointComparer.Instance.Compare(after, listing.Prefix) >= 0;
        var (start, from) = isAfterName ? (listing.After!, ">") : (listing.Prefix, ">=");
        var upTo = listing.Prefix.Length > 0 ? "AND name < ?2" : "";
        var select = database.Prepare($"SELECT id, name FROM streams WHERE name {from} ?1 {upTo} ORDER BY name LIMIT ?3");
        var limit = Math.Min(listing.Limit, MaxStreams);
        select.Bind(1, start).Bind(3, limit + 1L);
        if (upTo.Length > 0) select.BindText(2, NamePrefix.EndOf(listing.Prefix));
        var streams = new List<StreamSummary>();
        try
        {
            while (select.Step())
            {
                if (streams.Count == limit) return new StreamPage(streams, IsEnd: false);
                streams.Add(ReadStream(database, select.Long(0), NameIn(select, "streams", NameRules.ThrowIfInvalidStream)));
            }

            return new StreamPage(streams, IsEnd: true);
        }
        finally
        {
            select.Reset();
        }
    }

    public static IReadOnlyList<EventTypeSummary> ReadEventTypes(Database database)
    {
        var counts = new TypeCounts(database);
        var head = LogReader.ReadHead(database);
        var select = database.Prepare("SELECT id, name FROM event_types ORDER BY name");
        var types = new List<EventTypeSummary>();
        try
        {
            while (select.Step())
            {
                var id = select.Long(0);
                var name = NameIn(select, "event_types", NameRules.ThrowIfInvalidType);
                var (first, last) = (database.Prepare(FirstOfType).Bind(1, id).Scalar(), database.Prepare(LastOfType).Bind(1, id).Scalar());
                if (first is null || last is null) throw Unused("event type", name);
                types.Add(new EventTypeSummary(name, counts.CountOf(id, head), first.Value, last.Value));
            }

            return types;
        }
        finally
        {
            select.Reset();
        }
    }

    public static IReadOnlyList<ReadModelSummary> ReadReadModels(Database database)
    {
        var aliases = new Dictionary<long, List<string>>();
        var ofAliases = database.Prepare("SELECT model, alias FROM read_model_aliases ORDER BY alias");
        try
        {
            while (ofAliases.Step())
            {
                var alias = NameIn(ofAliases, "read_model_aliases", ReadModelDefinition.ThrowIfInvalidName);
                if (!aliases.TryGetValue(ofAliases.Long(0), out var ofModel)) aliases.Add(ofAliases.Long(0), ofModel = []);
                ofModel.Add(alias);
            }
        }
        finally
        {
            ofAliases.Reset();
        }

        var tables = DocumentCatalog.All(database);
        return [.. tables.Select(table => new ReadModelSummary(table.Definition, aliases.GetValueOrDefault(table.Id, [])))];
    }

    public static StorageSize ReadSize(Database database)
    {
        var select = database.Prepare(SizeOfPages);
        var free = select.Step() ? select.Long(0) * select.Long(1) : 0;
        select.Reset();
        var parts = new List<StorageSizePart>();
        var log = 0L;
        foreach (var suffix in (string[])["", StoreFile.LogSuffix, StoreFile.IndexSuffix])
        {
            // The file's length is read from its folder. Opening the file here would end the locks that SQLite has on it.
            var file = new FileInfo(database.FileName + suffix);
            if (!file.Exists) continue;
            parts.Add(new StorageSizePart(file.Name, file.Length));
            if (suffix == StoreFile.LogSuffix) log = file.Length;
        }

        return new StorageSize(parts.Sum(part => part.Bytes), free, parts) { WriteAheadLogBytes = log };
    }

    private static StreamSummary ReadStream(Database database, long id, string name)
    {
        var last = database.Prepare(LastOfStream).Bind(1, id);
        try
        {
            if (!last.Step()) throw new DamagedDataException(EventValues.DamageAtEnd(name, version: null)!);
            var values = EventValues.OfPlace(last.Long(1), last.Long(0), last.Long(2));
            return values.FlawedColumn is { } column
                ? throw new DamagedDataException(values.Damage) { Column = column }
                : new StreamSummary(name, values.Version, values.Position, values.RecordedAt);
        }
        finally
        {
            last.Reset();
        }
    }

    /// <summary>The name in the second column of a row; the first column has its number.</summary>
    private static string NameIn(Statement row, string table, Action<string> throwIfInvalid)
    {
        try
        {
            if (row.Class(1) != StorageClass.Text) throw new FormatException($"It is {row.Class(1)} and not text.");
            var name = row.ExactText(1);
            throwIfInvalid(name);
            return name;
        }
        catch (Exception flaw) when (DamagedDataException.IsDueTo(flaw))
        {
            throw DamagedDataException.InColumn(FormattableString.Invariant($"row {row.Long(0)} of the table '{table}'"), "name", flaw);
        }
    }

    /// <summary>A name is written together with its first event, so every name has one.</summary>
    private static DamagedDataException Unused(string kind, string name) => new($"the {kind} '{name}' has no event.");
}
