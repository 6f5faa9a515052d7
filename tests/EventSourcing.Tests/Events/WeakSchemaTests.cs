namespace EventSourcing.Tests.Events;

/// <summary>What stored JSON may differ in from the type it is read into: the table in the guide, row by row.</summary>
public class WeakSchemaTests
{
    [Theory]
    [InlineData("""{"amount":1,"note":"n"}""", 1, "n", 5, "a property that there is")]
    [InlineData("""{"note":"n","amount":1}""", 1, "n", 5, "another order")]
    [InlineData("""{"amount":1,"note":"n","extra":{"a":[1]}}""", 1, "n", 5, "a property more is ignored")]
    [InlineData("""{"amount":1,"note":"n","fee":7}""", 1, "n", 7, "one with a default, given")]
    [InlineData("""{"amount":1,"note":null}""", 1, null, 5, "null where the type is nullable")]
    public async Task Read_what_the_type_allows(string json, int amount, string? note, int fee, string because) =>
        (await ReadAsync(json)).Should().Be(new Invoiced(amount, note, fee), because);

    [Theory]
    [InlineData("""{"note":"n"}""", "*amount*")]
    [InlineData("""{"amount":1}""", "*note*")]
    [InlineData("""{"Amount":1,"note":"n"}""", "*amount*")]
    [InlineData("""{"amount":"1","note":"n"}""", "*amount*")]
    [InlineData("""{"amount":null,"note":"n"}""", "*amount*")]
    public async Task Read_what_the_type_does_not_allow_throws_and_says_what_to_do(string json, string message) =>
        await FluentActions.Awaiting(() => ReadAsync(json)).Should().ThrowAsync<EventSerializationException>().WithMessage(message + "a default for what may be missing, an upcaster*");

    [Fact]
    public async Task Read_null_where_the_type_has_none_throws()
    {
        await using var store = Open();
        await store.Storage.AppendRawAsync("s-1", "named", """{"name":null}""");
        await FluentActions.Awaiting(() => store.StreamAsync("s-1")).Should().ThrowAsync<EventSerializationException>().WithMessage("*name*null*");
    }

    [Fact]
    public async Task Append_null_where_the_type_has_none_writes_nothing()
    {
        await using var store = Open();
        await FluentActions.Awaiting(() => store.AppendAsync("s-1", 0, [new Invoiced(1, null), new Named(null!)])).Should().ThrowAsync<ArgumentException>().WithMessage("*'named' cannot be written*Nothing was written*");
        (await store.GetHeadAsync()).Should().Be(0);
    }

    [Fact]
    public async Task Read_a_property_that_no_constructor_asks_for_may_be_missing_unless_it_is_required()
    {
        await using var store = Open();
        await store.Storage.AppendRawAsync("s-1", "labelled", """{"label":"x"}""");
        (await store.StreamAsync("s-1"))[0].Data.Should().BeEquivalentTo(new Labelled { Label = "x", Copies = 1 });
        await store.Storage.AppendRawAsync("s-2", "labelled", """{"copies":2}""");
        await FluentActions.Awaiting(() => store.StreamAsync("s-2")).Should().ThrowAsync<EventSerializationException>().WithMessage("*label*");
    }

    [Fact]
    public async Task Read_by_options_of_the_apps_own_is_as_strict_as_those()
    {
        await using var store = new EventStore(new InMemoryEventStorage(), Types, new EventStoreOptions { Json = new(System.Text.Json.JsonSerializerDefaults.Web) });
        await store.Storage.AppendRawAsync("s-1", "invoiced", """{"AMOUNT":"1"}""");
        (await store.StreamAsync("s-1"))[0].Data.Should().Be(new Invoiced(1, null));
    }

    [Fact]
    public async Task Read_a_document_that_lacks_a_member_is_no_error() =>
        (await new EventStore(new InMemoryEventStorage(), Types).ReadOldDocumentAsync()).Should().Be(new Invoiced(0, null, 5));

    private static EventTypes Types { get; } = new(EventType.Of<Invoiced>("invoiced"), EventType.Of<Named>("named"), EventType.Of<Labelled>("labelled"));

    private static EventStore Open() => new(new InMemoryEventStorage(), Types);

    private static async Task<object> ReadAsync(string json)
    {
        await using var store = Open();
        await store.Storage.AppendRawAsync("s-1", "invoiced", json);
        return (await store.StreamAsync("s-1"))[0].Data;
    }

    private sealed record Invoiced(int Amount, string? Note, int Fee = 5);

    private sealed record Named(string Name);

    private sealed record Labelled
    {
        public required string Label { get; init; }

        public int Copies { get; init; } = 1;
    }
}

file static class Documents
{
    public static Task<object?> ReadOldDocumentAsync(this EventStore store) =>
        Task.FromResult(System.Text.Json.JsonSerializer.Deserialize("{}", store.Json.GetTypeInfo(store.Types.All.Single(type => type.Name == "invoiced").ClrType)));
}
