using System.Text;

namespace EventSourcing;

/// <summary>
/// Looks for what other processes have ordered and done, once for all projections and reactors that run on a store. At rest it reads one
/// document, twice a second. Thread-safe.
/// </summary>
internal sealed class ControlPoller : IAsyncDisposable
{
    /// <summary>How often it looks for orders.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    /// <summary>How often it looks at all runs if a run of this process stands by.</summary>
    private static readonly TimeSpan LongestStandby = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan ShortestStandby = TimeSpan.FromMilliseconds(25);
    private readonly EventStore _store;
    private readonly ControlDocuments _documents;
    private readonly TimeProvider _clock;
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stop = new();
    private TaskCompletionSource<ControlView>? _next;
    private TimeSpan _standby = LongestStandby;
    private string? _order;
    private int _watchers;
    private bool _isPolling;

    private ControlPoller(EventStore store)
    {
        _store = store;
        _documents = new ControlDocuments(store.Storage.ReadModels);
        _clock = store.Storage.Options.TimeProvider;
    }

    public static ControlPoller Of(EventStore store) => store.Lifetime.Part(static store => new ControlPoller(store));

    /// <summary>Wakes the runs that an order may concern, until <see cref="EndWatch"/>.</summary>
    public void BeginWatch()
    {
        lock (_lock)
        {
            _watchers++;
            if (_isPolling) return;
            _isPolling = true;
        }

        _ = BackgroundTask.Start(PollAsync);
    }

    public void EndWatch()
    {
        lock (_lock) _watchers--;
    }

    /// <summary>The result of the next look at all runs; one look serves all waits. If the look fails, so does this.</summary>
    /// <param name="leaseDuration">The lease that the caller waits for; shorter leases are looked at more often.</param>
    public Task<ControlView> NextAsync(TimeSpan leaseDuration)
    {
        lock (_lock)
        {
            var wanted = leaseDuration / 4;
            if (_next is null) _standby = LongestStandby;
            if (wanted < _standby) _standby = wanted < ShortestStandby ? ShortestStandby : wanted;
            return (_next ??= new TaskCompletionSource<ControlView>(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    public async ValueTask DisposeAsync() => await _stop.CancelAsync().ConfigureAwait(false);

    private async Task PollAsync()
    {
        while (true)
        {
            TaskCompletionSource<ControlView>? next;
            lock (_lock)
            {
                next = _next;
                _next = null;
                if (_watchers == 0 || _stop.IsCancellationRequested)
                {
                    _isPolling = false;
                    next?.TrySetException(new ObjectDisposedException(nameof(EventStore)));
                    _ = next?.Task.Exception;
                    return;
                }
            }

            try
            {
                await LookForOrdersAsync().ConfigureAwait(false);
                if (next is not null) next.TrySetResult(await LookAsync(_stop.Token).ConfigureAwait(false));
            }
            catch (Exception failure)
            {
                // The waits fail with it, and their callers try again. Orders are looked for again by the next look.
                next?.TrySetException(failure);
                _ = next?.Task.Exception;
            }

            await PauseAsync(isAtRest: next is null).ConfigureAwait(false);
        }
    }

    private async ValueTask PauseAsync(bool isAtRest)
    {
        try
        {
            TimeSpan pause;
            lock (_lock) pause = isAtRest && _next is null ? UntilNextAtRest() : _standby;
            await Task.Delay(pause, _clock, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        catch (Exception)
        {
            // The clock is the app's, and may throw. Orders are looked for all the same.
            await StopLimit.PauseAsync(Interval, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>
    /// At rest all stores of a process look at the same moments, at whole multiples of the interval, so that an idle process wakes up only
    /// once for all of them.
    /// </summary>
    private TimeSpan UntilNextAtRest()
    {
        var left = Interval - TimeSpan.FromTicks(_clock.GetElapsedTime(0).Ticks % Interval.Ticks);

        // A timer may fire a little early. The look of this moment has then been done already.
        return left < Interval / 4 ? left + Interval : left;
    }

    private async ValueTask LookForOrdersAsync()
    {
        var found =
            await _documents.FindStoredAsync(ControlDocuments.Orders, ControlDocuments.LastOrder, _stop.Token).ConfigureAwait(false);
        var order = found is null ? "" : Encoding.UTF8.GetString(found);
        if (order == (_order ?? "")) return;
        _order = order;
        _store.Signals.OrdersGiven();
    }

    private async ValueTask<ControlView> LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (ReadModelDamagedException)
        {
            // All runs that stand by need this look, and may be the only ones left to repair what it reads.
            await ControlDocuments.MendAsync(_store.Storage.ReadModels, cancellationToken).ConfigureAwait(false);
            return await ReadAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask<ControlView> ReadAsync(CancellationToken cancellationToken)
    {
        // A lease holder is recorded before it owns a run, so holders are read after runs.
        var runs = await ReadAllAsync<RunRecord>(ControlDocuments.Runs, cancellationToken).ConfigureAwait(false);
        var holders = await ReadAllAsync<LeaseHolderRecord>(ControlDocuments.Hosts, cancellationToken).ConfigureAwait(false);
        var refolds = await ReadAllAsync<RefoldRecord>(ControlDocuments.Refolds, cancellationToken).ConfigureAwait(false);
        var head = await _store.Storage.GetHeadAsync(cancellationToken).ConfigureAwait(false);
        var refolded = refolds.Values.Select(refold => refold.Content.Projection).ToHashSet(StringComparer.Ordinal);
        return new ControlView(head, _order ?? "", runs, holders, refolded);
    }

    /// <summary>All documents that can be read. One that cannot be read is reported by the projection that it belongs to.</summary>
    private async ValueTask<Dictionary<string, ReadDocument<T>>> ReadAllAsync<T>(string model, CancellationToken cancellationToken)
        where T : class, IControlRecord
    {
        var all = new Dictionary<string, ReadDocument<T>>(StringComparer.Ordinal);
        await foreach (var document in _documents.EnumerateAsync(model, cancellationToken).ConfigureAwait(false))
        {
            if (RecordJson.TryRead<T>(document.Data.Span) is not { } content) continue;
            all.Add(document.Key, new ReadDocument<T>(model, document.Key, document.Data, content));
        }

        return all;
    }
}
