namespace EventSourcing.Tests.Projections;

/// <summary>What tests of the projection engine share: one storage, opened as if by one app or by several.</summary>
public abstract class EngineTests(IStorageSource source) : IAsyncLifetime
{
    private protected static readonly ProjectionOptions NoRetries = new() { RetryDelays = [], LeaseDuration = TimeSpan.FromSeconds(1) };

    /// <summary>Long enough that reaching it means never.</summary>
    protected static readonly TimeSpan Never = TimeSpan.FromSeconds(30);

    private readonly List<IEventStorage> _opened = [];

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var storage in _opened) await storage.DisposeAsync();
        source.Dispose();
    }

    /// <summary>The place of this test, once more.</summary>
    private protected IEventStorage Open(TimeProvider? clock = null)
    {
        var storage = source.Open(clock);
        _opened.Add(storage);
        return storage;
    }

    private protected EventStore OpenStore(TimeProvider? clock = null) => new(Open(clock), Tallied.Types);

    /// <summary>A store on which projections run inline.</summary>
    private protected EventStore OpenInline(params Projection[] projections) =>
        new(Open(), Tallied.Types, new EventStoreOptions().WithInlineProjections(projections));

    private protected EventStore OpenInline(Projection projection, TimeProvider clock) =>
        new(Open(clock), Tallied.Types, new EventStoreOptions().WithInlineProjections(projection));

    private protected (EventStore Store, FaultPoints Faults) OpenFaulty(TimeProvider? clock = null)
    {
        var faults = new FaultPoints(Open(clock));
        return (new EventStore(faults, Tallied.Types), faults);
    }

    /// <summary>Completes when something is so. It looks again and again where no signal tells.</summary>
    protected static async Task UntilAsync(Func<Task<bool>> isSo, string what)
    {
        using var patience = new CancellationTokenSource(Never);
        while (!await isSo())
        {
            if (patience.IsCancellationRequested) throw new TimeoutException($"Never: {what}");
            await Task.Delay(5, CancellationToken.None);
        }
    }

    /// <summary>Completes when something is so, for which the clock must move: step by step, as far as it takes.</summary>
    private protected static Task UntilAsync(VirtualClock clock, TimeSpan step, Func<Task<bool>> isSo, string what) => UntilAsync(
        async () =>
        {
            if (await isSo()) return true;
            clock.Advance(step);
            return false;
        },
        what);

    private protected static Task UntilParkedAsync(EventStore store, string projection, int count) =>
        UntilAsync(
            async () => await store.ProjectionAdmin().GetParkedAsync(projection) is var parked && parked.Count == count && parked.All(p => p.RetryAt is null),
            $"{count} parked in {projection}");

    /// <summary>What a read model of <see cref="Tallies"/> must hold: for each key, each position once and in order.</summary>
    private protected static async Task ShouldBeFoldAsync(EventStore store, Tallies projection, Func<string, long, bool>? isLeftOut = null)
    {
        var expected = new SortedDictionary<string, List<long>>(StringComparer.Ordinal);
        await foreach (var e in store.ReadLogAsync(new LogReadOptions { UnknownEvents = UnknownEvents.AsRaw }))
        {
            if (e.Data is not Tallied tallied) continue;
            foreach (var key in tallied.Keys.Distinct())
            {
                if (isLeftOut?.Invoke(key, e.Position) == true) continue;
                if (!expected.TryGetValue(key, out var applied)) expected.Add(key, applied = []);
                applied.Add(e.Position);
            }
        }

        var actual = new SortedDictionary<string, List<long>>(StringComparer.Ordinal);
        await foreach (var (key, tally) in store.ReadModel(projection).Query().ToAsyncEnumerable()) actual.Add(key, tally.Applied);
        actual.Should().BeEquivalentTo(expected, options => options.WithStrictOrdering());
    }
}

/// <summary>Where one test keeps its events: each opening is of the same place, as if by another app.</summary>
public interface IStorageSource : IDisposable
{
    /// <param name="clock">The storage's clock, for all openings the same; null for the system's.</param>
    IEventStorage Open(TimeProvider? clock = null);
}
