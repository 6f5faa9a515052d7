using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace EventSourcing.Generators.Tests;

public class IncrementalTests
{
    private const string Domain = """
        namespace Bank;

        [EventType("money-deposited")] public sealed record MoneyDeposited(decimal Amount);

        public static class Upcasters
        {
            [Upcaster("money-deposited", 1)] internal static System.Text.Json.Nodes.JsonObject Up(System.Text.Json.Nodes.JsonObject e) => e;
        }

        public sealed partial class Account : Aggregate
        {
            public decimal Balance { get; private set; }

            public void Deposit(decimal amount)
            {
                Raise(new MoneyDeposited(amount));
            }

            private void Apply(MoneyDeposited e) => Balance += e.Amount;
        }

        public sealed record Total(decimal Amount);

        public sealed partial class Totals : Projection<Total>
        {
            private string Key(MoneyDeposited e) => "all";

            private Total? Apply(Total? total, MoneyDeposited e) => new((total?.Amount ?? 0) + e.Amount);
        }
        """;

    private const string Kept = """
        [Snapshots(100)]
        public sealed partial class Cart : Aggregate
        {
            private readonly List<string> _lines = [];

            private void Apply(Bank.MoneyDeposited e) => _lines.Add("x");
        }

        public readonly partial record struct Sum(decimal Amount) : IState<Sum>
        {
            private Sum Apply(Bank.MoneyDeposited e) => new(Amount + e.Amount);
        }
        """;

    [Fact]
    public void Edit_of_another_file_generates_nothing_again()
    {
        var run = GeneratorRun.Of(Domain, Kept, "public static class Other { public static int One => 1; }");
        run.Complaints.Should().BeEmpty();
        var reasons = run.ReasonsAfter(compilation => Replaced(compilation, 3, "One => 1", "Two => 2"));
        reasons.Should().HaveCountGreaterThan(4).And.OnlyContain(reason => reason == IncrementalStepRunReason.Cached || reason == IncrementalStepRunReason.Unchanged);
    }

    [Fact]
    public void Edit_of_a_command_that_moves_all_below_it_generates_nothing_again()
    {
        var run = GeneratorRun.Of(Domain, Kept);
        var reasons = run.ReasonsAfter(compilation => Replaced(compilation, 1, "Raise(new", "if (amount < 0) throw new ArgumentException(\"Negative.\");\n\n\n        Raise(new"));
        reasons.Should().HaveCountGreaterThan(4).And.OnlyContain(reason => reason == IncrementalStepRunReason.Cached || reason == IncrementalStepRunReason.Unchanged);
    }

    [Fact]
    public void Edit_of_layout_and_comments_generates_nothing_again_for_a_kept_state()
    {
        var run = GeneratorRun.Of(Domain, Kept);
        var reasons = run.ReasonsAfter(compilation => Replaced(compilation, 2, "private void Apply", "// Said.\n    private   void Apply"));
        reasons.Should().OnlyContain(reason => reason == IncrementalStepRunReason.Cached || reason == IncrementalStepRunReason.Unchanged);
    }

    [Fact]
    public void New_event_generates_what_it_touches_and_no_more()
    {
        var run = GeneratorRun.Of(Domain, Kept);
        var reasons = run.ReasonsAfter(compilation => Replaced(compilation, 1, "public static class Upcasters", "[EventType(\"closed\")] public sealed record Closed;\n\npublic static class Upcasters"));
        reasons.Should().ContainSingle(reason => reason == IncrementalStepRunReason.Modified, "the map has one more, all else is as it was");
    }

    [Fact]
    public void Nothing_generated_holds_on_to_the_compilation()
    {
        var run = GeneratorRun.Of(Domain, Kept);
        var values = run.Driver.GetRunResult().Results.SelectMany(result => result.TrackedOutputSteps.Values).SelectMany(steps => steps)
            .SelectMany(step => step.Inputs).SelectMany(input => input.Source.Outputs).Select(output => output.Value).ToList();
        values.Should().NotBeEmpty();
        foreach (var value in values) Reachable(value, []).Should().NotContain(o => o is ISymbol || o is SyntaxNode || o is Compilation || o is SyntaxTree);
    }

    private static CSharpCompilation Replaced(CSharpCompilation compilation, int file, string what, string with)
    {
        var tree = compilation.SyntaxTrees[file];
        var text = tree.ToString();
        text.Should().Contain(what);
        return compilation.ReplaceSyntaxTree(tree, GeneratorRun.Parse(text.Replace(what, with, StringComparison.Ordinal), tree.FilePath));
    }

    private static HashSet<object> Reachable(object? value, HashSet<object> seen)
    {
        if (value is null or string || value.GetType() is { IsPrimitive: true } || value is DiagnosticDescriptor || !seen.Add(value)) return seen;
        if (value is System.Collections.IEnumerable items)
        {
            foreach (var item in items) Reachable(item, seen);
        }

        for (var type = value.GetType(); type is not null && type != typeof(object); type = type.BaseType)
        {
            if (type.Namespace?.StartsWith("System", StringComparison.Ordinal) == true) break;
            foreach (var field in type.GetFields(System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.Public | System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.DeclaredOnly))
                Reachable(field.GetValue(value), seen);
        }

        return seen;
    }
}
