using EventSourcing.CodeFixes;

namespace EventSourcing.Generators.Tests.Analyzers;

/// <summary>The shape of any type ends, and in reasonable time.</summary>
public class ContractShapeTests
{
    private static readonly string Thirty = string.Concat(Enumerable.Range(0, 30).Select(i =>
        $"public sealed class T{i} {{ public int Own {{ get; init; }} {string.Concat(Enumerable.Range(0, 30).Select(j => $"public T{j}? M{j} {{ get; init; }} public IReadOnlyList<T{j}> L{j} {{ get; init; }} = []; "))} }} "));

    [Fact]
    public async Task Thirty_types_that_refer_to_each_other_are_each_written_once()
    {
        var code = CodeUnderTest.Of($"[EventType(\"x\")] public sealed record X(T0 At); {Thirty}", "");

        var contracts = (await code.FixAsync(new ContractFileFix()).WaitAsync(TimeSpan.FromSeconds(60))).Contracts;

        contracts.Should().StartWith("x@1 { at: { l0: [^1], l1: [{ l0: [^2], l1: [^1], l10: [{ ").And.EndWith("own: int } }\n");
        contracts.Split("own: int").Should().HaveCount(31);
        (await CodeUnderTest.Of($"[EventType(\"x\")] public sealed record X(T0 At); {Thirty}", contracts).FindAsync()).Should().BeEmpty();
        (await CodeUnderTest.Of($"[EventType(\"x\")] public sealed record X(T0 At); {Thirty.Replace("class T7 { public int Own", "class T7 { public int Other", StringComparison.Ordinal)}", contracts).FindAsync()).Should().Equal("ES0121 X");
    }

    [Fact]
    public async Task Types_that_fork_into_the_next_are_written_once_if_there_are_too_many_ways()
    {
        var chain = string.Concat(Enumerable.Range(0, 30).Select(i => $"public sealed record F{i}(F{i + 1} A, F{i + 1} B); ")) + "public sealed record F30(int N);";
        var code = CodeUnderTest.Of($"[EventType(\"x\")] public sealed record X(F0 At); {chain}", "");

        var contracts = (await code.FixAsync(new ContractFileFix()).WaitAsync(TimeSpan.FromSeconds(60))).Contracts;

        contracts.Should().StartWith("x@1 { at: { a: { a: { ").And.EndWith("a: { n: int }, b: *32 }, b: *31 }, b: *30 }, b: *29 }, b: *28 }, b: *27 }, b: *26 }, b: *25 }, b: *24 }, b: *23 }, b: *22 }, b: *21 }, b: *20 }, b: *19 }, b: *18 }, b: *17 }, b: *16 }, b: *15 }, b: *14 }, b: *13 }, b: *12 }, b: *11 }, b: *10 }, b: *9 }, b: *8 }, b: *7 }, b: *6 }, b: *5 }, b: *4 }, b: *3 } }\n");
    }

    [Fact]
    public async Task Types_that_fork_a_few_times_are_written_in_full() =>
        (await CodeUnderTest.Of("[EventType(\"x\")] public sealed record X(F A, F B); public sealed record F(G A, G B); public sealed record G(IReadOnlyList<G> L, IReadOnlyList<IReadOnlyList<F>> M);", "").FixAsync(new ContractFileFix())).Contracts
            .Should().Be("x@1 { a: { a: { l: [^1], m: [[^2]] }, b: { l: [^1], m: [[^2]] } }, b: { a: { l: [^1], m: [[^2]] }, b: { l: [^1], m: [[^2]] } } }\n");

    [Theory]
    [InlineData("record X(Node<int> A); public sealed class Node<T> { public Node<List<T>>? Next { get; init; } }", true)]
    [InlineData("record X(Node<int> A); public sealed class Node<T> { public Node<List<T>>? A { get; init; } public Node<T[]>? B { get; init; } public Node<Node<T>>? C { get; init; } }", true)]
    [InlineData("record X(Many<int> A); public sealed class Many<T> : List<Many<List<T>>>;")]
    [InlineData("record X(Tree A); public sealed class Tree : List<Tree>;")]
    [InlineData("record X(One A); public sealed class One : List<Two>; public sealed class Two : Dictionary<string, One>;")]
    [InlineData("record X(Pay A); [JsonDerivedType(typeof(Split), \"split\")] public abstract record Pay; public sealed record Split(Pay One, Pay Other) : Pay;")]
    [InlineData("record X(Box<Box<Box<int>>> A); public sealed record Box<T>(T Value, Box<T>? Next, Box<Box<T>>? Outer);", true)]
    public async Task Types_that_are_nested_without_end_are_written_to_an_end(string type, bool isEndless = false)
    {
        var code = CodeUnderTest.Of($"[EventType(\"x\")] public sealed {type}", "");

        var mended = await code.FixAsync(new ContractFileFix()).WaitAsync(TimeSpan.FromSeconds(60));

        mended.Contracts.Length.Should().BeLessThan(100_000);
        (await mended.FindAsync()).Should().BeEmpty();
        var lost = await code.By(new global::EventSourcing.Generators.Analyzers.ReadBackAnalyzer()).MessagesAsync("ES0112").WaitAsync(TimeSpan.FromSeconds(60));
        if (isEndless) lost.Should().ContainSingle().Which.Should().Contain("has members of ever new forms of itself, of which JSON finds no end");
        else lost.Should().BeEmpty();
    }

    [Fact]
    public async Task Collections_of_themselves_are_written_with_a_zero() =>
        (await CodeUnderTest.Of("[EventType(\"x\")] public sealed record X(Tree A, IReadOnlyList<Tree> B); public sealed class Tree : List<Tree>;", "").FixAsync(new ContractFileFix())).Contracts
            .Should().Be("x@1 { a: [^0], b: [[^0]] }\n");
}
