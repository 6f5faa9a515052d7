using System.Text.Json.Nodes;

namespace EventSourcing.Tests.Events;

/// <summary>What happens to the JSON and the objects on the way, and what is said where something goes wrong.</summary>
public class UpcasterTests
{
    [Theory]
    [InlineData("""{"x":1,"amount":79228162514264337593543950335,"id":9223372036854775807}""")]
    [InlineData(""" { "id" : 9223372036854775807 , "amount" : 79228162514264337593543950335 } """)]
    public async Task Upcast_JSON_loses_no_digits_and_order_does_not_matter(string json) =>
        (await ReadAsync([EventType.Of<Big>("big", 2)], [Upcaster.Json("big", 1, e => { e["currency"] = "EUR"; return e; })], "big", json))
            .Should().Equal(new Big(decimal.MaxValue, long.MaxValue, "EUR"));

    [Fact]
    public async Task Upcast_JSON_keeps_the_scale_of_a_decimal()
    {
        var read = (Big)(await ReadAsync([EventType.Of<Big>("big", 2)], [Upcaster.Json("big", 1, e => { e["currency"] = "EUR"; return e; })], "big", """{"amount":1.100,"id":1}""")).Single();
        read.Amount.ToString(null, System.Globalization.CultureInfo.InvariantCulture).Should().Be("1.100");
    }

    [Fact]
    public async Task Upcast_by_type_then_JSON_then_type_passes_each_step()
    {
        EventType[] types = [EventType.Of<V1>("e", 1), EventType.Of<V2>("e", 2), EventType.Of<V3>("e", 3), EventType.Of<V4>("e", 4)];
        Upcaster[] upcasters =
        [
            Upcaster.Typed<V1, V2>(e => new V2(e.A + "1")),
            Upcaster.Json("e", 2, e => new JsonObject { ["c"] = (string)e["b"]! + "2" }),
            Upcaster.Typed<V3, V4>(e => new V4(e.C + "3")),
        ];
        (await ReadAsync(types, upcasters, "e", """{"a":"0"}""")).Should().Equal(new V4("0123"));
        (await ReadAsync(types, upcasters, "e@2", """{"b":"0"}""")).Should().Equal(new V4("023"));
        (await ReadAsync(types, upcasters, "e@3", """{"c":"0"}""")).Should().Equal(new V4("03"));
        (await ReadAsync(types, upcasters, "e@4", """{"d":"0"}""")).Should().Equal(new V4("0"));
    }

    [Fact]
    public async Task Upcast_under_an_alias_that_the_upcaster_still_has_as_its_name() =>
        (await ReadAsync([EventType.Of<V2>("new", 2, "old")], [Upcaster.Json("old", 1, e => new JsonObject { ["b"] = e["a"]!.DeepClone() })], "new", """{"a":"0"}""")).Should().Equal(new V2("0"));

    [Fact]
    public async Task Append_an_object_of_an_old_version_stores_it_as_that_and_reads_it_as_of_today()
    {
        await using var store = Open([EventType.Of<V1>("e"), EventType.Of<V2>("e", 2)], [Upcaster.Typed<V1, V2>(e => new V2(e.A + "!"))]);
        await store.AppendAsync("s-1", 0, [new V1("old"), new V2("new")]);
        (await store.StreamAsync("s-1")).Select(e => (e.Type, e.Data)).Should().Equal(("e", new V2("old!")), ("e", new V2("new")));
        using var page = await store.Storage.ReadStreamAsync(new StreamRead("s-1"));
        page.Events[0].Type.Should().Be("e");
        page.Events[1].Type.Should().Be("e@2");
        System.Text.Encoding.UTF8.GetString(page.Events[0].Data.Span).Should().Be("""{"a":"old"}""");
    }

    [Fact]
    public async Task Upcast_runs_on_no_event_of_today()
    {
        await using var store = Open([EventType.Of<V2>("e", 2)], [Upcaster.Json("e", 1, _ => throw new InvalidOperationException("Not to be run."))]);
        await store.AppendAsync("s-1", 0, [new V2("x")]);
        (await store.StreamAsync("s-1")).Single().Data.Should().Be(new V2("x"));
    }

    [Fact]
    public async Task Upcast_that_fails_is_an_error_that_names_step_and_event()
    {
        await FailsAsync(Upcaster.Json("e", 1, _ => throw new InvalidOperationException("Oops")), "*the upcaster of 'e' version 1 failed: Oops.*");
        await FailsAsync(Upcaster.Json("e", 1, _ => null!), "*the upcaster of 'e' version 1 gave null.*");
        await FailsAsync(Upcaster.Json("e", 1, e => e), "*b*");
        await FailsAsync(Upcaster.Split("e", 1, [typeof(V2)], _ => null!), "*gave null.*");
        await FailsAsync(Upcaster.Split("e", 1, [typeof(V2)], _ => [new V2("x"), null!]), "*gave null for an event*");
        await FailsAsync(Upcaster.Split("e", 1, [typeof(V2)], _ => [new V2("x"), new V4("y")]), "*gave an event of*V4, which is not among the types that it declares: *V2*");
        await FailsAsync(Upcaster.Split("e", 1, [], _ => [new V2("x")]), "*declares: none*");
        await FailsAsync(Upcaster.Split("e", 1, [typeof(V2)], _ => Enumerable.Range(0, 2).Select(i => i == 0 ? (object)new V2("x") : throw new InvalidOperationException("Late"))), "*failed: Late*");
        await FailsAsync(Upcaster.Typed<V1, V2>(_ => throw new InvalidOperationException("Oops")), "*the upcaster of *V1 failed: Oops*");
        await FailsAsync(Upcaster.Typed<V1, V2>(_ => null!), "*the upcaster of *V1 gave null*");
    }

    [Theory]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("7")]
    [InlineData("""{"a":1,"a":2}""")]
    public async Task Upcast_of_what_is_no_such_JSON_is_an_error(string json)
    {
        await using var store = Open([EventType.Of<V2>("e", 2)], [Upcaster.Json("e", 1, e => new JsonObject { ["b"] = e["a"]?.ToString() ?? "" })]);
        await store.Storage.AppendRawAsync("s-1", "e", json);
        await FluentActions.Awaiting(() => store.StreamAsync("s-1")).Should().ThrowAsync<EventSerializationException>();
    }

    [Fact]
    public async Task Read_a_version_later_than_todays_says_that_a_newer_app_wrote_it()
    {
        await using var store = Open([EventType.Of<V2>("e", 2, "alias")], [Upcaster.Json("e", 1, e => e)]);
        await store.Storage.AppendRawAsync("s-1", "e@3", "{}");
        await store.Storage.AppendRawAsync("s-2", "alias@4", "{}");
        await store.Storage.AppendRawAsync("s-3", "unheard@4", "{}");
        (await FluentActions.Awaiting(() => store.StreamAsync("s-1")).Should().ThrowAsync<UnknownEventTypeException>().WithMessage("*Version 2 is the last that they know: a newer version of the app wrote it*"))
            .Which.Should().BeEquivalentTo(new { Type = "e@3", Stream = "s-1", Version = 1L, Position = 1L });
        await FluentActions.Awaiting(() => store.StreamAsync("s-2")).Should().ThrowAsync<UnknownEventTypeException>().WithMessage("*'alias@4'*newer version*");
        await FluentActions.Awaiting(() => store.StreamAsync("s-3")).Should().ThrowAsync<UnknownEventTypeException>().WithMessage("*'unheard@4'*Add the type*");
    }

    [Fact]
    public async Task Read_unknown_names_as_raw_upcasts_all_others()
    {
        await using var store = Open([EventType.Of<V1>("x"), EventType.Of<V2>("e", 2)], [Upcaster.Split("e", 1, [typeof(V1), typeof(V2)], _ => [new V1("x"), new V2("x")])]);
        await store.Storage.AppendRawAsync("s-1", "e", "{}");
        await store.Storage.AppendRawAsync("s-1", "e@3", """{"a":1}""");
        var read = await store.StreamAsync("s-1", new StreamReadOptions { UnknownEvents = UnknownEvents.AsRaw });
        read.Select(e => (e.Type, e.Version, e.SubIndex)).Should().Equal(("x", 1, 0), ("e", 1, 1), ("e@3", 2, 0));
        read[2].Data.Should().BeOfType<UnknownEvent>().Which.Type.Should().Be("e@3");
        read[1].ToString().Should().Be("e at version 1 of 's-1' (position 1, part 1)");
    }

    [Fact]
    public async Task Parts_share_all_that_was_recorded_beside_the_event()
    {
        await using var store = Open([EventType.Of<V1>("old"), EventType.Of<V2>("e")], [Upcaster.Split<V1>([typeof(V2)], e => [new V2(e.A), new V2(e.A)])]);
        var id = Guid.NewGuid();
        await store.AppendAsync("s-1", 0, [new EventData(new V1("x")) { Id = id, Tags = ["t"], Metadata = new EventMetadata { CorrelationId = "c" } }]);
        foreach (var part in await store.StreamAsync("s-1")) part.Should().BeEquivalentTo(new { Id = id, Version = 1L, Position = 1L, Tags = new[] { "t" }, Metadata = new { CorrelationId = "c" } });
        (await store.StreamAsync("s-1")).Select(part => part.SubIndex).Should().Equal(0, 1);
    }

    [Fact]
    public void Delivery_of_an_event_that_is_itself_has_the_id_it_always_had_and_each_part_its_own()
    {
        var id = Guid.Parse("0197a3c2-5f60-7000-8000-000000000001");
        Delivery Of(int subIndex) => new("reactor", new RecordedEvent("s-1", 1, 1, id, "e", default, new V1("x"), EventMetadata.None, [], subIndex));
        var hash = System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes($"reactor\0{id:N}\0mail"));
        Of(0).IdFor("mail").ToByteArray(bigEndian: true)[9..].Should().Equal(hash[9..16]);
        new[] { Of(0).Id, Of(1).Id, Of(2).Id, Of(0).IdFor("1"), Of(1).IdFor("1") }.Should().OnlyHaveUniqueItems();
    }

    private static EventStore Open(IEnumerable<EventType> types, IEnumerable<Upcaster> upcasters) => new(new InMemoryEventStorage(), new EventTypes(types, upcasters));

    /// <summary>What an upcaster makes is not stored. If nothing could read it, that is an error of the event, as with any other upcaster.</summary>
    [Theory]
    [InlineData(60, true)]
    [InlineData(64, false)]
    [InlineData(2_000, false)]
    public async Task Upcast_to_what_is_nested_too_deeply_names_the_event(int depth, bool isRead)
    {
        var nested = Upcaster.Json("deep", 1, e =>
        {
            JsonNode value = new JsonArray();
            for (var i = 1; i < depth; i++) value = new JsonArray(value);
            e["data"] = value;
            return e;
        });
        await using var store = Open([EventType.Of<Deep>("deep", 2)], [nested]);
        await store.Storage.AppendRawAsync("s-1", "deep", "{}");

        if (isRead)
        {
            (await store.StreamAsync("s-1")).Single().Data.Should().BeOfType<Deep>().Which.Data.GetArrayLength().Should().Be(1);
            return;
        }

        foreach (var read in new Func<Task>[] { () => store.StreamAsync("s-1"), () => store.LogAsync(), () => store.Aggregate<Nothing>("1").LoadAsync() })
        {
            (await FluentActions.Awaiting(read).Should().ThrowAsync<EventSerializationException>())
                .Which.Should().BeEquivalentTo(new { Type = "deep", Stream = "s-1", Version = 1L, Position = 1L });
        }
    }

    private sealed record Deep(System.Text.Json.JsonElement Data);

    private static async Task<IEnumerable<object>> ReadAsync(IEnumerable<EventType> types, IEnumerable<Upcaster> upcasters, string storedName, string json)
    {
        await using var store = Open(types, upcasters);
        await store.Storage.AppendRawAsync("s-1", storedName, json);
        return (await store.StreamAsync("s-1")).Select(e => e.Data);
    }

    private static async Task FailsAsync(Upcaster upcaster, string message)
    {
        await using var store = Open([EventType.Of<V1>("e"), EventType.Of<V2>("e", 2), EventType.Of<V4>("other")], [upcaster]);
        await store.AppendAsync("s-1", 0, [new V2("before")]);
        await store.Storage.AppendRawAsync("s-1", "e", """{"a":"x"}""");
        var reads = new Func<Task>[] { () => store.StreamAsync("s-1"), () => store.LogAsync(), () => store.QueryAsync(EventQuery.OfTypes("e")), () => store.Aggregate<Nothing>("1").LoadAsync() };
        foreach (var read in reads)
        {
            (await FluentActions.Awaiting(read).Should().ThrowAsync<EventSerializationException>().WithMessage(message))
                .Which.Should().BeEquivalentTo(new { Type = "e", Stream = "s-1", Version = 2L, Position = 2L });
        }
    }

    [AggregateCategory("s")]
    private sealed class Nothing : Aggregate
    {
        protected override void Apply(object @event)
        {
        }
    }

    private sealed record Big(decimal Amount, long Id, string Currency);

    private sealed record V1(string A);

    private sealed record V2(string B);

    private sealed record V3(string C);

    private sealed record V4(string D);
}
