using System.Net;
using System.Text.Json;
using EventSourcing.Explorer.Tests.Bank;
using EventSourcing.Tests;

namespace EventSourcing.Explorer.Tests.Serving;

/// <summary>States that take more events than one request may read.</summary>
public class FoldTests
{
    private const string Rent = "events/document?model=ByReference&key=rent";

    [Fact]
    public async Task Document_as_of_a_far_position_says_how_far_it_is_until_nothing_is_missing()
    {
        await using var log = await LongLog.OpenAsync();
        log.Counting.HoldReadsAfter(3_000);
        var far = $"{Rent}&asof=4500";

        var begun = await SampleHost.OpenAsync(log.Host.Client, far, (int)HttpStatusCode.Accepted);
        begun.QuerySelector("noscript")!.InnerHtml.Should().Contain("document?model=ByReference&amp;key=rent&amp;asof=4500");
        begun.Body!.GetAttribute("data-motion").Should().Be("folded");
        begun.QuerySelector("#folded [role=status]")!.TextContent.Should().Contain(" of 4,500.");
        await UntilAsync(async () => (await FoldingAsync(log, far)).GetProperty("position").GetInt64() == 3_072);
        var model = await SampleHost.JsonAsync(log.Host.Client, far, (int)HttpStatusCode.Accepted);
        model.TryGetProperty("document", out _).Should().BeFalse("nobody is to take what is incomplete for the document");
        model.GetProperty("folding").GetProperty("state").GetString().Should().Be("running");
        model.GetProperty("folding").GetProperty("upTo").GetInt64().Should().Be(4_500);
        model.GetProperty("soFar").GetProperty("bookings").GetInt32().Should().Be(1_024);
        log.Counting.LetReadsGo();

        var done = await WholeAsync(log, far);
        done.GetProperty("document").GetProperty("bookings").GetInt32().Should().Be(1_500);
        done.GetProperty("steps").EnumerateArray().Select(step => step.GetProperty("position").GetInt64())
            .Should().Equal(Enumerable.Range(0, 50).Select(i => 4_500L - (3 * i)));
        var page = await SampleHost.OpenAsync(log.Host.Client, far);
        page.Body!.HasAttribute("data-motion").Should().BeFalse();
        page.QuerySelector("noscript").Should().BeNull();
    }

    [Fact]
    public async Task What_was_folded_once_is_looked_up_and_what_is_new_is_folded_on()
    {
        await using var log = await LongLog.OpenAsync();
        await WholeAsync(log, $"{Rent}&asof=4500");

        var before = log.Counting.Events;
        var earlier = await SampleHost.JsonAsync(log.Host.Client, $"{Rent}&asof=2999");
        earlier.GetProperty("document").GetProperty("amount").GetDecimal().Should().Be(999);
        earlier.GetProperty("steps")[0].GetProperty("changes")[0].GetProperty("before").GetString().Should().Be("998");
        (log.Counting.Events - before).Should().Be(0);
        (await WholeAsync(log, $"{Rent}&asof=5000")).GetProperty("document").GetProperty("amount").GetDecimal().Should().Be(1_666);
        (log.Counting.Events - before).Should().Be(500);
        (await SampleHost.JsonAsync(log.Host.Client, Rent)).GetProperty("steps").GetArrayLength()
            .Should().Be(50, "it is known, so it need not be asked for");
        (log.Counting.Events - before).Should().Be(500);
    }

    [Fact]
    public async Task Fold_is_stopped_and_goes_on_when_it_is_told_to()
    {
        await using var log = await LongLog.OpenAsync();
        var far = $"{Rent}&asof=4500";
        log.Counting.HoldReadsAfter(3_000);
        await SampleHost.OpenAsync(log.Host.Client, far, (int)HttpStatusCode.Accepted);
        await UntilAsync(async () => (await FoldingAsync(log, far)).GetProperty("position").GetInt64() == 3_072);

        (await OrderAsync(log, "stop")).Should().Be("document?model=ByReference&key=rent&asof=4500");
        log.Counting.LetReadsGo();
        await UntilAsync(async () => (await FoldingAsync(log, far)).GetProperty("position").GetInt64() == 3_584);
        var stopped = await SampleHost.OpenAsync(log.Host.Client, far, (int)HttpStatusCode.Accepted);
        stopped.QuerySelector("#folded .notice.warn")!.TextContent.Should().Contain("Stopped at position 3,584 of 4,500.");
        stopped.Body!.HasAttribute("data-motion").Should().BeFalse();
        var before = log.Counting.Events;
        await SampleHost.OpenAsync(log.Host.Client, far, (int)HttpStatusCode.Accepted);
        (log.Counting.Events - before).Should().Be(0);

        await OrderAsync(log, "go");
        (await WholeAsync(log, far)).GetProperty("document").GetProperty("bookings").GetInt32().Should().Be(1_500);
    }

    [Fact]
    public async Task Fold_that_nobody_looks_at_ends_and_keeps_what_it_has()
    {
        await using var log = await LongLog.OpenAsync();
        var time = new Clock();
        using var slots = new SemaphoreSlim(1);
        using var fold = new Fold(log.Store.OpenHistory(new ByReference(), "rent"), 0, time, CancellationToken.None);
        log.Counting.HoldReadsAfter(2_000);
        (await fold.LookAsync(4_500, 4_500, isAsked: true, 0, slots, CancellationToken.None)).Progress!.State.Should().BeOneOf("waiting", "running");
        await UntilAsync(async () => (await LookAsync()).Progress!.Position == 2_048);
        time.Timestamp += TimeSpan.FromMinutes(1).Ticks;
        log.Counting.LetReadsGo();
        await UntilAsync(() => Task.FromResult(!fold.IsRunning));

        var left = await LookAsync();
        left.Progress!.Position.Should().Be(2_560);
        left.Steps[^1].Position.Should().Be(2_559);
        await fold.LookAsync(4_500, 4_500, isAsked: true, 0, slots, CancellationToken.None);
        await UntilAsync(async () => (await LookAsync()).Progress is null);

        Task<FoldView> LookAsync() => fold.LookAsync(4_500, 4_500, isAsked: false, 0, slots, CancellationToken.None);
    }

    [Fact]
    public async Task Fold_that_fails_while_it_runs_by_itself_leaves_nothing_unobserved_and_goes_on_when_it_is_looked_at()
    {
        var mark = Unobserved.NewMark();
        (await Unobserved.AfterAsync(mark, async () =>
        {
            await using var log = await LongLog.OpenAsync();
            var time = new Clock();
            using var slots = new SemaphoreSlim(1);
            using var fold = new Fold(log.Store.OpenHistory(new ByReference(), "rent"), 0, time, CancellationToken.None);
            log.Counting.HoldReadsAfter(2_000);
            await fold.LookAsync(4_500, 4_500, isAsked: true, 0, slots, CancellationToken.None);
            time.Failure = new InvalidOperationException(mark);
            log.Counting.LetReadsGo();
            await UntilAsync(() => Task.FromResult(!fold.IsRunning));
            time.Failure = null;
            await UntilAsync(async () => (await fold.LookAsync(4_500, 4_500, isAsked: true, 0, slots, CancellationToken.None)).Progress is null);
        })).Should().BeEmpty();
    }

    [Fact]
    public async Task Fold_keeps_a_bounded_part_and_the_newest_of_it()
    {
        await using var store = new EventStore(new InMemoryEventStorage(), EventTypes.FromAssemblyOf<Account>());
        await store.AppendAsync("account-1", 0, [.. Enumerable.Range(1, 500).Select(i => (object)new MoneyDeposited(1, $"{i}"))]);
        using var slots = new SemaphoreSlim(1);
        using var fold = new Fold(store.OpenHistory(new Growing(), "1"), 0, TimeProvider.System, CancellationToken.None);

        var view = await fold.LookAsync(500, 500, isAsked: false, 2, slots, CancellationToken.None);
        view.Progress.Should().BeNull();
        fold.Bytes.Should().BeInRange(Fold.MostBytes / 4, Fold.MostBytes);
        view.HasEarlier.Should().BeTrue();
        view.Steps[^1].Position.Should().Be(500);
        JsonElement.Parse(view.State).GetProperty("text").GetString()!.Length.Should().Be(500 * 100);
        fold.Reaches(500).Should().BeTrue();
        fold.Reaches(10).Should().BeFalse();
    }

    [Fact]
    public async Task State_from_before_an_erasure_is_forgotten()
    {
        await using var log = await LongLog.OpenAsync();
        await log.Store.AppendAsync("account-ann", 0, [new AccountOpened("Ann Harper", "EUR"), new MoneyDeposited(5, "rent")]);
        var ann = "events/document?model=Balances&key=ann&asof=5002";
        (await SampleHost.JsonAsync(log.Host.Client, ann)).GetProperty("document").GetProperty("owner").GetString().Should().Be("Ann Harper");
        await log.Store.ErasePayloadsAsync([5_001], "Art. 17", "privacy");

        (await SampleHost.JsonAsync(log.Host.Client, ann, status: null)).GetRawText().Should().NotContain("Harper");
    }

    [Fact]
    public async Task State_of_a_long_stream_is_folded_in_pieces()
    {
        await using var log = await LongLog.OpenAsync();
        log.Counting.HoldReadsAfter(3_000);
        var at = "events/stream?name=account-long&at=4500&fold=1";
        var begun = await SampleHost.JsonAsync(log.Host.Client, at, (int)HttpStatusCode.Accepted);
        begun.TryGetProperty("state", out _).Should().BeFalse();
        begun.GetProperty("folding").GetProperty("upTo").GetInt64().Should().Be(4_500);
        var page = await SampleHost.OpenAsync(log.Host.Client, at, (int)HttpStatusCode.Accepted);
        page.QuerySelector("#folded [role=status]")!.TextContent.Should().Contain("The state is shown when the fold has ended.");
        page.QuerySelector(".state").Should().BeNull();
        log.Counting.LetReadsGo();

        (await WholeAsync(log, at)).GetProperty("state").GetProperty("balance").GetDecimal().Should().Be(4_500);
        var compared = await WholeAsync(log, "events/stream?name=account-long&at=4500&from=2000&fold=1");
        compared.GetProperty("compared").GetProperty("changes").EnumerateArray().Select(change => change.GetProperty("before").GetString())
            .Should().Contain("2000");
        var before = log.Counting.Events;
        var back = await SampleHost.JsonAsync(log.Host.Client, "events/stream?name=account-long&at=3900&fold=1");
        back.GetProperty("state").GetProperty("balance").GetDecimal().Should().Be(3_900);
        (log.Counting.Events - before).Should().BeLessThan(100, "only the list of events is read");
        var older = await SampleHost.JsonAsync(log.Host.Client, "events/stream?name=account-long&at=3900&upto=3800&fold=1");
        older.GetProperty("events")[0].GetProperty("changes")[0].GetProperty("after").GetString().Should().Be("3800");
    }

    [Theory]
    [InlineData("Origin", "https://evil.example")]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    public async Task Order_to_a_fold_from_another_site_is_refused(string header, string value)
    {
        await using var log = await LongLog.OpenAsync();
        log.Counting.HoldReadsAfter(3_000);
        await SampleHost.OpenAsync(log.Host.Client, $"{Rent}&asof=4500", (int)HttpStatusCode.Accepted);
        await OrderAsync(log, "stop", HttpStatusCode.Forbidden, (header, value));
        (await FoldingAsync(log, $"{Rent}&asof=4500")).GetProperty("state").GetString().Should().Be("running");
    }

    private static async Task<string?> OrderAsync(
        LongLog log, string order, HttpStatusCode status = HttpStatusCode.SeeOther, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "events/fold")
        {
            Content = new FormUrlEncodedContent(
            [
                new("order", order), new("page", "document"), new("model", "ByReference"), new("key", "rent"), new("asof", "4500"),
            ]),
        };
        foreach (var (name, value) in headers) request.Headers.Add(name, value);
        using var answer = await log.Host.Client.SendAsync(request);
        answer.StatusCode.Should().Be(status);
        return answer.Headers.Location?.ToString();
    }

    private static async Task<JsonElement> FoldingAsync(LongLog log, string address) =>
        (await SampleHost.JsonAsync(log.Host.Client, address, (int)HttpStatusCode.Accepted)).GetProperty("folding");

    private static async Task<JsonElement> WholeAsync(LongLog log, string address)
    {
        JsonElement model = default;
        await UntilAsync(async () =>
        {
            model = await SampleHost.JsonAsync(log.Host.Client, address, status: null);
            return !model.TryGetProperty("folding", out _);
        });
        return model;
    }

    private static async Task UntilAsync(Func<Task<bool>> isDone)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await isDone()) await Task.Delay(10, patience.Token);
    }

    private sealed class Growing : Projection<Grown>
    {
        public Growing() => On<MoneyDeposited>((grown, _) => new Grown((grown?.Text ?? "") + new string('x', 100)));
    }

    private sealed record Grown(string Text);

    private sealed class Clock : TimeProvider
    {
        public long Timestamp { get; set; }

        /// <summary>What it throws instead of telling the time, if it is to.</summary>
        public Exception? Failure { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Failure is { } failure ? throw failure : Timestamp;
    }
}
