namespace EventSourcing.Tests.Aggregates;

public partial class AggregateTests
{
    [Fact]
    public void Raise_applies_the_event_at_once()
    {
        var account = Bank.Open().Aggregate<Account>("ann").New();
        account.Open("Ann");
        account.Deposit(10);
        account.Withdraw(4);
        account.Balance.Should().Be(6);
        account.UncommittedEvents.Should().Equal(new AccountOpened("Ann"), new MoneyDeposited(10), new MoneyWithdrawn(4));
        account.Version.Should().Be(0);
        account.Id.Should().Be("ann");
    }

    [Fact]
    public void Raise_an_event_whose_apply_throws_raises_nothing()
    {
        var counter = Counters().Aggregate<Counter>("c").New();
        counter.Add(1);
        FluentActions.Invoking(() => counter.Add(-1)).Should().Throw<InvalidOperationException>();
        FluentActions.Invoking(() => counter.RaiseNothing()).Should().Throw<ArgumentNullException>();
        counter.UncommittedEvents.Should().Equal(new Added(1));
    }

    [Fact]
    public async Task Load_rebuilds_the_state_version_and_id()
    {
        await using var store = Bank.Open();
        var ann = store.Aggregate<Account>("ann");
        await ann.CreateAsync(a => a.Open("Ann"));
        for (var i = 0; i < 700; i++) await ann.UpdateAsync(a => a.Deposit(1));
        var loaded = await ann.LoadAsync();
        loaded.Should().BeEquivalentTo(new { Id = "ann", Version = 701L, Balance = 700m });
        loaded.UncommittedEvents.Should().BeEmpty();
        ann.Stream.Should().Be("account-ann");
    }

    [Fact]
    public async Task Load_as_of_a_version_position_or_instant_rebuilds_the_state_then()
    {
        var clock = new ManualClock();
        await using var store = Bank.Open(new InMemoryEventStorage(new EventStorageOptions { TimeProvider = clock }));
        var ann = store.Aggregate<Account>("ann");
        await ann.CreateAsync(a => a.Open("Ann"));
        for (var i = 1; i <= 3; i++)
        {
            clock.Now = ManualClock.Start.AddMinutes(i);
            await store.Aggregate<Account>("other").CreateOrUpdateAsync(a => a.Deposit(100));
            await ann.UpdateAsync(a => a.Deposit(10));
        }

        (await ann.LoadAsync(AsOf.Version(2))).Balance.Should().Be(10);
        (await ann.LoadAsync(AsOf.Position(5))).Balance.Should().Be(20);
        (await ann.LoadAsync(AsOf.Position(4))).Balance.Should().Be(10);
        (await ann.LoadAsync(AsOf.Instant(ManualClock.Start.AddMinutes(2)))).Balance.Should().Be(20);
        (await ann.LoadAsync(AsOf.Instant(ManualClock.Start.AddMinutes(2.5)))).Version.Should().Be(3);
        (await ann.FindAsync(AsOf.Instant(ManualClock.Start.AddSeconds(-1)))).Should().BeNull();
        (await ann.FindAsync(AsOf.Version(0))).Should().BeNull();
        var error = (await FluentActions.Awaiting(() => ann.LoadAsync(AsOf.Position(0))).Should().ThrowAsync<AggregateNotFoundException>()).Which;
        error.AsOf.Should().Be(AsOf.Position(0));
        error.Message.Should().Contain("as of position 0");
    }

    [Fact]
    public async Task Load_or_update_one_that_does_not_exist_throws_and_find_returns_null()
    {
        await using var store = Bank.Open();
        var nobody = store.Aggregate<Account>("nobody");
        (await nobody.FindAsync()).Should().BeNull();
        (await FluentActions.Awaiting(() => nobody.LoadAsync()).Should().ThrowAsync<AggregateNotFoundException>()).Which.Stream.Should().Be("account-nobody");
        await FluentActions.Awaiting(() => nobody.UpdateAsync(a => a.Deposit(1))).Should().ThrowAsync<AggregateNotFoundException>();
        (await store.GetHeadAsync()).Should().Be(0);
    }

    [Fact]
    public async Task Load_one_with_an_unknown_event_throws()
    {
        await using var store = Bank.Open();
        await store.Storage.AppendRawAsync("account-ann", "from-the-future", "{}");
        await FluentActions.Awaiting(() => store.Aggregate<Account>("ann").LoadAsync()).Should().ThrowAsync<UnknownEventTypeException>();
    }

    [Fact]
    public async Task Create_twice_is_refused_and_changes_nothing()
    {
        await using var store = Bank.Open();
        await store.Aggregate<Account>("ann").CreateAsync(a => a.Open("Ann"));
        var error = (await FluentActions.Awaiting(() => store.Aggregate<Account>("ann").CreateAsync(a => a.Open("Ann again"))).Should().ThrowAsync<WrongExpectedVersionException>()).Which;
        error.Should().BeEquivalentTo(new { Stream = "account-ann", Expected = ExpectedVersion.NoStream, ActualVersion = 1L });
        (await store.StreamAsync("account-ann")).Should().ContainSingle().Which.Data.Should().Be(new AccountOpened("Ann"));
    }

    [Fact]
    public async Task Create_by_a_command_that_raises_nothing_throws()
    {
        await using var store = Bank.Open();
        await FluentActions.Awaiting(() => store.Aggregate<Account>("ann").CreateAsync(_ => { })).Should().ThrowAsync<InvalidOperationException>();
        (await store.GetHeadAsync()).Should().Be(0);
    }

    [Fact]
    public async Task Race_of_creations_lets_one_win()
    {
        await using var store = Bank.Open();
        var won = await Task.WhenAll(Enumerable.Range(0, 8).Select(n => Task.Run(async () =>
        {
            try
            {
                await store.Aggregate<Account>("ann").CreateAsync(a => a.Open($"{n}"));
                return true;
            }
            catch (WrongExpectedVersionException)
            {
                return false;
            }
        })));
        won.Count(w => w).Should().Be(1);
        (await store.GetHeadAsync()).Should().Be(1);
    }

    [Fact]
    public async Task Race_of_create_or_update_loses_no_deposit()
    {
        await using var store = Bank.Open(options: new EventStoreOptions { MaxConflictRetries = 1000 });
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => store.Aggregate<Account>("ann").CreateOrUpdateAsync(a => a.Deposit(1)))));
        (await store.Aggregate<Account>("ann").LoadAsync()).Should().BeEquivalentTo(new { Balance = 8m, Version = 8L });
    }

    [Fact]
    public async Task Race_of_updates_loses_none()
    {
        await using var store = Bank.Open(options: new EventStoreOptions { MaxConflictRetries = 10_000 });
        await store.Aggregate<Account>("ann").CreateAsync(a => a.Open("Ann"));
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < 50; i++)
            {
                await store.Aggregate<Account>("ann").UpdateAsync(async a =>
                {
                    await Task.Yield();
                    a.Deposit(1);
                });
            }
        })));
        (await store.Aggregate<Account>("ann").LoadAsync()).Should().BeEquivalentTo(new { Balance = 400m, Version = 401L });
    }

    [Fact]
    public async Task Update_after_a_conflict_acts_again_on_the_state_as_it_is_now()
    {
        await using var store = Bank.Open();
        var ann = store.Aggregate<Account>("ann");
        await ann.CreateAsync(a => a.Open("Ann"));
        var seen = new List<decimal>();
        var result = await ann.UpdateAsync(async a =>
        {
            seen.Add(a.Balance);
            if (seen.Count == 1) await store.AppendAsync("account-ann", ExpectedVersion.Any, [new MoneyDeposited(5)]);
            a.Deposit(1);
        });
        seen.Should().Equal(0, 5);
        result.Version.Should().Be(3);
        (await ann.LoadAsync()).Balance.Should().Be(6);
    }

    [Fact]
    public async Task Update_that_conflicts_every_time_gives_up_after_the_retries()
    {
        await using var store = Bank.Open(options: new EventStoreOptions { MaxConflictRetries = 3 });
        var ann = store.Aggregate<Account>("ann");
        await ann.CreateAsync(a => a.Open("Ann"));
        var tries = 0;
        await FluentActions.Awaiting(() => ann.UpdateAsync(async a =>
        {
            tries++;
            await store.AppendAsync("account-ann", ExpectedVersion.Any, [new MoneyDeposited(1)]);
            a.Deposit(1000);
        })).Should().ThrowAsync<WrongExpectedVersionException>();
        tries.Should().Be(4);
        (await ann.LoadAsync()).Balance.Should().Be(4);
    }

    [Fact]
    public async Task Update_that_raises_nothing_appends_nothing_and_returns_where_it_stands()
    {
        await using var store = Bank.Open();
        var ann = store.Aggregate<Account>("ann");
        var created = await ann.CreateAsync(a => a.Open("Ann"));
        await store.Aggregate<Account>("bob").CreateAsync(a => a.Open("Bob"));
        var result = await ann.UpdateAsync(_ => { });
        result.Should().BeEquivalentTo(new { created.Position, Version = 1L, WasAlreadyStored = false });
        (await store.GetHeadAsync()).Should().Be(2);
    }

    [Fact]
    public async Task Update_by_a_command_that_throws_appends_nothing()
    {
        await using var store = Bank.Open();
        var ann = store.Aggregate<Account>("ann");
        await ann.CreateAsync(a => a.Open("Ann"));
        await FluentActions.Awaiting(() => ann.UpdateAsync(a =>
        {
            a.Deposit(1);
            a.Withdraw(2);
        })).Should().ThrowAsync<InvalidOperationException>().WithMessage("Insufficient funds.");
        (await store.GetHeadAsync()).Should().Be(1);
    }

    [Fact]
    public async Task Update_cancelled_appends_nothing()
    {
        await using var store = Bank.Open();
        var ann = store.Aggregate<Account>("ann");
        await ann.CreateAsync(a => a.Open("Ann"));
        using var cancel = new CancellationTokenSource();
        await FluentActions.Awaiting(() => ann.UpdateAsync(
            a =>
            {
                a.Deposit(1);
                cancel.Cancel();
            },
            cancellationToken: cancel.Token)).Should().ThrowAsync<OperationCanceledException>();
        (await store.GetHeadAsync()).Should().Be(1);
    }

    [Fact]
    public async Task Save_several_commits_all_and_moves_each_on()
    {
        await using var store = Bank.Open();
        await store.Aggregate<Account>("ann").CreateAsync(a => a.Deposit(10));
        await store.Aggregate<Account>("bob").CreateAsync(a => a.Open("Bob"));
        var (ann, bob) = (await store.Aggregate<Account>("ann").LoadAsync(), await store.Aggregate<Account>("bob").LoadAsync());
        ann.Withdraw(4);
        bob.Deposit(4);
        var result = await store.SaveAsync([ann, bob], new EventMetadata { CorrelationId = "transfer" });
        result.Streams.Should().Equal(new AppendedStream("account-ann", 2, 2), new AppendedStream("account-bob", 2, 2));
        (ann.Version, bob.Version, ann.UncommittedEvents.Count).Should().Be((2, 2, 0));
        (await store.LogAsync(new LogReadOptions { After = 2 })).Should().OnlyContain(e => e.Metadata.CorrelationId == "transfer");
        ann.Withdraw(1);
        await store.SaveAsync([ann, bob]);
        (await store.GetVersionAsync("account-ann")).Should().Be(3);
    }

    [Fact]
    public async Task Save_several_of_which_one_has_changed_writes_none()
    {
        await using var store = Bank.Open();
        await store.Aggregate<Account>("ann").CreateAsync(a => a.Deposit(10));
        await store.Aggregate<Account>("bob").CreateAsync(a => a.Open("Bob"));
        var (ann, bob) = (await store.Aggregate<Account>("ann").LoadAsync(), await store.Aggregate<Account>("bob").LoadAsync());
        ann.Withdraw(4);
        await store.Aggregate<Account>("bob").UpdateAsync(b => b.Deposit(1));
        (await FluentActions.Awaiting(() => store.SaveAsync([ann, bob])).Should().ThrowAsync<WrongExpectedVersionException>("bob is checked although nothing was raised on him")).Which.Stream.Should().Be("account-bob");
        (await store.GetHeadAsync()).Should().Be(3);
        (ann.Version, ann.UncommittedEvents.Count).Should().Be((1, 1));
    }

    [Fact]
    public async Task Save_what_cannot_be_saved_is_a_bad_argument()
    {
        await using var store = Bank.Open();
        var ann = store.Aggregate<Account>("ann").New();
        await FluentActions.Awaiting(() => store.SaveAsync([ann])).Should().ThrowAsync<ArgumentException>();
        ann.Open("Ann");
        await FluentActions.Awaiting(() => store.SaveAsync([ann, ann])).Should().ThrowAsync<ArgumentException>();
        var stray = new Account();
        stray.Open("x");
        await FluentActions.Awaiting(() => store.SaveAsync([stray])).Should().ThrowAsync<ArgumentException>().WithMessage("*did not come from a store*");
        (await store.GetHeadAsync()).Should().Be(0);
    }

    [Fact]
    public async Task Generic_aggregate_without_a_category_is_refused_as_its_streams_would_be_shared()
    {
        await using var store = new EventStore(new InMemoryEventStorage(), new EventTypes(EventType.Of<Boxed>("boxed")));
        FluentActions.Invoking(() => store.Aggregate<Box<int>>("1")).Should().Throw<InvalidOperationException>().WithMessage("*same names for all type arguments*");
        FluentActions.Invoking(() => store.Aggregate<Box<int>.Inner>("1")).Should().Throw<InvalidOperationException>();
        store.Aggregate<IntBox>("1").Stream.Should().Be("intBox-1");
        store.Aggregate<SharedBox<int>>("1").Stream.Should().Be("box-1");
    }

    [EventType("boxed")]
    public sealed record Boxed(int Value);

    public class Box<T> : Aggregate
    {
        protected override void Apply(object @event)
        {
        }

        public sealed class Inner : Aggregate
        {
            protected override void Apply(object @event)
            {
            }
        }
    }

    public sealed class IntBox : Box<int>;

    [AggregateCategory("box")]
    public sealed class SharedBox<T> : Box<T>;

    [Fact]
    public async Task Name_a_category_by_attribute_uses_it_for_the_stream()
    {
        await using var store = Counters();
        var result = await store.Aggregate<Counter>("with-hyphen").CreateAsync(c => c.Add(1));
        result.Streams[0].Stream.Should().Be("tally-with-hyphen");
        (await store.Aggregate<Counter>("with-hyphen").LoadAsync()).Id.Should().Be("with-hyphen");
        FluentActions.Invoking(() => store.Aggregate<Counter>("")).Should().Throw<ArgumentException>();
    }

    private static EventStore Counters() => new(new InMemoryEventStorage(), new EventTypes(EventType.Of<Added>()));

    private sealed record Added(int Amount);

    [AggregateCategory("tally")]
    private sealed partial class Counter : Aggregate
    {
        public int Total { get; private set; }

        public void Add(int amount) => Raise(new Added(amount));

        public void RaiseNothing() => Raise(null!);

        private void Apply(Added e) => Total += e.Amount > 0 ? e.Amount : throw new InvalidOperationException("Cannot be applied.");
    }
}
