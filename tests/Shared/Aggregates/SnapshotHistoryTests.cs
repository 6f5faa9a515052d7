using EventSourcing.Tests.Projections;
using FsCheck;
using FsCheck.Fluent;

namespace EventSourcing.Tests.Aggregates;

/// <summary>For any history, any snapshot points and any damage: the state by snapshot and tail is the state by all events.</summary>
public abstract class SnapshotHistoryTests(Func<IStorageSource> sources, int histories)
{
    private const int Steps = 24;

    [Fact]
    [Trait("Speed", "Slow")]
    public void Load_by_any_snapshots_of_any_history_with_any_damage_gives_the_state_of_all_its_events()
    {
        var outcomes = new Dictionary<string, long>();
        var seeds = Arb.From(ArbMap.Default.ArbFor<int>().Generator.ListOf(Steps), ArbMap.Default.ArbFor<List<int>>().Shrinker);
        Prop.ForAll(seeds, list => RunAsync(list, outcomes).GetAwaiter().GetResult()).Check(Config.QuickThrowOnFailure.WithMaxTest(histories).WithReplay(1730205, 271));

        // Else the histories would not have been what the name says.
        outcomes.Keys.Should().Contain(["used", "missing", "stale", "corrupt", "ahead", "foreign", "written"]);
        outcomes.Should().NotContainKeys("failed", "unfaithful");
    }

    private async Task RunAsync(List<int> seeds, Dictionary<string, long> outcomes)
    {
        using var source = sources();
        var random = new Random(seeds.Aggregate(7, (hash, seed) => unchecked((hash * 31) + seed)));
        var decider = Wallets.Decider(snapshotsEvery: random.Next(1, 12), category: "purse");
        var storage = source.Open();
        await using (var store = new EventStore(new WatchedStorage(storage), Wallets.Types))
        {
            using var counts = new Counts(store);
            foreach (var seed in seeds)
            {
                await StepAsync(store, decider, new Random(seed));
                await CompareAsync(store, decider, random);
            }

            await store.Snapshots().DeleteAsync();
            await CompareAsync(store, decider, random);
            foreach (var (outcome, count) in counts.TakeSnapshots()) outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + count;
        }

        await storage.DisposeAsync();
    }

    private static async Task StepAsync(EventStore store, Decider<WalletState, int> decider, Random random)
    {
        var id = random.Next(2) == 0 ? "a" : "b";
        switch (random.Next(6))
        {
            case 0:
                object[] events = [.. Enumerable.Range(0, random.Next(1, 8)).Select(object (n) => random.Next(3) switch { 0 => new CoinTaken(n), 1 => new WalletLabelled(new string('x', n)), _ => new CoinPut(n) })];
                await store.AppendAsync($"wallet-{id}", ExpectedVersion.Any, events);
                await store.AppendAsync($"purse-{id}", ExpectedVersion.Any, events);
                break;
            case 1:
                await store.Aggregate<Wallet>(id).CreateOrUpdateAsync(wallet => wallet.Put(random.Next(100)));
                break;
            case 2:
                await store.Decider(decider, id).DecideAsync(random.Next(100));
                break;
            case 3:
                await store.Snapshots().FlushAsync();
                break;
            default:
                await store.Snapshots().FlushAsync();
                await DamageAsync(store, random.Next(2) == 0 ? "wallet" : "purse", id, random);
                break;
        }
    }

    private static async Task DamageAsync(EventStore store, string category, string id, Random random)
    {
        if (await SnapshotFile.FindAsync(store, id, category) is not { } document) return;
        var file = SnapshotFile.Parse(document);

        // What has the right checksum says something wrong of itself, and so may lie about the state.
        var lie = file with { State = file.State.Replace('1', '2').Replace('0', '3') };
        var damaged = random.Next(9) switch
        {
            0 => null,
            1 => document[..random.Next(document.Length)],
            2 => [.. document, (byte)random.Next(256)],
            3 => lie.With("fingerprint", "other").ToBytes(),
            4 => lie.With("version", file.Header["version"]!.GetValue<long>() + random.Next(1, 50)).ToBytes(),
            5 => lie.With("stream", $"{category}-c").ToBytes(),
            6 => lie.With("eventId", Guid.NewGuid().ToString()).ToBytes(),
            7 => await SnapshotFile.FindAsync(store, id == "a" ? "b" : "a", category),
            _ => WithABitFlipped(document, random),
        };
        await store.Storage.ReadModels.CommitAsync(new ReadModelCommit { Changes = [new DocumentChange($"$snapshots-{category}", $"{category}-{id}", damaged is null ? null : (ReadOnlyMemory<byte>?)damaged)] });
    }

    private static byte[] WithABitFlipped(byte[] document, Random random)
    {
        var flipped = document.ToArray();
        flipped[random.Next(flipped.Length)] ^= (byte)(1 << random.Next(8));
        return flipped;
    }

    private static async Task CompareAsync(EventStore store, Decider<WalletState, int> decider, Random random)
    {
        foreach (var id in new[] { "a", "b" })
        {
            var bounds = new[] { AsOf.Now, AsOf.Version(random.Next(40)), AsOf.Position(random.Next(80)) };
            foreach (var asOf in bounds)
            {
                var wallet = await store.Aggregate<Wallet>(id).FindAsync(asOf);
                var expected = await FoldAsync(store, $"wallet-{id}", asOf);
                (wallet is null ? (Wallets.Empty, 0L) : (new WalletState(wallet.Balance, wallet.Trail, wallet.Label), wallet.Version)).Should().Be(expected);
                var purse = await store.Decider(decider, id).LoadAsync(asOf);
                (purse.State, purse.Version).Should().Be(await FoldAsync(store, $"purse-{id}", asOf));
            }

            // Where a command stands that does nothing comes from the snapshot too.
            var stands = await store.Aggregate<Wallet>(id).CreateOrUpdateAsync(_ => { });
            var last = await store.ReadStreamAsync($"wallet-{id}", new StreamReadOptions { Direction = ReadDirection.Backwards, Limit = 1 }).SingleOrDefaultAsync();
            (stands.Version, stands.Position).Should().Be((last?.Version ?? 0, last?.Position ?? 0));
        }
    }

    private static async Task<(WalletState State, long Version)> FoldAsync(EventStore store, string stream, AsOf asOf)
    {
        var (state, version) = (Wallets.Empty, 0L);
        await foreach (var e in store.ReadStreamAsync(stream, new StreamReadOptions { AsOf = asOf })) (state, version) = (state.Apply(e.Data), e.Version);
        return (state, version);
    }
}
