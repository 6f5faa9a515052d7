using EventSourcing.Tests.Projections;

namespace EventSourcing.Tests.Upcasting;

/// <summary>Events of old shapes are read as those of today, whichever way they are read, and found by today's names.</summary>
public abstract class OldEventsTests(IStorageSource source) : EngineTests(source)
{
    private static readonly EventQuery Payments = EventQuery.OfTypes("paid");

    [Fact]
    public async Task Read_in_every_way_gives_the_events_of_today_and_where_they_stand()
    {
        var inline = new SeenByStream("inline");
        var store = Wallet.Open(Open(), inline);
        await store.StartInlineProjectionsAsync();
        await store.Storage.AppendSamplesAsync("wallet-1");
        await store.AppendAsync("wallet-2", 0, [new PaidV2(8, "CHF"), new Charged(9, 1), new Paid(10, "EUR", 1), new Closed()]); // inline it also sees what it has missed
        var expected = new List<string>();
        for (var i = 0; i < Wallet.Samples.Count; i++) AddExpected(i + 1, i + 1, Wallet.Samples[i].Today);
        AddExpected(13, 1, new Paid(8, "CHF", 0));
        AddExpected(14, 2, new Paid(9, "EUR", 0), new Paid(1, "EUR", 0));
        AddExpected(15, 3, new Paid(10, "EUR", 1));
        AddExpected(16, 4, new Closed());

        var paths = await EveryPath.ReadAsync(() => Wallet.Open(Open()), inline, ["paid", "address-changed", "phone-changed", "closed"]);
        foreach (var (path, seen) in paths) seen.Should().Equal(expected, path);

        (await store.Aggregate<WalletAggregate>("1").LoadAsync()).Applied.Should().Equal(Wallet.Samples.SelectMany(sample => sample.Today));
        (await store.Aggregate<WalletAggregate>("1").LoadAsync()).Version.Should().Be(Wallet.Samples.Count);

        void AddExpected(int position, int version, params object[] today)
        {
            for (var i = 0; i < today.Length; i++) expected.Add($"{position}.{i} v{version} {store.Types.All.First(type => type.ClrType == today[i].GetType()).Name} {today[i]}");
        }
    }

    [Theory]
    [InlineData("paid")]
    [InlineData("pay")]
    [InlineData("paid@2")]
    [InlineData("pay@3")]
    public async Task Query_by_any_name_of_an_event_finds_those_of_all_its_names(string name)
    {
        var store = Wallet.Open(Open());
        await store.Storage.AppendSamplesAsync();
        var expected = Wallet.Samples.SelectMany(sample => sample.Today).OfType<Paid>();
        var query = EventQuery.OfTypes(name);
        (await store.ReadLogAsync(new LogReadOptions { Filter = query }).ToListAsync()).Select(e => e.Data).Should().Equal(expected);
        (await store.QueryAsync(query)).Events.Select(e => e.Data).Should().Equal(expected);
        (await store.QueryAsync(EventQuery.Any(new EventQueryItem([name], streamPrefix: "wallet-"), new EventQueryItem(streamPrefix: "none")))).Events.Select(e => e.Data).Should().Equal(expected);
    }

    [Fact]
    public async Task Query_by_a_retired_name_finds_what_has_become_of_it_and_a_name_of_one_part_that_part_only()
    {
        var store = Wallet.Open(Open());
        await store.Storage.AppendSamplesAsync();
        await store.AppendAsync("other", 0, [new PhoneChanged("3")]);
        (await Of("moved")).Should().Equal(new AddressChanged("Elm"), new PhoneChanged("1"), new PhoneChanged("2"), new PhoneChanged("3"));
        (await Of("phone-changed")).Should().Equal(new PhoneChanged("1"), new PhoneChanged("2"), new PhoneChanged("3"));
        (await store.QueryAsync(EventQuery.OfTypes("phone-changed"))).Events[0].Should().BeEquivalentTo(new { Position = 7L, Version = 7L, SubIndex = 1 }, "it is the second part, also where the first is left out");
        (await Of("looked-at")).Should().BeEmpty();
        await FluentActions.Awaiting(() => Of("no-such-name")).Should().ThrowAsync<ArgumentException>();

        async Task<List<object>> Of(string name) => [.. (await store.QueryAsync(EventQuery.OfTypes(name))).Events.Select(e => e.Data)];
    }

    [Theory]
    [InlineData("paid", """{"sum":1}""")]
    [InlineData("paid@2", """{"amount":1,"currency":"EUR"}""")]
    [InlineData("pay", """{"sum":1}""")]
    [InlineData("pay@2", """{"amount":1,"currency":"EUR"}""")]
    [InlineData("tipped", """{"amount":1}""")]
    [InlineData("charged", """{"price":1,"tip":0}""")]
    public async Task Append_under_a_condition_by_the_new_name_fails_on_an_event_of_an_old_one(string storedName, string json)
    {
        var store = Wallet.Open(Open());
        await store.AppendAsync("wallet-1", 0, [new PhoneChanged("1")]);
        await store.Storage.AppendOldAsync("wallet-1", storedName, json, "x");
        EventQuery[] queries = [Payments, EventQuery.Any(new EventQueryItem(["pay"], ["x"], "wallet-"))];
        foreach (var query in queries)
        {
            await FluentActions.Awaiting(() => store.AppendAsync([new StreamAppend("wallet-2", 0, [new Closed()])], conditions: [new AppendCondition(query, 1)])).Should().ThrowAsync<AppendConditionFailedException>();
            (await store.GetHeadAsync()).Should().Be(2, "nothing was written");
        }

        await store.AppendAsync([new StreamAppend("wallet-2", 0, [new Closed()])], conditions: [.. queries.Select(query => new AppendCondition(query, 2))]);
    }

    [Fact]
    public async Task Append_under_a_condition_on_a_saved_aggregate_fails_on_an_event_of_an_old_name()
    {
        var store = Wallet.Open(Open());
        await store.Storage.AppendOldAsync("other", "paid", """{"sum":1}""");
        var wallet = store.Aggregate<WalletAggregate>("1").New();
        wallet.Pay(1);
        await FluentActions.Awaiting(() => store.SaveAsync([wallet], conditions: [new AppendCondition(Payments, 0)])).Should().ThrowAsync<AppendConditionFailedException>();
        (await store.GetHeadAsync()).Should().Be(1);
    }

    [Fact]
    public async Task Decide_by_the_new_name_sees_events_of_old_names_and_decides_again_where_one_comes_in_between()
    {
        var store = Wallet.Open(Open());
        await store.Storage.AppendOldAsync("wallet-1", "pay", """{"sum":1}""");
        var seen = new List<decimal>();
        await store.DecideAsync(Payments, events =>
        {
            var total = events.Sum(e => ((Paid)e.Data).Amount);
            if (seen.Count == 0) store.Storage.AppendOldAsync("wallet-1", "charged", """{"price":2,"tip":4}""").Wait();
            seen.Add(total);
            return [new StreamAppend("wallet-2", ExpectedVersion.Any, [new Paid(total, "EUR", 0)])];
        });
        seen.Should().Equal(1, 7);
        (await store.ReadStreamAsync("wallet-2").SingleAsync()).Data.Should().Be(new Paid(7, "EUR", 0));
    }

    [Fact]
    public async Task Subscribe_before_old_events_are_appended_hands_out_those_of_today()
    {
        var store = Wallet.Open(Open());
        await store.AppendAsync("wallet-1", 0, [new Closed()]);
        var subscription = store.Subscribe(StartFrom.Now, Payments);
        await using var events = subscription.GetAsyncEnumerator();
        var next = events.MoveNextAsync();

        // "Now" is the head that it reads, and a server takes a while to tell.
        await UntilAsync(() => Task.FromResult(subscription.Position > 0 || next.IsCompleted), "knows where now is");
        subscription.Position.Should().Be(1);
        next.IsCompleted.Should().BeFalse();
        await store.Storage.AppendSamplesAsync();
        var expected = Wallet.Samples.SelectMany(sample => sample.Today).OfType<Paid>().ToList();
        for (var i = 0; i < expected.Count; i++)
        {
            (await next).Should().BeTrue();
            events.Current.Data.Should().Be(expected[i]);
            if (i < expected.Count - 1) next = events.MoveNextAsync();
        }
    }

    [Fact]
    public async Task Subscription_moves_past_an_event_of_several_parts_only_after_the_last()
    {
        var store = Wallet.Open(Open());
        await store.AppendAsync("wallet-1", 0, [new Closed(), new Charged(1, 2), new Closed()]);
        var subscription = store.Subscribe();
        var seen = new List<(string Type, int Part, long Position, bool IsCaughtUp)>();
        await foreach (var e in subscription)
        {
            seen.Add((e.Type, e.SubIndex, subscription.Position, subscription.IsCaughtUp));
            if (seen.Count == 4) break;
        }

        seen.Should().Equal(("closed", 0, 0, false), ("paid", 0, 1, false), ("paid", 1, 1, false), ("closed", 0, 2, true));

        var last = store.Subscribe(StartFrom.After(1), Payments);
        var caughtUp = new List<bool>();
        await store.AppendAsync("wallet-1", 3, [new Charged(1, 2)]);
        await foreach (var e in last)
        {
            caughtUp.Add(last.IsCaughtUp);
            if (caughtUp.Count == 4) break;
        }

        caughtUp.Should().Equal(false, false, false, true);
    }

    [Fact]
    public async Task Read_with_a_limit_counts_stored_events()
    {
        var store = Wallet.Open(Open());
        await store.AppendAsync("wallet-1", 0, [new Charged(1, 2), new Charged(3, 4)]);
        foreach (var (direction, expected) in new[] { (ReadDirection.Forwards, (decimal[])[1, 2]), (ReadDirection.Backwards, [4, 3]) })
        {
            var stream = await store.ReadStreamAsync("wallet-1", new StreamReadOptions { Limit = 1, Direction = direction }).ToListAsync();
            var log = await store.ReadLogAsync(new LogReadOptions { Limit = 1, Direction = direction, Filter = Payments }).ToListAsync();
            stream.Select(e => ((Paid)e.Data).Amount).Should().Equal(expected);
            log.Select(e => ((Paid)e.Data).Amount).Should().Equal(expected);
        }
    }

    [Fact]
    public async Task Append_by_a_command_on_an_aggregate_of_old_events_expects_the_stored_version()
    {
        var store = Wallet.Open(Open());
        await store.Storage.AppendSamplesAsync();
        await store.Aggregate<WalletAggregate>("1").UpdateAsync(wallet => wallet.Pay(1));
        (await store.GetVersionAsync("wallet-1")).Should().Be(Wallet.Samples.Count + 1);
        (await store.ReadStreamAsync("wallet-1").LastAsync()).Data.Should().Be(new Paid(1, "EUR", 0));
    }

    [Fact]
    public async Task Projections_by_the_new_names_see_old_events_in_the_background_inline_live_and_rebuilt()
    {
        var (inline, background) = (new SeenPayments("inline"), new SeenPayments("background"));
        var store = Wallet.Open(Open(), inline);
        await store.StartInlineProjectionsAsync();
        await using var running = store.StartProjections(background);
        await store.Storage.AppendSamplesAsync("wallet-1");
        await store.AppendAsync("wallet-1", Wallet.Samples.Count, [new PaidV2(8, "CHF"), new Charged(9, 1), new AddressChanged("Oak")]);
        var expected = (await store.ReadLogAsync().ToListAsync()).Where(e => e.Data is Paid or PhoneChanged).Select(Seen.Text).ToList();
        expected.Should().HaveCount(13);

        await running.CatchUpAsync();
        (await store.ReadModel(background).FindAsync("wallet-1"))!.Events.Should().Equal(expected);
        (await store.ReadModel(inline).FindAsync("wallet-1"))!.Events.Should().Equal(expected);
        (await store.ProjectAsync(new SeenPayments("live"))).Find("wallet-1")!.Events.Should().Equal(expected);
        await running.RebuildAsync("background");
        await running.CatchUpAsync();
        (await store.ReadModel(background).FindAsync("wallet-1"))!.Events.Should().Equal(expected);
        await store.ProjectionAdmin().RebuildDocumentAsync("background", "wallet-1");
        await store.Storage.AppendOldAsync("wallet-1", "pay", """{"sum":4}""");
        await running.CatchUpAsync();
        (await store.ReadModel(background).FindAsync("wallet-1"))!.Events.Should().HaveCount(14).And.StartWith(expected);
    }

    [Fact]
    public async Task Projection_that_fails_on_a_part_applies_none_of_the_event_and_goes_on_with_all_of_it()
    {
        var store = Wallet.Open(Open());
        var isBroken = true;
        var projection = new Totals(amount => isBroken && amount == 2);
        await store.AppendAsync("wallet-1", 0, [new Paid(1, "EUR", 0), new Charged(10, 2), new Paid(100, "EUR", 0)]);
        await store.AppendAsync("wallet-2", 0, [new Charged(1000, 3)]);
        await using var running = store.StartProjections(NoRetries, projection);
        await UntilParkedAsync(store, "totals", 1);
        var parked = (await store.ProjectionAdmin().GetParkedAsync("totals"))[0];
        parked.Should().BeEquivalentTo(new { Position = 2L, Partition = "1", Stream = "wallet-1" });
        (await store.ReadModel(projection).FindAsync("1"))!.Amount.Should().Be(1);
        (await store.ReadModel(projection).FindAsync("2"))!.Amount.Should().Be(1003);

        isBroken = false;
        await store.ProjectionAdmin().ResumeAsync(parked);
        await running.CatchUpAsync();
        await UntilParkedAsync(store, "totals", 0);
        (await store.ReadModel(projection).FindAsync("1"))!.Amount.Should().Be(113);
    }

    [Fact]
    public async Task Inline_projection_that_fails_on_a_part_refuses_the_append()
    {
        var projection = new Totals(amount => amount == 2);
        var store = Wallet.Open(Open(), projection);
        await store.AppendAsync("wallet-1", 0, [new Charged(10, 1)]);
        await FluentActions.Awaiting(() => store.AppendAsync("wallet-1", 1, [new Charged(10, 2)])).Should().ThrowAsync<ProjectionFailedException>();
        (await store.GetHeadAsync()).Should().Be(1);
        (await store.ReadModel(projection).FindAsync("1"))!.Amount.Should().Be(11);
    }

    [Fact]
    public async Task Reactor_delivers_the_parts_in_order_under_ids_of_their_own_and_all_again_where_one_fails()
    {
        var store = Wallet.Open(Open());
        await store.AppendAsync("wallet-1", 0, [new Charged(10, 2), new Paid(3, "EUR", 0)]);
        await store.Storage.AppendSamplesAsync("wallet-2");
        var reactor = new Paying(failsOnce: 2);
        await using var reactors = await store.StartReactorsAsync(new ProjectionOptions { RetryDelays = [TimeSpan.Zero] }, reactor);
        await UntilAsync(() => Task.FromResult(reactor.Delivered.Count(d => d.Stream == "wallet-1") == 5), "the event of two parts is delivered twice, the one behind it once");
        await reactors.CatchUpAsync();
        var first = reactor.Delivered.Where(d => d.Stream == "wallet-1").ToList();
        first.Select(d => d.Amount).Should().Equal(10, 2, 10, 2, 3);
        first[2].Id.Should().Be(first[0].Id);
        first[3].Id.Should().Be(first[1].Id);
        first.Select(d => d.Id).Distinct().Should().HaveCount(3);
        reactor.Delivered.Where(d => d.Stream == "wallet-2").Select(d => d.Amount).Should().Equal(Wallet.Samples.SelectMany(sample => sample.Today).OfType<Paid>().Select(paid => paid.Amount));
    }

    [Fact]
    public async Task A_further_upcaster_gives_another_fingerprint_so_that_old_events_get_into_the_read_model()
    {
        var storage = Open();
        var before = new EventStore(storage, new EventTypes(EventType.Of<Paid>("paid"), EventType.Of<PhoneChanged>("phone-changed")));
        await before.Storage.AppendOldAsync("wallet-1", "tipped", """{"amount":6,"currency":"EUR","fee":0}""");
        await before.AppendAsync("wallet-1", 1, [new Paid(1, "EUR", 0)]);
        var projection = new SeenPayments("payments");
        await using (var running = before.StartProjections(projection)) await running.CatchUpAsync();
        (await before.ReadModel(projection).FindAsync("wallet-1"))!.Events.Should().HaveCount(1);

        var after = new EventStore(Open(), new EventTypes([EventType.Of<Paid>("paid"), EventType.Of<PhoneChanged>("phone-changed")], [Upcaster.Json<Paid>("tipped", 1, e => e)]));
        await using (var running = after.StartProjections(projection)) await running.CatchUpAsync();
        (await after.ReadModel(projection).FindAsync("wallet-1"))!.Events.Should().HaveCount(2);
    }

    [Fact]
    public async Task Projections_agree_in_all_modes_on_a_history_of_old_events()
    {
        var store = Wallet.Open(Open());
        await store.AppendAsync("wallet-1", 0, [new Charged(10, 2), new PaidV2(3, "EUR")]);
        await store.Storage.AppendSamplesAsync("wallet-2");
        await EventSourcing.Testing.ProjectionModes.AssertAgreeAsync(store, () => new SeenPayments("payments"));
    }

    /// <summary>The total of each wallet.</summary>
    private sealed class Totals : Projection<Total>
    {
        public Totals(Func<decimal, bool> fails) => On<Paid>((total, e) => fails(e.Amount) ? throw new InvalidOperationException("Broken.") : new Total((total?.Amount ?? 0) + e.Amount));

        public override string Name => "totals";
    }

    private sealed record Total(decimal Amount);

    /// <summary>Fails on one amount, once.</summary>
    private sealed class Paying : Reactor
    {
        public Paying(decimal failsOnce)
        {
            var hasFailed = false;
            On<Paid>((e, delivery, _) =>
            {
                lock (Delivered) Delivered.Add((delivery.Event.Stream, e.Amount, delivery.Id));
                if (hasFailed || delivery.Event.Stream != "wallet-1" || e.Amount != failsOnce) return Task.CompletedTask;
                hasFailed = true;
                throw new InvalidOperationException("Not yet.");
            });
        }

        public List<(string Stream, decimal Amount, Guid Id)> Delivered { get; } = [];

        public override StartFrom Start => StartFrom.Beginning;
    }
}
