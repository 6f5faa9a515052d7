namespace EventSourcing.Ledger;

/// <summary>Hands checkpoints to the app: to write them to its log, post them to another machine, or print them.</summary>
/// <param name="write">Takes each new checkpoint; it is kept when this returns.</param>
/// <param name="readNewest">
/// Gives the newest one, or null if there is none yet. Without this, nothing is checked at open, and a new process signs
/// without knowing what was signed before it.
/// </param>
public sealed class CallbackCheckpointSink(
    Func<SignedNote, CancellationToken, ValueTask> write,
    Func<CancellationToken, ValueTask<SignedNote?>>? readNewest = null) : ICheckpointSink
{
    private readonly Func<SignedNote, CancellationToken, ValueTask> _write = write ?? throw new ArgumentNullException(nameof(write));

    /// <inheritdoc/>
    public ValueTask<SignedNote?> ReadNewestAsync(CancellationToken cancellationToken = default) =>
        readNewest?.Invoke(cancellationToken) ?? new((SignedNote?)null);

    /// <inheritdoc/>
    public async ValueTask<bool> TryWriteAsync(SignedNote checkpoint, SignedNote? newest, CancellationToken cancellationToken = default)
    {
        await _write(checkpoint, cancellationToken).ConfigureAwait(false);
        return true;
    }
}
