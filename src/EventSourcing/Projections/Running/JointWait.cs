namespace EventSourcing;

/// <summary>Waits until all projections or reactors that were started together have handled events.</summary>
/// <param name="store">The store.</param>
/// <param name="supervisors">Those that were started together.</param>
/// <param name="startedAs">The name of the type that an app disposes to stop them.</param>
internal sealed class JointWait(EventStore store, IReadOnlyList<Supervisor> supervisors, string startedAs)
{
    /// <summary>Waits for the events from one position to another.</summary>
    /// <param name="first">The position of the first event; 0 for all, except those parked for good.</param>
    /// <param name="last">The position of the last event.</param>
    /// <param name="timeout">How long to wait, by the storage's clock.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task ForAsync(long first, long last, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var abandon = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            await ThrowFirstAsync(supervisors.Select(WaitAsync)).ConfigureAwait(false);
        }
        finally
        {
            await abandon.CancelAsync().ConfigureAwait(false);
        }

        Task WaitAsync(Supervisor supervisor) =>
            new ReadModelWait(store, supervisor.Name).WaitAsync(
                first,
                last,
                timeout,
                () => FaultOf(supervisor),
                supervisor.Subscriber,
                abandon.Token,
                supervisor.Placed,
                supervisor.Completion);
    }

    /// <summary>
    /// Awaits tasks in the order in which they end, so that the first failure is thrown although others go on. What these fail with is not
    /// told.
    /// </summary>
    public static async Task ThrowFirstAsync(IEnumerable<Task> tasks)
    {
        var all = tasks.Select(task => task.ToldElsewhere()).ToList();
        await foreach (var ended in Task.WhenEach(all).ConfigureAwait(false)) await ended.ConfigureAwait(false);
    }

    /// <summary>The error that prevents a projection or reactor from going on; null if there is none.</summary>
    private Exception? FaultOf(Supervisor supervisor) =>
        supervisor.Completion.Exception?.InnerException
        ?? (supervisor.Completion.IsCompleted ? StoppedBefore(supervisor.Name) : null)
        ?? (supervisor.IsStopped ? new ProjectionStoppedException(supervisor.Name) : null)
        ?? FailureOf(supervisor.Serving)
        ?? supervisor.LastError;

    /// <summary>
    /// The error of the storage that prevents a projection or reactor from putting a read model in place, or from storing its place in the
    /// log; null if there is none just now. It is being tried again.
    /// </summary>
    public static Exception? FailureBeforePlace(Supervisor supervisor) => supervisor.LastError ?? FailureOf(supervisor.Building);

    private static EventSourcingException? FailureOf(SubscriberRun? run) =>
        run?.Report is { State: ProjectionState.Retrying, LastError: EventSourcingException failure }
        && failure is not ProjectionFailedException ? failure : null;

    private ObjectDisposedException StoppedBefore(string name) => new(startedAs, $"'{name}' was stopped before it got there.");
}
