using System.Collections.Concurrent;

namespace EventSourcing.Tests.Projections;

public class ProjectionTests
{
    [Fact]
    public async Task Start_on_a_log_with_events_catches_up()
    {
        await using var store = Bank.Open();
        await store.AppendAsync("account-ann", 0, [new AccountOpened("Ann"), .. Enumerable.Repeat(new MoneyDeposited(1), 1200)]);
        await using var running = store.StartProjections(new Balances());
        await running.WaitForAsync(1201);
        (await store.ReadModel(new Balances()).FindAsync("ann")).Should().Be(new Balance(1200));
        (await running.GetStatusAsync()).Should().ContainSingle().Which.Should().BeEquivalentTo(
            new { Name = "balances", Position = 1201L, Head = 1201L, Lag = 0L, LagTime = TimeSpan.Zero, Parked = 0, LastError = (Exception?)null, Rebuild = (RebuildProgress?)null });
        (await store.ReadModel(new Balances()).GetPositionAsync()).Should().Be(1201);
    }

    [Fact]
    public async Task Wait_for_an_own_append_reads_own_writes_while_others_write()
    {
        await using var store = Bank.Open();
        await using var running = store.StartProjections(new Balances());
        await Task.WhenAll(Enumerable.Range(0, 8).Select(n => Task.Run(async () =>
        {
            var account = store.Aggregate<Account>($"a{n}");
            await account.CreateAsync(a => a.Open("x"));
            for (var i = 1; i <= 25; i++)
            {
                var result = await account.UpdateAsync(a => a.Deposit(1));
                await running.WaitForAsync(result.Position);
                (await store.ReadModel(new Balances()).FindAsync($"a{n}")).Should().Be(new Balance(i));
            }
        })));
    }

    [Fact]
    public async Task Wait_for_position_0_returns_at_once()
    {
        await using var store = Bank.Open();
        await using var running = store.StartProjections(new Balances());
        await running.WaitForAsync(0);
        (await running.GetStatusAsync()).Should().ContainSingle().Which.Should().BeEquivalentTo(new { Name = "balances", Position = 0L, Head = 0L, LastError = (Exception?)null });
    }

    [Fact]
    public async Task Wait_for_a_time_that_is_none_is_refused()
    {
        await using var store = Bank.Open();
        await store.AppendAsync("account-ann", 0, [new AccountOpened("Ann")]);
        await using var running = store.StartProjections(new Balances());
        foreach (var timeout in (TimeSpan[])[TimeSpan.FromTicks(-1), TimeSpan.FromSeconds(-2), TimeSpan.MinValue])
        {
            foreach (var wait in (Func<Task>[])[() => running.CatchUpAsync(timeout), () => running.WaitForAsync(1, timeout), () => running.WaitForAsync(0, timeout)])
                (await FluentActions.Awaiting(wait).Should().ThrowAsync<ArgumentOutOfRangeException>()).WithParameterName("timeout");
        }

        (await running.CatchUpAsync(Timeout.InfiniteTimeSpan)).Should().Be(1);
        (await running.CatchUpAsync(TimeSpan.Zero)).Should().Be(1);
    }

    [Fact]
    public async Task Wait_cancelled_ends_and_the_projection_goes_on()
    {
        await using var store = Bank.Open();
        await using var running = store.StartProjections(new Balances());
        using var cancel = new CancellationTokenSource();
        var wait = running.WaitForAsync(5, cancellationToken: cancel.Token);
        await cancel.CancelAsync();
        await FluentActions.Awaiting(() => wait).Should().ThrowAsync<OperationCanceledException>();
        var result = await store.AppendAsync("account-ann", 0, [new AccountOpened("Ann")]);
        await running.WaitForAsync(result.Position);
    }

    [Fact]
    public async Task Start_again_goes_on_from_the_checkpoint()
    {
        await using var store = Bank.Open();
        await store.AppendAsync("account-ann", 0, [new AccountOpened("Ann"), new MoneyDeposited(5)]);
        await RunToHeadAsync(store, new Balances());
        await store.AppendAsync("account-ann", 2, [new MoneyDeposited(7)]);
        var seen = new Recording();
        await RunToHeadAsync(store, seen);
        seen.Positions.Should().Equal(3);
        (await store.ReadModel(new Balances()).FindAsync("ann")).Should().Be(new Balance(12));
    }

    [Fact]
    public async Task Fail_on_an_event_fails_the_wait_and_leaves_read_model_and_checkpoint_before_it()
    {
        await using var store = Bank.Open();
        await store.AppendAsync("account-ann", 0, [new AccountOpened("Ann"), new MoneyDeposited(5)]);
        await RunToHeadAsync(store, new Balances());
        await store.AppendAsync("account-ann", 2, [new MoneyDeposited(7), new MoneyDeposited(13)]);

        await using (var running = store.StartProjections(Bank.StopAtOnce, new FailingAt(4)))
        {
            var failure = (await FluentActions.Awaiting(() => running.WaitForAsync(4)).Should().ThrowAsync<ProjectionFailedException>()).Which;
            failure.Should().BeEquivalentTo(new { Projection = "balances", Stream = "account-ann", Position = 4L });
            failure.InnerException.Should().BeOfType<InvalidOperationException>();
            (await FluentActions.Awaiting(() => running.Completion).Should().ThrowAsync<ProjectionFailedException>()).Which.Should().BeSameAs(failure);
            (await running.GetStatusAsync()).Should().ContainSingle().Which.Should().BeEquivalentTo(new { Name = "balances", State = ProjectionState.Failed, Position = 3L, Head = 4L, Parked = 0 })
                .And.Match<ProjectionStatus>(status => status.LastError == failure);
            await FluentActions.Awaiting(() => running.WaitForAsync(99)).Should().ThrowAsync<ProjectionFailedException>("a position that is not there yet is awaited in vain as well");
        }

        (await store.ReadModel(new Balances()).FindAsync("ann")).Should().Be(new Balance(12), "what came before the event was applied, and nothing of it");
        (await store.ReadModel(new Balances()).GetPositionAsync()).Should().Be(3);

        await RunToHeadAsync(store, new Balances());
        (await store.ReadModel(new Balances()).FindAsync("ann")).Should().Be(new Balance(25), "each event was applied exactly once");
    }

    [Fact]
    public async Task Fail_of_one_of_two_fails_the_wait_while_the_other_is_still_busy()
    {
        await using var store = Bank.Open();
        await store.AppendAsync("account-ann", 0, [new AccountOpened("Ann")]);
        using var stuck = new Stuck();
        await using var running = store.StartProjections(Bank.StopAtOnce, stuck, new FailingAt(1));
        try
        {
            await FluentActions.Awaiting(() => running.WaitForAsync(1).WaitAsync(TimeSpan.FromSeconds(30))).Should().ThrowAsync<ProjectionFailedException>();
        }
        finally
        {
            stuck.Release();
        }
    }

    [Fact]
    public async Task Fail_of_one_of_two_leaves_the_other_running()
    {
        await using var store = Bank.Open();
        await store.AppendAsync("account-ann", 0, [new AccountOpened("Ann")]);
        var other = new Recording { Called = "other" };
        await using var running = store.StartProjections(Bank.StopAtOnce, new FailingAt(1), other);
        await FluentActions.Awaiting(() => running.Completion).Should().ThrowAsync<ProjectionFailedException>();
        await store.AppendAsync("account-ann", 1, [new MoneyDeposited(1)]);
        while ((await running.GetStatusAsync())[1].Position < 2) await Task.Delay(1);
        other.Positions.Should().Equal(1, 2);
    }

    [Fact]
    public async Task Choose_keys_that_are_not_valid_fails_as_the_event_does()
    {
        foreach (var key in new[] { "", null!, new string('k', 201), "\uD800" })
        {
            await using var store = Bank.Open();
            await store.AppendAsync("account-ann", 0, [new AccountOpened("Ann")]);
            await using var running = store.StartProjections(Bank.StopAtOnce, new Keyed(_ => [key]));
            (await FluentActions.Awaiting(() => running.WaitForAsync(1)).Should().ThrowAsync<ProjectionFailedException>()).Which.Position.Should().Be(1);
            (await store.ReadModel(new Balances()).Query().CountAsync()).Should().Be(0);
        }
    }

    [Fact]
    public async Task Choose_keys_by_code_that_throws_fails_as_the_event_does()
    {
        await using var store = Bank.Open();
        await store.AppendAsync("account-ann", 0, [new AccountOpened("Ann")]);
        await using var running = store.StartProjections(Bank.StopAtOnce, new Keyed(_ => throw new FormatException("no key")));
        (await FluentActions.Awaiting(() => running.WaitForAsync(1)).Should().ThrowAsync<ProjectionFailedException>()).WithInnerException<FormatException>();
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Meet_an_unknown_event_with_a_handler_for_any_stops_before_it()
    {
        await using var store = Bank.Open();
        await store.AppendAsync("account-ann", 0, [new AccountOpened("Ann"), new MoneyDeposited(3)]);
        await store.Storage.AppendRawAsync("account-ann", "from-the-future", "{}");
        await using var running = store.StartProjections(Bank.StopAtOnce, new Keyed(e => [e.StreamId]));
        var failure = (await FluentActions.Awaiting(() => running.WaitForAsync(3)).Should().ThrowAsync<ProjectionFailedException>()).Which;
        failure.InnerException.Should().BeOfType<UnknownEventTypeException>().Which.Should().BeEquivalentTo(new { Type = "from-the-future", Stream = "account-ann", Version = 3L, Position = 3L });
        (await store.ReadModel(new Balances()).GetPositionAsync()).Should().Be(2);
        (await store.ReadModel(new Balances()).FindAsync("ann")).Should().Be(new Balance(3));
    }

    [Fact]
    public async Task Meet_an_unknown_event_that_no_handler_is_for_goes_on()
    {
        await using var store = Bank.Open();
        await store.Storage.AppendRawAsync("account-ann", "from-the-future", "{}");
        await store.AppendAsync("account-ann", 1, [new AccountOpened("Ann")]);
        var recording = new Recording();
        await RunToHeadAsync(store, recording);
        recording.Positions.Should().Equal(2);
    }

    [Fact]
    public async Task Meet_an_unknown_event_that_the_filter_leaves_out_goes_on()
    {
        await using var store = Bank.Open();
        await store.Storage.AppendRawAsync("account-ann", "from-the-future", "{}");
        await store.AppendAsync("account-ann", 1, [new MoneyDeposited(3)]);
        await RunToHeadAsync(store, new Keyed(e => [e.StreamId]) { Chosen = EventQuery.OfTypes("money-deposited") });
        (await store.ReadModel(new Balances()).FindAsync("ann")).Should().Be(new Balance(3));
        (await store.ReadModel(new Balances()).GetPositionAsync()).Should().Be(2);
    }

    [Fact]
    public async Task Filter_that_matches_nothing_moves_the_checkpoint_to_the_head()
    {
        await using var store = Bank.Open();
        await using var running = store.StartProjections(new Recording { Chosen = EventQuery.WithTags("none") });
        var result = await store.AppendAsync("account-ann", 0, [new AccountOpened("Ann"), .. Enumerable.Repeat(new MoneyDeposited(1), 600)]);
        await running.WaitForAsync(result.Position);
        (await running.GetStatusAsync())[0].Position.Should().Be(601);
        (await store.ReadModel(new Balances()).GetPositionAsync()).Should().Be(601);
    }

    [Fact]
    public async Task Return_null_deletes_the_document()
    {
        await using var store = Bank.Open();
        await store.AppendAsync("account-ann", 0, [new AccountOpened("Ann"), new MoneyDeposited(1)]);
        await RunToHeadAsync(store, new Balances());
        await store.AppendAsync("account-ann", 2, [new AccountClosed()]);
        await RunToHeadAsync(store, new Balances());
        (await store.ReadModel(new Balances()).FindAsync("ann")).Should().BeNull();
        (await store.ReadModel(new Balances()).Query().ToListAsync()).Should().BeEmpty();
        (await store.ReadModel(new Balances()).GetPositionAsync()).Should().Be(3);
    }

    [Fact]
    public async Task Choose_several_keys_changes_each_document()
    {
        await using var store = Bank.Open();
        await store.AppendAsync("account-ann", 0, [new AccountOpened("Ann"), new MoneyDeposited(2)]);
        await store.AppendAsync("account-bob", 0, [new AccountOpened("Bob"), new MoneyDeposited(3)]);
        await RunToHeadAsync(store, new Keyed(e => e.Data is MoneyDeposited ? [e.StreamId, "total"] : []));
        var documents = await store.ReadModel(new Balances()).Query().ToListAsync();
        documents.Select(d => (d.Key, d.Value.Amount)).Should().Equal(("ann", 2), ("bob", 3), ("total", 5));
    }

    [Fact]
    public async Task List_more_documents_than_a_page_returns_each_once()
    {
        await using var store = Bank.Open();
        for (var n = 0; n < 600; n++) await store.AppendAsync($"account-{n:000}", 0, [new AccountOpened("x")]);
        await RunToHeadAsync(store, new Balances());
        (await store.ReadModel(new Balances()).Query().ToAsyncEnumerable().ToListAsync()).Select(d => d.Key).Should().Equal(Enumerable.Range(0, 600).Select(n => $"{n:000}"));
    }

    [Fact]
    public async Task Run_on_several_hosts_at_once_applies_each_event_once()
    {
        var storage = new InMemoryEventStorage();
        await using var store = Bank.Open(storage);
        await using var other = Bank.Open(storage);
        await using var one = store.StartProjections(new Balances());
        await using var two = other.StartProjections(new Balances());
        await using var three = store.StartProjections(new Balances());
        for (var n = 0; n < 4; n++) await store.Aggregate<Account>($"a{n}").CreateAsync(a => a.Open("x"));
        await Task.WhenAll(Enumerable.Range(0, 4).Select(n => Task.Run(async () =>
        {
            for (var i = 0; i < 100; i++) await store.AppendAsync($"account-a{n}", ExpectedVersion.Any, [new MoneyDeposited(1)]);
        })));
        foreach (var host in new[] { one, two, three }) await host.WaitForAsync(404);
        (await store.ReadModel(new Balances()).Query().ToListAsync()).Should().OnlyContain(d => d.Value.Amount == 100).And.HaveCount(4);
    }

    [Theory]
    [InlineData(FailureMode.Stop)]
    [InlineData(FailureMode.Park)]
    public async Task Meet_documents_that_another_host_has_moved_on_meanwhile_is_a_collision_and_no_failure(FailureMode mode)
    {
        // Another host takes over, since this one seems to be dead, after this one has read its events and before it loads
        // the documents: the events then meet documents that have them already, and code that insists on what it expects
        // throws.
        var storage = new OvertakenStorage("balances@1");
        await using var store = Bank.Open(storage);
        await store.AppendAsync("account-ann", 0, [new AccountOpened("Ann"), new MoneyDeposited(5)]);
        storage.Overtake = async () =>
        {
            var hosts = await storage.Events.ReadModels.QueryAsync("$hosts", new DocumentQuery());
            await storage.Events.ReadModels.CommitAsync(new ReadModelCommit { Changes = [.. hosts.Select(host => new DocumentChange("$hosts", host.Key, null))] });
            await RunToHeadAsync(Bank.Open(storage.Events), new Insisting());
        };
        await using var running = store.StartProjections(Bank.StopAtOnce with { OnFailure = mode }, new Insisting());
        await running.WaitForAsync(2);
        var last = await store.AppendAsync("account-ann", 2, [new MoneyDeposited(7)]);
        await running.WaitForAsync(last);
        storage.Overtake.Should().BeNull("it has happened");
        (await store.ReadModel(new Balances()).FindAsync("ann")).Should().Be(new Balance(12));

        // It says that it is live when it has seen that nothing is left, a moment after it got there.
        while ((await running.GetStatusAsync())[0] is { State: ProjectionState.CatchingUp }) await Task.Delay(1);
        (await running.GetStatusAsync())[0].Should().BeEquivalentTo(new { Parked = 0, State = ProjectionState.Live });
    }

    [Fact]
    public async Task Dispose_while_running_stops_and_fails_the_waits()
    {
        await using var store = Bank.Open();
        var running = store.StartProjections(new Balances());
        var wait = running.WaitForAsync(10);
        await running.DisposeAsync();
        await running.DisposeAsync();
        await FluentActions.Awaiting(() => wait).Should().ThrowAsync<ObjectDisposedException>();
        await running.Completion;
        await store.AppendAsync("account-ann", 0, [new AccountOpened("Ann")]);
        (await store.ReadModel(new Balances()).GetPositionAsync()).Should().Be(0);
    }

    [Fact]
    public async Task Dispose_and_start_at_any_moment_applies_each_event_once()
    {
        await using var store = Bank.Open();
        await store.AppendAsync("account-ann", 0, [new AccountOpened("Ann")]);
        var writer = Task.Run(async () =>
        {
            for (var i = 0; i < 300; i++)
            {
                await store.AppendAsync("account-ann", ExpectedVersion.Any, [new MoneyDeposited(1)]);
                if (i % 10 == 0) await Task.Yield();
            }
        });
        while (!writer.IsCompleted)
        {
            await using var running = store.StartProjections(new Balances());
            await Task.Yield();
        }

        await writer;
        await RunToHeadAsync(store, new Balances());
        (await store.ReadModel(new Balances()).FindAsync("ann")).Should().Be(new Balance(300));
    }

    [Fact]
    public async Task Start_two_of_one_name_or_none_is_a_bad_argument()
    {
        await using var store = Bank.Open();
        FluentActions.Invoking(() => store.StartProjections(new Balances(), new FailingAt(1))).Should().Throw<ArgumentException>().WithMessage("*'balances'*");
        FluentActions.Invoking(() => store.StartProjections()).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => store.StartProjections(new Recording { Called = "" })).Should().Throw<ArgumentException>();
    }

    [Fact]
    public async Task Write_documents_by_source_generated_JSON_works()
    {
        await using var store = Bank.Open(options: new EventStoreOptions { Json = new(BankJson.Default.Options) });
        await store.AppendAsync("account-ann", 0, [new AccountOpened("Ann"), new MoneyDeposited(4)]);
        await RunToHeadAsync(store, new Balances());
        (await store.ReadModel(new Balances()).FindAsync("ann")).Should().Be(new Balance(4));
    }

    private static async Task RunToHeadAsync(EventStore store, Projection projection)
    {
        await using var running = store.StartProjections(projection);
        await running.WaitForAsync(await store.GetHeadAsync());
    }

    private sealed class Recording : Balances
    {
        public string Called { get; init; } = "balances";

        public EventQuery Chosen { get; init; } = EventQuery.All;

        public ConcurrentQueue<long> Positions { get; } = [];

        public override string Name => Called;

        public override EventQuery Filter => Chosen;

        protected override void Before(Balance? balance, RecordedEvent e) => Positions.Enqueue(e.Position);
    }

    private sealed class FailingAt(long position) : Balances
    {
        protected override void Before(Balance? balance, RecordedEvent e)
        {
            if (e.Position == position) throw new InvalidOperationException("as it was told to");
        }
    }

    private sealed class Insisting : Balances
    {
        protected override void Before(Balance? balance, RecordedEvent e)
        {
            if (e.Data is AccountOpened && balance is not null) throw new InvalidOperationException("opened twice");
        }
    }

    [Fact]
    public async Task Handle_by_all_that_is_recorded_changes_the_document_of_the_stream()
    {
        await using var store = Bank.Open();
        await store.AppendAsync("account-ann", 0, [new AccountOpened("Ann"), new MoneyDeposited(5)]);
        var live = await store.ProjectAsync(new Positions());
        live.Documents.Should().Equal(new Dictionary<string, Balance> { ["ann"] = new(2) });
    }

    private sealed class Positions : Projection<Balance>
    {
        public Positions() => On<MoneyDeposited>((_, _, recorded) => new Balance(recorded.Position));
    }

    private sealed class Keyed : Projection<Balance>
    {
        public Keyed(Func<RecordedEvent, IEnumerable<string>> keys) =>
            OnAny(keys, (balance, _, e) => e.Data is MoneyDeposited deposited ? new Balance((balance?.Amount ?? 0) + deposited.Amount) : balance);

        public EventQuery Chosen { get; init; } = EventQuery.All;

        public override string Name => "balances";

        public override IReadOnlyList<string> FormerTypeNames => [typeof(Balances).ToString()];

        public override EventQuery Filter => Chosen;
    }

    private sealed class Stuck : Balances, IDisposable
    {
        private readonly ManualResetEventSlim _released = new();

        public override string Name => "stuck";

        public void Release() => _released.Set();

        public void Dispose() => _released.Dispose();

        protected override void Before(Balance? balance, RecordedEvent e) => _released.Wait();
    }

    private sealed class OvertakenStorage(string ofModel) : Testing.ReadModelFaults.FaultyReadModels(new EventStorageOptions())
    {
        public InMemoryEventStorage Events => Inner;

        public Func<Task>? Overtake { get; set; }

        public override async ValueTask<IReadOnlyList<byte[]?>> LoadAsync(string model, IReadOnlyList<string> keys, CancellationToken cancellationToken = default)
        {
            if (model == ofModel && Overtake is { } overtake)
            {
                Overtake = null;
                await overtake();
            }

            return await base.LoadAsync(model, keys, cancellationToken);
        }
    }
}
