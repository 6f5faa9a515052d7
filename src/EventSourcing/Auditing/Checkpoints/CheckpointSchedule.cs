namespace EventSourcing.Ledger;

/// <summary>
/// Has checkpoints signed when the options say so, beside the appends: an append pays for one comparison only. A failure is
/// reported and tried again. Thread-safe.
/// </summary>
internal sealed class CheckpointSchedule : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    /// <summary>How long the last checkpoint may delay the closing of a store.</summary>
    private static readonly TimeSpan LongestFarewell = TimeSpan.FromSeconds(10);

    /// <summary>How long a cancelled sink has to return.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    private readonly Checkpointer _checkpointer;
    private readonly LedgerOptions _options;
    private readonly TimeProvider _clock;
    private readonly AppCode _appCode;
    private readonly Action<Exception?> _report;
    private readonly CancellationTokenSource _stop = new();
    private readonly Disposal _disposal;
    private readonly Lock _lock = new();
    private ITimer? _timer;
    private Task _run = Task.CompletedTask;
    private volatile Exception? _lastFailure;
    private bool _hasAppended;
    private bool _isClosed;
    private bool _isRunning;
    private int _failures;

    /// <summary>
    /// From this position on, an append has a checkpoint signed at once. Nothing is due while a signature runs or waits to be
    /// tried again.
    /// </summary>
    private long _due;

    /// <summary>
    /// Whether appends below <see cref="_due"/> can skip the lock: a timer or a running signature already covers them, or none
    /// is needed.
    /// </summary>
    private bool _isWatched;

    /// <summary>Creates the schedule; it does nothing before the first append.</summary>
    /// <param name="checkpointer">Signs the checkpoints.</param>
    /// <param name="options">Say when.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="appCode">Runs the sink, which is code of the app.</param>
    /// <param name="report">Takes each failure, and null for each success. It must not throw.</param>
    public CheckpointSchedule(
        Checkpointer checkpointer, LedgerOptions options, TimeProvider clock, AppCode appCode, Action<Exception?> report)
    {
        _checkpointer = checkpointer;
        _options = options;
        _clock = clock;
        _appCode = appCode;
        _disposal = new Disposal(DisposeOnceAsync);
        _report = report;
    }

    /// <summary>Why the newest try failed; null if it succeeded.</summary>
    public Exception? LastFailure => _lastFailure;

    /// <summary>To be called when this process has committed events up to a position.</summary>
    public void Committed(long position)
    {
        if (position >= Volatile.Read(ref _due) || !Volatile.Read(ref _isWatched)) Look(position);
    }

    /// <summary>Signs the last checkpoint, if there is anything new. Waits for the sink for a few seconds at most.</summary>
    public ValueTask DisposeAsync() => new(_disposal.RunAsync());

    private async Task DisposeOnceAsync()
    {
        Task run;
        lock (_lock)
        {
            _isClosed = true;
            _timer?.Dispose();
            run = _run;
        }

        using var ended = new CancellationTokenSource();
        var late = Task.Delay(LongestFarewell, _clock, ended.Token);
        var last = SignLastAsync(run);
        if (await Task.WhenAny(last, late).ConfigureAwait(false) != last)
        {
            await _stop.CancelAsync().ConfigureAwait(false);

            // A sink that obeys its token ends at once. One that does not must not keep the store from closing.
            late = Task.Delay(Grace, _clock, ended.Token);
            if (await Task.WhenAny(last, late).ConfigureAwait(false) != last)
                _report(new TimeoutException(
                    $"The store was closed while the sink of '{_checkpointer.Origin}' had not returned for {LongestFarewell + Grace}, "
                    + "although it was cancelled. The last checkpoint may be missing there; the next process that appends signs one. "
                    + "Let the sink end when its token is cancelled."));
        }

        await ended.CancelAsync().ConfigureAwait(false);
    }

    private async Task SignLastAsync(Task run)
    {
        await run.ConfigureAwait(false);
        if (_hasAppended) await TryAsync().ConfigureAwait(false);
    }

    private void Look(long position)
    {
        lock (_lock)
        {
            if (_isClosed) return;
            _hasAppended = true;
            if (_due == 0) _due = NextDue();
            if (position >= _due)
            {
                Start();
                return;
            }

            if (_isWatched) return;
            Volatile.Write(ref _isWatched, _options.Interval is not { } interval || TryWakeAfter(interval));
        }
    }

    private long NextDue() => _options.EveryEvents is { } events ? (_checkpointer.Newest?.Checkpoint.Size ?? 0) + events : long.MaxValue;

    private void Start()
    {
        Volatile.Write(ref _due, long.MaxValue);
        Volatile.Write(ref _isWatched, true);
        if (_isRunning) return;
        _isRunning = true;
        _run = BackgroundTask.Start(RunAsync);
    }

    /// <summary>Sets the timer. The clock is the app's, and may throw: then nothing wakes this but the next append.</summary>
    private bool TryWakeAfter(TimeSpan time)
    {
        try
        {
            using (BackgroundTask.SuppressFlow())
                _timer ??= _clock.CreateTimer(
                    static schedule => ((CheckpointSchedule)schedule!).Wake(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _timer.Change(time, Timeout.InfiniteTimeSpan);
            return true;
        }
        catch (Exception ofTheClock)
        {
            _lastFailure = ofTheClock;
            return false;
        }
    }

    private void Wake()
    {
        lock (_lock)
        {
            if (!_isClosed) Start();
        }
    }

    private async Task RunAsync()
    {
        var isDone = await TryAsync().ConfigureAwait(false);
        lock (_lock)
        {
            _isRunning = false;
            if (_isClosed) return;
            if (!isDone)
            {
                if (LastFailure is StoreRolledBackException) return;
                if (TryWakeAfter(TimeSpan.FromTicks(Math.Min(LongestPause.Ticks, FirstPause.Ticks << Math.Min(_failures - 1, 10))))) return;
            }

            Volatile.Write(ref _due, NextDue());
            Volatile.Write(ref _isWatched, false);
        }

        // Appends made meanwhile skipped the check because a signature was running, so it is made here.
        if (isDone && await HasGrownAsync().ConfigureAwait(false) is { } head) Look(head);
    }

    private async ValueTask<long?> HasGrownAsync()
    {
        try
        {
            var head = await _checkpointer.GetHeadAsync(_stop.Token).ConfigureAwait(false);
            return head > _checkpointer.Newest!.Checkpoint.Size ? head : null;
        }
        catch (Exception)
        {
            return null; // the next append checks
        }
    }

    /// <summary>Whether a checkpoint was signed, or need not be signed.</summary>
    private ValueTask<bool> TryAsync() =>
        _appCode.RunAsync(this, "the sink of a checkpoint", this, static schedule => schedule.TryToSignAsync());

    private async ValueTask<bool> TryToSignAsync()
    {
        try
        {
            await _checkpointer.SignAsync(_stop.Token).ConfigureAwait(false);
            _failures = 0;
            _lastFailure = null;
        }
        catch (Exception failure)
        {
            _failures++;
            _lastFailure = failure;
        }

        _report(_lastFailure);
        if (_lastFailure is { } told) Tell(told);
        return _lastFailure is null;
    }

    private void Tell(Exception failure)
    {
        try
        {
            _options.OnFailure?.Invoke(failure);
        }
        catch (Exception ofTheApp)
        {
            _report(ofTheApp);
        }
    }
}
