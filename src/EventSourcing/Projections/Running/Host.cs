namespace EventSourcing;

/// <summary>
/// One start of projections, as the other processes see it. It gives signs of life only while a run of its own has something
/// to do and has committed nothing lately, since each commit of a run is a sign too. At rest it writes nothing.
/// </summary>
internal sealed class Host : IAsyncDisposable
{
    private readonly EventStore _store;
    private readonly TimeSpan _leaseDuration;
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _givenUp = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<Run, long> _working = [];
    private TaskCompletionSource? _someWork;
    private Task? _signing;
    private HostRecord? _here;
    private long _beat;
    private long _signedAt;

    public Host(EventStore store, TimeSpan leaseDuration)
    {
        _store = store;
        _leaseDuration = leaseDuration;
        _clock = store.Storage.Options.TimeProvider;
    }

    public string Id { get; } = Guid.CreateVersion7().ToString("N");

    /// <summary>Is cancelled when what has not stopped in time is given up: from then on nothing of it may be committed.</summary>
    public CancellationToken GivenUp => _givenUp.Token;

    private IReadModelStorage Storage => _store.Storage.ReadModels;

    /// <summary>Makes itself known to the other processes; the first sign of life is given when this returns.</summary>
    public async ValueTask BeginAsync(CancellationToken cancellationToken)
    {
        if (_signing is not null) return;
        await ForgetTheDeadAsync(cancellationToken).ConfigureAwait(false);
        _here = HostIdentity.Here();
        await SignAsync(cancellationToken).ConfigureAwait(false);
        lock (_lock) _signing ??= BackgroundTask.Start(SignWhileWorkingAsync);
    }

    /// <summary>A run has something to do, or has just shown by a commit that it is alive.</summary>
    /// <param name="run">The run.</param>
    /// <param name="since">When, as a timestamp of the storage's clock.</param>
    public void Work(Run run, long since)
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

    /// <summary>A run has nothing to do: nobody expects signs of life because of it.</summary>
    public void Rest(Run run)
    {
        lock (_lock) _working.Remove(run);
    }

    /// <summary>Whether a sign was given so lately that nobody can have taken a run over by waiting.</summary>
    /// <param name="runSignedAt">When the run has committed last.</param>
    public bool IsFresh(long runSignedAt) =>
        _clock.GetElapsedTime(Math.Max(runSignedAt, Volatile.Read(ref _signedAt))) < _leaseDuration / 2;

    /// <summary>The next sign of life, to be committed together with something else.</summary>
    public DocumentChange NextSign() =>
        ControlDocuments.Write(ControlDocuments.Hosts, Id, (_here ??= HostIdentity.Here()) with { Beat = Interlocked.Increment(ref _beat) });

    /// <summary>Nothing that runs here may commit any more.</summary>
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
            await Storage.CommitAsync(removal, patience.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is EventSourcingException or ObjectDisposedException or OperationCanceledException)
        {
            // It only tidies up: a host that gives no sign of life is replaced all the same.
        }
    }

    /// <summary>Removes what processes have left behind that could not do so themselves.</summary>
    private async ValueTask ForgetTheDeadAsync(CancellationToken cancellationToken)
    {
        var hosts = await Storage.QueryAsync(ControlDocuments.Hosts, new DocumentQuery(), cancellationToken).ConfigureAwait(false);
        DocumentChange[] dead =
        [
            .. hosts.Where(host => ControlDocuments.TryRead<HostRecord>(host.Data.Span) is not { } record || HostIdentity.IsCertainlyGone(record))
                .Select(host => new DocumentChange(ControlDocuments.Hosts, host.Key, null)),
        ];
        if (dead.Length > 0) await Storage.CommitAsync(new ReadModelCommit { Changes = dead }, cancellationToken).ConfigureAwait(false);
    }

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
                // The storage fails. Those who run something here meet the same and say so. The next sign may get through.
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

    /// <summary>How long the longest silent of the runs at work has shown no life.</summary>
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
        await Storage.CommitAsync(new ReadModelCommit { Creates = ControlDocuments.Definitions, Changes = [NextSign()] }, cancellationToken).ConfigureAwait(false);
        Volatile.Write(ref _signedAt, began);
    }
}
