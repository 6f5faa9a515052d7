namespace EventSourcing;

/// <summary>What a storage does for its <see cref="GroupCommit{TWork}"/>. Only the leader calls it, one call at a time.</summary>
/// <typeparam name="TWork">The writes.</typeparam>
internal interface IGroupWriter<TWork>
    where TWork : QueuedWrite
{
    /// <summary>
    /// Whether the leader may go on with the next group on the thread that committed the last one. Not if that may be the thread of a
    /// caller, which has its result by then. Must not throw.
    /// </summary>
    bool MayKeepThread { get; }

    /// <summary>
    /// Waits until this storage may write, takes a group from the queue, and commits it: each of its writes is completed or failed.
    /// Any others were not written; they are put back and tried again. If it throws, those without a result have failed.
    /// </summary>
    /// <param name="queue">The writes that wait.</param>
    /// <param name="attempt">How many attempts have met an obstacle since a group was committed.</param>
    /// <returns>The obstacle, if there was one; otherwise the next group follows at once.</returns>
    ValueTask<Obstacle?> CommitNextAsync(WriteQueue<TWork> queue, int attempt);

    /// <summary>
    /// No write waits any more. Called before the next caller can lead; must not block. If it throws, the next caller leads all the same.
    /// </summary>
    void StepDown();
}
