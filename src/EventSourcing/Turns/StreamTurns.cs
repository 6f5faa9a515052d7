namespace EventSourcing;

/// <summary>
/// The turns that the commands of one store take on each stream: first come, first served. The first command on a stream begins at once.
/// Those that come meanwhile wait, and are decided together when it has ended. A stream on which no command is running has no entry.
/// </summary>
internal sealed class StreamTurns
{
    /// <summary>How long the app's code of a command may keep other commands waiting.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private static readonly AsyncLocal<CommandScope?> Current = new();

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Queue> _streams = new(StringComparer.Ordinal);

    /// <summary>
    /// Whether the caller is within the app's code of a command. A command that runs there must not wait for a turn: the turn may belong to
    /// the command around it, or to a command that waits for that one.
    /// </summary>
    public static bool IsWithinCommand
    {
        get
        {
            for (var scope = Current.Value; scope is not null; scope = scope.Outer)
            {
                // Tasks that the code has started without awaiting them inherit the scope. Once the code has ended, they may wait for a
                // turn like any other.
                if (!scope.HasEnded) return true;
            }

            return false;
        }
    }

    /// <summary>How many streams have a running command.</summary>
    public int Count
    {
        get
        {
            lock (_lock) return _streams.Count;
        }
    }

    /// <summary>Marks the calls of the running code as calls within a command. Call it from an async method, which undoes it.</summary>
    /// <returns>The scope, to be ended when the command's code has ended.</returns>
    public CommandScope BeginCommand(string stream) => Current.Value = new CommandScope(this, stream, Current.Value);

    /// <summary>
    /// Refuses a command within one on the same stream. It would change the version that the outer one expects, which would then act again,
    /// and run it again.
    /// </summary>
    /// <exception cref="InvalidOperationException">The caller is within the app's code of such a command.</exception>
    public void ThrowIfWithinCommandOn(string stream)
    {
        for (var scope = Current.Value; scope is not null; scope = scope.Outer)
        {
            if (scope.IsOn(this, stream))
                throw new InvalidOperationException(
                    $"A command on stream '{stream}' was begun within the code of a command on the same stream, which would then never "
                    + "find the version that it expects. This one did nothing. Act on the state that the outer command has, or begin this "
                    + "one when that has ended.");
        }
    }

    /// <summary>Begins a command's turn. If the stream is busy, the command is queued, and runs later.</summary>
    /// <returns>The turn; null if the command has been queued.</returns>
    public StreamTurn? Enter(WaitingCommand command)
    {
        lock (_lock)
        {
            if (TryAdd(command.Stream, out var queue)) return queue.Turn;
            command.BeginWaiting();
            queue.Add(command);
            queue.Watch ??= Watch(command.Stream);
            return null;
        }
    }

    /// <summary>Ends the wait of a command, unless it is being run already.</summary>
    public bool TryLeave(WaitingCommand command)
    {
        lock (_lock)
        {
            if (command.Place is not { } place) return false;
            Queue.Remove(place);
            return true;
        }
    }

    /// <summary>Puts commands back in their order, before those that wait.</summary>
    public void PutBack(IReadOnlyList<WaitingCommand> commands)
    {
        if (commands.Count == 0) return;
        lock (_lock)
        {
            var isNew = TryAdd(commands[0].Stream, out var queue);
            queue.AddFirst(commands);
            if (isNew) Serve(queue);
        }

        // A command that was cancelled meanwhile was in no queue, so it could not leave one.
        foreach (var command in commands)
        {
            if (command.CancellationToken.IsCancellationRequested && TryLeave(command)) command.Cancel();
        }
    }

    /// <summary>Takes the first waiting command. If there is none, the turn ends.</summary>
    public WaitingCommand? TakeNextOrEnd(StreamTurn turn)
    {
        lock (_lock)
        {
            if (turn.IsOver) return null;
            var queue = _streams[turn.Stream];
            if (queue.TakeFirst() is { } first) return first;
            End(queue);
            return null;
        }
    }

    /// <summary>Takes the first waiting command, if it meets a condition.</summary>
    public WaitingCommand? TakeNextIf(StreamTurn turn, Predicate<WaitingCommand> isWanted)
    {
        lock (_lock)
            return turn.IsOver || _streams[turn.Stream] is not { First: { } first } queue || !isWanted(first) ? null : queue.TakeFirst();
    }

    /// <summary>Keeps a command that is decided but not yet appended. If other commands go on before that, they decide it again.</summary>
    public void Keep(StreamTurn turn, WaitingCommand command)
    {
        lock (_lock) turn.Decided.Add(command);
    }

    /// <summary>Whether other commands have gone on without this turn. While no app code of a command runs, that does not change.</summary>
    public bool IsOver(StreamTurn turn)
    {
        lock (_lock) return turn.IsOver;
    }

    /// <summary>Takes the kept commands, to append them.</summary>
    /// <returns>Whether the turn still goes on; if not, the kept commands have been put back.</returns>
    public bool TryTakeDecided(StreamTurn turn)
    {
        lock (_lock)
        {
            turn.Decided.Clear();
            return !turn.IsOver;
        }
    }

    /// <summary>Ends the turn of a command that did not have to wait. The commands that came meanwhile are run.</summary>
    public void Release(StreamTurn turn)
    {
        lock (_lock)
        {
            if (turn.IsOver) return;
            var queue = _streams[turn.Stream];
            if (queue.First is null) End(queue);
            else PassOn(queue);
        }
    }

    private bool TryAdd(string stream, out Queue queue)
    {
        if (_streams.TryGetValue(stream, out queue!)) return false;
        _streams.Add(stream, queue = new Queue(new StreamTurn(stream)));
        return true;
    }

    private void End(Queue queue)
    {
        queue.Turn.IsOver = true;
        queue.Watch?.Dispose();
        _streams.Remove(queue.Turn.Stream);
    }

    private void PassOn(Queue queue)
    {
        queue.Turn.IsOver = true;
        queue.AddFirst(queue.Turn.Decided);
        queue.Turn = new StreamTurn(queue.Turn.Stream);
        Serve(queue);
    }

    /// <summary>Runs the waiting commands, in no caller's execution context.</summary>
    private void Serve(Queue queue) => ThreadPool.UnsafeQueueUserWorkItem(
        static state => _ = state.Turns.ServeAsync(state.Turn), (Turns: this, queue.Turn), preferLocal: false);

    private async Task ServeAsync(StreamTurn turn)
    {
        while (TakeNextOrEnd(turn) is { } next)
        {
            try
            {
                await next.ServeAsync(turn).ConfigureAwait(false);
            }
            catch (Exception unexpected)
            {
                // Whatever the error is, the caller must receive it, and the commands behind it must be run.
                next.Fail(unexpected);
            }
        }
    }

    /// <summary>
    /// From time to time, checks a stream for which commands wait. If the code of a command takes too long, the others go on: the command
    /// then continues like one of another process, and its append may meet a conflict. A command that hangs thus does not block the others
    /// for ever. The time is real time: a clock that stands still in a test must not make the test hang.
    /// </summary>
    private ITimer Watch(string stream)
    {
        if (ExecutionContext.IsFlowSuppressed()) return CreateTimer();
        using (ExecutionContext.SuppressFlow()) return CreateTimer();

        ITimer CreateTimer() => TimeProvider.System.CreateTimer(
            static state =>
            {
                var (turns, stream) = ((StreamTurns, string))state!;
                turns.PassOnIfHung(stream);
            },
            (this, stream),
            Patience,
            Patience);
    }

    private void PassOnIfHung(string stream)
    {
        lock (_lock)
        {
            if (!_streams.TryGetValue(stream, out var queue)) return;
            var isAwaited = queue.First is not null || queue.Turn.Decided.Count > 0;
            if (isAwaited && queue.Turn.HasActedFor(Patience)) PassOn(queue);
        }
    }

    /// <summary>One stream: its current turn, and the waiting commands. Guarded by the lock.</summary>
    private sealed class Queue(StreamTurn turn)
    {
        private readonly LinkedList<WaitingCommand> _waiting = [];

        public StreamTurn Turn { get; set; } = turn;

        public ITimer? Watch { get; set; }

        public WaitingCommand? First => _waiting.First?.Value;

        public static void Remove(LinkedListNode<WaitingCommand> place)
        {
            place.Value.Place = null;
            place.List!.Remove(place);
        }

        public void Add(WaitingCommand command) => command.Place = _waiting.AddLast(command);

        public void AddFirst(IReadOnlyList<WaitingCommand> commands)
        {
            for (var i = commands.Count - 1; i >= 0; i--) commands[i].Place = _waiting.AddFirst(commands[i]);
        }

        public WaitingCommand? TakeFirst()
        {
            if (_waiting.First is not { } place) return null;
            Remove(place);
            return place.Value;
        }
    }
}
