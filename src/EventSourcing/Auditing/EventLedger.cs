namespace EventSourcing;

/// <summary>
/// What an <see cref="EventStore"/>'s log can prove of its own history: its checkpoints, its proofs, and whether it is still
/// what it was. Thread-safe.
/// </summary>
public sealed class EventLedger
{
    private readonly IEventStorage _storage;

    internal EventLedger(IEventStorage storage) => _storage = storage;

    /// <summary>
    /// Verifies the log: recomputes the tree from what is stored of the events, trusting no stored hash, and compares it with
    /// the stored one and with checkpoints that were kept elsewhere. Memory stays bounded however long the log is.
    /// </summary>
    /// <param name="options">The checkpoints to compare with, where to begin, and who is told of progress.</param>
    /// <param name="cancellationToken">Ends the verification.</param>
    /// <returns>What was found. Damage of the store is a finding, not an exception.</returns>
    /// <exception cref="StorageFailedException">The medium failed.</exception>
    public ValueTask<LedgerReport> VerifyAsync(LedgerVerification? options = null, CancellationToken cancellationToken = default) =>
        new LedgerVerifier(_storage, options ?? new LedgerVerification()).RunAsync(cancellationToken);
}
