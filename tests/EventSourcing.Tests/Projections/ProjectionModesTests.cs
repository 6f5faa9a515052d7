using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;
using EventSourcing.Testing;

namespace EventSourcing.Tests.Projections;

public class ProjectionModesTests
{
    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Hold_a_projection_as_it_should_be_finds_nothing_on_any_history()
    {
        await ProjectionModes.AssertAgreeAsync(Bank.Open(), () => new Balances());
        foreach (var seed in Enumerable.Range(1, 4))
        {
            await using var history = await HistoryAsync(seed);
            var head = await history.GetHeadAsync();
            await ProjectionModes.AssertAgreeAsync(history, () => new Balances());
            await ProjectionModes.AssertAgreeAsync(history, () => new Journal());
            (await history.GetHeadAsync()).Should().Be(head, "a history is read, not changed");
            (await history.ReadModel(new Balances()).Query().CountAsync()).Should().Be(0);
        }
    }

    [Fact]
    public async Task Hold_on_a_history_with_events_that_this_app_does_not_know_finds_nothing()
    {
        await using var history = Bank.Open();
        await history.AppendAsync("account-ann", 0, [new AccountOpened("Ann"), new MoneyDeposited(1)]);
        await history.Storage.AppendRawAsync("account-ann", "from-the-future", "{}");
        await history.AppendAsync("account-ann", 3, [new MoneyDeposited(2)]);
        await history.Storage.AppendRawAsync("account-ann", "from-the-future", "{}");
        await ProjectionModes.AssertAgreeAsync(history, () => new Balances());
    }

    [Fact]
    public async Task Hold_on_a_history_whose_store_has_inline_projections_runs_none_of_them_on_the_copies()
    {
        await using var history = Bank.Open(new InMemoryEventStorage(), new EventStoreOptions().WithInlineProjections(new Journal()));
        await history.AppendAsync("account-ann", 0, [new AccountOpened("Ann"), new MoneyDeposited(1)]);
        await ProjectionModes.AssertAgreeAsync(history, () => new Balances());
        await ProjectionModes.AssertAgreeAsync(history, () => new Journal());
    }

    [Fact]
    public async Task Hold_a_projection_that_counts_in_a_field_of_its_own_shows_the_document()
    {
        var found = await FindAsync(() => new CountsItself());
        found.Projection.Should().Be("CountsItself");
        found.Key.Should().Be("ann");
        found.Message.Should().StartWith("The read model of 'CountsItself' is another one ").And.Contain("The first document that differs is 'ann':\n  live: {\"number\":");
    }

    [Fact]
    public async Task Hold_a_projection_that_looks_up_what_it_has_seen_before_shows_the_restart() =>
        (await FindAsync(() => new RemembersOwners())).Mode.Should().Be("async, started again with a new object in between");

    [Fact]
    public async Task Hold_a_projection_that_looks_at_what_another_document_did_shows_it_alone_or_in_a_batch() =>
        (await FindAsync(() => new LooksAtTheLast())).Key.Should().NotBeNull();

    [Fact]
    public async Task Hold_a_document_of_which_JSON_loses_what_the_fold_needs_shows_both_texts()
    {
        var found = await FindAsync(() => new Forgetful());
        found.Mode.Should().Be("async, in batches of 1 event");
        found.Message.Should().Be("""
            The read model of 'Forgetful' is another one async, in batches of 1 event than live. The first document that differs is 'ann':
              live: {"sum":6}
              async, in batches of 1 event: {"sum":3}
            A document may depend on nothing but the events, and its JSON must keep all that its handlers need.
            """);
    }

    [Fact]
    public async Task Hold_a_document_that_JSON_writes_and_does_not_read_shows_what_comes_back()
    {
        var found = await FindAsync(() => new WriteOnly());
        found.Mode.Should().Be("read back from JSON");
        found.Message.Should().Contain("read back from JSON: {\"sum\":0}");
    }

    [Fact]
    public async Task Hold_a_document_that_JSON_cannot_read_says_what_failed()
    {
        var found = await FindAsync(() => new Brittle());
        (found.Key, found.Mode).Should().Be((null, "async, in batches of 1 event"));
        found.Message.Should().StartWith("The projection 'Brittle' fails async, in batches of 1 event, and not live: ");
        found.InnerException.Should().BeOfType<ProjectionFailedException>();
    }

    [Fact]
    public async Task Hold_a_projection_that_reads_the_clock_shows_the_document() => (await FindAsync(() => new ReadsTheClock())).Key.Should().Be("ann");

    [Fact]
    public async Task Hold_a_projection_that_makes_up_ids_shows_the_document() => (await FindAsync(() => new MakesUpIds())).Key.Should().Be("ann");

    [Fact]
    public async Task Hold_a_projection_that_fails_however_it_runs_fails_as_it_does()
    {
        await using var history = Bank.Open();
        await history.AppendAsync("account-ann", 0, [new MoneyDeposited(1)]);
        (await FluentActions.Awaiting(() => ProjectionModes.AssertAgreeAsync(history, () => new Balances())).Should().ThrowAsync<ProjectionFailedException>()).Which.Position.Should().Be(1);
    }

    private static async Task<ProjectionModesException> FindAsync<TDocument>(Func<Projection<TDocument>> create)
        where TDocument : class
    {
        await using var history = Bank.Open();
        await history.AppendAsync("account-ann", 0, [new AccountOpened("Ann"), new MoneyDeposited(1)]);
        await history.AppendAsync("account-ben", 0, [new AccountOpened("Ben"), new MoneyDeposited(7)]);
        await history.AppendAsync("account-ann", 2, [new MoneyDeposited(2), new MoneyDeposited(3)]);
        return (await FluentActions.Awaiting(() => ProjectionModes.AssertAgreeAsync(history, create)).Should().ThrowAsync<ProjectionModesException>()).Which;
    }

    /// <summary>Accounts that come and go, some appends over several streams, over some days.</summary>
    private static async Task<EventStore> HistoryAsync(int seed)
    {
        var random = new Random(seed);
        var clock = new ManualClock();
        var store = Bank.Open(new InMemoryEventStorage(new EventStorageOptions { TimeProvider = clock }));
        var open = new HashSet<string>();
        for (var n = 0; n < 40; n++)
        {
            clock.Now += TimeSpan.FromHours(random.Next(3));
            var streams = new List<StreamAppend>();
            foreach (var id in Enumerable.Range(0, 4).Select(a => $"a{a}").Where(_ => random.Next(2) == 0))
            {
                object e = open.Add(id) ? new AccountOpened(id) : random.Next(6) == 0 && open.Remove(id) ? new AccountClosed() : new MoneyDeposited(random.Next(100));
                var tagged = new EventData(e) { Tags = [$"n-{n % 3}"], Metadata = new EventMetadata { CorrelationId = $"c{n}" } };
                streams.Add(new StreamAppend($"account-{id}", ExpectedVersion.Any, e is AccountOpened ? [tagged, new MoneyDeposited(1)] : [tagged]));
            }

            if (streams.Count > 0) await store.AppendAsync(streams);
        }

        return store;
    }

    public sealed record Entries(IReadOnlyList<string> Lines);

    /// <summary>Everything that there is to know of an event, in one document for each account and one for all.</summary>
    private sealed class Journal : Projection<Entries>
    {
        public Journal() => OnAny(
            e => [e.StreamId, "all"],
            (entries, _, e) => new Entries([.. entries?.Lines ?? [], $"{e.Position} {e.Version} {e.Id} {e.RecordedAt:O} {string.Join(',', e.Tags)} {e.Metadata.CorrelationId} {e.Data}"]));
    }

    public sealed record Numbered(long Number);

    private sealed class CountsItself : Projection<Numbered>
    {
        private long _count;

        public CountsItself() => On<MoneyDeposited>((_, _) => new Numbered(++_count));
    }

    public sealed record Owned(string? Owner);

    private sealed class RemembersOwners : Projection<Owned>
    {
        private readonly System.Collections.Concurrent.ConcurrentDictionary<string, string> _owners = [];

        public RemembersOwners() => OnAny(e => [e.StreamId], (_, key, e) => new Owned(e.Data is AccountOpened opened ? _owners[key] = opened.Owner : _owners.GetValueOrDefault(key)));
    }

    private sealed class LooksAtTheLast : Projection<Owned>
    {
        private string? _last;

        public LooksAtTheLast() => OnAny(
            e => [e.StreamId],
            (_, key, _) =>
            {
                var document = new Owned(_last);
                _last = key;
                return document;
            });
    }

    public sealed record Hidden(decimal Sum)
    {
        [JsonIgnore]
        public decimal Carried { get; init; }
    }

    private sealed class Forgetful : Projection<Hidden>
    {
        public Forgetful() => On<MoneyDeposited>((hidden, e) => new Hidden((hidden?.Carried ?? 0) + e.Amount) { Carried = (hidden?.Carried ?? 0) + e.Amount });
    }

    public sealed class Written
    {
        private decimal _sum;

        public decimal Sum => _sum;

        public Written Plus(decimal amount) => new() { _sum = _sum + amount };
    }

    [SuppressMessage("EventSourcing", "ES0112", Justification = "What the compiler refuses is found at run time too.")]
    private sealed class WriteOnly : Projection<Written>
    {
        public WriteOnly() => On<MoneyDeposited>((written, e) => (written ?? new Written()).Plus(e.Amount));
    }

    public sealed record Unread([property: JsonConverter(typeof(Unread.WritesOnly))] string Text)
    {
        internal sealed class WritesOnly : JsonConverter<string>
        {
            public override string Read(ref System.Text.Json.Utf8JsonReader reader, Type typeToConvert, System.Text.Json.JsonSerializerOptions options) =>
                reader.GetString() == "Ann" ? "Ann" : throw new System.Text.Json.JsonException("not again");

            public override void Write(System.Text.Json.Utf8JsonWriter writer, string value, System.Text.Json.JsonSerializerOptions options) => writer.WriteStringValue(value);
        }
    }

    /// <summary>What it writes along the way cannot be read; what it ends with can.</summary>
    private sealed class Brittle : Projection<Unread>
    {
        public Brittle() => On<MoneyDeposited>((_, e) => new Unread(e.Amount is 3 or 7 ? "Ann" : "Nobody"));
    }

#pragma warning disable ES0104 // What the compiler warns of is what these two are for.
    private sealed class ReadsTheClock : Projection<Numbered>
    {
        public ReadsTheClock() => On<MoneyDeposited>((_, _) => new Numbered(TimeProvider.System.GetTimestamp()));
    }

    private sealed class MakesUpIds : Projection<Owned>
    {
        public MakesUpIds() => On<AccountOpened>((_, _) => new Owned($"{Guid.NewGuid()}"));
    }
#pragma warning restore ES0104
}
