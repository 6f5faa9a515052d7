using SQLitePCL;

namespace EventSourcing.Tamper;

/// <summary>A row of the events, with the names behind its numbers: what the oracle compares.</summary>
internal sealed record EventRow(
    long Position, long StreamId, long TypeId, Cell Stream, Cell Version, Cell Type, Cell Id, Cell Recorded, Cell Seal, Cell Data, Cell Metadata, Cell Tags)
{
    public bool IsErased => Seal.Bytes.Length == MerkleHash.Length;

    /// <summary>Whether it says that it records an erasure.</summary>
    public bool IsErasureRecord => Type.Equals(RecordType) && Stream.Equals(RecordStream);

    /// <summary>Whether each value is of the class and length that the library writes; of what is not, nothing is believed.</summary>
    public bool IsReadable =>
        Version.Class == raw.SQLITE_INTEGER && Version.Number > 0 && Recorded.Class == raw.SQLITE_INTEGER && Recorded.Number >= 0 && Recorded.Number <= DateTimeOffset.MaxValue.Ticks
        && Id.Class == raw.SQLITE_BLOB && Id.Bytes.Length == 16 && Seal.Class == raw.SQLITE_BLOB && (Seal.Bytes.Length is LedgerLeaf.SaltLength or MerkleHash.Length)
        && Data.Class == raw.SQLITE_BLOB && (!IsErased || Data.Bytes.Length == 0) && (Metadata.IsNull || (Metadata.Class == raw.SQLITE_BLOB && Metadata.Bytes.Length > 0))
        && (Tags.IsNull || (Tags.Class == raw.SQLITE_TEXT && TagList().Length > 0));

    private static Cell RecordType { get; } = Cell.Of(PayloadsErased.TypeName);

    private static Cell RecordStream { get; } = Cell.Of(PayloadsErased.StreamName);

    /// <summary>Whether it is the same event. Numbers of names do not matter, names do.</summary>
    public bool SaysTheSameAs(EventRow other) =>
        Position == other.Position && Stream.Equals(other.Stream) && Version.Equals(other.Version) && Type.Equals(other.Type) && Id.Equals(other.Id)
        && Recorded.Equals(other.Recorded) && Seal.Equals(other.Seal) && Data.Equals(other.Data) && Metadata.Equals(other.Metadata) && Tags.Equals(other.Tags);

    /// <summary>The tags as the library would read them; none where they are no list.</summary>
    public string[] TagList()
    {
        if (Tags.IsNull) return [];
        try
        {
            return System.Text.Json.JsonSerializer.Deserialize<string[]>(Tags.Bytes) ?? [];
        }
        catch (System.Text.Json.JsonException)
        {
            return [];
        }
    }
}
