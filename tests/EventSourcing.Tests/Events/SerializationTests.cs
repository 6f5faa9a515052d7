using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace EventSourcing.Tests.Events;

public class SerializationTests
{
    [Fact]
    public async Task Append_then_read_returns_equal_events_and_where_they_stand()
    {
        var clock = new ManualClock();
        await using var store = Bank.Open(new InMemoryEventStorage(new EventStorageOptions { TimeProvider = clock }));
        var id = Guid.CreateVersion7();
        await store.AppendAsync("account-ann", 0, [new AccountOpened("Änn \"quoted\" <b> 😀"), new EventData(new MoneyDeposited(1.10m)) { Id = id, Tags = ["x", "y", "x"] }]);
        var read = await store.StreamAsync("account-ann");
        read.Select(e => e.Data).Should().Equal(new AccountOpened("Änn \"quoted\" <b> 😀"), new MoneyDeposited(1.10m));
        read[1].Should().BeEquivalentTo(new { Stream = "account-ann", StreamId = "ann", Version = 2L, Position = 2L, Id = id, Type = "money-deposited", RecordedAt = ManualClock.Start, Tags = new[] { "x", "y" } });
        read[1].ToString().Should().Be("money-deposited at version 2 of 'account-ann' (position 2)");
        read[1].Metadata.Should().BeEquivalentTo(EventMetadata.None);
    }

    [Fact]
    public async Task Append_writes_camel_case_JSON_that_people_can_read()
    {
        await using var store = Bank.Open();
        await store.AppendAsync("account-ann", 0, [new AccountOpened("Zoë <b>")]);
        using var page = await store.Storage.ReadStreamAsync(new StreamRead("account-ann"));
        System.Text.Encoding.UTF8.GetString(page.Events[0].Data.Span).Should().Be("""{"owner":"Zoë <b>"}""");
        page.Events[0].Metadata.Length.Should().Be(0);
    }

    [Fact]
    public async Task Append_by_source_generated_JSON_reads_back_alike()
    {
        await using var store = Bank.Open(options: new EventStoreOptions { Json = new(BankJson.Default.Options) });
        await store.AppendAsync("account-ann", 0, [new AccountOpened("Ann"), new MoneyDeposited(2)]);
        (await store.StreamAsync("account-ann")).Select(e => e.Data).Should().Equal(new AccountOpened("Ann"), new MoneyDeposited(2));
    }

    [Fact]
    public async Task Append_an_event_that_the_JSON_context_lacks_says_what_to_add_and_writes_nothing()
    {
        await using var store = OpenWithout<Unserializable>();
        (await FluentActions.Awaiting(() => store.AppendAsync("account-ann", 0, [new AccountOpened("Ann"), new Unserializable(() => { })])).Should().ThrowAsync<NotSupportedException>())
            .WithMessage("*'what-was-done'*Unserializable*[JsonSerializable(typeof(Unserializable))]*Nothing was written.");
        (await store.GetHeadAsync()).Should().Be(0);
        await store.AppendAsync("account-ann", 0, [new AccountOpened("Ann")]);
        (await store.StreamAsync("account-ann")).Should().ContainSingle("what a failed append had serialized is gone");
    }

    [Fact]
    [SuppressMessage("EventSourcing", "ES0112", Justification = "What the compiler refuses is refused at run time too.")]
    public async Task Append_an_event_with_a_member_that_JSON_cannot_write_says_so_and_writes_nothing()
    {
#pragma warning disable ES0112 // What the compiler finds here is to be found at run time too.
        await using var store = new EventStore(new InMemoryEventStorage(), new EventTypes(EventType.Of<Unserializable>("what-was-done")));
#pragma warning restore ES0112
        (await FluentActions.Awaiting(() => store.AppendAsync("account-ann", 0, [new Unserializable(() => { })])).Should().ThrowAsync<NotSupportedException>())
            .WithMessage("*'what-was-done'*System.Action*Nothing was written.");
        (await store.GetHeadAsync()).Should().Be(0);
    }

    [Fact]
    public async Task Append_an_event_whose_type_JSON_cannot_make_sense_of_says_so_and_writes_nothing()
    {
        await using var store = new EventStore(new InMemoryEventStorage(), new EventTypes(EventType.Of<TwoOfOneName>("two")));
        (await FluentActions.Awaiting(() => store.AppendAsync("account-ann", 0, [new TwoOfOneName()])).Should().ThrowAsync<NotSupportedException>())
            .WithMessage("*'two'*collides*Nothing was written.");
        (await store.GetHeadAsync()).Should().Be(0);
    }

    [Fact]
    public async Task Read_an_event_that_the_JSON_context_lacks_throws_with_name_stream_and_position_and_says_what_to_add()
    {
        await using var store = OpenWithout<Unserializable>();
        await store.Storage.AppendRawAsync("account-ann", "what-was-done", "{}");
        for (var time = 1; time <= 2; time++)
        {
            (await FluentActions.Awaiting(() => store.StreamAsync("account-ann")).Should().ThrowAsync<EventSerializationException>().WithMessage("*[JsonSerializable(typeof(Unserializable))]*")).Which
                .Should().BeEquivalentTo(new { Type = "what-was-done", Stream = "account-ann", Version = 1L, Position = 1L });
        }
    }

    [Fact]
    public async Task Append_and_read_events_of_other_types_where_the_JSON_context_lacks_one()
    {
        await using var store = OpenWithout<Unserializable>();
        await store.AppendAsync("account-ann", 0, [new AccountOpened("Ann")]);
        (await store.StreamAsync("account-ann")).Should().ContainSingle().Which.Data.Should().Be(new AccountOpened("Ann"));
    }

    [Fact]
    public async Task Append_a_type_that_is_not_listed_writes_nothing()
    {
        await using var store = Bank.Open();
        await FluentActions.Awaiting(() => store.AppendAsync("account-ann", 0, [new AccountOpened("Ann"), new Unserializable(() => { })])).Should().ThrowAsync<ArgumentException>().WithMessage("*Unserializable*not an event of this store*");
        await FluentActions.Awaiting(() => store.AppendAsync("account-ann", 0, [new AccountOpened("Ann"), null!])).Should().ThrowAsync<ArgumentException>();
        (await store.GetHeadAsync()).Should().Be(0);
        await store.AppendAsync("account-ann", 0, [new AccountOpened("Ann")]);
        (await store.StreamAsync("account-ann")).Should().ContainSingle("what a failed append had serialized is gone");
    }

    [Fact]
    public async Task Append_from_many_threads_mixes_no_bytes_up()
    {
        await using var store = Bank.Open();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(n => Task.Run(async () =>
        {
            for (var i = 0; i < 100; i++) await store.AppendAsync($"account-{n}", i, [new AccountOpened(new string((char)('a' + n), i))], new EventMetadata { CorrelationId = $"{n}/{i}" });
        })));
        foreach (var e in await store.LogAsync())
        {
            e.Data.Should().Be(new AccountOpened(new string((char)('a' + int.Parse(e.StreamId, null)), (int)e.Version - 1)));
            e.Metadata.CorrelationId.Should().Be($"{e.StreamId}/{e.Version - 1}");
        }
    }

    [Fact]
    public async Task Read_an_unknown_name_throws_with_name_stream_and_position()
    {
        await using var store = Bank.Open();
        await store.AppendAsync("other", 0, [new AccountOpened("x")]);
        await store.AppendAsync("account-ann", 0, [new AccountOpened("Ann")]);
        await store.Storage.AppendRawAsync("account-ann", "from-the-future", """{"a":1}""");
        foreach (var read in new Func<Task>[] { () => store.StreamAsync("account-ann"), () => store.LogAsync() })
        {
            (await FluentActions.Awaiting(read).Should().ThrowAsync<UnknownEventTypeException>()).Which
                .Should().BeEquivalentTo(new { Type = "from-the-future", Stream = "account-ann", Version = 2L, Position = 3L });
        }
    }

    [Fact]
    public async Task Read_an_unknown_name_as_raw_returns_its_bytes()
    {
        await using var store = Bank.Open();
        await store.AppendAsync("account-ann", 0, [new AccountOpened("Ann")]);
        await store.Storage.AppendRawAsync("account-ann", "from-the-future", """{"a":1}""");
        var read = await store.StreamAsync("account-ann", new StreamReadOptions { UnknownEvents = UnknownEvents.AsRaw });
        read[0].Data.Should().Be(new AccountOpened("Ann"));
        var raw = read[1].Data.Should().BeOfType<UnknownEvent>().Subject;
        raw.ToString().Should().Be("""UnknownEvent { Type = from-the-future, Json = {"a":1} }""");
        raw.Type.Should().Be("from-the-future");
        System.Text.Encoding.UTF8.GetString(raw.Json.Span).Should().Be("""{"a":1}""");
    }

    [Theory]
    [InlineData("null")]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"amount":"text"}""")]
    [InlineData("""{"amount":1}}""")]
    public async Task Read_bytes_that_do_not_make_the_type_throws_with_name_stream_and_position(string json)
    {
        await using var store = Bank.Open();
        await store.Storage.AppendRawAsync("account-ann", "money-deposited", json);
        foreach (var unknown in Enum.GetValues<UnknownEvents>())
        {
            (await FluentActions.Awaiting(() => store.StreamAsync("account-ann", new StreamReadOptions { UnknownEvents = unknown })).Should().ThrowAsync<EventSerializationException>()).Which
                .Should().BeEquivalentTo(new { Type = "money-deposited", Stream = "account-ann", Version = 1L, Position = 1L });
        }
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("{\"a\":")]
    [InlineData("{\"a\":1")]
    [InlineData("text")]
    public async Task Read_metadata_that_is_no_JSON_object_throws_with_name_stream_and_position(string metadata)
    {
        await using var store = Bank.Open();
        await store.Storage.AppendRawAsync("account-ann", "money-deposited", """{"amount":1}""", metadata);
        (await FluentActions.Awaiting(() => store.StreamAsync("account-ann")).Should().ThrowAsync<EventSerializationException>()).Which.Position.Should().Be(1);
    }

    [Fact]
    public async Task Append_metadata_reads_it_back_and_each_event_may_have_its_own()
    {
        await using var store = Bank.Open();
        var common = new EventMetadata { CorrelationId = "c", CausationId = "d", Values = new Dictionary<string, string> { ["user"] = "Änn", ["CORRELATIONID"] = "" } };
        await store.AppendAsync("account-ann", 0, [new AccountOpened("Ann"), new EventData(new MoneyDeposited(1)) { Metadata = new EventMetadata { CausationId = "own" } }, new EventData(new MoneyDeposited(2)) { Metadata = EventMetadata.None }], common);
        var read = await store.StreamAsync("account-ann");
        read[0].Metadata.Should().BeEquivalentTo(common);
        read[1].Metadata.Should().BeEquivalentTo(new EventMetadata { CausationId = "own" });
        read[2].Metadata.Should().BeEquivalentTo(EventMetadata.None);
    }

    [Fact]
    public async Task Read_metadata_of_other_tools_keeps_values_that_are_no_strings()
    {
        await using var store = Bank.Open();
        await store.Storage.AppendRawAsync("account-ann", "money-deposited", """{"amount":1}""", """{"n":1.50,"o":{"a":[1]},"b":true,"z":null,"correlationId":"c"}""");
        var metadata = (await store.StreamAsync("account-ann"))[0].Metadata;
        metadata.CorrelationId.Should().Be("c");
        metadata.Values.Should().Equal(new Dictionary<string, string> { ["n"] = "1.50", ["o"] = """{"a":[1]}""", ["b"] = "true", ["z"] = "null" });
    }

    [Fact]
    public async Task Caused_by_keeps_the_correlation_and_names_the_cause()
    {
        await using var store = Bank.Open();
        await store.AppendAsync("a", 0, [new AccountOpened("Ann")]);
        var first = (await store.StreamAsync("a"))[0];
        await store.AppendAsync("a", 1, [new MoneyDeposited(1)], EventMetadata.CausedBy(first));
        var second = (await store.StreamAsync("a"))[1];
        second.Metadata.Should().BeEquivalentTo(new { CorrelationId = first.Id.ToString(), CausationId = first.Id.ToString() });
        EventMetadata.CausedBy(second).Should().BeEquivalentTo(new { CorrelationId = first.Id.ToString(), CausationId = second.Id.ToString() });
    }

    [Fact]
    public void Use_a_taken_key_as_a_value_is_a_bad_argument() =>
        FluentActions.Invoking(() => new EventMetadata { Values = new Dictionary<string, string> { ["causationId"] = "x" } }).Should().Throw<ArgumentException>();

    [Fact]
    public void Set_a_value_of_metadata_that_is_null_is_refused() =>
        FluentActions.Invoking(() => new EventMetadata { Values = new Dictionary<string, string> { ["user"] = "ann", ["tenant"] = null! } })
            .Should().Throw<ArgumentException>().WithMessage("The value 'tenant' of the metadata is null.*");

    private static EventStore OpenWithout<TEvent>()
        where TEvent : notnull => new(
        new InMemoryEventStorage(), new EventTypes(EventType.Of<AccountOpened>("account-opened"), EventType.Of<TEvent>("what-was-done")), new EventStoreOptions { Json = new(BankJson.Default.Options) });

    private sealed record Unserializable(Action What);

    private sealed record TwoOfOneName
    {
        public int Value { get; init; }

        [System.Text.Json.Serialization.JsonPropertyName("value")]
        public int Other { get; init; }
    }
}
