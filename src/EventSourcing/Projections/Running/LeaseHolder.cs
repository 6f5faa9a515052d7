namespace EventSourcing;

/// <summary>
/// Holds the leases of the runs of one start of projections, and gives signs of life to other processes. It does so only while a run has
/// something to do and has committed nothing lately, since each commit of a run is a sign too. At rest it writes nothing.
/// </summary>
internal sealed class LeaseHolder : IAsyncDisposable
{
    private readonly EventStore _store;
    private readonly TimeSpan _leaseDuration;
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _givenUp = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<RunPlace, long> _working = [];
    private TaskCompletionSource? _someWork;
    private Task? _signing;
    private LeaseHolderRecord? _here;
    private long _beat;
    private long _signedAt;

    public LeaseHolder(EventStore store, TimeSpan leaseDuration)
    {
        _store = store;
        _leaseDuration = leaseDuration;
        _clock = store.Storage.Options.TimeProvider;
    }

    public string Id { get; } = Guid.CreateVersion7().ToString("N");

    /// <summary>Is cancelled when runs that have not stopped in time are given up. From then on they may commit nothing.</summary>
    public CancellationToken GivenUp => _givenUp.Token;

    private IReadModelStorage Storage => _store.Storage.ReadModels;

    /// <summary>Records this holder for other processes. When this returns, the first sign of life has been given.</summary>
    public async ValueTask BeginAsync(CancellationToken cancellationToken)
    {
        if (_signing is not null) return;
        _here = ProcessIdentity.Here();

        // First, since it also repairs the catalogue of what is read next.
        await SignAsync(cancellationToken).ConfigureAwait(false);
        await RemoveEndedAsync(cancellationToken).ConfigureAwait(false);
        lock (_lock) _signing ??= BackgroundTask.Start(SignWhileWorkingAsync);
    }

    /// <summary>A run has something to do, or has just shown by a commit that it is alive.</summary>
    /// <param name="run">The run.</param>
    /// <param name="since">When, as a timestamp of the storage's clock.</param>
    public void Work(RunPlace run, long since)
    {
        TaskCompletionSource? someWork;
        lock (_lock)
        {
            _working[run] = since;
            someWork = _someWork;
            _someWork = null;
        }

        someWork?.TrySetResult();
    }

    /// <summary>A run has nothing to do: other processes expect no signs of life because of it.</summary>
    public void Rest(RunPlace run)
    {
        lock (_lock) _working.Remove(run);
    }

    /// <summary>Whether a sign was given so recently that no process can have taken a run over by waiting.</summary>
    /// <param name="runSignedAt">When the run last committed.</param>
    public bool IsFresh(long runSignedAt) =>
        _clock.GetElapsedTime(Math.Max(runSignedAt, Volatile.Read(ref _signedAt))) < _leaseDuration / 2;

    /// <summary>The next sign of life, to be committed together with something else.</summary>
    public DocumentChange NextSign()
    {
        _here ??= ProcessIdentity.Here();
        var sign = _here with { Beat = Interlocked.Increment(ref _beat), At = _clock.GetUtcNow() };
        return ControlDocuments.Write(ControlDocuments.Hosts, Id, sign);
    }

    /// <summary>From now on, nothing that runs here may commit.</summary>
    public Task GiveUpAsync() => _givenUp.CancelAsync();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        if (_signing is null) return;
        await _signing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            // A handler that was given up may hold the storage's write lock: then this is not waited for.
            using var patience = StopLimit.CancelAfter(_givenUp.IsCancellationRequested ? StopLimit.Grace : Timeout.InfiniteTimeSpan);
            var removal = new ReadModelCommit { Changes = [new DocumentChange(ControlDocuments.Hosts, Id, null)] };
            await ControlDocuments.CommitAsync(Storage, removal, patience.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is EventSourcingException or ObjectDisposedException or OperationCanceledException)
        {
            // This only tidies up: a holder that gives no sign of life is replaced anyway.
        }
    }

    /// <summary>Removes the records of processes that have ended without removing them.</summary>
    private async ValueTask RemoveEndedAsync(CancellationToken cancellationToken)
    {
        var holders = await Storage.QueryAsync(ControlDocuments.Hosts, new DocumentQuery(), cancellationToken).ConfigureAwait(false);
        DocumentChange[] ended =
        [
            .. holders.Where(HasEnded).Select(holder => new DocumentChange(ControlDocuments.Hosts, holder.Key, null)),
        ];
        if (ended.Length > 0)
            await ControlDocuments.CommitAsync(Storage, new ReadModelCommit { Changes = ended }, cancellationToken).ConfigureAwait(false);
    }

    private static bool HasEnded(StoredDocument holder) =>
        RecordJson.TryRead<LeaseHolderRecord>(holder.Data.Span) is not { } record || ProcessIdentity.IsCertainlyGone(record);

    private async Task SignWhileWorkingAsync()
    {
        while (true)
        {
            if (WaitForWork() is { } work) await work.WaitAsync(_stop.Token).ConfigureAwait(false);
            var left = (_leaseDuration / 4) - SilentFor();
            if (left > TimeSpan.Zero)
            {
                await Task.Delay(left < _leaseDuration / 16 ? _leaseDuration / 16 : left, _clock, _stop.Token).ConfigureAwait(false);
                continue;
            }

            try
            {
                await SignAsync(_stop.Token).ConfigureAwait(false);
            }
            catch (EventSourcingException)
            {
                // The storage fails. The runs meet the same failure and report it. The next sign may succeed.
                await Task.Delay(_leaseDuration / 4, _clock, _stop.Token).ConfigureAwait(false);
            }
        }
    }

    private Task? WaitForWork()
    {
        lock (_lock)
        {
            if (_working.Count > 0) return null;
            return (_someWork ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    /// <summary>The time since the last sign of the run that has been silent longest, among those that have something to do.</summary>
    private TimeSpan SilentFor()
    {
        lock (_lock)
        {
            if (_working.Count == 0) return TimeSpan.Zero;
            return _clock.GetElapsedTime(Math.Max(_working.Values.Min(), Volatile.Read(ref _signedAt)));
        }
    }

    private async ValueTask SignAsync(CancellationToken cancellationToken)
    {
        var began = _clock.GetTimestamp();
        var commit = new ReadModelCommit { Creates = ControlDocuments.Definitions, Changes = [NextSign()] };
        await ControlDocuments.CommitAsync(Storage, commit, cancellationToken).ConfigureAwait(false);
        Volatile.Write(ref _signedAt, began);
    }
}
