using System.Globalization;

namespace EventSourcing;

/// <summary>
/// A row of the events, in which nothing is trusted: the class, the length and the range of each value are checked before it
/// becomes part of an event.
/// </summary>
internal readonly struct AuditedRow(Database database, Statement row, AuditedNames streams, AuditedNames types)
{
    public const string Columns = "position, stream, version, type, id, recorded, seal, data, metadata, tags";
    private const int IdLength = 16;

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

    /// <summary>The event; false, with what is wrong, if the library would not write such a row.</summary>
    public bool TryRead(EventPage page, long position, out StoredEvent e, out string flaw)
    {
        e = default;
        flaw = "";
        if (!IsClass(Column.Stream, StorageClass.Integer, ref flaw) || !IsClass(Column.Version, StorageClass.Integer, ref flaw)
            || !IsClass(Column.Type, StorageClass.Integer, ref flaw)
            || !IsClass(Column.Id, StorageClass.Blob, ref flaw) || !IsClass(Column.Recorded, StorageClass.Integer, ref flaw)
            || !IsClass(Column.Seal, StorageClass.Blob, ref flaw)
            || !IsClass(Column.Data, StorageClass.Blob, ref flaw)) return false;

        var version = row.Long((int)Column.Version);
        var recorded = row.Long((int)Column.Recorded);
        var id = row.Bytes((int)Column.Id);
        var seal = row.Bytes((int)Column.Seal);
        var data = row.Bytes((int)Column.Data);
        var stream = streams.Find(database, row.Long((int)Column.Stream));
        var type = types.Find(database, row.Long((int)Column.Type));
        var tags = Array.Empty<string>();
        var hasMetadata = false;
        flaw =
            version < 1 ? string.Create(CultureInfo.InvariantCulture, $"its version is {version}")
            : recorded < 0 || recorded > DateTimeOffset.MaxValue.Ticks
                ? string.Create(CultureInfo.InvariantCulture, $"it was recorded at {recorded}, which is no instant")
            : id.Length != IdLength || id.IndexOfAnyExcept((byte)0) < 0
                ? string.Create(CultureInfo.InvariantCulture, $"its id has {id.Length} bytes, or is empty")
            : seal.Length is not (LedgerLeaf.SaltLength or MerkleHash.Length)
                ? string.Create(CultureInfo.InvariantCulture, $"its seal has {seal.Length} bytes")
            : seal.Length == MerkleHash.Length && !data.IsEmpty ? "it has the seal of an erased event, but data"
            : stream is null ? string.Create(
                CultureInfo.InvariantCulture, $"its stream {row.Long((int)Column.Stream)} is not there, or has no valid name")
            : type is null
                ? string.Create(CultureInfo.InvariantCulture, $"its type {row.Long((int)Column.Type)} is not there, or has no valid name")
            : !IsMetadata(out hasMetadata) ? "its metadata is neither NULL nor a BLOB that is not empty"
            : !TryReadTags(out tags) ? "its tags are neither NULL nor a list as it is written"
            : "";
        if (flaw.Length > 0) return false;
        e = new StoredEvent
        {
            Position = position,
            Stream = stream!,
            Version = version,
            Type = type!,
            Id = new Guid(id, bigEndian: true),
            RecordedAt = new DateTimeOffset(recorded, TimeSpan.Zero),
            Data = page.Copy(data),
            Metadata = hasMetadata ? page.Copy(row.Bytes((int)Column.Metadata)) : default,
            Seal = page.Copy(seal),
            IsErased = seal.Length == MerkleHash.Length,
            Tags = tags,
        };
        return true;
    }

    /// <summary>The number of the event's type, as stored in the row.</summary>
    public long TypeNumber => row.Long((int)Column.Type);

    private bool IsClass(Column column, StorageClass expected, ref string flaw)
    {
        var actual = row.Class((int)column);
        if (actual == expected) return true;
        flaw = string.Create(
            CultureInfo.InvariantCulture,
            $"its {column.ToString().ToLowerInvariant()} is {actual.ToString().ToUpperInvariant()}, "
            + $"not {expected.ToString().ToUpperInvariant()}");
        return false;
    }

    /// <summary>Missing metadata is stored as NULL, and never as an empty BLOB.</summary>
    private bool IsMetadata(out bool isAny)
    {
        var actual = row.Class((int)Column.Metadata);
        isAny = actual == StorageClass.Blob && row.Bytes((int)Column.Metadata).Length > 0;
        return isAny || actual == StorageClass.Null;
    }

    private bool TryReadTags(out string[] tags)
    {
        tags = [];
        switch (row.Class((int)Column.Tags))
        {
            case StorageClass.Null:
                return true;
            case StorageClass.Text:
                try
                {
                    // The tags must be valid for an append, and written as an append would write them.
                    var text = row.Bytes((int)Column.Tags);
                    tags = TagList.Read(text);
                    return tags.Length > 0 && new NewEvent { Tags = tags }.Tags.Count == tags.Length
                        && TagList.Write(tags).SequenceEqual(text);
                }
                catch (Exception flaw) when (DamagedDataException.IsDueTo(flaw))
                {
                    return false;
                }

            default:
                return false;
        }
    }
}
