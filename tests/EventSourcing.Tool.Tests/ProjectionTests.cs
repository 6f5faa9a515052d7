namespace EventSourcing.Tool.Tests;

/// <summary>The commands that show projections and give them orders, while an app runs them.</summary>
public sealed class ProjectionTests : IDisposable
{
    private readonly WorkFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Status_tells_what_each_does_and_who_runs_it()
    {
        await Shop.MakeAsync();
        (await Run.Piped("projections", "status", "shop.db")).Output.Should().Be("No projection or reactor was ever started on this store.\n");
        await using (await Shop.RunAsync())
        {
            var run = await Run.Piped("projections", "status", "shop.db");
            run.ExitCode.Should().Be(0);
            run.Lines[1].Should().MatchRegex($@"^OrderSummaries +live +6 +0 +- +1 +\S+ pid {Environment.ProcessId}$");
            (await Run.Piped("projections", "status", "shop.db", "--fail-on", "lag=0")).ExitCode.Should().Be(0);
            (await Run.Piped("projections", "status", "shop.db", "--fail-on", "parked")).ExitCode.Should().Be(1);
            (await Run.Piped("projections", "status", "shop.db", "--fail-on", "age=3")).ExitCode.Should().Be(2);
            var json = (await Run.Piped("projections", "status", "shop.db", "--json")).Json.Should().ContainSingle().Subject;
            json.GetProperty("runner").GetProperty("processId").GetInt32().Should().Be(Environment.ProcessId);
        }

        (await Run.Piped("projections", "status", "shop.db")).Lines[1].Should().Contain("not running");
    }

    [Fact]
    public async Task Skip_leaves_the_event_out_and_is_on_record()
    {
        await Shop.MakeAsync();
        await using var app = await Shop.RunAsync();
        (await Run.Piped("projections", "parked", "shop.db", "OrderSummaries")).Output.Should().Contain("position 6  order-cancelled  document 19").And.Contain("The reason of a cancelled order is empty.");
        (await Run.Piped("projections", "parked", "shop.db", "Orders")).Error.Should().Be("error: There is no projection or reactor 'Orders'. There are: OrderSummaries.\n");
        string[] order = ["projections", "skip", "shop.db", "OrderSummaries", "6", "--by", "ann", "--reason", "a test order"];

        (await Run.Piped(order)).Error.Should().Contain("Say --yes");
        (await Run.Piped("projections", "skip", "shop.db", "OrderSummaries", "5", "--by", "ann", "--reason", "x", "--yes")).Error.Should().Contain("Parked are positions 6.");
        (await Run.Piped([.. order, "--yes"])).Output.Should().StartWith("Ordered for OrderSummaries: the event at position 6 left out.").And.Contain($"pid {Environment.ProcessId} carries it out");

        while ((await Run.Piped("projections", "status", "shop.db", "--fail-on", "parked")).ExitCode != 0) await Task.Delay(20);
        (await Run.Piped("projections", "skipped", "shop.db", "OrderSummaries")).Output.Should().Contain("by ann").And.Contain("Reason: a test order.");
        (await Run.Piped("projections", "skipped", "shop.db", "OrderSummaries", "--json")).Json.Should().ContainSingle().Which.GetProperty("reason").GetString().Should().Be("a test order");
        (await Run.Piped("projections", "parked", "shop.db", "OrderSummaries")).Error.Should().Be("Nothing is parked.\n");
    }

    [Fact]
    public async Task Resume_has_the_app_try_again()
    {
        await Shop.MakeAsync();
        await using var app = await Shop.RunAsync();

        (await Run.Piped("projections", "resume", "shop.db", "OrderSummaries", "--position", "5")).ExitCode.Should().Be(2);
        (await Run.Piped("projections", "resume", "shop.db", "OrderSummaries")).Output.Should().StartWith("Ordered for OrderSummaries: 1 document or stream tried again.");

        while ((await app.ProjectionAdmin().GetParkedAsync("OrderSummaries")) is not [{ Attempts: > 0, RetryAt: null }]) await Task.Delay(20);
    }

    [Fact]
    public async Task Rebuild_is_done_by_the_app_and_waited_for()
    {
        await Shop.MakeAsync();
        await using (var app = await Shop.RunAsync())
        {
            var admin = app.ProjectionAdmin();
            (await admin.SkipAsync((await admin.GetParkedAsync("OrderSummaries"))[0], "ann", "a test order")).Should().BeTrue();
            while (await admin.GetParkedAsync("OrderSummaries") is not []) await Task.Delay(20);

            // The rebuild tries the event that was skipped again, and waits for it.
            var run = await Run.Piped("projections", "rebuild", "shop.db", "OrderSummaries");
            run.Error.Should().Contain("The rebuild of 'OrderSummaries' waits for what is parked in it.");
            (await Run.Piped("projections", "rebuild-document", "shop.db", "OrderSummaries", "17")).ExitCode.Should().Be(0);
        }

        (await Run.Piped("projections", "rebuild", "shop.db", "OrderSummaries")).Output.Should().Contain("No process runs it now.");
    }

    [Fact]
    public async Task Stop_and_start_are_orders_that_stay()
    {
        await Shop.MakeAsync();
        await using var app = await Shop.RunAsync();

        (await Run.Piped("projections", "stop", "shop.db", "OrderSummaries")).ExitCode.Should().Be(0);
        while (!(await Run.Piped("projections", "status", "shop.db")).Output.Contains("stopped", StringComparison.Ordinal)) await Task.Delay(20);
        (await Run.Piped("projections", "start", "shop.db", "OrderSummaries")).ExitCode.Should().Be(0);
        while (!(await Run.Piped("projections", "status", "shop.db")).Output.Contains("live", StringComparison.Ordinal)) await Task.Delay(20);
    }
}
