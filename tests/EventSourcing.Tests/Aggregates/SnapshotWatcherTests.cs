using System.Diagnostics.Metrics;

namespace EventSourcing.Tests.Aggregates;

/// <summary>An app that counts snapshots may fail at it; the snapshots are written all the same.</summary>
public class SnapshotWatcherTests
{
    private static readonly TimeSpan Never = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Flush_after_counting_has_thrown_ends_and_later_snapshots_are_written()
    {
        var store = new EventStore(new InMemoryEventStorage(), Wallets.Types);
        using (var listener = ListenerOf(store, _ => throw new InvalidOperationException("The exporter is broken.")))
        {
            // More than the queue holds: a writer that had ended would leave it full.
            for (var i = 0; i < 100; i++) await LoadAsync(store, $"a{i}");
            await store.Snapshots().FlushAsync().WaitAsync(Never);
        }

        await LoadAsync(store, "b");
        await store.Snapshots().FlushAsync().WaitAsync(Never);
        (await SnapshotFile.FindAsync(store, "b")).Should().NotBeNull();
        (await SnapshotFile.FindAsync(store, "a0")).Should().NotBeNull();
        await store.DisposeAsync().AsTask().WaitAsync(Never);
    }

    /// <summary>Loads a wallet of which a snapshot is due then.</summary>
    private static async Task LoadAsync(EventStore store, string id)
    {
        await store.AppendAsync($"wallet-{id}", ExpectedVersion.Any, [.. Enumerable.Repeat(new CoinPut(1), 10)]);
        await store.Aggregate<Wallet>(id).LoadAsync();
    }

    private static MeterListener ListenerOf(EventStore store, Action<long> heard)
    {
        var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Name == "eventsourcing.snapshots" && instrument.Meter.Scope == store) self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) =>
        {
            // What the load itself counts is not what this is about.
            foreach (var (key, outcome) in tags)
            {
                if (key == "eventsourcing.outcome" && outcome is "written" or "failed") heard(value);
            }
        });
        listener.Start();
        return listener;
    }
}
