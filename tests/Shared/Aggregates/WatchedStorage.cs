using System.Collections.Concurrent;

namespace EventSourcing.Tests.Aggregates;

/// <summary>A right storage that notes what is read of streams, with places at which a test can step in.</summary>
internal sealed class WatchedStorage(IEventStorage inner) : IEventStorage, IReadModelStorage
{
    private readonly ConcurrentQueue<(long After, int Count)> _reads = new();
    private int _imports;
    private int _lookups;

    /// <summary>Called before each append; what it throws is the append's failure, and nothing was written.</summary>
    public Func<AppendRequest, Task> BeforeAppend { get; set; } = _ => Task.CompletedTask;

    /// <summary>Called after each append; what it throws hides that it took effect.</summary>
    public Func<AppendResult, Task> AfterAppend { get; set; } = _ => Task.CompletedTask;

    /// <summary>Called before each stream is read.</summary>
    public Func<StreamRead, Task> BeforeRead { get; set; } = _ => Task.CompletedTask;

    /// <summary>Called before each page of the log is read.</summary>
    public Func<LogRead, Task> BeforeLogRead { get; set; } = _ => Task.CompletedTask;

    /// <summary>Called before each import; what it throws is the import's failure, and nothing was written.</summary>
    public Func<ImportRequest, Task> BeforeImport { get; set; } = _ => Task.CompletedTask;

    public Func<ReadModelCommit, Task> BeforeCommit { get; set; } = _ => Task.CompletedTask;

    public Func<Task> BeforeLoad { get; set; } = () => Task.CompletedTask;

    /// <summary>How often it was asked to import.</summary>
    public int Imports => Volatile.Read(ref _imports);

    /// <summary>How often it was asked for the position of an id.</summary>
    public int Lookups => Volatile.Read(ref _lookups);

    public EventStorageOptions Options { get; init; } = inner.Options;

    public IReadModelStorage ReadModels => this;

    public ILedgerStorage Ledger => inner.Ledger;

    public IStorageCatalog Catalog => inner.Catalog;

    /// <summary>Says what its tables need each time it is asked.</summary>
    public Func<TableSupport?> TablesNow { get; init; } = () => inner.ReadModels.Tables;

    public TableSupport? Tables
    {
        get => TablesNow();
        init => TablesNow = () => value;
    }

    /// <summary>The pages of streams read since this was last asked: after which version, and how many events.</summary>
    public List<(long After, int Count)> TakeReads()
    {
        var reads = _reads.ToList();
        _reads.Clear();
        return reads;
    }

    public async ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
    {
        await BeforeAppend(request);
        var result = await inner.AppendAsync(request, cancellationToken);
        await AfterAppend(result);
        return result;
    }

    public async ValueTask<long> ImportAsync(ImportRequest request, CancellationToken cancellationToken = default)
    {
        Interlocked.Increment(ref _imports);
        await BeforeImport(request);
        return await inner.ImportAsync(request, cancellationToken);
    }

    public async ValueTask<EventPage> ReadStreamAsync(StreamRead read, CancellationToken cancellationToken = default)
    {
        await BeforeRead(read);
        var page = await inner.ReadStreamAsync(read, cancellationToken);
        _reads.Enqueue((read.After, page.Count));
        return page;
    }

    public async ValueTask<EventPage> ReadLogAsync(LogRead read, CancellationToken cancellationToken = default)
    {
        await BeforeLogRead(read);
        return await inner.ReadLogAsync(read, cancellationToken);
    }

    public ValueTask<long> GetHeadAsync(CancellationToken cancellationToken = default) => inner.GetHeadAsync(cancellationToken);

    public ValueTask<long> GetPositionAsync(Guid eventId, CancellationToken cancellationToken = default)
    {
        Interlocked.Increment(ref _lookups);
        return inner.GetPositionAsync(eventId, cancellationToken);
    }

    public ValueTask<string?> GetMovedToAsync(CancellationToken cancellationToken = default) => inner.GetMovedToAsync(cancellationToken);

    public ValueTask<bool> SetMovedToAsync(string? movedTo, long head, CancellationToken cancellationToken = default) =>
        inner.SetMovedToAsync(movedTo, head, cancellationToken);

    public ValueTask<long> WaitForEventsAsync(long position, CancellationToken cancellationToken = default) => inner.WaitForEventsAsync(position, cancellationToken);

    public async ValueTask<IReadOnlyList<byte[]?>> LoadAsync(string model, IReadOnlyList<string> keys, CancellationToken cancellationToken = default)
    {
        await BeforeLoad();
        return await inner.ReadModels.LoadAsync(model, keys, cancellationToken);
    }

    public ValueTask<IReadOnlyList<StoredDocument>> QueryAsync(string model, DocumentQuery query, CancellationToken cancellationToken = default) =>
        inner.ReadModels.QueryAsync(model, query, cancellationToken);

    public ValueTask<long> CountAsync(string model, IReadOnlyList<FieldCondition> conditions, CancellationToken cancellationToken = default) =>
        inner.ReadModels.CountAsync(model, conditions, cancellationToken);

    public async ValueTask CommitAsync(ReadModelCommit commit, CancellationToken cancellationToken = default)
    {
        await BeforeCommit(commit);
        await inner.ReadModels.CommitAsync(commit, cancellationToken);
    }

    /// <summary>The storage itself stays open: another store of the test may be on it.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
