namespace EventSourcing;

/// <summary>
/// The turns that the commands of one store take, stream by stream, first come, first served. The first command on a stream
/// begins at once. Those that come meanwhile wait, and are decided together when it has ended. A stream on which no command
/// is under way has no entry.
/// </summary>
internal sealed class StreamTurns
{
    /// <summary>How long a command's own code may keep others waiting.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private static readonly AsyncLocal<CommandScope?> Current = new();

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Queue> _streams = new(StringComparer.Ordinal);

    /// <summary>
    /// Whether the caller is within a command's own code. A command that it runs there must not wait for a turn: the turn may be
    /// that of the command around it, or of one that waits for that in turn.
    /// </summary>
    public static bool IsWithinCommand
    {
        get
        {
            for (var scope = Current.Value; scope is not null; scope = scope.Outer)
            {
                // What the code has started and not awaited carries the scope along. It holds nobody up once that has ended.
                if (!scope.HasEnded) return true;
            }

            return false;
        }
    }

    /// <summary>How many streams have a command under way.</summary>
    public int Count
    {
        get
        {
            lock (_lock) return _streams.Count;
        }
    }

    /// <summary>Marks the calls that the running code makes as within a command. Call it from an async method, which undoes it.</summary>
    /// <returns>What is to be told when the command's code has ended.</returns>
    public static CommandScope BeginCommand() => Current.Value = new CommandScope(Current.Value);

    /// <summary>Begins a command's turn. If the stream is busy, the command is queued and will be served.</summary>
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

    /// <summary>Ends the wait of a command, unless it is being served.</summary>
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

        // If one was cancelled meanwhile, it was in no queue that it could leave.
        foreach (var command in commands)
        {
            if (command.CancellationToken.IsCancellationRequested && TryLeave(command)) command.Cancel();
        }
    }

    /// <summary>Takes the first of those that wait. If there is none, the turn ends.</summary>
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

    /// <summary>Takes the first of those that wait, if it is one that is asked for.</summary>
    public WaitingCommand? TakeNextIf(StreamTurn turn, Predicate<WaitingCommand> isWanted)
    {
        lock (_lock) return turn.IsOver || _streams[turn.Stream] is not { First: { } first } queue || !isWanted(first) ? null : queue.TakeFirst();
    }

    /// <summary>Keeps a command that is decided and not yet appended. If others go on before that, they decide it again.</summary>
    public void Keep(StreamTurn turn, WaitingCommand command)
    {
        lock (_lock) turn.Decided.Add(command);
    }

    /// <summary>Whether others have gone on without this turn. While no command's own code runs, that does not change.</summary>
    public bool IsOver(StreamTurn turn)
    {
        lock (_lock) return turn.IsOver;
    }

    /// <summary>Takes out what was kept, to append it.</summary>
    /// <returns>Whether the turn still goes on; if not, what was kept has been put back.</returns>
    public bool TryTakeDecided(StreamTurn turn)
    {
        lock (_lock)
        {
            turn.Decided.Clear();
            return !turn.IsOver;
        }
    }

    /// <summary>Ends the turn of a command that did not have to wait. Those that came meanwhile are served.</summary>
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

    /// <summary>Serves those that wait, in the context of nobody.</summary>
    private void Serve(Queue queue) => ThreadPool.UnsafeQueueUserWorkItem(static state => _ = state.Turns.ServeAsync(state.Turn), (Turns: this, queue.Turn), preferLocal: false);

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
                // Whatever it was: the caller must hear of it, and those behind it are to be served.
                next.Fail(unexpected);
            }
        }
    }

    /// <summary>
    /// Looks now and then at a stream for which commands wait. If the code of a command takes too long, the others go on: then
    /// it is as a command of another process, and its append may meet a conflict. A command that hangs so holds up nobody for
    /// ever. The time is real, since a clock that stands still in a test must not make it one that hangs.
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

    /// <summary>One stream: whose turn it is, and who waits. Guarded by the lock.</summary>
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
