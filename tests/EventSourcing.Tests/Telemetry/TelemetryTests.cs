using System.Diagnostics;
using EventSourcing.Tests.Aggregates;
using EventSourcing.Tests.Auditing;
using EventSourcing.Tests.Projections;

namespace EventSourcing.Tests.Telemetry;

public sealed class TelemetryTests : IAsyncDisposable
{
    private const string Canary = "canary-4711";
    private static readonly ActivitySource App = new("a test");
    private readonly string _name = $"store {Guid.NewGuid():N}";
    private readonly List<EventStore> _stores = [];

    [Fact]
    public async Task Listen_to_everything_hears_the_approved_names_units_and_attributes()
    {
        using var watch = new Watch(_name);
        var store = Open(new LedgerOptions { Origin = Ledgers.Origin, Signers = [Ledgers.Signer], Sink = new MemorySink(), EveryEvents = 1, Interval = null });
        await UseAllOfItAsync(store);
        await store.DisposeAsync();
        var approved = await File.ReadAllLinesAsync("Telemetry/Instruments.txt");
        watch.Lines.Should().Equal(approved.Where(line => line.Length > 0 && line[0] != '#' && !line.StartsWith("gauge", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Listen_while_everything_fails_hears_no_payload_no_message_and_no_metadata()
    {
        using var watch = new Watch(_name);
        var notices = new List<StoreNotice>();
        var store = Open(options: new EventStoreOptions { Telemetry = TelemetryStart.AtOnce, Notices = notice => Add(notices, notice) });
        await UseAllOfItAsync(store);
        await store.DisposeAsync();
        watch.Spans.Should().NotBeEmpty();
        watch.Text.Should().NotContain(Canary);
        lock (notices)
        {
            notices.Should().NotBeEmpty();
            string.Join('\n', notices).Should().NotContain(Canary);
        }
    }

    [Fact]
    public async Task Append_within_a_trace_is_a_part_of_it_and_each_event_keeps_it()
    {
        using var watch = new Watch(_name);
        var store = Open();
        using (var request = App.StartActivity("a request")!)
        {
            await store.AppendAsync("s-1", ExpectedVersion.NoStream, [Tallied.For("a")]);
            var span = watch.Span("append s");
            span.TraceId.Should().Be(request.TraceId);
            span.ParentSpanId.Should().Be(request.SpanId);
            span.GetTagItem("eventsourcing.stream").Should().Be("s-1");
            span.GetTagItem("eventsourcing.position").Should().Be(1L);
            (await FirstAsync(store)).Metadata.TraceParent.Should().Be(request.Id);
        }

        watch.Sum("eventsourcing.append.events").Should().Be(1);
        watch.Measured.Should().ContainSingle(one => one.Instrument.Name == "eventsourcing.append.duration");
    }

    [Fact]
    public async Task React_has_a_trace_of_its_own_with_a_link_to_the_one_that_appended()
    {
        using var watch = new Watch(_name);
        var store = Open();
        var within = new TaskCompletionSource<Activity?>();
        await using var reactors = await store.StartReactorsAsync(new Reacts((_, _) =>
        {
            within.TrySetResult(Activity.Current);
            return Task.CompletedTask;
        }));
        ActivityContext appended;
        using (var request = App.StartActivity("a request")!)
        {
            appended = request.Context;
            await reactors.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.NoStream, [Tallied.For("a")]));
        }

        var react = watch.Span("react reacts");
        (await within.Task).Should().BeSameAs(react, "what the handler does is a part of the delivery");
        react.TraceId.Should().NotBe(appended.TraceId);
        react.Parent.Should().BeNull();
        var link = react.Links.Should().ContainSingle().Subject.Context;
        (link.TraceId, link.SpanId).Should().Be((appended.TraceId, appended.SpanId));
    }

    [Fact]
    public async Task Command_that_is_appended_with_others_keeps_the_trace_of_its_own_caller()
    {
        using var watch = new Watch(_name);
        var store = Open();
        await store.Aggregate<Account>("ann").CreateAsync(a => a.Open("Ann"));
        var go = new TaskCompletionSource();
        var begun = new TaskCompletionSource();
        var first = InTraceAsync(() => store.Aggregate<Account>("ann").UpdateAsync(async a =>
        {
            begun.SetResult();
            await go.Task;
            a.Deposit(1);
        }));
        await begun.Task;
        var others = Enumerable.Range(2, 5).Select(i => InTraceAsync(() => store.Aggregate<Account>("ann").UpdateAsync(a => a.Deposit(i)))).ToList();
        go.SetResult();
        var ids = new Dictionary<decimal, string?> { [1] = await first };
        for (var i = 0; i < others.Count; i++) ids[i + 2] = await others[i];
        ids.Values.Should().OnlyHaveUniqueItems();
        await foreach (var e in store.ReadStreamAsync("account-ann"))
        {
            if (e.Data is MoneyDeposited deposited) e.Metadata.TraceParent.Should().Be(ids[deposited.Amount]);
        }

        watch.Spans.Count(span => span.DisplayName == "decide account").Should().Be(7);
    }

    [Fact]
    public async Task Append_again_in_another_trace_is_the_same_append()
    {
        using var watch = new Watch(_name);
        var store = Open();
        var e = new EventData(Tallied.For("a")) { Id = Guid.NewGuid() };
        await InTraceAsync(() => store.AppendAsync("s-1", ExpectedVersion.NoStream, [e]));
        AppendResult? again = null;
        await InTraceAsync(async () => again = await store.AppendAsync("s-1", ExpectedVersion.NoStream, [e]));
        again!.WasAlreadyStored.Should().BeTrue();
        watch.Sum("eventsourcing.append.events").Should().Be(1, "a repetition appends nothing");
    }

    [Fact]
    public async Task Append_with_a_trace_of_the_apps_own_keeps_that_and_other_values()
    {
        using var watch = new Watch(_name);
        var store = Open();
        var own = new EventMetadata { CorrelationId = "c", Values = new Dictionary<string, string> { ["traceparent"] = "own", ["user"] = "ann" } };
        await InTraceAsync(() => store.AppendAsync("s-1", ExpectedVersion.NoStream, [Tallied.For("a")], own));
        var kept = (await FirstAsync(store)).Metadata;
        kept.TraceParent.Should().Be("own");
        kept.CorrelationId.Should().Be("c");
        kept.Values.Should().BeEquivalentTo(own.Values);
    }

    [Fact]
    public async Task Append_keeps_no_trace_if_none_is_recorded_or_the_options_say_so()
    {
        using var watch = new Watch(_name);
        var without = Open(options: new EventStoreOptions { Telemetry = TelemetryStart.AtOnce, KeepTraceContext = false });
        await InTraceAsync(() => without.AppendAsync("s-1", ExpectedVersion.NoStream, [Tallied.For("a")]));
        (await FirstAsync(without)).Metadata.TraceParent.Should().BeNull();

        var store = Open();
        using (var unrecorded = new Activity("not sampled").SetIdFormat(ActivityIdFormat.W3C).Start())
        {
            unrecorded.Recorded.Should().BeFalse();
            await store.AppendAsync("s-1", ExpectedVersion.NoStream, [Tallied.For("a")]);
        }

        (await FirstAsync(store)).Metadata.Should().BeEquivalentTo(EventMetadata.None);
    }

    [Fact]
    public async Task Append_that_is_refused_is_measured_with_the_type_of_its_error()
    {
        using var watch = new Watch(_name);
        var store = Open();
        await FluentActions.Awaiting(() => store.AppendAsync("s-1", 7, [Tallied.For("a")])).Should().ThrowAsync<WrongExpectedVersionException>();
        var type = typeof(WrongExpectedVersionException).FullName;
        var span = watch.Span("append s");
        span.Status.Should().Be(ActivityStatusCode.Error);
        span.StatusDescription.Should().BeNull();
        span.GetTagItem("error.type").Should().Be(type);
        watch.Measured.Should().ContainSingle(one => one.Instrument.Name == "eventsourcing.append.duration")
            .Which.Tags.Should().Contain(new KeyValuePair<string, object?>("error.type", type));
    }

    [Fact]
    public async Task Open_with_telemetry_in_the_background_measures_from_some_append_on_and_never_means_never()
    {
        using var watch = new Watch(_name);
        var never = Open(options: new EventStoreOptions { Telemetry = TelemetryStart.Never });
        await InTraceAsync(() => never.AppendAsync("s-1", ExpectedVersion.NoStream, [Tallied.For("a")]));
        (await FirstAsync(never)).Metadata.TraceParent.Should().BeNull();
        watch.Spans.Should().BeEmpty();

        var store = Open(options: new EventStoreOptions { Telemetry = TelemetryStart.Background });
        for (var i = 0; watch.Spans.IsEmpty; i++)
        {
            i.Should().BeLessThan(5_000);
            await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
            await Task.Delay(1);
        }

        watch.Spans.Should().OnlyContain(span => span.DisplayName == "append s");
    }

    [Fact]
    public void Ask_whether_anybody_listens_allocates_nothing()
    {
        using var diagnostics = new StoreDiagnostics(
            this, _name, TimeProvider.System, storage: null, TelemetryStart.AtOnce, keepsTraceContext: true, notices: null);
        Ask(diagnostics, times: 10);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Ask(diagnostics, times: 1000);
        (GC.GetAllocatedBytesForCurrentThread() - before).Should().Be(0);

        static void Ask(StoreDiagnostics diagnostics, int times)
        {
            for (var i = 0; i < times; i++)
            {
                _ = diagnostics.OfAppends;
                _ = diagnostics.OfLoads;
                _ = diagnostics.OfBatches;
                _ = diagnostics.OfSpans;
                _ = diagnostics.CurrentTrace;
                _ = diagnostics.HasNotices;
                diagnostics.Prepare();
            }
        }
    }

    [Fact]
    public async Task Take_a_notice_by_code_that_throws_reaches_the_others_and_harms_nothing()
    {
        var taken = new List<StoreNoticeKind>();
        Action<StoreNotice> notices = _ => throw new InvalidOperationException("The app's own failure.");
        notices += notice => Add(taken, notice.Kind);
        var store = Open(options: new EventStoreOptions { Telemetry = TelemetryStart.AtOnce, Notices = notices });
        await using var running = store.StartProjections(new Tallies());
        await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.NoStream, [Tallied.For("a")]));
        lock (taken) taken.Should().Equal(StoreNoticeKind.Started);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\nb")]
    public void Name_a_store_by_what_is_no_name_is_refused(string name) =>
        FluentActions.Invoking(() => new EventStoreOptions { Name = name }).Should().Throw<ArgumentException>();

    public async ValueTask DisposeAsync()
    {
        foreach (var store in _stores) await store.DisposeAsync();
    }

    private static async Task UseAllOfItAsync(EventStore store)
    {
        // Appends and commands that succeed and fail, a conflict, a snapshot.
        var metadata = new EventMetadata { Values = new Dictionary<string, string> { ["user"] = Canary } };
        await store.AppendAsync("s-1", ExpectedVersion.NoStream, [Tallied.For(Canary)], metadata);
        await FluentActions.Awaiting(() => store.AppendAsync("s-1", 7, [Tallied.For(Canary)])).Should().ThrowAsync<WrongExpectedVersionException>();
        var wallet = store.Aggregate<Wallet>("w");
        await wallet.CreateAsync(w => w.Put(1));
        var isFirst = true;
        await wallet.UpdateAsync(async w =>
        {
            if (isFirst) await store.AppendAsync("wallet-w", ExpectedVersion.Any, [new CoinPut(1)]);
            isFirst = false;
            w.Put(1);
        });
        await FluentActions.Awaiting(() => wallet.UpdateAsync(_ => throw new InvalidOperationException(Canary))).Should().ThrowAsync<InvalidOperationException>();
        using (var cancelled = new CancellationTokenSource())
        {
            await cancelled.CancelAsync();
            await FluentActions.Awaiting(() => wallet.LoadAsync(cancellationToken: cancelled.Token)).Should().ThrowAsync<OperationCanceledException>();
        }

        // Projections and reactors that succeed, fail and stop.
        var options = new ProjectionOptions { RetryDelays = [] };
        await using var good = store.StartProjections(options, new Tallies(fails: null, "good"));
        await good.CatchUpAsync();
        await using var bad = store.StartProjections(options with { OnFailure = FailureMode.Stop }, new Failing());
        await FluentActions.Awaiting(() => bad.CatchUpAsync()).Should().ThrowAsync<ProjectionFailedException>();
        await using var reactors = await store.StartReactorsAsync(
            options, new Reacts((_, _) => throw new InvalidOperationException(Canary)));
        await FluentActions.Awaiting(() => reactors.WaitForAsync(1)).Should().ThrowAsync<ProjectionParkedException>();
    }

    private static void Add<T>(List<T> list, T item)
    {
        lock (list) list.Add(item);
    }

    private static async Task<RecordedEvent> FirstAsync(EventStore store)
    {
        await foreach (var e in store.ReadLogAsync(new LogReadOptions { Limit = 1 })) return e;
        throw new InvalidOperationException("The log is empty.");
    }

    private static async Task<string?> InTraceAsync(Func<Task> act)
    {
        using var request = App.StartActivity("a request", ActivityKind.Internal, parentContext: default)!;
        await act();
        return request.Id;
    }

    private EventStore Open(LedgerOptions? ledger = null, EventStoreOptions? options = null)
    {
        options ??= new EventStoreOptions { Telemetry = TelemetryStart.AtOnce };
        var types = new EventTypes(
            EventType.Of<Tallied>(), EventType.Of<CoinPut>(), EventType.Of<CoinTaken>(), EventType.Of<AccountOpened>(), EventType.Of<MoneyDeposited>());
        var store = new EventStore(new InMemoryEventStorage(), types, options with { Name = _name, Ledger = ledger });
        _stores.Add(store);
        return store;
    }

    /// <summary>Its message says what an event holds.</summary>
    private sealed class Failing : Projection<Tally>
    {
        public Failing() => On<Tallied>(e => e.Keys, (_, key, _) => throw new InvalidOperationException(key));

        public override string Name => "bad";
    }
}
