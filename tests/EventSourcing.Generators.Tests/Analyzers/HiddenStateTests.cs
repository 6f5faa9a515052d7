using EventSourcing.Generators.Analyzers;

namespace EventSourcing.Generators.Tests.Analyzers;

/// <summary>What an event holds in members that JSON does not write is lost silently, so the compiler says so where the code shows it.</summary>
public class HiddenStateTests
{
    [Theory]
    [InlineData("public sealed record X(int A) { private int _n; public X With(int n) => this with { _n = n }; }", "the field '_n' of 'X' is not written, and holds what 'With' sets;")]
    [InlineData("public sealed record X { private int _n; public static X Of(int n) => new() { _n = n }; public int Double() => _n * 2; }", "'Of' sets")]
    [InlineData("public sealed record X { private int _n; public static X Of(int n) { var x = new X(); x._n = n; return x; } }", "'Of' sets")]
    [InlineData("public sealed record X { private int _n; public void Set(int n) => _n = n; }", "'Set' sets")]
    [InlineData("public sealed record X { private int _n; public void Set(int n) { this._n += n; } }", "'Set' sets")]
    [InlineData("public sealed record X { private int _n, _m; public void Set(int n) => (_n, _m) = (n, n); }", "'Set' sets")]
    [InlineData("public sealed record X { private int _n; public void Next() => _n++; }", "'Next' sets")]
    [InlineData("public sealed record X { private readonly int _n; public X() { } public X(int n) => _n = n; public int N() => _n; }", "a constructor sets that JSON does not call")]
    [InlineData("[method: JsonConstructor] public sealed record X(int A) { private readonly int _n; public X(int a, int n) : this(a) { _n = n; } }", "a constructor sets that JSON does not call")]
    [InlineData("public sealed class X { private int _n; internal int N { get => _n; init => _n = value; } }", "'N' sets, which JSON does not write")]
    [InlineData("public sealed class X { private int _n; public int N { init => _n = value; } }", "'N' sets, which JSON does not write")]
    [InlineData("public sealed class X { private readonly List<int> _items = []; public void Add(int n) => _items.Add(n); }", "'Add' sets")]
    [InlineData("public sealed class X { private readonly Dictionary<string, int> _items = []; public void Add(string k, int n) { _items[k] = n; } }", "'Add' sets")]
    [InlineData("public sealed class X { internal int N; }", "the field 'N' of 'X' is not written, and holds what code outside of its type can set;")]
    [InlineData("public sealed class X { internal int N { get; init; } }", "the property 'N' of 'X' is not written, and holds what code outside of its type can set;")]
    [InlineData("public sealed class X { public int N { private get; set; } }", "the property 'N' of 'X' is not written")]
    [InlineData("public sealed class X { private int N { get; set; } public static X Of(int n) => new() { N = n }; }", "the property 'N' of 'X' is not written, and holds what 'Of' sets")]
    [InlineData("public sealed class X { private X(int n) => N = n; public X() { } public static X Of(int n) => new(n); private int N { get; } }", "a constructor sets that JSON does not call")]
    [InlineData("public sealed record X(Inner A); public sealed class Inner { private int _n; public void Set(int n) => _n = n; }", "the field '_n' of 'Inner'")]
    [InlineData("public sealed record X(IReadOnlyList<Inner> A); public sealed class Inner : B; public abstract class B { protected int N; public void Set(int n) => N = n; }", "the field 'N' of 'Inner'")]
    [InlineData("public sealed class X : B { public void Set(int n) { N = n; } } public abstract class B { protected int N; }", "the field 'N' of 'X' is not written, and holds what 'Set' sets")]
    [InlineData("public sealed record X { private int _n; public sealed class Builder { public X Build(int n) => new() { _n = n }; } }", "'Build' sets")]
    [InlineData("public sealed record X(Inner<int> A); public sealed class Inner<T> { private T? _n; public void Set(T n) => _n = n; }", "the field '_n' of 'Inner'")]
    [InlineData("public sealed record X(Inner A); public struct Inner { private readonly int _n; public Inner(int n) => _n = n; }", "the field '_n' of 'Inner'")]
    public async Task Report_a_member_whose_value_nothing_brings_back(string type, string message)
    {
        var code = CodeUnderTest.Of($"[EventType(\"x\")] {type}").By(new ReadBackAnalyzer());
        (await code.MessagesAsync("ES0112")).Should().Contain(found => found.Contains(message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("public sealed record X { private readonly int _n = 5; public int Get() => _n; }")]
    [InlineData("public sealed class X { private int _n; public int N { get => _n; init => _n = value < 0 ? 0 : value; } }")]
    [InlineData("public sealed class X { private int _twice; private readonly int _n; public int N { get => _n; init { _n = value; _twice = value * 2; } } public int Twice() => _twice; }")]
    [InlineData("public sealed class X { private readonly int _twice; public X(int n) { N = n; _twice = n * 2; } public int N { get; } public int Twice() => _twice; }")]
    [InlineData("public sealed class X { private readonly int _n; [JsonConstructor] internal X(int n) => _n = n; public X(int a, int b) { _n = a + b; } public int N => _n; }")]
    [InlineData("public sealed class X { private readonly int _n; [JsonConstructor] public X(int n) : this(n, 1) { } public X(int n, int by) => _n = n * by; public int N => _n; }")]
    [InlineData("public sealed record X(int A) { private string? _text; public string Text => _text ??= $\"{A}\"; }")]
    [InlineData("public sealed record X(int A) { private string? _text; public override string ToString() { if (_text is null) { _text = $\"{A}\"; } return _text; } }")]
    [InlineData("public sealed record X(int A) { private readonly Dictionary<int, int> _known = []; public int Sum() { _known[A] = A; return _known.Count; } }")]
    [InlineData("public sealed record X { public int A { get; init; } private readonly int _n; public X() { } private X(X other) { A = other.A; _n = other._n; } }")]
    [InlineData("public sealed record X(int A) { private readonly int _twice = A * 2; private int Thrice { get; } = A * 3; }")]
    [InlineData("public sealed class X { [JsonIgnore] private int _n; public void Set(int n) => _n = n; }")]
    [InlineData("public sealed class X { [JsonInclude] private int _n; public void Set(int n) => _n = n; }")]
    [InlineData("public sealed class X { [NonSerialized] private int _n; public void Set(int n) => _n = n; }")]
    [InlineData("public sealed class X { private int _n; [JsonIgnore] public int N { get => _n; set => _n = value; } }")]
    [InlineData("public sealed class X { private readonly List<int> _items = []; public IReadOnlyList<int> Items { get => _items; init => _items.AddRange(value); } }")]
    [InlineData("public sealed class X { private readonly List<int> _items = []; [JsonObjectCreationHandling(JsonObjectCreationHandling.Populate)] public List<int> Items => _items; public void Add(int n) => _items.Add(n); }")]
    [InlineData("public sealed class X : IJsonOnDeserialized { private int _n; public int A { get; init; } public void OnDeserialized() => Set(A); private void Set(int n) => _n = n; }")]
    [InlineData("public sealed record X(int A) { private static int _n; public static void Set(int n) => _n = n; private const int M = 1; }")]
    [InlineData("public sealed record X(int A) { private int _n; public int Of(int _n) { _n = 3; return _n + A; } }")]
    [InlineData("public sealed record X(int A) { private Func<int>? _f; public int Get() => (_f ??= () => A)(); }")]
    [InlineData("public abstract record B(int A) { protected virtual int Twice => A * 2; } [EventType(\"y\")] public sealed record X(int A) : B(A);")]
    [InlineData("public sealed class X : B { public X(int value) { N = value; } public int Value => N; } public abstract class B { protected int N; }")]
    [InlineData("public sealed record X(int A) { private string Name { get; } = \"x\"; public Other Of(string n) => new() { Name = n }; } public sealed class Other { public string? Name { get; set; } }")]
    [InlineData("public sealed record X(int A) { private string Name { get; set; } = \"x\"; public void To(Other other, string n) { other.Name = n; } } public sealed class Other { public string? Name { get; set; } }")]
    [InlineData("public sealed record X(int A) { private readonly int _n = 5; public sealed class Builder { private int _n; public X Build(int n) { _n = n; this._n = n; return new(_n); } } }")]
    [InlineData("public sealed record X(int A) { private readonly int _n = 5; public int Sum(int b) { int _n = b; _n = b; return _n; } public int Local(int b) { void Set(int _n) { _n = b; } Set(b); return b; } }")]
    [InlineData("public sealed record X(int A); public sealed record Y { private int _n; public void Set(int n) => _n = n; }")]
    [InlineData("public sealed class X(int a) { public int A => a; private readonly int _twice = a * 2; }")]
    public async Task Accept_a_member_that_is_brought_back_or_computed(string type)
    {
        var code = CodeUnderTest.Of((type.Contains("[EventType", StringComparison.Ordinal) ? "" : "[EventType(\"x\")] ") + type).By(new ReadBackAnalyzer());
        (await code.MessagesAsync("ES0112")).Should().BeEmpty();
    }

    [Fact]
    public async Task Report_it_of_documents_at_the_member()
    {
        const string Code = "[EventType(\"e\")] public sealed record E; public sealed class P : Projection<X> { public P() { On<E>((_, _) => null); } } public sealed record X { private int _n; public X With(int n) => this with { _n = n }; }";
        (await CodeUnderTest.Of(Code).By(new ReadBackAnalyzer()).MessagesAsync("ES0112")).Should().Equal(
            "The document 'X' would not be read back as it is written: the field '_n' of 'X' is not written, and holds what 'With' sets; make it a public property with 'init', or mark it [JsonInclude], or [JsonIgnore] if it may be lost.");
    }
}
