using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using EventSourcing.CodeGeneration;

namespace EventSourcing.Tests.Events;

/// <summary>
/// Local times, of which JSON has the offset to UTC: near the ends of all times, and where clocks are put forward, they are not read back.
/// The tests change the time zone of the process, so they run alone.
/// </summary>
[Collection(nameof(LocalTimeTests))]
public sealed class LocalTimeTests : IDisposable
{
    private const string Tokyo = "Asia/Tokyo";
    private const string NewYork = "America/New_York";
    private const string Zone = "TZ";
    private readonly string? _zone = Environment.GetEnvironmentVariable(Zone);

    public void Dispose() => Enter(_zone);

    public static TheoryData<string, string, string> Lost => new()
    {
        { Tokyo, "0001-01-01T00:00:00", "before the first time that there is" },
        { Tokyo, "0001-01-01T09:00:00", "before the first time that there is" },
        { NewYork, "9999-12-31T23:59:59.9999999", "after the last time that there is" },
        { NewYork, "9999-12-31T20:00:00", "after the last time that there is" },
        { NewYork, "2026-03-08T02:30:00", "the clocks there leave it out" },
    };

    [Theory]
    [MemberData(nameof(Lost))]
    public async Task Append_a_local_time_that_is_not_read_back_is_refused_wherever_it_stands(string zone, string time, string why)
    {
        if (!Enter(zone)) return;
        var at = Local(time);
        (Timed Event, string Path)[] places =
        [
            (new Timed { At = at }, "$.at"),
            (new Timed { Maybe = at }, "$.maybe"),
            (new Timed { All = [DateTime.UnixEpoch, at] }, "$.all[1]"),
            (new Timed { ByName = new() { ["x"] = at } }, "$.byName['x']"),
            (new Timed { ByTime = new() { [at] = "x" } }, "$.byTime"),
            (new Timed { Part = new Later(at) }, "$.part.until"),
            (new Timed { Struct = new Span(DateTime.UnixEpoch, at) }, "$.struct.to"),
        ];
        foreach (var json in (JsonSerializerOptions?[])[null, new(JsonSerializerDefaults.Web), TimesJson.Default.Options])
        {
            await using var store = Open(json);
            await store.AppendAsync("s-1", ExpectedVersion.Any, [new Timed { At = DateTime.UnixEpoch }]);
            foreach (var (lost, path) in places)
            {
                (await FluentActions.Awaiting(() => store.AppendAsync("s-1", ExpectedVersion.Any, [new Timed(), lost])).Should().ThrowAsync<ArgumentException>())
                    .WithMessage($"An event 'timed' cannot be written: at {path}: The local time {time} in the time zone '{zone}' *{why}. Keep times in UTC, or as DateTimeOffset. Nothing was written.*");
            }

            (await store.GetHeadAsync()).Should().Be(1);
        }
    }

    [Theory]
    [InlineData("UTC", "0001-01-01T00:00:00", "9999-12-31T23:59:59.9999999")]
    [InlineData(Tokyo, "9999-12-31T23:59:59.9999999", "2026-06-01T00:00:00")]
    [InlineData(NewYork, "0001-01-01T00:00:00", "2026-03-08T03:00:00", "2026-03-08T01:59:59.9999999", "2026-11-01T01:30:00", "1883-11-18T12:00:00")]
    public async Task Append_any_other_local_time_is_written_as_ever_and_read_back(string zone, params string[] times)
    {
        if (!Enter(zone)) return;
        var kept = times.Select(Local).ToList();
        if (zone == NewYork) kept.Add(new DateTime(2026, 11, 1, 5, 30, 0, DateTimeKind.Utc).ToLocalTime()); // 1:30 the first time, when it is still summer
        foreach (var json in (JsonSerializerOptions?[])[null, TimesJson.Default.Options])
        {
            await using var store = Open(json);
            foreach (var at in kept)
            {
                var written = new Timed { At = at, ByTime = new() { [at] = "x" } };
                await store.AppendAsync("s-1", ExpectedVersion.Any, [new Timed(), written]);
                var read = (Timed)(await store.StreamAsync("s-1"))[^1].Data;
                (read.At, read.At.Kind, read.At.ToUniversalTime()).Should().Be((at, DateTimeKind.Local, at.ToUniversalTime()));
                read.ByTime!.Single().Key.Kind.Should().Be(DateTimeKind.Local);
                using var page = await store.Storage.ReadStreamAsync(new StreamRead("s-1"));
                Encoding.UTF8.GetString(page.Events[^1].Data.Span).Should().Contain($"\"at\":{JsonSerializer.Serialize(at)}");
            }
        }
    }

    [Fact]
    public async Task Append_times_of_all_kinds_as_keys_are_written_as_ever_and_read_back()
    {
        if (!Enter(Tokyo)) return;
        DateTime[] keys = [new(2026, 1, 31), new(2026, 1, 31, 1, 2, 3, 40, DateTimeKind.Utc), Local("2026-01-31T12:00:00.0000001"), DateTime.MinValue, DateTime.MaxValue];
        var written = keys.ToDictionary(key => key, key => key.ToString("O", CultureInfo.InvariantCulture));
        foreach (var json in (JsonSerializerOptions?[])[null, TimesJson.Default.Options])
        {
            await using var store = Open(json);
            await store.AppendAsync("s-1", ExpectedVersion.Any, [new Timed { ByTime = written }]);
            var read = (Timed)(await store.StreamAsync("s-1"))[^1].Data;
            read.ByTime!.Keys.Select(key => (key, key.Kind)).Should().Equal(keys.Select(key => (key, key.Kind)));
            using var page = await store.Storage.ReadStreamAsync(new StreamRead("s-1"));
            foreach (var key in keys) Encoding.UTF8.GetString(page.Events[^1].Data.Span).Should().Contain($"{JsonSerializer.Serialize(key)}:");
        }

        var options = new JsonEventSerializer(new EventTypes(), null).Options;
        JsonSerializer.Deserialize<Dictionary<DateTime, int>>("""{"2026-01-31T12:00:00\u002B09:00":1}""", options)!.Single().Key.Should().Be(Local("2026-01-31T12:00:00"));
        FluentActions.Invoking(() => JsonSerializer.Deserialize<Dictionary<DateTime, int>>("""{"no \" time":1}""", options)).Should().Throw<JsonException>();
    }

    [Fact]
    public async Task Write_a_document_or_a_snapshot_with_a_local_time_that_is_not_read_back_is_refused()
    {
        if (!Enter(Tokyo)) return;
        var lost = Local("0001-01-01T00:00:00");
        var serializer = new JsonEventSerializer(new EventTypes(), null);
        var info = (JsonTypeInfo<Timed>)serializer.InfoOfDocuments(typeof(Timed));
        serializer.WriteDocument(new Timed(), info);
        FluentActions.Invoking(() => serializer.WriteDocument(new Timed { At = lost }, info)).Should().Throw<ArgumentException>().WithMessage("*at $.at: The local time*");
        await using var store = Open(json: null);
        using var writer = new Utf8JsonWriter(Stream.Null);
        writer.WriteStartObject();
        FluentActions.Invoking(() => SnapshotFields.Write(writer, "at", lost, store.Json)).Should().Throw<JsonException>().WithMessage("The local time*");
    }

    [Fact]
    public async Task Append_through_a_converter_of_the_app_for_times_is_left_to_that()
    {
        if (!Enter(Tokyo)) return;
        await using var store = Open(new JsonSerializerOptions(JsonSerializerDefaults.Web) { Converters = { new Ticks() } });
        await store.AppendAsync("s-1", ExpectedVersion.Any, [new Timed(), new Timed { At = Local("0001-01-01T00:00:00") }]);
        ((Timed)(await store.StreamAsync("s-1"))[^1].Data).At.Should().Be(DateTime.MinValue);
    }

    [Fact]
    public void Resolve_a_type_without_times_leaves_the_generated_code_as_it_is()
    {
        var serializer = new JsonEventSerializer(new EventTypes(), TimesJson.Default.Options);
        serializer.InfoOfEvents(typeof(Timeless)).Options.Converters.Should().BeEmpty();
        serializer.InfoOfDocuments(typeof(Timeless)).Options.Converters.Should().BeEmpty();
        serializer.InfoOfEvents(typeof(Timed)).Options.Converters.Should().NotBeEmpty();
        serializer.InfoOfEvents(typeof(Nested)).Options.Converters.Should().NotBeEmpty("a key is a time");
    }

    private static DateTime Local(string time) =>
        DateTime.SpecifyKind(DateTime.Parse(time, CultureInfo.InvariantCulture), DateTimeKind.Local);

    private static EventStore Open(JsonSerializerOptions? json) =>
        new(new InMemoryEventStorage(), new EventTypes(EventType.Of<Timed>("timed")), new EventStoreOptions { Json = json });

    /// <summary>Sets the time zone of this process; false on Windows, where the variable means nothing.</summary>
    private static bool Enter(string? zone)
    {
        if (OperatingSystem.IsWindows()) return false;
        Environment.SetEnvironmentVariable(Zone, zone);
        TimeZoneInfo.ClearCachedData();
        if (zone is not null) TimeZoneInfo.Local.Id.Should().Be(zone);
        return true;
    }

    public sealed record Timed
    {
        public DateTime At { get; init; }

        public DateTime? Maybe { get; init; }

        public IReadOnlyList<DateTime>? All { get; init; }

        public Dictionary<string, DateTime>? ByName { get; init; }

        public Dictionary<DateTime, string>? ByTime { get; init; }

        public Part? Part { get; init; }

        public Span? Struct { get; init; }
    }

    [JsonDerivedType(typeof(Later), "later")]
    public abstract record Part;

    public sealed record Later(DateTime Until) : Part;

    public readonly record struct Span(DateTime From, DateTime To);

    public sealed record Timeless(string Id, int Count, DateTimeOffset At);

    public sealed record Nested(IReadOnlyList<Dictionary<DateTime, int>> Parts);

    private sealed class Ticks : JsonConverter<DateTime>
    {
        public override DateTime Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new(reader.GetInt64());

        public override void Write(Utf8JsonWriter writer, DateTime value, JsonSerializerOptions options) => writer.WriteNumberValue(value.Ticks);
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(LocalTimeTests.Timed))]
[JsonSerializable(typeof(LocalTimeTests.Timeless))]
[JsonSerializable(typeof(LocalTimeTests.Nested))]
internal sealed partial class TimesJson : JsonSerializerContext;

/// <summary>Runs these tests when no others run.</summary>
[CollectionDefinition(nameof(LocalTimeTests), DisableParallelization = true)]
#pragma warning disable CA1711 // xunit calls it so
public sealed class LocalTimeCollection;
#pragma warning restore CA1711
