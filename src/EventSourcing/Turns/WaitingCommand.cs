namespace EventSourcing;

/// <summary>A command that waits for its stream, as the queue sees it.</summary>
internal abstract class WaitingCommand(string stream, CancellationToken cancellationToken)
{
    private TaskCompletionSource<AppendResult>? _done;

    public string Stream => stream;

    public CancellationToken CancellationToken => cancellationToken;

    /// <summary>Its place in the queue; null while it is not in one. Guarded by the lock of the turns.</summary>
    public LinkedListNode<WaitingCommand>? Place { get; set; }

    /// <summary>Whether it must run by itself, because it could not be appended with others.</summary>
    public bool IsAlone { get; set; }

    /// <summary>The execution context of the caller, in which the app's code of the command runs.</summary>
    protected ExecutionContext? Context { get; private set; }

    public void BeginWaiting()
    {
        _done = new TaskCompletionSource<AppendResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        Context = ExecutionContext.Capture();
    }

    /// <summary>Waits for the result. If the wait is cancelled before the command is run, the command leaves the queue at once.</summary>
    public async Task<AppendResult> WaitAsync(StreamTurns turns)
    {
        using var cancellation = cancellationToken.UnsafeRegister(
            static state =>
            {
                var (command, turns) = ((WaitingCommand, StreamTurns))state!;
                if (turns.TryLeave(command)) command.Cancel();
            },
            (this, turns));
        return await _done!.Task.ConfigureAwait(false);
    }

    /// <summary>
    /// Runs the command, and with it the commands behind it that can be appended with it. All of them are completed, or put back.
    /// </summary>
    public abstract Task ServeAsync(StreamTurn turn);

    public void Complete(AppendResult result) => _done!.TrySetResult(result);

    public void Fail(Exception error) => _done!.TrySetException(error);

    public void Cancel() => _done!.TrySetCanceled(cancellationToken);
}
