using EventSourcing.Tests.Projections;

namespace EventSourcing.Tests.Aggregates;

/// <summary>What tests of commands share: one storage, opened as if by one app or by several.</summary>
public abstract class WalletTests(IStorageSource source) : IAsyncLifetime
{
    private readonly List<IEventStorage> _storages = [];
    private readonly List<EventStore> _opened = [];
    private readonly List<Counts> _counts = [];

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var counts in _counts) counts.Dispose();
        foreach (var store in _opened) await store.DisposeAsync();
        foreach (var storage in _storages) await storage.DisposeAsync();
        source.Dispose();
    }

    private protected EventStore Open(int maxConflictRetries = 16, EventTypes? types = null) => Watched(maxConflictRetries, types).Store;

    /// <summary>A store on which a projection runs inline.</summary>
    private protected EventStore OpenInline(Projection projection)
    {
        var storage = source.Open();
        _storages.Add(storage);
        var store = new EventStore(storage, Wallets.Types, new EventStoreOptions().WithInlineProjections(projection));
        _opened.Add(store);
        return store;
    }

    private protected (EventStore Store, WatchedStorage Watched) Watched(int maxConflictRetries = 16, EventTypes? types = null, TimeProvider? clock = null)
    {
        var storage = source.Open();
        _storages.Add(storage);
        var watched = new WatchedStorage(storage) { Options = clock is null ? storage.Options : storage.Options with { TimeProvider = clock } };
        var store = new EventStore(watched, types ?? Wallets.Types, new EventStoreOptions { MaxConflictRetries = maxConflictRetries });
        _opened.Add(store);
        return (store, watched);
    }

    private protected Counts Count(EventStore store)
    {
        var counts = new Counts(store);
        _counts.Add(counts);
        return counts;
    }

    /// <summary>Somebody else's coins.</summary>
    private protected static Task<AppendResult> PutAsync(EventStore store, string id, int count, int value = 1) =>
        store.AppendAsync($"wallet-{id}", ExpectedVersion.Any, [.. Enumerable.Repeat(new CoinPut(value), count)]);

    /// <summary>What the stream's events make of a wallet, by no means of the library but reading.</summary>
    private protected static async Task<(WalletState State, long Version)> FoldAsync(EventStore store, string id, AsOf asOf = default)
    {
        var (state, version) = (Wallets.Empty, 0L);
        await foreach (var e in store.ReadStreamAsync($"wallet-{id}", new StreamReadOptions { AsOf = asOf })) (state, version) = (state.Apply(e.Data), e.Version);
        return (state, version);
    }

    private protected static (WalletState State, long Version) Seen(Wallet? wallet) =>
        wallet is null ? (Wallets.Empty, 0) : (new WalletState(wallet.Balance, wallet.Trail, wallet.Label), wallet.Version);
}
