using System.Text;

namespace EventSourcing.Tests.Projections;

/// <summary>Orders by name, from a process that has none of the projection's code: stop, start, rebuild; and who runs what.</summary>
public abstract class StandingOrderTests(IStorageSource source) : EngineTests(source)
{
    [Fact]
    public async Task Stop_and_start_by_name_holds_in_all_processes_and_loses_nothing()
    {
        var (one, two, admin) = (OpenStore(), OpenStore(), OpenStore().ProjectionAdmin());
        var projection = new Tallies();
        await using var running = one.StartProjections(NoRetries, projection);
        await running.WaitForAsync(await one.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);
        await using var standby = two.StartProjections(NoRetries, projection);
        await UntilAsync(async () => (await standby.GetStatusAsync())[0].State == ProjectionState.Standby, "stands by");

        await admin.StopAsync("tallies");
        await admin.StopAsync("tallies");
        await UntilStoppedAsync(running);
        await UntilStoppedAsync(standby);
        (await admin.GetStatusAsync()).Single().Should().BeEquivalentTo(new { State = ProjectionState.Stopped, Position = 1L, Runner = (ProjectionRunner?)null });
        var appended = await one.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a", "b")]);
        (await FluentActions.Awaiting(() => running.WaitForAsync(appended, Never)).Should().ThrowAsync<ProjectionStoppedException>())
            .Which.Projection.Should().Be("tallies");
        await FluentActions.Awaiting(() => standby.CatchUpAsync(Never)).Should().ThrowAsync<ProjectionStoppedException>();
        (await one.ReadModel(projection).GetPositionAsync()).Should().Be(1);

        await admin.StartAsync("tallies");
        await UntilAsync(async () => await one.ReadModel(projection).GetPositionAsync() == 2, "goes on");
        await ShouldBeFoldAsync(one, projection);
    }

    /// <summary>Whoever has given the order need not wait until it is carried out before they wait for what it leads to.</summary>
    [Fact]
    public async Task Start_and_catch_up_at_once_waits_for_the_order_to_be_carried_out()
    {
        var store = OpenStore();
        var admin = store.ProjectionAdmin();
        var projection = new Tallies();
        await using var running = store.StartProjections(NoRetries, projection);
        await running.CatchUpAsync(Never);
        for (var round = 1; round <= 5; round++)
        {
            await admin.StopAsync("tallies");
            await UntilStoppedAsync(running);
            var appended = await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
            await FluentActions.Awaiting(() => running.CatchUpAsync(Never)).Should().ThrowAsync<ProjectionStoppedException>();

            await admin.StartAsync("tallies");
            if (round == 1) await running.WaitForAsync(appended, Never);
            else if (round == 2) await running.RebuildAsync("tallies");
            else (await running.CatchUpAsync(Never)).Should().Be(round);
        }

        await ShouldBeFoldAsync(store, projection);
    }

    /// <summary>A run that is stopped just then does not learn that it owns what is stored as its own.</summary>
    [Fact]
    public async Task Stop_while_a_run_becomes_the_owner_leaves_no_owner()
    {
        var (store, faults) = OpenFaulty();
        var (isOwner, goOn) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), new TaskCompletionSource());
        faults.AfterCommit = commit =>
        {
            if (!commit.Changes.Any(change => change.Data is { } data && Encoding.UTF8.GetString(data.Span).Contains("\"owner\":\""))) return Task.CompletedTask;
            isOwner.TrySetResult();
            return goOn.Task;
        };
        await using var running = store.StartProjections(NoRetries, new Tallies());
        await isOwner.Task.WaitAsync(Never);
        await store.ProjectionAdmin().StopAsync("tallies");
        await UntilAsync(async () => (await running.GetStatusAsync()).Single() is { State: ProjectionState.Stopped, Runner: not null }, "is to stop");
        await Task.Delay(20, CancellationToken.None); // its run is told to stop right after that; if it is told later, this passes all the same

        goOn.SetResult();
        await UntilStoppedAsync(running);
        await store.ProjectionAdmin().StartAsync("tallies");
        await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);
        (await running.GetStatusAsync()).Single().Runner.Should().NotBeNull();
    }

    [Fact]
    public async Task Fail_is_told_to_other_processes_until_it_runs_again()
    {
        var (store, admin) = (OpenStore(), OpenStore().ProjectionAdmin());
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await using (var failing = store.StartProjections(NoRetries with { OnFailure = FailureMode.Stop }, new Tallies((_, _) => true)))
            await FluentActions.Awaiting(() => failing.Completion).Should().ThrowAsync<ProjectionFailedException>();

        var failed = (await admin.GetStatusAsync()).Single();
        failed.Should().BeEquivalentTo(new { State = ProjectionState.Failed, Position = 0L, Runner = (ProjectionRunner?)null });
        failed.LastError.Should().BeAssignableTo<EventSourcingException>().Which.Message.Should().StartWith("'tallies' failed on the event at position 1 of stream 's-1'");

        await admin.StopAsync("tallies");
        (await admin.GetStatusAsync()).Single().State.Should().Be(ProjectionState.Stopped, "an order holds whatever happened before");
        await admin.StartAsync("tallies");
        await using var running = store.StartProjections(NoRetries, new Tallies());
        await running.CatchUpAsync(Never);
        (await admin.GetStatusAsync()).Single().Should().BeEquivalentTo(new { State = ProjectionState.Held, Position = 1L, LastError = (Exception?)null });
        await running.DisposeAsync();
        (await admin.GetStatusAsync()).Single().Should().BeEquivalentTo(new { State = ProjectionState.NotStarted, LastError = (Exception?)null });
    }

    [Fact]
    public async Task Stop_what_no_process_runs_holds_for_the_next_start_and_for_its_rebuild()
    {
        var store = OpenStore();
        var admin = OpenStore().ProjectionAdmin();
        var projection = new Tallies();
        await using (var first = store.StartProjections(NoRetries, projection))
            await first.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);
        await admin.StopAsync("tallies");
        await admin.RebuildAsync("tallies");
        await using var running = store.StartProjections(NoRetries, projection);
        await UntilStoppedAsync(running);
        await FluentActions.Awaiting(() => OpenInline(new Tallies()).StartInlineProjectionsAsync()).Should().ThrowAsync<ProjectionStoppedException>();
        (await ActiveAsync(store)).Should().Be(1);
        (await admin.GetStatusAsync()).Single().IsRebuildOrdered.Should().BeTrue();

        await admin.StartAsync("tallies");
        await UntilAsync(async () => await ActiveAsync(store) == 2, "is rebuilt");
        await running.CatchUpAsync(Never);
        (await admin.GetStatusAsync()).Single().IsRebuildOrdered.Should().BeFalse();
        await ShouldBeFoldAsync(store, projection);
    }

    [Fact]
    public async Task Rebuild_by_name_is_done_once_by_one_of_several_processes()
    {
        var (one, two, admin) = (OpenStore(), OpenStore(), OpenStore().ProjectionAdmin());
        var projection = new Tallies();
        await using var running = one.StartProjections(NoRetries, projection);
        await using var standby = two.StartProjections(NoRetries, projection);
        for (var i = 0; i < 20; i++) await one.AppendAsync($"s-{i % 3}", ExpectedVersion.Any, [Tallied.For("a", $"k{i % 5}")]);
        await running.CatchUpAsync(Never);
        await admin.RebuildAsync("tallies");
        await UntilAsync(async () => await ActiveAsync(one) == 2, "is rebuilt");
        await running.CatchUpAsync(Never);
        await ShouldBeFoldAsync(one, projection);
        (await LastAsync(one)).Should().Be(2, "one order is one rebuild");
    }

    [Fact]
    public async Task Rebuild_ordered_twice_while_no_process_runs_it_is_one_rebuild_by_the_next_that_does()
    {
        var store = OpenStore();
        var admin = OpenStore().ProjectionAdmin();
        var projection = new Tallies();
        await using (var first = store.StartProjections(NoRetries, projection))
            await first.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);
        await admin.RebuildAsync("tallies");
        await admin.RebuildAsync("tallies");
        await using var running = store.StartProjections(NoRetries, projection);
        await UntilAsync(async () => await ActiveAsync(store) == 2, "is rebuilt");
        await running.CatchUpAsync(Never);
        await ShouldBeFoldAsync(store, projection);
        (await LastAsync(store)).Should().Be(2);
    }

    [Fact]
    public async Task Rebuild_while_a_new_version_is_being_built_is_done_by_that_version()
    {
        var (one, two) = (OpenStore(), OpenStore());
        await using var old = one.StartProjections(NoRetries, new Tallies());
        await one.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("bad"), Tallied.For("a")]);
        await old.CatchUpAsync(Never);
        var isMended = false;
        var projection = new Tallies((key, _) => !isMended && key == "bad", version: 2);
        await using var current = two.StartProjections(NoRetries, projection);
        await UntilAsync(async () => (await current.GetStatusAsync())[0].Rebuild is { Parked: 1 }, "something of the new one is parked");
        isMended = true;
        await OpenStore().ProjectionAdmin().RebuildAsync("tallies");
        await UntilAsync(async () => await ActiveAsync(one) == 3, "is rebuilt");
        await current.CatchUpAsync(Never);
        await UntilAsync(async () => (await old.GetStatusAsync())[0].State == ProjectionState.Replaced, "the old version is replaced");
        (await current.GetStatusAsync())[0].State.Should().NotBe(ProjectionState.Replaced);
        await ShouldBeFoldAsync(two, projection);
        (await LastAsync(two)).Should().Be(3);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Rebuild_order_of_a_process_that_dies_before_or_after_it_has_begun_is_carried_out_once(bool hasBegun)
    {
        var (dying, faults) = OpenFaulty();
        var store = OpenStore();
        var projection = new Tallies();
        var running = dying.StartProjections(NoRetries, projection);
        await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);
        var isDead = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task DieAt(ReadModelCommit commit)
        {
            if (commit.Changes.All(change => change.Model != "$standing")) return Task.CompletedTask;
            faults.Die();
            isDead.TrySetResult();
            return Task.CompletedTask;
        }

        if (hasBegun) faults.AfterCommit = DieAt;
        else faults.BeforeCommit = DieAt;
        await store.ProjectionAdmin().RebuildAsync("tallies");
        await isDead.Task.WaitAsync(Never);
        (await LastAsync(store)).Should().Be(hasBegun ? 2 : 1);
        (await store.ProjectionAdmin().GetStatusAsync()).Single().IsRebuildOrdered.Should().Be(!hasBegun);
        await running.DisposeAsync();

        await using var other = store.StartProjections(NoRetries, projection);
        await UntilAsync(async () => await ActiveAsync(store) == 2, "is rebuilt");
        await other.CatchUpAsync(Never);
        await ShouldBeFoldAsync(store, projection);
        (await LastAsync(store)).Should().Be(2);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Start_or_rebuild_what_has_failed_starts_it_again(bool rebuilds)
    {
        var store = OpenStore();
        var isMended = false;
        var projection = new Tallies((_, position) => !isMended && position == 2);
        await using var running = store.StartProjections(NoRetries with { OnFailure = FailureMode.Stop }, projection);
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a"), Tallied.For("a")]);
        await FluentActions.Awaiting(() => running.Completion.WaitAsync(Never)).Should().ThrowAsync<ProjectionFailedException>();
        isMended = true;
        if (rebuilds) await OpenStore().ProjectionAdmin().RebuildAsync("tallies");
        else await OpenStore().ProjectionAdmin().StartAsync("tallies");
        await UntilAsync(async () => await ActiveAsync(store) == (rebuilds ? 2 : 1) && await store.ReadModel(projection).GetPositionAsync() == 2, "goes on");
        await running.CatchUpAsync(Never);
        await ShouldBeFoldAsync(store, projection);
    }

    [Fact]
    public async Task Order_for_a_name_that_was_never_started_is_refused_and_nothing_is_written()
    {
        var store = OpenStore();
        var admin = store.ProjectionAdmin();
        await FluentActions.Awaiting(() => admin.StopAsync("talies")).Should().ThrowAsync<ArgumentException>().WithMessage("*'talies'*");
        await FluentActions.Awaiting(() => admin.StartAsync("talies")).Should().ThrowAsync<ArgumentException>();
        await FluentActions.Awaiting(() => admin.RebuildAsync("talies")).Should().ThrowAsync<ArgumentException>();
        (await store.Storage.ReadModels.CountAsync("$standing", [])).Should().Be(0);
    }

    [Fact]
    public async Task Stop_and_start_a_reactor_delivers_each_event_once_and_it_cannot_be_rebuilt()
    {
        var store = OpenStore();
        var admin = OpenStore().ProjectionAdmin();
        var delivered = new List<long>();
        await using var running = await store.StartReactorsAsync(NoRetries, new Notes(position =>
        {
            lock (delivered) delivered.Add(position);
        }));
        await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);
        await FluentActions.Awaiting(() => admin.RebuildAsync("notes")).Should().ThrowAsync<ArgumentException>().WithMessage("*reactor*");
        await admin.StopAsync("notes");
        await UntilStoppedAsync(running);
        var appended = await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        delivered.Should().Equal(1);
        await admin.StartAsync("notes");
        await UntilAsync(async () => (await running.GetStatusAsync())[0].Position == 2, "goes on");
        await running.WaitForAsync(appended, Never);
        delivered.Should().Equal(1, 2);
    }

    [Fact]
    public async Task Status_tells_from_any_process_who_runs_it_since_when_how_fast_and_what_is_parked()
    {
        var clock = new VirtualClock();
        var store = OpenStore(clock);
        var started = clock.GetUtcNow();
        var projection = new Tallies((key, _) => key == "bad");
        await using var running = store.StartProjections(NoRetries, projection);
        await UntilAsync(async () => (await running.GetStatusAsync()).Single().State == ProjectionState.Live, "runs");
        clock.Advance(TimeSpan.FromSeconds(4));
        await store.AppendAsync("s-1", ExpectedVersion.Any, [.. Enumerable.Range(0, 8).Select(i => Tallied.For(i == 5 ? "bad" : "a"))]);
        await UntilParkedAsync(store, "tallies", 1);
        var status = (await OpenStore(clock).ProjectionAdmin().GetStatusAsync()).Single();
        status.State.Should().Be(ProjectionState.Held);
        status.Runner.Should().Be(new ProjectionRunner(
            Environment.MachineName, Environment.ProcessId, IsGone: false, started, clock.GetUtcNow(), PositionsPerSecond: 2));
        status.Parked.Should().Be(1);
        status.ParkedEvents.Single().Should().BeEquivalentTo(new { Partition = "bad", Position = 6L });
        (await running.GetStatusAsync()).Single().Runner.Should().Be(status.Runner);
        await running.DisposeAsync();
        (await OpenStore(clock).ProjectionAdmin().GetStatusAsync()).Single()
            .Should().BeEquivalentTo(new { State = ProjectionState.NotStarted, Runner = (ProjectionRunner?)null });
    }

    private static Task UntilStoppedAsync(RunningSubscribers running) => UntilAsync(
        async () => (await running.GetStatusAsync()).Single() is { State: ProjectionState.Stopped, Runner: null }, "is stopped");

    private static Task<int> ActiveAsync(EventStore store) => NumberAsync(store, "\"active\":");

    private static Task<int> LastAsync(EventStore store) => NumberAsync(store, "\"last\":");

    /// <summary>A number of the record of a projection's generations.</summary>
    private static async Task<int> NumberAsync(EventStore store, string name)
    {
        var record = Encoding.UTF8.GetString((await store.Storage.ReadModels.LoadAsync("$projections", ["tallies"]))[0]!);
        var at = record.IndexOf(name, StringComparison.Ordinal) + name.Length;
        return int.Parse(record.AsSpan(at, record.AsSpan(at).IndexOfAny(',', '}')), System.Globalization.CultureInfo.InvariantCulture);
    }

    private sealed class Notes : Reactor
    {
        public Notes(Action<long> note) => On<Tallied>((_, delivery, _) =>
        {
            note(delivery.Event.Position);
            return Task.CompletedTask;
        });

        public override string Name => "notes";

        public override StartFrom Start => StartFrom.Beginning;
    }
}
