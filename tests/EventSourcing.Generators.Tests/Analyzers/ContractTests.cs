using EventSourcing.CodeFixes;

namespace EventSourcing.Generators.Tests.Analyzers;

public class ContractTests
{
    private const string Deposited = "[EventType(\"deposited\")] public sealed record Deposited(decimal Amount, string? Currency);";
    private const string Line = "deposited@1 { amount: decimal, currency?: string }\n";

    [Fact]
    public async Task Check_nothing_without_the_file() => (await CodeUnderTest.Of(Deposited).FindAsync()).Should().BeEmpty();

    [Theory]
    [InlineData(Line)]
    [InlineData("# what we have stored\r\n\r\ndeposited@1 { amount: decimal, currency?: string }\r\n")]
    [InlineData("deposited@1 {currency?:string,  amount: decimal}")]
    public async Task Accept_events_as_the_file_has_them(string contracts) => (await CodeUnderTest.Of(Deposited, contracts).FindAsync()).Should().BeEmpty();

    [Fact]
    public async Task Warn_of_an_event_that_the_file_lacks_and_add_it()
    {
        var code = CodeUnderTest.Of(Deposited + " [EventType(\"closed\")] public sealed record Closed; [EventType(\"zero\")] public sealed record Zero;", "# ours\nm@1 { }\n");

        var mended = await code.FixAllAsync(new ContractFileFix());

        (await code.MessagesAsync("ES0120"))[0].Should().Be("EventContracts.txt has no line for version 1 of 'deposited'. Add: deposited@1 { amount: decimal, currency?: string }");
        mended.Contracts.Should().Be("# ours\nclosed@1 { }\ndeposited@1 { amount: decimal, currency?: string }\nm@1 { }\nzero@1 { }\n");
        (await mended.FindAsync()).Should().Equal("ES0122 m@1 { }");
    }

    [Fact]
    public async Task Fill_an_empty_file() => (await CodeUnderTest.Of(Deposited, "").FixAsync(new ContractFileFix())).Contracts.Should().Be(Line);

    [Theory]
    [InlineData("decimal Amount", "removed 'currency?: string'")]
    [InlineData("decimal Amount, string? Currency, int Fee", "added 'fee: int'")]
    [InlineData("decimal Sum, string? Currency", "added 'sum: decimal', removed 'amount: decimal'")]
    [InlineData("int Amount, string? Currency", "retyped 'amount' from decimal to int")]
    [InlineData("decimal Amount, string Currency", "retyped 'currency' from string? to string")]
    public async Task Refuse_an_event_of_another_shape(string members, string differences)
    {
        var code = CodeUnderTest.Of($"[EventType(\"deposited\")] public sealed record Deposited({members});", Line);

        (await code.FindAsync()).Should().Equal("ES0121 Deposited");
        (await code.MessagesAsync("ES0121")).Should().Equal(
            $"Version 1 of 'deposited' differs from its line in EventContracts.txt: {differences}. Stored events keep the old shape: raise the Version to 2, keep that line, and add an [Upcaster] from version 1.");
    }

    [Fact]
    public async Task Name_what_has_changed_within_members()
    {
        var code = CodeUnderTest.Of(
            "[EventType(\"x\")] public sealed record X(Address Home, IReadOnlyList<Address> Others); public sealed record Address(string Town);",
            "x@1 { home: { city: string }, others: [{ town: string, zip: string }] }\n");

        (await code.MessagesAsync("ES0121")).Single().Should().Contain("added 'home.town: string', removed 'home.city: string', removed 'others[].zip: string'");
    }

    [Fact]
    public async Task Change_the_line_of_what_is_not_stored_yet()
    {
        var code = CodeUnderTest.Of(Deposited, "a@1 { }\r\ndeposited@1 { }\r\n\r\n# end\r\n");

        (await code.OffersAsync(new ContractFileFix())).Should().Equal("Change the line in EventContracts.txt, if no such event is stored yet");
        (await code.FixAsync(new ContractFileFix())).Contracts.Should().Be("a@1 { }\r\ndeposited@1 { amount: decimal, currency?: string }\r\n\r\n# end\r\n");
    }

    [Theory]
    [InlineData("[Upcaster(\"deposited\", 1)] internal static JsonObject Up(JsonObject e) => e;")]
    [InlineData("[Upcaster(\"deposited\", 1, Into = [typeof(Deposited)])] internal static IEnumerable<object> Up(JsonObject e) => [];")]
    [InlineData("[EventType(\"deposited\")] internal sealed record Old(decimal Amount, string? Currency); [Upcaster] internal static Deposited Up(Old e) => new(0);")]
    public async Task Accept_a_new_version_with_an_upcaster_from_the_old_one(string upcaster)
    {
        var code = CodeUnderTest.Of(
            $"[EventType(\"deposited\", Version = 2)] public sealed record Deposited(long Cents); internal static class Old_ {{ {upcaster} }}",
            Line + "deposited@2 { cents: long }\n");

        (await code.FindAsync()).Should().BeEmpty();
    }

    [Fact]
    public async Task Refuse_a_new_version_without_an_upcaster()
    {
        var code = CodeUnderTest.Of("[EventType(\"deposited\", Version = 3)] public sealed record Deposited(long Cents); static class Old { [Upcaster(\"deposited\", 1)] internal static JsonObject Up(JsonObject e) => e; }", Line + "deposited@3 { cents: long }\n");

        (await code.FindAsync()).Should().Equal("ES0123 " + Line.TrimEnd());
        (await code.MessagesAsync("ES0123")).Should().Equal("Stored events of version 1 of 'deposited' are unreadable: no [Upcaster] takes version 2 of 'deposited', and it is not the current version");
    }

    [Fact]
    public async Task Refuse_a_type_kept_for_an_old_version_that_nothing_upcasts()
    {
        var code = CodeUnderTest.Of(
            "[EventType(\"x\")] public sealed record Old; [EventType(\"x\", Version = 2)] public sealed record New;", "x@1 { }\nx@2 { }\n");

        (await code.FindAsync()).Should().Equal("ES0123 x@1 { }");
    }

    [Fact]
    public async Task Refuse_a_name_that_nobody_claims_any_more()
    {
        var code = CodeUnderTest.Of("[EventType(\"y\")] public sealed record Y;", "x@1 { }\ny@1 { }\n");

        (await code.FindAsync()).Should().Equal("ES0122 x@1 { }");
        (await code.MessagesAsync("ES0122")).Should().Equal("'x' is the name of no event, alias or upcaster any more, so its stored events are unreadable. Add the name to the Aliases of an event, or an [Upcaster(\"x\", 1)].");
    }

    [Theory]
    [InlineData("[EventType(\"y\", Aliases = [\"x\"])] public sealed record Y;")]
    [InlineData("[EventType(\"y\")] public sealed record Y; static class U { [Upcaster(\"x\", 1, Into = [typeof(Y)])] internal static JsonObject Up(JsonObject e) => e; }")]
    [InlineData("[EventType(\"y\")] public sealed record Y; static class U { [Upcaster(\"x\", 1)] internal static IEnumerable<object> Drop(JsonObject e) => []; }")]
    public async Task Accept_an_old_name_that_an_alias_or_upcaster_claims(string source) =>
        (await CodeUnderTest.Of(source, "x@1 { }\ny@1 { }\n").FindAsync()).Should().BeEmpty();

    [Fact]
    public async Task Compare_what_was_stored_under_an_alias_too() =>
        (await CodeUnderTest.Of("[EventType(\"y\", Aliases = [\"x\"])] public sealed record Y(int A);", "x@1 { }\ny@1 { a: int }\n").MessagesAsync("ES0121"))
            .Single().Should().StartWith("Version 1 of 'x' differs from its line in EventContracts.txt: added 'a: int'.");

    [Fact]
    public async Task Follow_an_old_version_of_an_alias_to_today() =>
        (await CodeUnderTest.Of("[EventType(\"y\", Version = 2, Aliases = [\"x\"])] public sealed record Y; static class U { [Upcaster(\"y\", 1)] internal static JsonObject Up(JsonObject e) => e; }", "x@1 { a: int }\ny@2 { }\n").FindAsync()).Should().BeEmpty();

    [Fact]
    public async Task End_where_upcasters_run_in_a_circle() =>
        (await CodeUnderTest.Of("""
            [EventType("x")] public sealed record A; [EventType("x", Version = 2)] public sealed record B; [EventType("x", Version = 3)] public sealed record C;
            static class U { [Upcaster] internal static B Up(A e) => new(); [Upcaster] internal static A Down(B e) => new(); }
            """, "x@1 { }\nx@2 { }\nx@3 { }\n").FindAsync()).Should().Equal("ES0123 x@1 { }", "ES0123 x@2 { }");

    [Theory]
    [InlineData("deposited { amount: decimal }")]
    [InlineData("deposited@0 { }")]
    [InlineData("deposited@1 amount")]
    [InlineData("deposited@1 { amount }")]
    [InlineData("deposited@1 { amount: }")]
    [InlineData("deposited@1 { a: [int }")]
    [InlineData("deposited@1 { a: int, }")]
    [InlineData("deposited@1 { \"a: int }")]
    [InlineData("deposited@99999999999 { }")]
    public async Task Refuse_a_malformed_line(string line) => (await CodeUnderTest.Of("", line + "\n").FindAsync()).Should().Equal("ES0124 " + line);

    [Fact]
    public async Task Refuse_a_line_that_repeats_another() =>
        (await CodeUnderTest.Of(Deposited, Line + Line).MessagesAsync("ES0124")).Should()
            .Equal("This line of EventContracts.txt repeats version 1 of 'deposited'. The form is: name@1 { member: type, optional?: type }");

    [Theory]
    [InlineData("record X", "{ }")]
    [InlineData("record X(bool A, byte B, char C, double D, float E, short F, uint G, object H)", "{ a: bool, b: byte, c: char, d: double, e: float, f: short, g: uint, h: object }")]
    [InlineData("record X(Guid A, DateTimeOffset B, DateOnly C, TimeSpan D, Uri E, JsonObject F)", "{ a: Guid, b: DateTimeOffset, c: DateOnly, d: TimeSpan, e: Uri, f: JsonObject }")]
    [InlineData("record X(int? A, string? B, Guid? C)", "{ a?: int, b?: string, c?: Guid }")]
    [InlineData("record X(int[] A, List<int?> B, IReadOnlyList<string?> C, IEnumerable<int[]> D, byte[] E)", "{ a: [int], b: [int?], c: [string?], d: [[int]], e: bytes }")]
    [InlineData("record X(Dictionary<string, int> A, IReadOnlyDictionary<string, P?> B)", "{ a: map<string, int>, b: map<string, { y: int }?> }")]
    [InlineData("record X(N A, N? B)", "{ a: enum(One = 1, Two = 2), b?: enum(One = 1, Two = 2) }")]
    [InlineData("record X([property: JsonConverter(typeof(JsonStringEnumConverter<N>))] N A, S B)", "{ a: enum(One, Two), b: enum(Left, Right) }")]
    [InlineData("record X(P A, P? B, Q C)", "{ a: { y: int }, b?: { y: int }, c: { } }")]
    [InlineData("record X(T A)", "{ a: { children: [^1], parent?: ^1 } }")]
    [InlineData("record X(V A)", "{ a: converted(VConverter) }")]
    [InlineData("record X(Pay A)", "{ a: oneof(card: { number: string }, cash: { }) }")]
    [InlineData("record X(int IOCount, int Id, int URL, int x1)", "{ id: int, ioCount: int, url: int, x1: int }")]
    [InlineData("record X([property: JsonPropertyName(\"the name\")] int A, [property: JsonPropertyName(\"B\")] int B2, [property: JsonIgnore] int C)", "{ B: int, \"the name\": int }")]
    [InlineData("record X(int A) : Base(A) { public int Twice => A * 2; [JsonInclude] internal int C { get; init; } internal int D { get; init; } [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public int? E { get; init; } }", "{ a: int, c: int, e?: int, own: string }")]
    [InlineData("record struct X(int A)", "{ a: int }")]
    public async Task Write_shapes_in_one_way(string type, string shape)
    {
        var code = CodeUnderTest.Of($$"""
            [EventType("x")] public {{(type.Contains("struct", StringComparison.Ordinal) ? "readonly " : "")}}{{type}}{{(type.EndsWith('}') ? "" : ";")}}
            public sealed record P(int Y);
            public sealed record Q;
            public enum N { Two = 2, One = 1 }
            [JsonConverter(typeof(JsonStringEnumConverter<S>))] public enum S { Right, Left }
            public sealed record T(IReadOnlyList<T> Children, T? Parent);
            [JsonConverter(typeof(VConverter))] public sealed record V(int Inner);
            public sealed class VConverter : JsonConverter<V>
            {
                public override V Read(ref System.Text.Json.Utf8JsonReader reader, Type type, System.Text.Json.JsonSerializerOptions options) => new(1);
                public override void Write(System.Text.Json.Utf8JsonWriter writer, V value, System.Text.Json.JsonSerializerOptions options) { }
            }
            [JsonDerivedType(typeof(Cash), "cash"), JsonDerivedType(typeof(Card), "card")] public abstract record Pay;
            public sealed record Cash : Pay;
            public sealed record Card(string Number) : Pay;
            public record Base(int A) { public string Own { get; init; } = ""; }
            """, "");

        var mended = await code.FixAsync(new ContractFileFix());

        mended.Contracts.Should().Be($"x@1 {shape}\n");
        (await mended.FindAsync()).Where(found => found.StartsWith("ES012", StringComparison.Ordinal)).Should().BeEmpty();
    }

    [Theory]
    [InlineData("IOCount")]
    [InlineData("Id")]
    [InlineData("URL")]
    [InlineData("URLOfX")]
    [InlineData("already")]
    [InlineData("A1B")]
    [InlineData("Éa")]
    public void Names_are_those_of_the_serializer(string name) =>
        global::EventSourcing.Generators.Analyzers.EventShape.CamelCase(name).Should().Be(System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(name));
}
