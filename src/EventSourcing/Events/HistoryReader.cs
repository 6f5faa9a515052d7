namespace EventSourcing.Operations;

/// <summary>
/// How a state has come about, in pieces: each read folds at most one page of events, and the next one goes on after it. So a long fold can
/// show how far it is, stop, and go on later, also with events that are appended meanwhile. Nothing is stored. Not thread-safe.
/// </summary>
public abstract class HistoryReader
{
    private protected HistoryReader()
    {
    }

    /// <summary>The position up to which the log has been folded; 0 at first. Every event of the state up to there is in it.</summary>
    public long Position { get; private protected set; }

    /// <summary>Folds on, by at most one page of events: 512.</summary>
    /// <param name="upTo">The position to end at. If the log is shorter, it ends at the log's head.</param>
    /// <param name="cancellationToken">Cancels the read; the next one goes on at the same place.</param>
    /// <returns>
    /// The events, oldest first, each with what it changed. There may be none although <see cref="Position"/> is still below the end: read
    /// again until it is not.
    /// </returns>
    /// <exception cref="EventSourcingException">
    /// The event after <see cref="Position"/> cannot be read or folded. Every later read fails in the same way.
    /// </exception>
    public abstract Task<IReadOnlyList<HistoryStep>> ReadAsync(long upTo = long.MaxValue, CancellationToken cancellationToken = default);
}
