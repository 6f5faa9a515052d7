namespace EventSourcing;

/// <summary>A change of one parked partition.</summary>
/// <param name="before">How it was; null if it begins to be held back.</param>
/// <param name="after">How it will be; null if it is held back no longer.</param>
/// <param name="skipped">The record of an event that is left out by it, or null.</param>
internal sealed class ParkedChange(ReadDocument<ParkedRecord>? before, ParkedRecord? after, DocumentChange? skipped)
{
    private readonly DocumentChange? _change = after is null
        ? null
        : ControlDocuments.Write(ControlDocuments.Parked, before?.Key ?? Guid.CreateVersion7().ToString("N"), after, after.Projection);

    public ReadDocument<ParkedRecord>? Before => before;

    public ParkedRecord? After => after;

    public string Key => before?.Key ?? _change!.Value.Key;

    /// <summary>The document as it is stored by the change, which must not be the end of it.</summary>
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
