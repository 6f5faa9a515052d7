namespace EventSourcing.Storage;

/// <summary>
/// One array for the bytes of all events of a commit. They are copied into it, so that a caller who reuses its buffers does not change what
/// is stored.
/// </summary>
internal ref struct EventMemory(int length)
{
    private readonly byte[] _bytes = new byte[length];
    private int _used;

    /// <summary>Memory for the events of an append, with the salt of each.</summary>
    public static EventMemory For(AppendRequest request)
    {
        var length = request.EventCount * LedgerLeaf.SaltLength;
        for (var w = 0; w < request.Writes.Count; w++)
        {
            var events = request.Writes[w].Events;
            for (var i = 0; i < events.Count; i++) length += events[i].Data.Length + events[i].Metadata.Length;
        }

        return new EventMemory(length);
    }

    public ReadOnlyMemory<byte> Copy(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_bytes.AsSpan(_used));
        return Take(bytes.Length);
    }

    public ReadOnlyMemory<byte> NewSalt(SaltSource salts)
    {
        salts.Next().CopyTo(_bytes.AsSpan(_used));
        return Take(LedgerLeaf.SaltLength);
    }

    private ReadOnlyMemory<byte> Take(int count)
    {
        var taken = _bytes.AsMemory(_used, count);
        _used += count;
        return taken;
    }
}
