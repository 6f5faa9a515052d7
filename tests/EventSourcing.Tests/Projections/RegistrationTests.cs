using EventSourcing.Tests.Aggregates;
using EventSourcing.Tests.Concurrency;

namespace EventSourcing.Tests.Projections;

/// <summary>Whatever is wrong with a projection or reactor is said when it is started, and nothing is.</summary>
public sealed class RegistrationTests : IAsyncDisposable
{
    private readonly EventStore _store = new(new InMemoryEventStorage(), Tallied.Types);

    [Fact]
    public async Task Start_nothing_throws()
    {
        StartFails<ArgumentException>("*nothing to start*");
        await FluentActions.Awaiting(() => _store.StartReactorsAsync()).Should().ThrowAsync<ArgumentException>();
    }

    [Fact]
    public void Start_two_of_one_name_throws() => StartFails<ArgumentException>("*Two are named 'tallies'*", new Tallies(), new Tallies(null, version: 2));

    [Theory]
    [InlineData("$mine", "*begins with '$'*")]
    [InlineData("", "*name*")]
    [InlineData("a\nb", "*name*")]
    public void Start_under_a_bad_name_throws(string name, string message) => StartFails<ArgumentException>(message, new Tallies(null, name));

    [Fact]
    public void Start_under_a_name_of_150_characters_works_and_of_151_throws()
    {
        StartFails<ArgumentException>("*151 characters*", new Tallies(null, new string('n', 151)));
        FluentActions.Invoking(() => _store.StartProjections(new Tallies(null, new string('n', 150)))).Should().NotThrow();
    }

    [Theory]
    [InlineData("A@1")]
    [InlineData("B@2")]
    [InlineData("@0")]
    public void Start_a_projection_under_the_name_of_a_rebuild_throws(string name) =>
        StartFails<ArgumentException>("*ends in '@' and a number, which is kept for the read models*", new Tallies(null, name));

    [Theory]
    [InlineData("A@")]
    [InlineData("A@1b")]
    [InlineData("a1")]
    public async Task Start_a_projection_under_a_name_that_only_resembles_a_rebuild_works(string name)
    {
        await using var running = _store.StartProjections(new Tallies(null, name));
        await running.CatchUpAsync();
        await running.RebuildAsync(name);
    }

    [Fact]
    public async Task Start_a_reactor_under_a_name_that_ends_in_a_number_works()
    {
        await using var running = await _store.StartReactorsAsync(new Reacting(), new Reacting { Called = "Reacting@1" });
        await running.CatchUpAsync();
    }

    [Fact]
    public void Start_without_handlers_throws() => StartFails<ArgumentException>("*handles no event*", new Declared(_ => { }));

    [Fact]
    public void Start_with_a_handler_for_an_unlisted_event_throws() =>
        StartFails<ArgumentException>("*handles Unlisted, which the store's EventTypes do not list*", new Declared(d => d.Handle<Unlisted>()));

    [Fact]
    public void Start_with_a_filter_that_lets_no_handled_event_through_throws() =>
        StartFails<ArgumentException>("*lets none of the events through*", new Declared(d => d.Handle<Noted>()) { Filtered = EventQuery.OfTypes("tallied") });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Start_with_fields_of_null_throws(bool isItem) =>
        StartFails<ArgumentException>("*Fields*null*", new Fielded { Listed = isItem ? [null!] : null! });

    [Fact]
    public void Start_under_an_odd_name_says_how_long_one_may_be() => StartFails<ArgumentException>("*must be 1–150 characters*U+0001*", new Tallies(null, "a\u0001"));

    [Fact]
    public void Start_with_a_filter_of_null_throws() => StartFails<ArgumentException>("*filter*null*", new Declared(d => d.Handle<Noted>()) { Filtered = null! });

    [Fact]
    public void Declare_two_handlers_for_one_event_throws()
    {
        FluentActions.Invoking(() => new Declared(d => { d.Handle<Noted>(); d.Handle<Noted>(); })).Should().Throw<ArgumentException>().WithMessage("*two handlers for Noted*");
        FluentActions.Invoking(() => new Declared(d => { d.HandleAny(); d.HandleAny(); })).Should().Throw<ArgumentException>().WithMessage("*two handlers for any event*");
    }

    [Fact]
    public async Task Start_a_reactor_without_room_for_any_event_throws()
    {
        (await FluentActions.Awaiting(() => _store.StartReactorsAsync(new Reacting { Batch = 0 })).Should().ThrowAsync<ArgumentOutOfRangeException>()).WithMessage("*BatchSize*");
        (await FluentActions.Awaiting(() => _store.StartReactorsAsync(new Reacting { Concurrency = 0 })).Should().ThrowAsync<ArgumentOutOfRangeException>()).WithMessage("*MaxConcurrency*");
    }

    [Fact]
    public void Start_tables_on_a_storage_without_throws() => StartFails<NotSupportedException>("*keeps tables, and InMemoryEventStorage has none*", new NoTables());

    /// <summary>A storage that wraps another one lacks no tables by itself.</summary>
    [Theory]
    [InlineData(true, "*keeps tables, and InMemoryEventStorage has none*")]
    [InlineData(false, "*keeps tables, and the storage of this store has none*")]
    public async Task Start_tables_on_a_wrapped_storage_without_does_not_blame_the_wrapper(bool givesInner, string message)
    {
        IEventStorage inner = new InMemoryEventStorage();
        await using var store = new EventStore(givesInner ? new ChecksBeforeTheLock(inner) : new WatchedStorage(inner), Tallied.Types);

        FluentActions.Invoking(() => store.StartProjections(new NoTables())).Should().Throw<NotSupportedException>().WithMessage(message);
        (await store.ProjectionAdmin().GetStatusAsync()).Should().BeEmpty();
    }

    [Fact]
    public async Task Check_what_can_run_starts_nothing()
    {
        _store.CheckSubscribers(new Tallies(), new Reacting());

        await _store.AppendAsync("notes-1", ExpectedVersion.Any, [new Noted(1)]);
        (await _store.ProjectionAdmin().GetStatusAsync()).Should().BeEmpty();
        await using var running = _store.StartProjections(new Tallies());
        (await running.CatchUpAsync()).Should().Be(1);
    }

    [Fact]
    public async Task Rebuild_what_was_not_started_throws()
    {
        await using var running = _store.StartProjections(new Tallies());
        await FluentActions.Awaiting(() => running.RebuildAsync("other")).Should().ThrowAsync<ArgumentException>();
    }

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    private void StartFails<TException>(string message, params Projection[] projections)
        where TException : Exception
    {
        FluentActions.Invoking(() => _store.CheckSubscribers(projections)).Should().Throw<TException>().WithMessage(message);
        FluentActions.Invoking(() => _store.StartProjections(projections)).Should().Throw<TException>().WithMessage(message);
    }

    [EventType("unlisted")]
    internal sealed record Unlisted;

    private sealed class Declared : Projection<Tally>
    {
        public Declared(Action<Declared> declare) => declare(this);

        public EventQuery Filtered { get; init; } = EventQuery.All;

        public override EventQuery Filter => Filtered;

        public void Handle<TEvent>()
            where TEvent : notnull => On<TEvent>((tally, _) => tally);

        public void HandleAny() => OnAny(_ => [], (tally, _, _) => tally);
    }

    private sealed class Reacting : Reactor
    {
        public Reacting() => On<Noted>((_, _, _) => Task.CompletedTask);

        public override StartFrom Start => StartFrom.Now;

        public string Called { get; init; } = "Reacting";

        public override string Name => Called;

        public int Batch { get; init; } = 1;

        public int Concurrency { get; init; } = 1;

        public override int BatchSize => Batch;

        public override int MaxConcurrency => Concurrency;
    }

    private sealed class Fielded : Projection<Tally>
    {
        public Fielded() => On<Noted>((tally, _) => tally);

        public IReadOnlyList<DocumentField<Tally>> Listed { get; init; } = [];

        public override IReadOnlyList<DocumentField<Tally>> Fields => Listed;
    }

    private sealed class NoTables : TableProjection
    {
        public NoTables()
            : base("notes") => On<Noted>((_, _, _, _) => ValueTask.CompletedTask);

        protected override ValueTask CreateAsync(ProjectionTables tables, CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }
}
