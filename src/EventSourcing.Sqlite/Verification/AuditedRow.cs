namespace EventSourcing;

/// <summary>
/// A row of the events, in which nothing is trusted: the class of each value is checked before it is looked at, since SQLite takes any
/// value in any column.
/// </summary>
internal readonly struct AuditedRow(Database database, Statement row, AuditedNames streams, AuditedNames types)
{
    public const string Columns = "position, stream, version, type, id, recorded, seal, data, metadata, tags";

    private static readonly (Column Column, StorageClass Class, bool MayBeNull)[] Classes =
    [
        (Column.Stream, StorageClass.Integer, false),
        (Column.Version, StorageClass.Integer, false),
        (Column.Type, StorageClass.Integer, false),
        (Column.Id, StorageClass.Blob, false),
        (Column.Recorded, StorageClass.Integer, false),
        (Column.Seal, StorageClass.Blob, false),
        (Column.Data, StorageClass.Blob, false),
        (Column.Metadata, StorageClass.Blob, true),
        (Column.Tags, StorageClass.Text, true),
    ];

    private enum Column
    {
        Position,
        Stream,
        Version,
        Type,
        Id,
        Recorded,
        Seal,
        Data,
        Metadata,
        Tags,
    }

    public long Position => row.Long((int)Column.Position);

    /// <summary>The number of the event's type, as stored in the row.</summary>
    public long TypeNumber => row.Long((int)Column.Type);

    /// <summary>The event; false, with what is wrong, if the library would not write such a row.</summary>
    public bool TryRead(EventPage page, out StoredEvent e, out string flaw)
    {
        e = default;
        if (!AreClassesRight(out flaw)) return false;
        var id = row.Bytes((int)Column.Id);
        var seal = row.Bytes((int)Column.Seal);
        var stream = row.Long((int)Column.Stream);
        return new AuditedEvent
        {
            Values = new EventValues
            {
                Position = Position,
                Version = row.Long((int)Column.Version),
                Ticks = row.Long((int)Column.Recorded),
                Id = EventRow.IdOf(id),
                IdLength = id.Length,
                SealLength = seal.Length,
                Data = row.Bytes((int)Column.Data),
            },
            Seal = seal,
            Stream = (stream, streams.Find(database, stream)),
            Type = (TypeNumber, types.Find(database, TypeNumber)),
            HasMetadata = row.Class((int)Column.Metadata) != StorageClass.Null,
            Metadata = row.Bytes((int)Column.Metadata),
            HasTags = row.Class((int)Column.Tags) != StorageClass.Null,
            Tags = row.Bytes((int)Column.Tags),
        }.TryRead(page, out e, out flaw);
    }

    private bool AreClassesRight(out string flaw)
    {
        foreach (var (column, expected, mayBeNull) in Classes)
        {
            var actual = row.Class((int)column);
            if (actual == expected || (mayBeNull && actual == StorageClass.Null)) continue;
            var (name, verb) = (column.ToString().ToLowerInvariant(), column == Column.Tags ? "are" : "is");
            flaw = $"its {name} {verb} {actual.ToString().ToUpperInvariant()}, not {expected.ToString().ToUpperInvariant()}";
            return false;
        }

        flaw = "";
        return true;
    }
}
