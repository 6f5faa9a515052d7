namespace EventSourcing.Explorer;

/// <summary>
/// One state, folded up to the position that somebody has asked for. A request reads a page or two of events itself. If that is not enough
/// and the user has asked for the state, the fold goes on by itself as long as somebody looks at it. Its results are kept, so a later look
/// at any earlier position costs nothing. Thread-safe.
/// </summary>
internal sealed class Fold : IDisposable
{
    /// <summary>One fold keeps at most this many bytes. The oldest steps are dropped first.</summary>
    public const long MostBytes = 2 * 1024 * 1024;

    private const int MostShown = 50;

    /// <summary>A fold that nobody looks at stops after this time. Its results are kept.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _turn = new(1);
    private readonly CancellationTokenSource _end;
    private readonly CancellationToken _ended;
    private readonly HistoryReader _reader;
    private readonly TimeProvider _time;
    private readonly List<KeptStep> _steps = [];
    private byte[]? _before;
    private byte[]? _last;
    private long _keptFrom;
    private long _place;
    private long _target;
    private long _lookedAt;
    private string? _problem;
    private bool _isRunning;
    private bool _isWaiting;
    private bool _isStopped;

    /// <param name="reader">Reads the events.</param>
    /// <param name="erasures">How many erasures of payloads the store had when this fold began.</param>
    /// <param name="time">Measures for how long nobody has looked.</param>
    /// <param name="stopping">Ends when the app does.</param>
    public Fold(HistoryReader reader, long erasures, TimeProvider time, CancellationToken stopping)
    {
        _reader = reader;
        _time = time;
        Erasures = erasures;
        _end = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        _ended = _end.Token;
    }

    /// <summary>
    /// How many erasures of payloads the store had when this fold began. After another one the fold must be dropped, since it keeps states
    /// from before the erasure.
    /// </summary>
    public long Erasures { get; }

    /// <summary>What it keeps, in bytes.</summary>
    public long Bytes { get; private set; }

    public bool IsRunning
    {
        get
        {
            lock (_lock) return _isRunning;
        }
    }

    /// <summary>
    /// Whether the state at a position may be among the kept ones, or is reached if the fold goes on. States before the oldest step are
    /// not kept.
    /// </summary>
    public bool Reaches(long position)
    {
        lock (_lock) return position >= _keptFrom;
    }

    /// <summary>Looks at the state at a position.</summary>
    /// <param name="upTo">The position, at most the head.</param>
    /// <param name="stepsUpTo">The position of the newest event to list, at most <paramref name="upTo"/>.</param>
    /// <param name="isAsked">Whether the fold may go on by itself.</param>
    /// <param name="pages">How many pages of events this request may read itself.</param>
    /// <param name="slots">Limits how many folds run at once.</param>
    /// <param name="aborted">Cancels what this request does.</param>
    public async Task<FoldView> LookAsync(
        long upTo, long stepsUpTo, bool isAsked, int pages, SemaphoreSlim slots, CancellationToken aborted)
    {
        Volatile.Write(ref _lookedAt, _time.GetTimestamp());

        // After a failure the fold does not go on by itself, so the request must try again. Otherwise it would only see the old failure.
        lock (_lock) pages = _problem is null ? pages : Math.Max(pages, 1);
        for (; pages > 0 && Needs(upTo); pages--) await ReadAsync(upTo, aborted).ConfigureAwait(false);
        lock (_lock)
        {
            if (isAsked && _place < upTo && _problem is null && !_isStopped) Run(upTo, slots);
            return View(upTo, stepsUpTo);
        }
    }

    public void Stop()
    {
        lock (_lock) _isStopped = true;
    }

    public void GoOn()
    {
        lock (_lock) _isStopped = false;
    }

    /// <summary>Ends the fold. A request that is reading in it ends by itself.</summary>
    public void Dispose()
    {
        _end.Cancel();
        _end.Dispose();
    }

    /// <summary>Whether a request must read on itself. Not if the fold reads already: the request would only wait for it.</summary>
    private bool Needs(long upTo)
    {
        lock (_lock) return _place < upTo && !_isStopped && (!_isRunning || _isWaiting);
    }

    /// <summary>Reads one page. A failure is kept so that it can be shown, and the next request tries again.</summary>
    private async Task ReadAsync(long upTo, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_reader.Position >= upTo) return;
            var steps = await _reader.ReadAsync(upTo, cancellationToken).ConfigureAwait(false);
            lock (_lock)
            {
                foreach (var step in steps) Keep(KeptStep.Of(step, _last));
                _place = _reader.Position;
                _problem = null;
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception failure)
        {
            lock (_lock) _problem = failure.Message;
        }
        finally
        {
            _turn.Release();
        }
    }

    private void Keep(KeptStep step)
    {
        Bytes += step.Bytes(_last);
        _steps.Add(step);
        _last = step.State;
        if (Bytes <= MostBytes) return;
        var dropped = Math.Max(1, _steps.Count / 2);
        if (dropped == _steps.Count) return;
        _before = _steps[dropped - 1].State;
        _keptFrom = _steps[dropped - 1].Position;
        _steps.RemoveRange(0, dropped);
        Bytes = 0;
        for (var i = 0; i < _steps.Count; i++) Bytes += _steps[i].Bytes(i == 0 ? null : _steps[i - 1].State);
    }

    /// <summary>Lets the fold go on by itself. The caller has the lock.</summary>
    private void Run(long upTo, SemaphoreSlim slots)
    {
        _target = Math.Max(upTo, _target);
        if (_isRunning || _ended.IsCancellationRequested) return;
        _isRunning = _isWaiting = true;
        _ = Task.Run(() => RunAsync(slots), CancellationToken.None);
    }

    private async Task RunAsync(SemaphoreSlim slots)
    {
        try
        {
            await slots.WaitAsync(_ended).ConfigureAwait(false);
            try
            {
                lock (_lock) _isWaiting = false;
                while (GoesOn(out var target)) await ReadAsync(target, _ended).ConfigureAwait(false);
            }
            finally
            {
                slots.Release();
            }
        }
        catch (OperationCanceledException) when (_ended.IsCancellationRequested)
        {
            // The fold was dropped, or the app ends.
        }
        catch (Exception failure)
        {
            // The clock is the app's, and may throw. Nobody else waits for this task; the next one who looks tries again.
            lock (_lock) _problem = failure.Message;
        }
        finally
        {
            lock (_lock) _isRunning = _isWaiting = false;
        }
    }

    private bool GoesOn(out long target)
    {
        lock (_lock)
        {
            target = _target;
            var isLookedAt = _time.GetElapsedTime(Volatile.Read(ref _lookedAt)) < Patience;
            if (_place < target && !_isStopped && _problem is null && isLookedAt) return true;
            _isRunning = false;
            return false;
        }
    }

    /// <summary>What is known up to a position. The caller has the lock.</summary>
    private FoldView View(long upTo, long stepsUpTo)
    {
        var last = _steps.FindLastIndex(step => step.Position <= upTo);
        var count = _steps.FindLastIndex(step => step.Position <= stepsUpTo) + 1;
        var first = Math.Max(0, count - MostShown);
        var state = _isStopped ? "stopped" : _isWaiting ? "waiting" : "running";
        return new FoldView(
            _place >= upTo ? null : new FoldProgress(state, _place, upTo),
            _place >= upTo ? null : _problem,
            last < 0 ? _before : _steps[last].State,
            first == 0 ? _before : _steps[first - 1].State,
            _steps.GetRange(first, count - first),
            first > 0 || _keptFrom > 0);
    }
}
