namespace EventSourcing.Tests.Auditing;

/// <summary>A right sink that a test can look into, and make fail.</summary>
internal sealed class MemorySink : ICheckpointSink
{
    private readonly Lock _lock = new();
    private readonly List<SignedNote> _notes = [];

    /// <summary>What each call throws, while it is set.</summary>
    public Exception? Failure { get; set; }

    /// <summary>Called before each write.</summary>
    public Func<Task> BeforeWrite { get; set; } = () => Task.CompletedTask;

    public long[] Sizes
    {
        get
        {
            lock (_lock) return [.. _notes.Select(Ledgers.SizeOf)];
        }
    }

    public void Put(SignedNote note)
    {
        lock (_lock) _notes.Add(note);
    }

    public ValueTask<SignedNote?> ReadNewestAsync(CancellationToken cancellationToken = default)
    {
        if (Failure is { } failure) throw failure;
        lock (_lock) return ValueTask.FromResult(_notes.LastOrDefault());
    }

    public async ValueTask<bool> TryWriteAsync(SignedNote checkpoint, SignedNote? newest, CancellationToken cancellationToken = default)
    {
        if (Failure is { } failure) throw failure;
        await BeforeWrite();
        lock (_lock)
        {
            if (_notes.LastOrDefault() != newest) return false;
            _notes.Add(checkpoint);
            return true;
        }
    }
}
