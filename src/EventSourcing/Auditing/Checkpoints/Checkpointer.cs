namespace EventSourcing.Ledger;

/// <summary>
/// Compares a store with the checkpoints of its log: at open, and before each new one is signed. Once they disagree, the store
/// serves nothing any more, and nothing is signed. Thread-safe.
/// </summary>
internal sealed class Checkpointer : IDisposable
{
    /// <summary>
    /// How often another process may write to the sink first; each time, the log has grown by what that process signed.
    /// </summary>
    private const int Tries = 20;

    /// <summary>The longest pause before another try, in milliseconds as a power of two.</summary>
    private const int LongestPause = 7;

    private readonly IEventStorage _storage;
    private readonly LedgerOptions _options;
    private readonly TrustedSink? _sink;
    private readonly SemaphoreSlim _signing = new(1, 1);
    private readonly Lock _lock = new();
    private Task? _opening;
    private volatile KnownCheckpoint? _newest;

    /// <summary>
    /// The checkpoint signed last, even if the sink has not taken it: it may have been passed on before the sink failed.
    /// Guarded by the semaphore.
    /// </summary>
    private Checkpoint? _signed;
    private volatile StoreRolledBackException? _rolledBack;
    private volatile bool _isOpen;

    /// <summary>Creates it; nothing is read yet.</summary>
    /// <param name="storage">The storage as the app gave it.</param>
    /// <param name="options">The options, valid.</param>
    public Checkpointer(IEventStorage storage, LedgerOptions options)
    {
        _storage = storage;
        _options = options;
        _sink = options.Sink is { } sink ? new TrustedSink(options, sink) : null;
        _isOpen = _sink is null;
    }

    /// <summary>The log.</summary>
    public string Origin => _options.Origin;

    /// <summary>Whether the store was compared and may be served.</summary>
    public bool IsOpen => _isOpen;

    /// <summary>The newest checkpoint that this process knows: it signed it, or found it in the sink.</summary>
    public KnownCheckpoint? Newest => _newest;

    /// <summary>
    /// Compares the store with the sink's newest checkpoint, once for all concurrent callers. If that fails, the next call
    /// tries again.
    /// </summary>
    public async ValueTask OpenAsync(CancellationToken cancellationToken)
    {
        ThrowIfRolledBack();
        if (_isOpen) return;
        Task opening;
        lock (_lock)
        {
            if (_isOpen) return;
            if (_opening is null or { IsCompleted: true })
            {
                // Neither runs in the first caller's context nor is cancelled by it: other callers wait for it too. If it fails when nobody
                // waits any more, the next call tries again.
                _opening = BackgroundTask.Start(CompareAsync).ToldElsewhere();
            }

            opening = _opening;
        }

        await opening.WaitAsync(cancellationToken).ConfigureAwait(false);
        ThrowIfRolledBack();
    }

    /// <summary>Makes a call on the storage, once it may be served.</summary>
    public async ValueTask<T> OpenedAsync<TState, T>(
        TState state, Func<TState, CancellationToken, ValueTask<T>> call, CancellationToken cancellationToken)
    {
        await OpenAsync(cancellationToken).ConfigureAwait(false);
        return await call(state, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The head of the log.</summary>
    public ValueTask<long> GetHeadAsync(CancellationToken cancellationToken) => _storage.GetHeadAsync(cancellationToken);

    /// <summary>A checkpoint of the log as it is now, unsigned.</summary>
    public async ValueTask<Checkpoint> TakeAsync(CancellationToken cancellationToken)
    {
        await OpenAsync(cancellationToken).ConfigureAwait(false);
        var tree = await _storage.Ledger.GetFrontierAsync(cancellationToken).ConfigureAwait(false);
        return new Checkpoint(_options.Origin, tree.Size, tree.Root());
    }

    /// <summary>
    /// Signs a checkpoint of the log as it is now and hands it to the sink; returns the newest one if nothing was appended
    /// since.
    /// </summary>
    public async ValueTask<SignedNote> SignAsync(CancellationToken cancellationToken)
    {
        if (_options.Signers.Count == 0) throw new InvalidOperationException("Nobody signs for this log: give LedgerOptions.Signers.");
        await OpenAsync(cancellationToken).ConfigureAwait(false);
        await _signing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            for (var i = 0; i < Tries; i++)
            {
                if (await TrySignAsync(cancellationToken).ConfigureAwait(false) is { } note) return note;

                // Whoever has just signed has less to compare next time than this one, and would be faster again. Their signing has an end.
                var pause = TimeSpan.FromMilliseconds(Random.Shared.Next(1 << Math.Min(i, LongestPause)));
                await Task.Delay(pause, TimeProvider.System, cancellationToken).ConfigureAwait(false);
            }

            throw CheckpointSinkException.NotWritten(
                _options.Origin,
                $"others were {Tries} times faster at writing to {_options.Sink}, or it does not return what it was given.");
        }
        finally
        {
            _signing.Release();
        }
    }

    /// <summary>The newest signed checkpoint, of this process or in the sink, that covers a position; null if there is none.</summary>
    public async ValueTask<KnownCheckpoint?> FindAsync(long position, CancellationToken cancellationToken)
    {
        await OpenAsync(cancellationToken).ConfigureAwait(false);
        if (_newest is { } known && known.Checkpoint.Size >= position) return known;
        if (_sink is null || await _sink.ReadNewestAsync(cancellationToken).ConfigureAwait(false) is not { } found
            || found.Checkpoint.Size < position)
            return null;
        return Learn(found.Note, found.Checkpoint, await ExpectAsync(found.Checkpoint, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>The newest checkpoint of the sink, whether or not the store agrees with it; null if there is none.</summary>
    public async ValueTask<Checkpoint?> ReadSinkAsync(CancellationToken cancellationToken) =>
        _sink is not null && await _sink.ReadNewestAsync(cancellationToken).ConfigureAwait(false) is { } found ? found.Checkpoint : null;

    public void Dispose() => _signing.Dispose();

    private async Task CompareAsync()
    {
        // The checkpoint is read first: the log only grows meanwhile.
        if (await _sink!.ReadNewestAsync(CancellationToken.None).ConfigureAwait(false) is { } found)
            Learn(found.Note, found.Checkpoint, await ExpectAsync(found.Checkpoint, CancellationToken.None).ConfigureAwait(false));
        lock (_lock) _isOpen = _rolledBack is null;
    }

    private async ValueTask<SignedNote?> TrySignAsync(CancellationToken cancellationToken)
    {
        ThrowIfRolledBack();
        var found = _sink is null ? null : await _sink.ReadNewestAsync(cancellationToken).ConfigureAwait(false);
        var known = _newest;

        // Computed from leaves and tiles, not taken from the stored frontier: nothing else is derived from that one hash.
        var head = await _storage.GetHeadAsync(cancellationToken).ConfigureAwait(false);
        var tree = await MerkleFrontier.ReadAsync(_storage.Ledger, head, cancellationToken).ConfigureAwait(false);
        var checkpoint = new Checkpoint(_options.Origin, tree.Size, tree.Root());
        if (known is not null) await ExpectGrownAsync(known.Checkpoint, tree, cancellationToken).ConfigureAwait(false);
        if (found is { } other && other.Checkpoint.ToString() != known?.Checkpoint.ToString())
            await ExpectGrownAsync(other.Checkpoint, tree, cancellationToken).ConfigureAwait(false);
        if (_signed is { } last && last.ToString() != known?.Checkpoint.ToString())
            await ExpectGrownAsync(last, tree, cancellationToken).ConfigureAwait(false);
        if (found is { } newest && newest.Checkpoint.Size == tree.Size) return Learn(newest.Note, newest.Checkpoint, tree).Note;

        // Events of a process that has crashed may be readable before they are sure to survive a loss of power.
        await _storage.Ledger.SyncAsync(cancellationToken).ConfigureAwait(false);
        var note = known is not null && known.Checkpoint.Size == tree.Size
            ? known.Note
            : await checkpoint.SignAsync(_options.Signers, cancellationToken).ConfigureAwait(false);
        _signed = checkpoint;
        if (_sink is not null && !await _sink.TryWriteAsync(note, found?.Note, cancellationToken).ConfigureAwait(false)) return null;
        return Learn(note, checkpoint, tree).Note;
    }

    /// <summary>Checks that the tree has grown from that of a checkpoint, by the same proof that an outsider would be given.</summary>
    private async ValueTask ExpectGrownAsync(Checkpoint from, MerkleFrontier tree, CancellationToken cancellationToken)
    {
        if (from.Size == 0) return;
        if (from.Size <= tree.Size)
        {
            var proof =
                await ConsistencyProof.BuildAsync(_storage.Ledger, from.Size, tree.Size, tree, cancellationToken).ConfigureAwait(false);
            if (proof.Verify(from.Root, tree.Root())) return;
        }

        await ExpectAsync(from, cancellationToken).ConfigureAwait(false);
        throw new StoreCorruptedException(
            _options.Origin,
            $"its tree of {tree.Size} events does not lead back to that of {from.Size}, so that no checkpoint was signed.");
    }

    /// <summary>The tree at a checkpoint's size, checked to have its root.</summary>
    private async ValueTask<MerkleFrontier> ExpectAsync(Checkpoint checkpoint, CancellationToken cancellationToken)
    {
        var head = await _storage.GetHeadAsync(cancellationToken).ConfigureAwait(false);
        if (head < checkpoint.Size) throw RolledBack(new StoreRolledBackException(checkpoint, head, root: null));
        var tree = await MerkleFrontier.ReadAsync(_storage.Ledger, checkpoint.Size, cancellationToken).ConfigureAwait(false);
        var root = tree.Root();
        return root == checkpoint.Root ? tree : throw RolledBack(new StoreRolledBackException(checkpoint, head, root));
    }

    private KnownCheckpoint Learn(SignedNote note, Checkpoint checkpoint, MerkleFrontier tree)
    {
        var learnt = new KnownCheckpoint(note, checkpoint, tree);
        lock (_lock)
        {
            if (_newest is not { } known || known.Checkpoint.Size <= checkpoint.Size) _newest = learnt;
        }

        return learnt;
    }

    private StoreRolledBackException RolledBack(StoreRolledBackException found)
    {
        lock (_lock)
        {
            // In this order, and permanently: a comparison that ends later must not open a store that was refused meanwhile.
            _rolledBack = found;
            _isOpen = false;
        }

        return found;
    }

    private void ThrowIfRolledBack()
    {
        if (_rolledBack is { } known) throw new StoreRolledBackException(known.Checkpoint!, known.Head, known.Root);
    }
}
