namespace EventSourcing.Tests.Aggregates;

public partial class TimeTravelTests
{
    [Fact]
    public async Task History_gives_each_event_with_what_it_changed()
    {
        await using var store = Bank.Open();
        await store.AppendAsync("account-ann", 0, [new AccountOpened("Ann"), new MoneyDeposited(100), new MoneyWithdrawn(30)]);

        var steps = await store.Aggregate<Account>("ann").HistoryAsync().ToListAsync();

        steps.Select(step => step.Event.Version).Should().Equal(1, 2, 3);
        steps[0].Changes.Should().BeEmpty();
        steps[1].Changes.Should().Equal(new MemberChange("balance", "0", "100"));
        steps[2].Changes.Should().Equal(new MemberChange("balance", "100", "70"));
        steps.Select(step => step.State!.Value.GetProperty("balance").GetDecimal()).Should().Equal(0, 100, 70);
        (await store.Aggregate<Account>("ann").HistoryAsync(AsOf.Version(2)).ToListAsync()).Should().HaveCount(2);
        (await store.Aggregate<Account>("ben").HistoryAsync().ToListAsync()).Should().BeEmpty();
    }

    [Fact]
    public async Task Compare_at_two_points_gives_the_members_that_differ()
    {
        var clock = new ManualClock();
        await using var store = Bank.Open(new InMemoryEventStorage(new EventStorageOptions { TimeProvider = clock }));
        await store.AppendAsync("account-ann", 0, [new AccountOpened("Ann"), new MoneyDeposited(100)]);
        clock.Now += TimeSpan.FromDays(1);
        await store.AppendAsync("account-ben", 0, [new AccountOpened("Ben"), new MoneyDeposited(5)]);
        await store.AppendAsync("account-ann", 2, [new MoneyWithdrawn(30)]);
        var ann = store.Aggregate<Account>("ann");

        (await ann.CompareAsync(AsOf.Instant(ManualClock.Start))).Should().Equal(new MemberChange("balance", "100", "70"));
        (await ann.CompareAsync(AsOf.Version(3), AsOf.Version(1))).Should().Equal(new MemberChange("balance", "70", "0"));
        (await ann.CompareAsync(AsOf.Position(2), AsOf.Position(4))).Should().BeEmpty();
        (await ann.CompareAsync(AsOf.Version(0), AsOf.Version(2))).Should().Equal(new MemberChange("balance", "0", "100"));
    }

    [Fact]
    public async Task Show_gives_the_members_that_are_compared_at_a_point()
    {
        await using var store = Bank.Open();
        await store.AppendAsync("account-ann", 0, [new AccountOpened("Ann"), new MoneyDeposited(100), new MoneyWithdrawn(30)]);
        var ann = store.Aggregate<Account>("ann");
        var purse = store.Decider(new Decider<Balance, decimal>("account", new Balance(0), (_, _) => [], (sum, e) => e is MoneyDeposited d ? new(sum.Amount + d.Amount) : sum), "ann");

        var (then, version) = await ann.ShowAsync(AsOf.Version(2));
        var (now, newest) = await ann.ShowAsync();
        var (none, zero) = await store.Aggregate<Account>("ben").ShowAsync();
        var (sum, at) = await purse.ShowAsync(AsOf.Version(1));

        (then.GetProperty("balance").GetDecimal(), version).Should().Be((100m, 2));
        (now.GetProperty("balance").GetDecimal(), newest).Should().Be((70m, 3));
        (none.GetProperty("balance").GetDecimal(), zero).Should().Be((0m, 0));
        (sum.GetProperty("amount").GetDecimal(), at).Should().Be((0m, 1));
        now.TryGetProperty("uncommittedEvents", out _).Should().BeFalse();
    }

    [Fact]
    public async Task What_if_gives_where_another_fold_comes_out_differently()
    {
        await using var store = Bank.Open();
        await store.AppendAsync("account-ann", 0, [new AccountOpened("Ann"), new MoneyDeposited(100), new MoneyWithdrawn(30)]);
        await store.AppendAsync("account-ben", 0, [new AccountOpened("Ben"), new MoneyDeposited(100)]);

        (await store.Aggregate<Account>("ann").WhatIfAsync<AccountWithFee>()).Should().Equal(new MemberChange("balance", "70", "69"), new MemberChange("fees", null, "1"));
        (await store.Aggregate<Account>("ann").WhatIfAsync<AccountWithFee>(AsOf.Version(2))).Should().Equal(new MemberChange("fees", null, "0"));
        (await store.Aggregate<Account>("ben").WhatIfAsync<Account>()).Should().BeEmpty();
        (await store.GetHeadAsync()).Should().Be(5);
    }

    [Fact]
    public async Task Travel_with_a_decider_shows_its_state()
    {
        await using var store = Bank.Open();
        await store.AppendAsync("purse-1", 0, [new MoneyDeposited(100), new MoneyWithdrawn(30)]);
        var purse = store.Decider(Purse(1), "1");

        (await purse.HistoryAsync().ToListAsync()).SelectMany(step => step.Changes).Should().Equal(new MemberChange("amount", "0", "100"), new MemberChange("amount", "100", "70"));
        (await purse.CompareAsync(AsOf.Version(1))).Should().Equal(new MemberChange("amount", "100", "70"));
        (await purse.CompareAsync(AsOf.Version(2))).Should().BeEmpty();
        (await purse.WhatIfAsync(Purse(2))).Should().Equal(new MemberChange("amount", "70", "170"));

        static Decider<Balance, decimal> Purse(int times) => new("purse", new Balance(0), (_, _) => [], (balance, e) => e switch
        {
            MoneyDeposited d => new Balance(balance.Amount + (times * d.Amount)),
            MoneyWithdrawn w => new Balance(balance.Amount - w.Amount),
            _ => balance,
        });
    }

    [Fact]
    public async Task Compare_what_JSON_cannot_handle_says_what_to_do()
    {
        await using var store = Bank.Open(options: new EventStoreOptions { Json = BankJson.Default.Options });
        await store.AppendAsync("account-ann", 0, [new AccountOpened("Ann")]);

        (await FluentActions.Awaiting(() => store.Aggregate<Account>("ann").CompareAsync(AsOf.Version(0))).Should().ThrowAsync<NotSupportedException>())
            .WithMessage("*[JsonSerializable(typeof(Account))]*");
    }

    [Fact]
    public async Task Compare_a_read_model_at_two_points_gives_the_documents_that_differ()
    {
        await using var store = Bank.Open();
        await store.AppendAsync("account-ann", 0, [new AccountOpened("Ann"), new MoneyDeposited(100)]);
        await store.AppendAsync("account-ben", 0, [new AccountOpened("Ben")]);
        await store.AppendAsync("account-ann", 2, [new MoneyWithdrawn(30)]);
        await store.AppendAsync("account-cat", 0, [new AccountOpened("Cat")]);
        await store.AppendAsync("account-ben", 1, [new AccountClosed()]);

        var changed = await store.CompareAsync(new Balances(), AsOf.Position(3));

        changed.Keys.Should().Equal("ann", "ben", "cat");
        changed["ann"].Should().Equal(new MemberChange("amount", "100", "70"));
        changed["ben"].Should().Equal(new MemberChange("amount", "0", null));
        changed["cat"].Should().Equal(new MemberChange("amount", null, "0"));
        (await store.CompareAsync(new Balances(), AsOf.Position(3), key: "ann")).Keys.Should().Equal("ann");
        (await store.CompareAsync(new Balances(), AsOf.Position(4), AsOf.Position(4))).Should().BeEmpty();
    }

    [Fact]
    public async Task What_if_of_a_projection_gives_the_documents_that_come_out_differently()
    {
        await using var store = Bank.Open();
        await store.AppendAsync("account-ann", 0, [new AccountOpened("Ann"), new MoneyDeposited(100)]);
        await store.AppendAsync("account-ben", 0, [new AccountOpened("Ben")]);

        var changed = await store.WhatIfAsync(new Balances(), new BalancesInCents());

        changed.Keys.Should().Equal("ann");
        changed["ann"].Should().Equal(new MemberChange("amount", "100", "10000"));
    }

    private sealed partial class AccountWithFee : Aggregate
    {
        public decimal Balance { get; private set; }

        public int Fees { get; private set; }

        private void Apply(MoneyDeposited e) => Balance += e.Amount;

        private void Apply(MoneyWithdrawn e) => (Balance, Fees) = (Balance - e.Amount - 1, Fees + 1);
    }

    private sealed record InCents(long Amount);

    private sealed partial class BalancesInCents : Projection<InCents>
    {
        private static InCents Apply(InCents? _, AccountOpened e) => new(0);

        private static InCents Apply(InCents balance, MoneyDeposited e) => new(balance.Amount + (long)(e.Amount * 100));
    }
}
