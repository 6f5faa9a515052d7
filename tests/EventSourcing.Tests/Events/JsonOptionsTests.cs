using System.Text.Json;
using System.Text.Json.Serialization;

namespace EventSourcing.Tests.Events;

#pragma warning disable ES0112 // What the compiler would find in these types is to be found at run time too.

/// <summary>Options of the app that write what they do not read back are refused, whatever the first event is.</summary>
public class JsonOptionsTests
{
    public static TheoryData<JsonSerializerOptions, string> OneWay => new()
    {
        { new() { DictionaryKeyPolicy = JsonNamingPolicy.CamelCase }, "DictionaryKeyPolicy" },
        { new() { NumberHandling = JsonNumberHandling.WriteAsString }, "AllowReadingFromString" },
        { new() { ReferenceHandler = ReferenceHandler.IgnoreCycles }, "IgnoreCycles" },
    };

    [Theory]
    [MemberData(nameof(OneWay))]
    public async Task Open_with_options_that_write_what_they_do_not_read_is_refused(JsonSerializerOptions json, string named)
    {
        await using var storage = new InMemoryEventStorage();
        FluentActions.Invoking(() => new EventStore(storage, new EventTypes(), new EventStoreOptions { Json = json })).Should().Throw<ArgumentException>()
            .WithMessage($"The options in EventStoreOptions.Json *{named}*").WithParameterName("options");
    }

    [Fact]
    public async Task Append_by_options_that_read_what_they_write_is_read_back()
    {
        foreach (var json in (JsonSerializerOptions[])
        [
            new() { NumberHandling = JsonNumberHandling.WriteAsString | JsonNumberHandling.AllowReadingFromString },
            new() { NumberHandling = JsonNumberHandling.AllowReadingFromString },
            new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseUpper },
        ])
        {
            await using var store = Open<Counted>(json);
            Counted[] events = [new(null, []), new(5, new() { ["SomeKey"] = 7 })];
            foreach (var e in events) await store.AppendAsync("s-1", ExpectedVersion.Any, [e]);
            (await store.StreamAsync("s-1")).Select(e => e.Data).Should().BeEquivalentTo(events);
        }
    }

    [Fact]
    public async Task Append_a_type_whose_numbers_are_written_as_text_and_not_read_so_is_refused_even_if_there_are_none_yet()
    {
        await RefusedAsync(new NumberAsText(), "'x' of NumberAsText");
        await RefusedAsync(new NumbersAsText([]), "'items' of NumbersAsText");
        await RefusedAsync(new AllAsText(null), "'x' of AllAsText");
        await RefusedAsync(new Holder(null), "'x' of AllAsText");
        await using var store = Open<TwoWays>(json: null);
        foreach (var x in (int?[])[null, 5]) await store.AppendAsync("s-1", ExpectedVersion.Any, [new TwoWays { X = x }]);
        (await store.StreamAsync("s-1")).Select(e => ((TwoWays)e.Data).X).Should().Equal(null, 5);
    }

    [Fact]
    public async Task Append_a_type_whose_value_the_options_leave_out_is_refused()
    {
        var properties = new JsonSerializerOptions(JsonSerializerDefaults.Web) { IgnoreReadOnlyProperties = true };
        await RefusedAsync(new GetOnly(5), "'at' of GetOnly", properties);
        await RefusedAsync(new FieldOnly(5), "'at' of FieldOnly", new JsonSerializerOptions(JsonSerializerDefaults.Web) { IncludeFields = true, IgnoreReadOnlyFields = true });
        await using var store = Open<Computed>(properties);
        await store.AppendAsync("s-1", ExpectedVersion.Any, [new Computed(5)]);
        (await store.StreamAsync("s-1"))[0].Data.Should().Be(new Computed(5));
    }

    [Fact]
    public async Task Append_raw_json_that_the_options_do_not_read_is_refused_first_and_later()
    {
        await using var store = Open<Raw>(new JsonSerializerOptions(JsonSerializerDefaults.Web) { AllowDuplicateProperties = false });
        await store.AppendAsync("s-1", ExpectedVersion.Any, [new Raw(JsonElement.Parse("1"))]);
        (await FluentActions.Awaiting(() => store.AppendAsync("s-1", ExpectedVersion.Any, [new Raw(JsonElement.Parse("""{"a":1,"a":2}"""))])).Should().ThrowAsync<ArgumentException>())
            .WithMessage("An event 'one'*Nothing was written.*");
        (await store.GetHeadAsync()).Should().Be(1);
    }

    private static EventStore Open<TEvent>(JsonSerializerOptions? json)
        where TEvent : notnull => new(new InMemoryEventStorage(), new EventTypes(EventType.Of<TEvent>("one")), new EventStoreOptions { Json = json });

    private static async Task RefusedAsync<TEvent>(TEvent lost, string named, JsonSerializerOptions? json = null)
        where TEvent : notnull
    {
        await using var store = Open<TEvent>(json);
        for (var i = 0; i < 2; i++)
        {
            (await FluentActions.Awaiting(() => store.AppendAsync("s-1", ExpectedVersion.Any, [lost])).Should().ThrowAsync<NotSupportedException>())
                .WithMessage($"An event 'one'*{named}*Nothing was written.");
        }

        (await store.GetHeadAsync()).Should().Be(0);
    }

    public sealed record Counted(int? X, Dictionary<string, int> ByKey);

    public sealed record NumberAsText
    {
        [JsonNumberHandling(JsonNumberHandling.WriteAsString)]
        public int? X { get; init; }
    }

    public sealed record NumbersAsText([property: JsonNumberHandling(JsonNumberHandling.WriteAsString)] IReadOnlyList<decimal> Items);

    [JsonNumberHandling(JsonNumberHandling.WriteAsString)]
    public sealed record AllAsText(double? X);

    public sealed record Holder(AllAsText? Of);

    public sealed record TwoWays
    {
        [JsonNumberHandling(JsonNumberHandling.WriteAsString | JsonNumberHandling.AllowReadingFromString)]
        public int? X { get; init; }
    }

    public sealed class GetOnly(int at)
    {
        public int At { get; } = at;
    }

#pragma warning disable CA1051 // A public field is what is tested.
    public sealed class FieldOnly(int at)
    {
        public readonly int At = at;
    }
#pragma warning restore CA1051

    public sealed record Computed(int At)
    {
        public int Twice => 2 * At;
    }

    public sealed record Raw(JsonElement Data);
}
