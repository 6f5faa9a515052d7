using System.Text;

namespace EventSourcing.Tests.Projections;

/// <summary>On a store, a name belongs to one class. Another class of that name neither replaces it nor reads its read model.</summary>
public abstract class NameOwnerTests(IStorageSource source) : EngineTests(source)
{
    [Fact]
    public async Task Start_a_projection_of_another_class_and_the_same_name_beside_it_is_refused()
    {
        var store = OpenStore();
        await using var orders = store.StartProjections(NoRetries, new Orders.Summary());
        await orders.WaitForAsync(await AppendAsync(store));
        var refused = FluentActions.Invoking(() => store.StartProjections(NoRetries, new Billing.Summary())).Should().Throw<SubscriberNameTakenException>().Which;
        refused.Should().BeEquivalentTo(new { Name = "Summary", Owner = typeof(Orders.Summary).FullName, Claimant = typeof(Billing.Summary).FullName });
        await ShouldServeOrdersAsync(store);
    }

    [Fact]
    public async Task Start_a_projection_of_another_class_in_another_app_is_refused_and_changes_nothing()
    {
        await using (var orders = OpenStore().StartProjections(NoRetries, new Orders.Summary())) await orders.WaitForAsync(await AppendAsync(OpenStore()));
        var store = OpenStore();
        var before = await DirectoryAsync(store);
        await using var billing = store.StartProjections(NoRetries, new Billing.Summary());
        (await FluentActions.Awaiting(() => billing.Completion.WaitAsync(Never)).Should().ThrowAsync<SubscriberNameTakenException>())
            .WithMessage($"*'Summary' belongs to {typeof(Orders.Summary)}*public override string Name =>*FormerTypeNames => [\"{typeof(Orders.Summary)}\"]*");
        await FluentActions.Awaiting(() => billing.WaitForAsync(1)).Should().ThrowAsync<SubscriberNameTakenException>();
        await FluentActions.Awaiting(() => billing.CatchUpAsync()).Should().ThrowAsync<SubscriberNameTakenException>();
        await FluentActions.Awaiting(() => billing.RebuildAsync("Summary")).Should().ThrowAsync<SubscriberNameTakenException>();
        (await billing.GetStatusAsync()).Single().Should().Match<ProjectionStatus>(s => s.State == ProjectionState.Failed && s.LastError is SubscriberNameTakenException);
        (await DirectoryAsync(store)).Should().Be(before);
        await ShouldServeOrdersAsync(store);
    }

    [Fact]
    public async Task Wait_at_once_for_what_a_projection_of_another_class_has_reached_throws()
    {
        await using var orders = OpenStore().StartProjections(NoRetries, new Orders.Twin());
        await orders.WaitForAsync(await AppendAsync(OpenStore()));
        await using var billing = OpenStore().StartProjections(NoRetries, new Billing.Twin());
        await FluentActions.Awaiting(() => billing.WaitForAsync(1)).Should().ThrowAsync<SubscriberNameTakenException>();
    }

    [Fact]
    public async Task Start_inline_what_has_the_name_of_another_class_is_refused_and_so_are_appends_but_only_with_it()
    {
        await OpenInline(new Orders.Twin()).StartInlineProjectionsAsync();
        var (inline, store) = (OpenInline(new Billing.Twin()), OpenStore());
        await FluentActions.Awaiting(() => inline.StartInlineProjectionsAsync()).Should().ThrowAsync<SubscriberNameTakenException>();
        await FluentActions.Awaiting(() => AppendAsync(inline)).Should().ThrowAsync<SubscriberNameTakenException>();
        await AppendAsync(store);
        (await store.ReadModel(new Orders.Twin()).GetPositionAsync()).Should().Be(0);
    }

    [Fact]
    public async Task Start_a_generic_class_with_other_arguments_is_refused()
    {
        await using (var first = OpenStore().StartProjections(NoRetries, new Generic<Orders>())) await first.CatchUpAsync();
        await using var second = OpenStore().StartProjections(NoRetries, new Generic<Billing>());
        (await FluentActions.Awaiting(() => second.Completion.WaitAsync(Never)).Should().ThrowAsync<SubscriberNameTakenException>())
            .Which.Owner.Should().Contain("Generic`1[").And.Contain(nameof(Orders)).And.NotContain("Version=");
    }

    [Fact]
    public async Task Start_a_reactor_of_another_class_and_the_same_name_is_refused_here_and_elsewhere()
    {
        var store = OpenStore();
        await using var running = await store.StartReactorsAsync(new Orders.Letters());
        await FluentActions.Awaiting(() => store.StartReactorsAsync(new Billing.Letters())).Should().ThrowAsync<SubscriberNameTakenException>();
        await FluentActions.Awaiting(() => OpenStore().StartReactorsAsync(new Billing.Letters())).Should().ThrowAsync<SubscriberNameTakenException>();
    }

    [Fact]
    public async Task Read_the_read_model_of_another_class_throws_by_key_by_query_and_by_wait()
    {
        await using var orders = OpenStore().StartProjections(NoRetries, new Orders.Summary());
        await orders.WaitForAsync(await AppendAsync(OpenStore()));
        var billing = OpenStore().ReadModel(new Billing.Summary());
        await FluentActions.Awaiting(() => billing.FindAsync("a")).Should().ThrowAsync<SubscriberNameTakenException>();
        await FluentActions.Awaiting(() => billing.Query().ToListAsync()).Should().ThrowAsync<SubscriberNameTakenException>();
        await FluentActions.Awaiting(() => billing.Query().CountAsync()).Should().ThrowAsync<SubscriberNameTakenException>();
        await FluentActions.Awaiting(() => billing.GetPositionAsync()).Should().ThrowAsync<SubscriberNameTakenException>();
        await FluentActions.Awaiting(() => billing.WaitForAsync(1)).Should().ThrowAsync<SubscriberNameTakenException>();
    }

    [Fact]
    public async Task Start_a_class_that_was_moved_goes_on_and_so_does_the_old_one_after_it()
    {
        await using (var orders = OpenStore().StartProjections(NoRetries, new Orders.Twin())) await orders.WaitForAsync(await AppendAsync(OpenStore()));
        await using (var moved = OpenStore().StartProjections(NoRetries, new Billing.Twin { Former = [typeof(Orders.Twin).ToString()] })) await moved.WaitForAsync(await AppendAsync(OpenStore()));

        // FormerTypeNames is needed for one start only. An older version of the app, which has the class in its old place, starts too.
        await using (var moved = OpenStore().StartProjections(NoRetries, new Billing.Twin())) await moved.WaitForAsync(await AppendAsync(OpenStore()));
        await using (var orders = OpenStore().StartProjections(NoRetries, new Orders.Twin())) await orders.WaitForAsync(await AppendAsync(OpenStore()));
        (await OpenStore().ReadModel(new Billing.Twin()).FindAsync("a"))!.Count.Should().Be(4);
    }

    [Fact]
    public async Task Start_on_a_store_that_was_written_before_classes_were_kept_adopts_it()
    {
        var store = OpenStore();
        await using (var orders = store.StartProjections(NoRetries, new Orders.Summary())) await orders.WaitForAsync(await AppendAsync(store));
        var old = (await DirectoryAsync(store)).Replace($",\"types\":[\"{typeof(Orders.Summary).ToString().Replace("+", "\\u002B", StringComparison.Ordinal)}\"]", "", StringComparison.Ordinal);
        old.Should().NotContain("types");
        await store.Storage.ReadModels.CommitAsync(new ReadModelCommit { Changes = [new DocumentChange("$projections", "Summary", Encoding.UTF8.GetBytes(old))] });
        await using (var orders = OpenStore().StartProjections(NoRetries, new Orders.Summary())) await orders.WaitForAsync(await AppendAsync(store));
        (await DirectoryAsync(store)).Should().Contain("types");
        await using var billing = OpenStore().StartProjections(NoRetries, new Billing.Summary());
        await FluentActions.Awaiting(() => billing.Completion.WaitAsync(Never)).Should().ThrowAsync<SubscriberNameTakenException>();
    }

    private static async Task<AppendResult> AppendAsync(EventStore store) => await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);

    private static async Task<string> DirectoryAsync(EventStore store) =>
        Encoding.UTF8.GetString((await store.Storage.ReadModels.LoadAsync("$projections", ["Summary"]))[0]!);

    private static async Task ShouldServeOrdersAsync(EventStore store) => (await store.ReadModel(new Orders.Summary()).FindAsync("a"))!.Orders.Should().Be(1);

    internal sealed class Orders
    {
        internal sealed record Document(int Orders);

        internal sealed class Summary : Projection<Document>
        {
            public Summary() => On<Tallied>(e => e.Keys, (document, _, _) => new Document((document?.Orders ?? 0) + 1));
        }

        internal sealed class Twin : Projection<Counted>
        {
            public Twin() => On<Tallied>(e => e.Keys, (document, _, _) => new Counted((document?.Count ?? 0) + 1));
        }

        internal sealed class Letters : Reactor
        {
            public Letters() => On<Tallied>((_, _, _) => Task.CompletedTask);

            public override StartFrom Start => StartFrom.Beginning;
        }
    }

    internal sealed class Billing
    {
        internal sealed record Document(string? Invoice);

        internal sealed class Summary : Projection<Document>
        {
            public Summary() => On<Tallied>(e => e.Keys, (_, key, _) => new Document(key));
        }

        internal sealed class Twin : Projection<Counted>
        {
            public Twin() => On<Tallied>(e => e.Keys, (document, _, _) => new Counted((document?.Count ?? 0) + 1));

            public IReadOnlyList<string> Former { get; init; } = [];

            public override IReadOnlyList<string> FormerTypeNames => Former;
        }

        internal sealed class Letters : Reactor
        {
            public Letters() => On<Tallied>((_, _, _) => Task.CompletedTask);

            public override StartFrom Start => StartFrom.Beginning;
        }
    }

    internal sealed record Counted(int Count);

    private sealed class Generic<T> : Projection<Counted>
    {
        public Generic() => On<Tallied>(e => e.Keys, (document, _, _) => new Counted((document?.Count ?? 0) + 1));

        public Type Argument { get; } = typeof(T);
    }
}
