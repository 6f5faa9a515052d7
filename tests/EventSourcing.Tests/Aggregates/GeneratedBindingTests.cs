using System.Text.Json;

namespace EventSourcing.Tests.Aggregates;

/// <summary>What the generator has written for this very project, used as an app would.</summary>
public class GeneratedBindingTests
{
    private static EventStore Open() => new(new InMemoryEventStorage(), EventTypes.FromAssemblyOf<Hall>());

    private static async Task<Hall> FilledAsync(EventStore store)
    {
        await store.Aggregate<Hall>("a").CreateAsync(hall =>
        {
            hall.Reserve("1A", "ann");
            hall.Reserve("1B", "bob");
        });
        await store.Aggregate<Hall>("a").UpdateAsync(hall => hall.Release("1B"));
        await store.Aggregate<Hall>("a").UpdateAsync(hall => hall.Close());
        return await store.Aggregate<Hall>("a").LoadAsync();
    }

    [Fact]
    public async Task Load_an_aggregate_applies_each_event_by_its_own_method()
    {
        await using var store = Open();
        var hall = await FilledAsync(store);
        (hall.GuestOn("1a"), hall.GuestOn("1B"), hall.Changes, hall.IsClosed).Should().Be(("ann", null, 3, true));
    }

    [Fact]
    public async Task Fold_a_state_applies_each_event_by_its_own_method()
    {
        await using var store = Open();
        await FilledAsync(store);
        Fold<Occupancy>(await store.StreamAsync("hall-a")).Should().Be(new Occupancy(1));
    }

    [Fact]
    public async Task Project_by_methods_finds_keys_by_the_interface_of_the_event()
    {
        await using var store = Open();
        await FilledAsync(store);
        var seats = await store.ProjectAsync(new Seats());
        seats.Documents.Keys.Should().BeEquivalentTo("1A", "1B");
        seats.Find("1A").Should().Be(new Seat("ann", 1));
        seats.Find("1B").Should().Be(new Seat(null, 1));
    }

    [Fact]
    public async Task React_by_methods_is_told_of_its_event()
    {
        await using var store = Open();
        await FilledAsync(store);
        var doorman = new Doorman();
        await using var running = await store.StartReactorsAsync(doorman);
        (await doorman.Told.Task.WaitAsync(TimeSpan.FromSeconds(30))).Should().Be("HallClosed of hall-a");
    }

    [Fact]
    public async Task Keep_a_state_and_read_it_back_gives_the_same_with_its_comparer()
    {
        await using var store = Open();
        var state = StateOf(await FilledAsync(store));
        JsonDocument.Parse(state).RootElement.GetProperty("_guests").GetRawText().Should().Be("[\"1A\",\"ann\"]");

        var copy = new Hall();
        Read(copy, state);
        (copy.GuestOn("1a"), copy.GuestOn("1b"), copy.Changes, copy.IsClosed).Should().Be(("ann", null, 3, true));
        copy.As<ISnapshotState>().Fingerprint.Should().HaveLength(16).And.Be(new Hall().As<ISnapshotState>().Fingerprint);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"_guests\":[],\"IsClosed\":true}")]
    [InlineData("{\"_guests\":[],\"Changes\":1,\"IsClosed\":true}")]
    [InlineData("{\"_guests\":[\"1A\"],\"IsClosed\":true,\"Changes\":1}")]
    [InlineData("{\"_guests\":{},\"IsClosed\":true,\"Changes\":1}")]
    [InlineData("{\"_guests\":[],\"IsClosed\":1,\"Changes\":1}")]
    [InlineData("{\"_guests\":[],\"IsClosed\":true,\"Changes\":1,\"More\":1}")]
    public void Read_back_anything_but_what_was_written_throws(string state) =>
        FluentActions.Invoking(() => Read(new Hall(), System.Text.Encoding.UTF8.GetBytes(state))).Should().Throw<JsonException>();

    [Fact]
    public void Write_a_value_that_would_come_back_as_its_base_throws()
    {
        using var writer = new Utf8JsonWriter(new MemoryStream());
        writer.WriteStartObject();
        FluentActions.Invoking(() => SnapshotFields.Write<Named>(writer, "n", new Titled("a", "b"), JsonSerializerOptions.Default)).Should().Throw<NotSupportedException>().WithMessage("*Titled would come back from a snapshot as*Named*");
    }

    private static T Fold<T>(IEnumerable<RecordedEvent> events)
        where T : IState<T> => events.Aggregate(T.Initial, (state, e) => state.Apply(e.Data));

    private static byte[] StateOf(Hall hall)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream)) hall.As<ISnapshotState>().WriteState(writer, JsonSerializerOptions.Default);
        return stream.ToArray();
    }

    private static void Read(Hall hall, byte[] state)
    {
        var reader = new Utf8JsonReader(state);
        reader.Read();
        hall.As<ISnapshotState>().ReadState(ref reader, JsonSerializerOptions.Default);
    }

    private record Named(string Name);

    private sealed record Titled(string Name, string Title) : Named(Name);
}
