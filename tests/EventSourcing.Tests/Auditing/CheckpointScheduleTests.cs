namespace EventSourcing.Tests.Auditing;

public class CheckpointScheduleTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly TimerClock _clock = new();
    private readonly MemorySink _sink = new();

    [Fact]
    public async Task Append_up_to_the_number_of_events_has_a_checkpoint_signed_and_no_sooner()
    {
        await using (var store = Open(new LedgerOptions { Origin = Ledgers.Origin, EveryEvents = 10, Interval = null }))
        {
            for (var i = 0; i < 9; i++) await store.DepositAsync(1);
            await Task.Delay(50);
            _sink.Sizes.Should().BeEmpty();
            await store.DepositAsync(1);
            await UntilAsync(() => _sink.Sizes is [10]);
            await store.DepositAsync(9);
            await Task.Delay(50);
            _sink.Sizes.Should().Equal(10);
            await store.DepositAsync(5);
            await UntilAsync(() => _sink.Sizes is [10, 24]);
        }

        _sink.Sizes.Should().Equal([10, 24], "nothing was appended since");
    }

    [Fact]
    public async Task Append_of_few_events_has_a_checkpoint_signed_when_the_time_is_up()
    {
        await using var store = Open(new LedgerOptions { Origin = Ledgers.Origin });
        await store.DepositAsync(1);
        _clock.Advance(TimeSpan.FromSeconds(59));
        await store.DepositAsync(1);
        await Task.Delay(50);
        _sink.Sizes.Should().BeEmpty();
        _clock.Advance(TimeSpan.FromSeconds(1));
        await UntilAsync(() => _sink.Sizes is [2]);
        _clock.Advance(TimeSpan.FromMinutes(10));
        await Task.Delay(50);
        _sink.Sizes.Should().Equal([2], "nothing was appended since");
        await store.DepositAsync(1);
        _clock.Advance(TimeSpan.FromMinutes(1));
        await UntilAsync(() => _sink.Sizes is [2, 3]);
    }

    [Fact]
    public async Task Append_while_a_checkpoint_is_signed_is_covered_by_the_next()
    {
        var go = new TaskCompletionSource();
        var isWriting = new TaskCompletionSource();
        _sink.BeforeWrite = async () =>
        {
            isWriting.TrySetResult();
            await go.Task;
        };
        await using var store = Open(new LedgerOptions { Origin = Ledgers.Origin, EveryEvents = 1, Interval = null });
        await store.DepositAsync(1);
        await isWriting.Task.WaitAsync(Patience);
        await store.DepositAsync(1);
        go.SetResult();
        await UntilAsync(() => _sink.Sizes is [1, 2]);
    }

    [Fact]
    public async Task Dispose_signs_what_was_appended_since_but_nothing_where_nothing_was()
    {
        var storage = new InMemoryEventStorage();
        await using (var store = Open(new LedgerOptions { Origin = Ledgers.Origin }, storage)) await store.DepositAsync(3);
        _sink.Sizes.Should().Equal(3);

        await using var others = new InMemoryEventStorage();
        await others.AppendRawAsync("a", "money-deposited", """{"amount":1}""");
        var sink = new MemorySink();
        await using (var reader = Ledgers.Open(others, new LedgerOptions { Origin = Ledgers.Origin, Signers = [Ledgers.Signer], Sink = sink })) await reader.LogAsync();
        sink.Sizes.Should().BeEmpty("this process has appended nothing");
    }

    [Fact]
    public async Task Failing_sink_loses_no_append_is_reported_and_tried_again()
    {
        var failures = new List<Exception>();
        await using var store = Open(new LedgerOptions { Origin = Ledgers.Origin, EveryEvents = 2, Interval = null, OnFailure = failures.Add });
        await store.GetHeadAsync();
        _sink.Failure = new IOException("The disk is full.");
        await store.DepositAsync(2);
        await UntilAsync(() => failures.Count == 1);
        for (var i = 0; i < 10; i++) await store.DepositAsync(1);
        (await store.GetHeadAsync()).Should().Be(12);
        failures.Should().ContainSingle("events do not make it try sooner").Which.Should().BeOfType<CheckpointSinkException>().Which.InnerException.Should().BeSameAs(_sink.Failure);
        await UntilAsync(() => store.Ledger.LastFailure == failures[0]);
        foreach (var (seconds, count) in new[] { (1, 2), (2, 3), (4, 4) })
        {
            await AdvanceUntilAsync(TimeSpan.FromSeconds(seconds), () => failures.Count == count);
        }

        _sink.Failure = null;
        await AdvanceUntilAsync(TimeSpan.FromSeconds(8), () => _sink.Sizes is [12]);
        await UntilAsync(() => store.Ledger.LastFailure is null);
        await store.DepositAsync(2);
        await UntilAsync(() => _sink.Sizes is [12, 14]);
    }

    [Fact]
    public async Task Failing_signer_and_a_failing_callback_lose_nothing_and_dispose_ends()
    {
        var signer = new FailingSigner();
        var store = Open(new LedgerOptions { Origin = Ledgers.Origin, EveryEvents = 1, Interval = null, Verifiers = [Ledgers.Signer.Verifier], OnFailure = _ => throw new InvalidOperationException("The app's own.") }, signer: signer);
        await store.DepositAsync(1);
        await UntilAsync(() => store.Ledger.LastFailure is TimeoutException);
        await store.DepositAsync(1);
        (await store.LogAsync()).Should().HaveCount(2);
        await store.DisposeAsync();
        _sink.Sizes.Should().BeEmpty();
        signer.Asked.Should().Be(2, "it is asked once more at the end");
    }

    [Fact]
    public async Task Dispose_twice_at_once_signs_the_last_checkpoint_before_either_returns()
    {
        var go = new TaskCompletionSource();
        _sink.BeforeWrite = () => go.Task;
        var store = Open(new LedgerOptions { Origin = Ledgers.Origin });
        await store.DepositAsync(5);
        var closings = Task.WhenAll(store.DisposeAsync().AsTask(), store.DisposeAsync().AsTask());
        closings.IsCompleted.Should().BeFalse("the sink has not taken the last checkpoint yet");
        go.SetResult();
        await closings.WaitAsync(Patience);
        _sink.Sizes.Should().Equal(5);
    }

    [Fact]
    public async Task Dispose_from_within_the_sink_is_refused_at_once()
    {
        var refused = new TaskCompletionSource<Exception>();
        EventStore? store = null;
        _sink.BeforeWrite = () =>
        {
            refused.TrySetResult(Assert.Throws<InvalidOperationException>(() => store!.DisposeAsync().AsTask().GetAwaiter()));
            return Task.CompletedTask;
        };
        store = Open(new LedgerOptions { Origin = Ledgers.Origin, EveryEvents = 1, Interval = null });
        await store.DepositAsync(1);
        (await refused.Task.WaitAsync(Patience)).Message.Should().Contain("the sink of a checkpoint");
        await UntilAsync(() => _sink.Sizes is [1]);
        await store.DisposeAsync();
    }

    [Fact]
    public async Task Dispose_with_a_sink_that_hangs_ends_when_its_time_is_up()
    {
        var signer = new HangingSigner();
        var store = Open(new LedgerOptions { Origin = Ledgers.Origin, Verifiers = [Ledgers.Signer.Verifier] }, signer: signer);
        await store.DepositAsync(1);
        var closing = store.DisposeAsync().AsTask();
        await signer.IsAsked.Task.WaitAsync(Patience);
        await AdvanceUntilAsync(TimeSpan.FromSeconds(10), () => closing.IsCompleted);
        await closing;
    }

    [Fact]
    public async Task Log_that_went_back_is_reported_once_and_not_tried_again()
    {
        var failures = new List<Exception>();
        await using var store = Open(new LedgerOptions { Origin = Ledgers.Origin, EveryEvents = 5, Interval = null, OnFailure = failures.Add });
        await store.DepositAsync(1);
        _sink.Put(await Ledgers.NoteAsync(3));
        await store.DepositAsync(5);
        await UntilAsync(() => failures.Count == 1);
        failures.Should().AllBeOfType<StoreRolledBackException>();
        await FluentActions.Awaiting(() => store.DepositAsync(1)).Should().ThrowAsync<StoreRolledBackException>();
        _clock.Advance(TimeSpan.FromHours(1));
        await Task.Delay(50);
        failures.Should().ContainSingle();
        _sink.Sizes.Should().Equal(3);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var late = new CancellationTokenSource(Patience);
        while (!condition()) await Task.Delay(1, late.Token);
    }

    /// <summary>Moves the clock once the timer has been set, which is a moment after what is visible.</summary>
    private async Task AdvanceUntilAsync(TimeSpan time, Func<bool> condition)
    {
        using var late = new CancellationTokenSource(Patience);
        await Task.Delay(50, late.Token);
        _clock.Advance(time);
        while (!condition()) await Task.Delay(1, late.Token);
    }

    private EventStore Open(LedgerOptions options, IEventStorage? storage = null, INoteSigner? signer = null) => Ledgers.Open(
        storage ?? new InMemoryEventStorage(new EventStorageOptions { TimeProvider = _clock }), options with { Signers = [signer ?? Ledgers.Signer], Sink = _sink });

    private sealed class FailingSigner : INoteSigner
    {
        private int _asked;

        public string Name => Ledgers.Signer.Name;

        public uint KeyId => Ledgers.Signer.KeyId;

        public int Asked => _asked;

        public ValueTask<byte[]> SignAsync(ReadOnlyMemory<byte> text, CancellationToken cancellationToken = default)
        {
            Interlocked.Increment(ref _asked);
            throw new TimeoutException("The key service does not answer.");
        }
    }

    private sealed class HangingSigner : INoteSigner
    {
        public string Name => Ledgers.Signer.Name;

        public uint KeyId => Ledgers.Signer.KeyId;

        public TaskCompletionSource IsAsked { get; } = new();

        public async ValueTask<byte[]> SignAsync(ReadOnlyMemory<byte> text, CancellationToken cancellationToken = default)
        {
            IsAsked.TrySetResult();
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return [];
        }
    }
}
