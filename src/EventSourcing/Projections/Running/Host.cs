namespace EventSourcing;

/// <summary>
/// One start of projections, as the other processes see it: while it owns any run it gives signs of life, one for all.
/// </summary>
internal sealed class Host(EventStore store, TimeSpan leaseDuration) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private Task? _beating;
    private long _lastBeat;

    public string Id { get; } = Guid.CreateVersion7().ToString("N");

    /// <summary>Whether this host has lately been seen to be alive, so that nobody can have taken over by waiting.</summary>
    public bool IsFresh => Environment.TickCount64 - Volatile.Read(ref _lastBeat) < leaseDuration.TotalMilliseconds / 2;

    private IReadModelStorage Storage => store.Storage.ReadModels;

    /// <summary>Begins to give signs of life; the first is given when this returns.</summary>
    public async ValueTask BeginAsync(CancellationToken cancellationToken)
    {
        if (_beating is not null) return;
        await ForgetTheDeadAsync(cancellationToken).ConfigureAwait(false);
        await BeatAsync(HostIdentity.Here(), cancellationToken).ConfigureAwait(false);
        lock (_lock) _beating ??= Task.Run(BeatAsync, CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        if (_beating is not null)
        {
            await _beating.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                await Storage.CommitAsync(new ReadModelCommit { Changes = [new DocumentChange(ControlDocuments.Hosts, Id, null)] }, CancellationToken.None).ConfigureAwait(false);
            }
            catch (Exception e) when (e is EventSourcingException or ObjectDisposedException)
            {
                // It only tidies up: a host that gives no sign of life is replaced all the same.
            }
        }

        _stop.Dispose();
    }

    /// <summary>Removes what processes have left behind that could not do so themselves.</summary>
    private async ValueTask ForgetTheDeadAsync(CancellationToken cancellationToken)
    {
        var hosts = await Storage.QueryAsync(ControlDocuments.Hosts, new DocumentQuery(), cancellationToken).ConfigureAwait(false);
        DocumentChange[] dead = [.. hosts.Where(host => HostIdentity.IsCertainlyGone(ControlDocuments.Read<HostRecord>(host.Data.Span))).Select(host => new DocumentChange(ControlDocuments.Hosts, host.Key, null))];
        if (dead.Length > 0) await Storage.CommitAsync(new ReadModelCommit { Changes = dead }, cancellationToken).ConfigureAwait(false);
    }

    private async Task BeatAsync()
    {
        var here = HostIdentity.Here();
        for (long beat = 1; ; beat++)
        {
            await Task.Delay(leaseDuration / 4, _stop.Token).ConfigureAwait(false);
            try
            {
                await BeatAsync(here with { Beat = beat }, _stop.Token).ConfigureAwait(false);
            }
            catch (EventSourcingException)
            {
                // The storage fails; those who run something here meet the same and say so. The next beat may get through.
            }
        }
    }

    private async ValueTask BeatAsync(HostRecord record, CancellationToken cancellationToken)
    {
        var began = Environment.TickCount64;
        await Storage.CommitAsync(
            new ReadModelCommit { Creates = ControlDocuments.Definitions, Changes = [ControlDocuments.Write(ControlDocuments.Hosts, Id, record)] }, cancellationToken).ConfigureAwait(false);
        Volatile.Write(ref _lastBeat, began);
    }
}
