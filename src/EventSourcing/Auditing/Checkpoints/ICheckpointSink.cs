namespace EventSourcing.Ledger;

/// <summary>
/// Keeps the signed checkpoints of one log. The best place for them is one that nobody who can change the store can change.
/// Implementations are thread-safe. Their exceptions are reported as <see cref="CheckpointSinkException"/>.
/// </summary>
public interface ICheckpointSink
{
    /// <summary>The newest checkpoint. The caller verifies it.</summary>
    /// <param name="cancellationToken">Abandons the read.</param>
    /// <returns>The note; <see langword="null"/> if there is none yet; then nothing is checked at open.</returns>
    ValueTask<SignedNote?> ReadNewestAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Adds a checkpoint if the newest one is still the one that the signer has compared it with. If two signers share a sink,
    /// the one that comes second reads again.
    /// </summary>
    /// <param name="checkpoint">The new checkpoint.</param>
    /// <param name="newest">What <see cref="ReadNewestAsync"/> has returned.</param>
    /// <param name="cancellationToken">Abandons the write.</param>
    /// <returns>
    /// <see langword="true"/> once it is durable; <see langword="false"/> if another has become the newest, and nothing was
    /// written. A sink that cannot tell, such as a line in an app's log, returns <see langword="true"/>.
    /// </returns>
    ValueTask<bool> TryWriteAsync(SignedNote checkpoint, SignedNote? newest, CancellationToken cancellationToken = default);
}
