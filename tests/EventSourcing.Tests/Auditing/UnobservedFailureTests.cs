using System.Diagnostics.Metrics;

namespace EventSourcing.Tests.Auditing;

/// <summary>What fails while a log is compared, or its checkpoints are signed, is told, and never by a task at which nobody has looked.</summary>
public class UnobservedFailureTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly string _mark = Unobserved.NewMark();
    private readonly MemorySink _sink = new();

    private LedgerOptions Often => new() { Origin = Ledgers.Origin, Signers = [Ledgers.Signer], Sink = _sink, EveryEvents = 1, Interval = null };

    [Fact]
    public async Task Cancel_the_call_that_opens_a_store_whose_sink_then_fails_leaves_nothing_unobserved() =>
        (await Unobserved.AfterAsync(_mark, async () =>
        {
            var (asked, go) = (new TaskCompletionSource(), new TaskCompletionSource());
            var sink = new CallbackCheckpointSink((_, _) => ValueTask.CompletedTask, async _ =>
            {
                asked.TrySetResult();
                await go.Task;
                throw new IOException(_mark);
            });
            var store = Ledgers.Open(new InMemoryEventStorage(), Ledgers.OnDemand(sink));
            using var cancel = new CancellationTokenSource();
            var head = store.GetHeadAsync(cancel.Token);
            await asked.Task.WaitAsync(Patience);
            await cancel.CancelAsync();
            await FluentActions.Awaiting(() => head).Should().ThrowAsync<OperationCanceledException>();
            go.SetResult();
            await Task.Delay(50);
        })).Should().BeEmpty();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Sign_while_a_listener_to_measurements_throws_goes_on_signing_and_leaves_nothing_unobserved(bool isFailing) =>
        (await Unobserved.AfterAsync(_mark, async () =>
        {
            var storage = new InMemoryEventStorage();
            var store = Ledgers.Open(storage, Often with { OnFailure = _ => throw new InvalidOperationException(_mark) });
            using var listener = new MeterListener();
            listener.InstrumentPublished = (instrument, listening) =>
            {
                if (ReferenceEquals(instrument.Meter.Scope, store) && instrument.Name.Contains("checkpoint", StringComparison.Ordinal))
                    listening.EnableMeasurementEvents(instrument);
            };
            var heard = 0;
            listener.SetMeasurementEventCallback<long>((_, _, _, _) =>
            {
                Interlocked.Increment(ref heard);
                throw new InvalidOperationException(_mark);
            });
            listener.Start();
            await store.GetHeadAsync();
            _sink.Failure = isFailing ? new IOException(_mark) : null;
            await store.DepositAsync(1);
            await UntilAsync(() => Volatile.Read(ref heard) > 0);
            _sink.Failure = null;
            await store.DepositAsync(1);
            await UntilAsync(() => _sink.Sizes is [.., 2]);
            await store.DisposeAsync();
        })).Should().BeEmpty();

    [Fact]
    public async Task Sign_while_the_clock_throws_goes_on_signing_and_leaves_nothing_unobserved() =>
        (await Unobserved.AfterAsync(_mark, async () =>
        {
            var clock = new BreakableClock();
            var store = Ledgers.Open(new InMemoryEventStorage(new EventStorageOptions { TimeProvider = clock }), Often);
            await store.GetHeadAsync();
            _sink.Failure = new IOException("No sink today.");
            clock.BreakOnce(new InvalidOperationException(_mark));
            await store.DepositAsync(1);
            await UntilAsync(() => !clock.IsToBreak);
            _sink.Failure = null;
            for (var events = 1; _sink.Sizes is not [.., > 1]; events++)
            {
                events.Should().BeLessThan(10_000, "an append has the next checkpoint signed");
                await store.DepositAsync(1);
                await Task.Delay(1);
            }

            await store.DisposeAsync();
        })).Should().BeEmpty();

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var late = new CancellationTokenSource(Patience);
        while (!condition()) await Task.Delay(1, late.Token);
    }
}
