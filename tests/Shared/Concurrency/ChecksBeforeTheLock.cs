namespace EventSourcing.Tests.Concurrency;

/// <summary>
/// The fault that all these tests are there to find: a storage which looks whether the guards hold, and then writes,
/// without anything that keeps others from writing in between.
/// </summary>
internal sealed class ChecksBeforeTheLock(IEventStorage inner) : IEventStorage
{
    public EventStorageOptions Options => inner.Options;

    public IReadModelStorage ReadModels => inner.ReadModels;

    public ILedgerStorage Ledger => inner.Ledger;

    public IStorageCatalog Catalog => inner.Catalog;

    public async ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
    {
        foreach (var write in request.Writes)
        {
            using var page = await inner.ReadStreamAsync(new StreamRead(write.Stream) { Limit = 1 }, cancellationToken);
            if (!write.Expected.IsMetBy(page.Head)) return await inner.AppendAsync(request, cancellationToken);
        }

        foreach (var condition in request.Conditions)
        {
            using var page = await inner.ReadLogAsync(new LogRead { After = condition.After, Filter = condition.Query, Limit = 1 }, cancellationToken);
            if (page.Count > 0) return await inner.AppendAsync(request, cancellationToken);
        }

        await Task.Yield();
        var unguarded = request with { Conditions = [], Writes = [.. request.Writes.Select(write => write with { Expected = ExpectedVersion.Any })] };
        return await inner.AppendAsync(unguarded, cancellationToken);
    }

    public ValueTask<long> ImportAsync(ImportRequest request, CancellationToken cancellationToken = default) => inner.ImportAsync(request, cancellationToken);

    public ValueTask<EventPage> ReadStreamAsync(StreamRead read, CancellationToken cancellationToken = default) => inner.ReadStreamAsync(read, cancellationToken);

    public ValueTask<EventPage> ReadLogAsync(LogRead read, CancellationToken cancellationToken = default) => inner.ReadLogAsync(read, cancellationToken);

    public ValueTask<long> GetHeadAsync(CancellationToken cancellationToken = default) => inner.GetHeadAsync(cancellationToken);

    public ValueTask<long> GetPositionAsync(Guid eventId, CancellationToken cancellationToken = default) => inner.GetPositionAsync(eventId, cancellationToken);

    public ValueTask<string?> GetMovedToAsync(CancellationToken cancellationToken = default) => inner.GetMovedToAsync(cancellationToken);

    public ValueTask<bool> SetMovedToAsync(string? movedTo, long head, CancellationToken cancellationToken = default) =>
        inner.SetMovedToAsync(movedTo, head, cancellationToken);

    public ValueTask<long> WaitForEventsAsync(long position, CancellationToken cancellationToken = default) => inner.WaitForEventsAsync(position, cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
