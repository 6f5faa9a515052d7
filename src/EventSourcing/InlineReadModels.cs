namespace EventSourcing;

/// <summary>Read models that change within each append of a store object. Thread-safe.</summary>
internal abstract class InlineReadModels
{
    /// <summary>Makes the changes that belong to an append, within its transaction.</summary>
    public abstract Func<IAppendTransaction, CancellationToken, ValueTask<ReadModelCommit>> Fold { get; }

    /// <summary>
    /// Completes when the read models are up to date, which the first call brings about for all that come meanwhile. If that fails, each
    /// of them gets the error, and the next call tries again.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait, not the work.</param>
    public abstract ValueTask ReadyAsync(CancellationToken cancellationToken);

    /// <summary>An append has changed them.</summary>
    /// <param name="position">The position of its last event.</param>
    public abstract void Committed(long position);
}
