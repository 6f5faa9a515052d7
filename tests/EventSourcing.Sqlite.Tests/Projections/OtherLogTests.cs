using System.Globalization;
using EventSourcing.Tests.Projections;

namespace EventSourcing.Sqlite.Tests.Projections;

/// <summary>A read model does not go on beside a log that is not the one it was made from.</summary>
public sealed class OtherLogTests : IDisposable
{
    private static readonly TimeSpan Never = TimeSpan.FromSeconds(30);
    private static readonly ProjectionOptions Options = new() { RetryDelays = [] };
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Project_a_log_that_was_set_back_stops_and_leaves_the_read_model()
    {
        await ProjectAsync(30);
        await SetBackAsync(25);
        await ExpectStoppedAsync("it has seen a log of 30 events, and this one has 25");
    }

    [Fact]
    public async Task Catch_up_on_a_log_that_was_set_back_says_so()
    {
        await ProjectAsync(30);
        await SetBackAsync(25);
        await using var store = Open();
        await using var running = store.StartProjections(Options, new Tallies());
        await FluentActions.Awaiting(() => running.CatchUpAsync(Never)).Should().ThrowAsync<ReadModelOfAnotherLogException>();
    }

    [Fact]
    public async Task Project_a_log_that_was_set_back_and_has_grown_again_stops_and_leaves_the_read_model()
    {
        await ProjectAsync(30);
        await SetBackAsync(25);
        await using (var store = Open())
        {
            for (var i = 25; i < 40; i++) await store.AppendAsync("s", i, [Tallied.For("a", "b")]);
        }

        await ExpectStoppedAsync("it has seen the event * at position 30, where the log has *");
    }

    /// <summary>A process that is killed notes no root at its last position, so only the event there tells that the log is another one.</summary>
    [Fact]
    public async Task Project_a_log_that_was_set_back_after_a_crash_stops_at_every_start()
    {
        await ProjectAsync(30);
        var faults = new FaultPoints(new SqliteEventStorage(_folder.Store));
        await using (var crashing = new EventStore(faults, Tallied.Types))
        {
            await using var running = crashing.StartProjections(Options, new Tallies());
            for (var i = 30; i < 33; i++) await running.WaitForAsync(await crashing.AppendAsync("s", i, [Tallied.For("b")]), Never);
            faults.Die();
        }

        await SetBackAsync(25);
        await using var store = Open();
        for (var i = 25; i < 40; i++) await store.AppendAsync("s", i, [Tallied.For("b")]);
        for (var start = 0; start < 3; start++)
        {
            await using var running = store.StartProjections(Options, new Tallies());
            await FluentActions.Awaiting(() => running.Completion.WaitAsync(Never)).Should().ThrowAsync<ReadModelOfAnotherLogException>();
        }

        (await AppliedAsync(store)).Should().Equal(Enumerable.Range(1, 33).Select(i => (long)i));
    }

    [Fact]
    public async Task Project_a_log_in_which_an_earlier_event_was_changed_stops_and_leaves_the_read_model()
    {
        await ProjectAsync(30);
        using (var foreign = Some.ForeignConnection(_folder.Store))
            foreign.RunPast("events_refuse_update", "UPDATE events SET data = CAST(replace(CAST(data AS TEXT), '\"a\"', '\"c\"') AS BLOB) WHERE position = 3");
        await ExpectStoppedAsync("it has seen the log of 30 events with the root *, and this one has the root *");
    }

    [Fact]
    public async Task Project_the_same_log_again_goes_on_from_every_position()
    {
        for (var events = 1; events < 40; events += 7) await ProjectAsync(events);
    }

    [Fact]
    public async Task Rebuild_after_the_log_was_set_back_makes_the_read_model_of_what_there_is()
    {
        await ProjectAsync(30);
        await SetBackAsync(25);
        await using var store = Open();
        await using var running = store.StartProjections(Options, new Tallies());
        await FluentActions.Awaiting(() => running.Completion.WaitAsync(Never)).Should().ThrowAsync<ReadModelOfAnotherLogException>();
        await running.RebuildAsync("tallies").WaitAsync(Never);
        (await AppliedAsync(store)).Should().Equal(Enumerable.Range(1, 25).Select(i => (long)i));
        await using var after = store.StartProjections(Options, new Tallies());
        await store.AppendAsync("s", 25, [Tallied.For("b")]);
        await after.WaitForAsync(26, Never);
        (await AppliedAsync(store)).Should().HaveCount(26);
    }

    [Fact]
    public async Task Append_with_an_inline_projection_keeps_its_tie_to_the_log()
    {
        await using (var store = OpenInline())
        {
            for (var i = 0; i < 30; i++) await store.AppendAsync("s", i, [Tallied.For("a", "b")]);
        }

        await SetBackAsync(25);
        await ExpectStoppedAsync("it has seen a log of 30 events, and this one has 25");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(15)]
    public async Task Append_with_an_inline_projection_to_a_log_that_was_set_back_is_refused_and_leaves_the_read_model(int grown)
    {
        await using (var store = OpenInline())
        {
            for (var i = 0; i < 30; i++) await store.AppendAsync("s", i, [Tallied.For("a", "b")]);
        }

        await SetBackAsync(25);
        await using (var store = Open())
        {
            for (var i = 25; i < 25 + grown; i++) await store.AppendAsync("s", i, [Tallied.For("a", "b")]);
        }

        await using (var store = OpenInline())
        {
            var append = async () =>
            {
                await store.StartInlineProjectionsAsync();
                await store.AppendAsync("s", 25 + grown, [Tallied.For("a", "b")]);
            };
            await append.Should().ThrowAsync<ReadModelOfAnotherLogException>();
            (await store.GetHeadAsync()).Should().Be(25 + grown);
            (await AppliedAsync(store)).Should().HaveCount(30);
        }
    }

    private async Task ProjectAsync(int events)
    {
        await using var store = Open();
        await using var running = store.StartProjections(Options, new Tallies());
        for (var i = await store.GetHeadAsync(); i < events; i++) await store.AppendAsync("s", i, [Tallied.For("a", "b")]);
        await running.WaitForAsync(events, Never);
        (await AppliedAsync(store)).Should().HaveCount(events);
    }

    /// <summary>Takes the last events away, and makes the tree that of the others, as somebody may do who knows how.</summary>
    private async Task SetBackAsync(int events)
    {
        byte[] frontier;
        await using (var storage = new SqliteEventStorage(_folder.Store)) frontier = (await MerkleFrontier.ReadAsync(storage.Ledger, events)).ToBytes();
        using var foreign = Some.ForeignConnection(_folder.Store);
        foreign.RunPast("event_tags_refuse_delete", string.Create(CultureInfo.InvariantCulture, $"DELETE FROM event_tags WHERE position > {events}"));
        foreign.RunPast("events_refuse_delete", string.Create(CultureInfo.InvariantCulture, $"DELETE FROM events WHERE position > {events}"));
        foreign.Run(string.Create(CultureInfo.InvariantCulture, $"UPDATE ledger SET frontier = x'{Convert.ToHexString(frontier)}', marks = substr(marks, 1, {events * LedgerAudit.LeafMarkLength})"));
    }

    private async Task ExpectStoppedAsync(string reason)
    {
        await using var store = Open();
        var before = await AppliedAsync(store);
        await using (var running = store.StartProjections(Options, new Tallies()))
        {
            (await FluentActions.Awaiting(() => running.Completion.WaitAsync(Never)).Should().ThrowAsync<ReadModelOfAnotherLogException>())
                .WithMessage($"The read model of 'tallies', at position 30, was made from another log than this one: {reason}.*rebuild*");
        }

        (await AppliedAsync(store)).Should().Equal(before).And.HaveCount(30);
    }

    private static async Task<List<long>> AppliedAsync(EventStore store) => (await store.ReadModel(new Tallies()).FindAsync("b"))?.Applied ?? [];

    private EventStore Open() => new(new SqliteEventStorage(_folder.Store), Tallied.Types);

    private EventStore OpenInline() =>
        new(new SqliteEventStorage(_folder.Store), Tallied.Types, new EventStoreOptions().WithInlineProjections(new Tallies()));
}
