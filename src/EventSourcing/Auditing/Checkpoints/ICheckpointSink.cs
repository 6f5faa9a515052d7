namespace EventSourcing;

/// <summary>
/// Where signed checkpoints of one log are kept, best where nobody who can change the store can change them. Implementations
/// are thread-safe. What they throw is reported as <see cref="CheckpointSinkException"/>.
/// </summary>
public interface ICheckpointSink
{
    /// <summary>The newest checkpoint. What it says is verified by the caller.</summary>
    /// <param name="cancellationToken">Abandons the read.</param>
    /// <returns>The note; <see langword="null"/> where there is none yet, and then nothing is checked at open.</returns>
    ValueTask<SignedNote?> ReadNewestAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Adds a checkpoint, provided that the newest is still the one that the signer has held it against: of two that
    /// share a sink, one reads again.
    /// </summary>
    /// <param name="checkpoint">The new checkpoint.</param>
    /// <param name="newest">What <see cref="ReadNewestAsync"/> has returned.</param>
    /// <param name="cancellationToken">Abandons the write.</param>
    /// <returns>
    /// <see langword="true"/> once it is durable; <see langword="false"/> where another has become the newest, and nothing was
    /// written. A sink that cannot tell, such as a line in an app's log, returns <see langword="true"/>.
    /// </returns>
    ValueTask<bool> TryWriteAsync(SignedNote checkpoint, SignedNote? newest, CancellationToken cancellationToken = default);
}
