namespace EventSourcing;

/// <summary>A change of one parked partition.</summary>
/// <param name="before">The record before; null if the partition begins to be held back.</param>
/// <param name="after">The record after; null if the partition is no longer held back.</param>
/// <param name="skipped">The record of an event that this change leaves out, or null.</param>
internal sealed class ParkedChange(ReadDocument<ParkedRecord>? before, ParkedRecord? after, DocumentChange? skipped)
{
    private readonly DocumentChange? _change = after is null
        ? null
        : ControlDocuments.Write(ControlDocuments.Parked, before?.Key ?? Guid.CreateVersion7().ToString("N"), after, after.Projection);

    public ReadDocument<ParkedRecord>? Before => before;

    public ParkedRecord? After => after;

    public string Key => before?.Key ?? _change!.Value.Key;

    /// <summary>The document as the change stores it. The change must not be the one that deletes it.</summary>
    public ReadOnlyMemory<byte> Written => _change!.Value.Data!.Value;

    public IEnumerable<DocumentChange> Changes
    {
        get
        {
            yield return _change ?? before!.Deletion;
            if (skipped is { } record) yield return record;
        }
    }
}
