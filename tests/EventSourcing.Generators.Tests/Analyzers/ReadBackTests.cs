using EventSourcing.Generators.Analyzers;

namespace EventSourcing.Generators.Tests.Analyzers;

/// <summary>What JSON writes and does not read back is an error of the compiler where that can see it.</summary>
public class ReadBackTests
{
    private const string Document = "public sealed class P : Projection<X> { public P() { On<E>((_, _) => null); } } [EventType(\"e\")] public sealed record E; ";

    [Theory]
    [InlineData("record X((int A, int B) At);", "(int A, int B) At")]
    [InlineData("record X(System.Numerics.BigInteger At);", "BigInteger At")]
    [InlineData("record X(System.Numerics.Vector3? At);", "Vector3? At")]
    [InlineData("class X { public readonly int At; }", "At")]
    [InlineData("class X { public int At { get; private set; } }", "At")]
    [InlineData("class X { public int At { get; internal set; } }", "At")]
    [InlineData("class X { public X() { } public X(int at) { At = at; } public int At { get; } }", "At")]
    [InlineData("class X { public List<int> At { get; } = []; }", "At")]
    [InlineData("record X(Stack<int> At);", "Stack<int> At")]
    [InlineData("record X(IReadOnlySet<int> At);", "IReadOnlySet<int> At")]
    [InlineData("record X(Own At); public sealed class Own : List<int> { public int Extra { get; set; } }", "Own At")]
    [InlineData("record X(IThing At); public interface IThing { int A { get; } }", "IThing At")]
    [InlineData("record X(Thing At); public abstract record Thing(int A);", "Thing At")]
    [InlineData("record X(object At);", "object At")]
    [InlineData("record X(Dictionary<string, List<(int, int)>> At);", "Dictionary<string, List<(int, int)>> At")]
    [InlineData("class X { public X(int a) { At = a; } public X(int a, int b) { At = a + b; } public int At { get; } }", "X")]
    [InlineData("class X { public X(int where) { At = where; } public int At { get; } }", "where")]
    [InlineData("record X(Inner At); public sealed class Inner { public int A { get; private set; } }", "Inner At")]
    public async Task Report_what_is_not_read_back(string type, string member)
    {
        foreach (var code in new[] { $"[EventType(\"x\")] public sealed {type}", $"{Document} public sealed {type}" })
        {
            var found = await CodeUnderTest.Of(code).By(new ReadBackAnalyzer()).FindAsync();
            found.Should().ContainSingle().Which.Should().StartWith("ES0112");
            if (!code.StartsWith(Document, StringComparison.Ordinal)) member.Should().EndWith(found[0]["ES0112 ".Length..]);
        }

        (await CodeUnderTest.Of($"public static class L {{ public static EventType T => EventType.Of<X>(\"x\"); }} public sealed {type}").By(new ReadBackAnalyzer()).FindAsync())
            .Should().Equal("ES0112 EventType.Of<X>(\"x\")");
    }

    [Theory]
    [InlineData("record X(string A, int? B, decimal C, Guid D, DateTimeOffset E, TimeSpan F, Uri G, byte[] H, DayOfWeek I);")]
    [InlineData("record X(IReadOnlyList<int> A, IReadOnlyDictionary<string, int> B, IReadOnlyCollection<int> C, IEnumerable<int> D, HashSet<int> E, ISet<int> F, SortedSet<int> G, Queue<int> H);")]
    [InlineData("record X(System.Collections.Immutable.ImmutableArray<int> A, System.Collections.Immutable.ImmutableDictionary<string, int> B, System.Collections.Immutable.ImmutableHashSet<int> C);")]
    [InlineData("record X { public required string A { get; init; } public int B { get; init; } = 5; public int Sum => B + A.Length; public string Kind { get; } = \"x\"; }")]
    [InlineData("record X(int A, int B) { public int Total { get; } = A * B; }")]
    [InlineData("class X(int a) { public int A { get; } = a; }")]
    [InlineData("class X { [JsonConstructor] internal X(int a) { A = a; } public X(int a, int b) : this(a + b) { } public int A { get; } }")]
    [InlineData("class X { [JsonInclude] public readonly int A; [JsonIgnore] public int B; [JsonInclude] public int C { get; private set; } [JsonIgnore] public object? D { get; private set; } }")]
    [InlineData("class X { [JsonExtensionData] public Dictionary<string, object>? Rest { get; init; } public System.Text.Json.JsonElement A { get; init; } public JsonNode? B { get; init; } }")]
    [InlineData("class X { [JsonObjectCreationHandling(JsonObjectCreationHandling.Populate)] public List<int> A { get; } = []; }")]
    [InlineData("record X(Shape A); [JsonDerivedType(typeof(Circle), \"circle\")] public abstract record Shape; public sealed record Circle(int R) : Shape;")]
    [InlineData("record X(Tree? Child);  public sealed record Tree(Tree? Left, Tree? Right, X? Of);")]
    [InlineData("record X : B { public int A { get; init; } } public abstract record B { public string? C { get; init; } }")]
    [InlineData("record X(Own A); public sealed class Own : List<int> { public int Total => Count * 2; [JsonIgnore] public int Cached { get; set; } }")]
    [InlineData("record X(KeyValuePair<string, int> A, Tuple<int, string> B, Id<X> C); public readonly record struct Id<T>(Guid Value);")]
    [InlineData("record X(Money A); [JsonConverter(typeof(MoneyJson))] public readonly struct Money { public readonly decimal A; } public sealed class MoneyJson { }")]
    [InlineData("record X(Odd A) { } public readonly struct Odd { public readonly decimal A; } public abstract class OddJson : JsonConverter<Odd>;")]
    [InlineData("record X(Odd A, (int, int) B) { } public readonly struct Odd { public readonly decimal A; } public abstract class OddJson : JsonConverterFactory;")]
    [InlineData("class X { public int A; public static System.Text.Json.JsonSerializerOptions O => new() { IncludeFields = true }; }")]
    public async Task Accept_what_is_read_back(string type)
    {
        (await CodeUnderTest.Of($"[EventType(\"x\")] public sealed {type}").By(new ReadBackAnalyzer()).FindAsync()).Should().BeEmpty();
        (await CodeUnderTest.Of($"{Document} public sealed {type}").By(new ReadBackAnalyzer()).FindAsync()).Should().BeEmpty();
    }

    [Fact]
    public async Task Leave_types_alone_that_are_neither_events_nor_documents() =>
        (await CodeUnderTest.Of("public sealed class X { public int A; public (int, int) B { get; private set; } }").By(new ReadBackAnalyzer()).FindAsync()).Should().BeEmpty();

    /// <summary>The generator says what they are.</summary>
    [Theory]
    [InlineData("static class X { }")]
    [InlineData("readonly ref struct X { }")]
    [InlineData("abstract class X { public int A; }")]
    public async Task Leave_types_alone_that_can_be_no_events(string type) =>
        (await CodeUnderTest.Of($"[EventType(\"x\")] public {type}").By(new ReadBackAnalyzer()).FindAsync()).Should().BeEmpty();

    [Fact]
    public async Task Say_which_member_and_what_to_do() =>
        (await CodeUnderTest.Of("[EventType(\"x\")] public sealed class X { public int A { get; private set; } }").By(new ReadBackAnalyzer()).MessagesAsync("ES0112")).Should().Equal(
            "The event 'X' would not be read back as it is written: 'A' of 'X' is written, and has no setter or constructor parameter by which JSON could read it back; give it 'init' or a parameter of its name, or mark it [JsonInclude] or [JsonIgnore].");
}
