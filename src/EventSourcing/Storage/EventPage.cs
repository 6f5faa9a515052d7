using System.Buffers;

namespace EventSourcing.Storage;

/// <summary>
/// A page of stored events, from one snapshot of the store. A storage fills it, one reader consumes it and disposes it; not
/// thread-safe. Its memory is pooled: of an event, only its strings may be kept after disposal.
/// </summary>
public sealed class EventPage : IDisposable
{
    /// <summary>The default page length.</summary>
    public const int DefaultLimit = 512;

    /// <summary>A storage ends a page early once its copied bytes exceed this many, so that memory stays bounded.</summary>
    public const int MaxBytes = 1024 * 1024;

    /// <summary>The longest page that the library asks for by itself, once a read has turned out to be long.</summary>
    internal const int LargestRead = 4096;

    private const int ChunkBytes = 32 * 1024;
    private StoredEvent[] _events;
    private int _count;
    private readonly List<byte[]> _chunks = [];
    private int _chunkUsed;
    private bool _disposed;

    /// <summary>Creates an empty page for a storage to fill.</summary>
    /// <param name="capacity">The initial room for events; it grows by itself.</param>
    public EventPage(int capacity = 64) => _events = ArrayPool<StoredEvent>.Shared.Rent(Math.Clamp(capacity, 1, LargestRead));

    /// <summary>The events, in the order of the read.</summary>
    public ReadOnlySpan<StoredEvent> Events
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _events.AsSpan(0, _count);
        }
    }

    /// <summary>The number of events.</summary>
    public int Count => _count;

    /// <summary>
    /// The start of the next page: the <c>After</c> of the next read forwards, the <c>UpTo</c> of the next read backwards.
    /// Everything from the start of this read up to there has been examined, including events that did not match.
    /// </summary>
    public long Next { get; private set; }

    /// <summary>Whether the requested range is complete: at the time of the snapshot, it contained no further event.</summary>
    public bool IsEnd { get; private set; }

    /// <summary>The last position of the log, or the last version of the stream, in the snapshot that the page was read from.</summary>
    public long Head { get; private set; }

    /// <summary>The bytes copied into the page so far.</summary>
    public int CopiedBytes { get; private set; }

    /// <summary>For storages: adds an event. Its memory must be the storage's own and immutable, or come from <see cref="Copy"/>.</summary>
    /// <param name="stored">The event.</param>
    public void Add(in StoredEvent stored)
    {
        if (_count == _events.Length)
        {
            var larger = ArrayPool<StoredEvent>.Shared.Rent(_count * 2);
            _events.AsSpan(0, _count).CopyTo(larger);
            ReturnEvents();
            _events = larger;
        }

        _events[_count++] = stored;
    }

    /// <summary>For storages: copies bytes into the page's pooled memory.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <returns>The copy, valid until the page is disposed.</returns>
    public ReadOnlyMemory<byte> Copy(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty) return default;
        if (_chunks.Count == 0 || _chunks[^1].Length - _chunkUsed < bytes.Length)
        {
            _chunks.Add(ArrayPool<byte>.Shared.Rent(Math.Max(ChunkBytes, bytes.Length)));
            _chunkUsed = 0;
        }

        var copy = _chunks[^1].AsMemory(_chunkUsed, bytes.Length);
        bytes.CopyTo(copy.Span);
        _chunkUsed += bytes.Length;
        CopiedBytes += bytes.Length;
        return copy;
    }

    /// <summary>For storages: sets where the page ends. Called once, as the last call.</summary>
    /// <param name="next">See <see cref="Next"/>.</param>
    /// <param name="isEnd">See <see cref="IsEnd"/>.</param>
    /// <param name="head">See <see cref="Head"/>.</param>
    public void Complete(long next, bool isEnd, long head)
    {
        Next = next;
        IsEnd = isEnd;
        Head = head;
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, true)) return;
        ReturnEvents();
        _events = [];
        _count = 0;
        foreach (var chunk in _chunks) ArrayPool<byte>.Shared.Return(chunk);
        _chunks.Clear();
    }

    private void ReturnEvents()
    {
        // Most pages are far from full, so only the used part is cleared; everyone who fills the array clears it again.
        _events.AsSpan(0, _count).Clear();
        ArrayPool<StoredEvent>.Shared.Return(_events);
    }
}
