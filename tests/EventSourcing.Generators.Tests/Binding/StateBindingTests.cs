using System.Globalization;

namespace EventSourcing.Generators.Tests.Binding;

public class StateBindingTests
{
    private const string Fold = """

        public static class Program
        {
            public static string Run() => Fold<Thing>(new A(1), new B(), new object(), new A(2));

            private static string Fold<T>(params object[] events) where T : IState<T> => events.Aggregate(T.Initial, (state, e) => state.Apply(e)).ToString()!;
        }

        public interface IMark; public sealed record A(int N); public readonly record struct B : IMark;
        """;

    [Theory]
    [InlineData("public readonly partial record struct Thing(int N) : IState<Thing> { Thing Apply(A e) => this with { N = N + e.N }; Thing Apply(IMark e) => this with { N = N + 10 }; public override string ToString() => $\"{N}\"; }")]
    [InlineData("public sealed partial record Thing(int N = 0) : IState<Thing> { Thing Apply(A e) => this with { N = N + e.N }; Thing Apply(B e) => this with { N = N + 10 }; public override string ToString() => $\"{N}\"; }")]
    [InlineData("public sealed partial class Thing : IState<Thing> { int N; Thing Apply(A e) => new() { N = N + e.N }; Thing Apply(B e) => new() { N = N + 10 }; public override string ToString() => $\"{N}\"; }")]
    [InlineData("public partial struct Thing : IState<Thing> { int N; Thing Apply(A e) => new() { N = N + e.N }; Thing Apply(B e) => new() { N = N + 10 }; public override string ToString() => $\"{N}\"; }")]
    [InlineData("public sealed partial record Thing(int N) : IState<Thing> { public static Thing Initial { get; } = new(0); Thing Apply(A e) => this with { N = N + e.N }; Thing Apply(B e) => this with { N = N + 10 }; public override string ToString() => $\"{N}\"; }")]
    [InlineData("public sealed partial record Thing(int N = 0) : IState<Thing> { public Thing Apply(object e) => e is A a ? this with { N = N + a.N } : e is B ? this with { N = N + 10 } : this; public override string ToString() => $\"{N}\"; }")]
    public void State_of_every_kind_is_folded(string state)
    {
        var run = GeneratorRun.Of(state + Fold);
        run.Complaints.Should().BeEmpty();
        run.Execute().Should().Be("13");
    }

    /// <summary>The methods of base classes are called first; an override in place of what it overrides.</summary>
    [Theory]
    [InlineData("protected T Apply(A e) => With($\"base{e.N} \");", "Thing Apply(B e) => With(\"own \");", "base1 own base2 ")]
    [InlineData("protected T Apply(IAny e) => With(\"any \");", "Thing Apply(A e) => With($\"own{e.N} \");", "any own1 any any own2 ")]
    [InlineData("protected internal virtual T Apply(A e) => With(\"base \"); public T Apply(B e) => With(\"B \");", "protected internal override Thing Apply(A e) => With(\"own \");", "own B own ")]
    [InlineData("protected abstract T Apply(A e);", "protected override Thing Apply(A e) => With($\"own{e.N} \");", "own1 own2 ")]
    public void Methods_that_a_state_inherits_are_applied_before_its_own(string ofBase, string own, string expected)
    {
        var run = GeneratorRun.Of($$"""
            public abstract record Common<T>(string Seen) where T : Common<T> { protected T With(string more) => (T)(this with { Seen = Seen + more }); {{ofBase}} }
            public abstract record Middle<T>(string Seen) : Common<T>(Seen) where T : Common<T>;
            public sealed partial record Thing(string Seen) : Middle<Thing>(Seen), IState<Thing> { public static Thing Initial => new(""); {{own}} public override string ToString() => Seen; }

            public static class Program
            {
                public static string Run() => Fold<Thing>(new A(1), new B(), new object(), new A(2));

                private static string Fold<T>(params object[] events) where T : IState<T> => events.Aggregate(T.Initial, (state, e) => state.Apply(e)).ToString()!;
            }

            public interface IAny; public sealed record A(int N) : IAny; public sealed record B : IAny;
            """);
        run.Complaints.Should().BeEmpty();
        run.Execute().Should().Be(expected);
    }

    [Theory]
    [InlineData("private T Apply(A e) => null!;", "", "'Common.Apply(A)' cannot be called when an event is applied to 'Thing': the state cannot call it; make it protected")]
    [InlineData("protected T Apply(A e) => null!;", "new Thing Apply(A e) => this;", "'Common.Apply(A)' cannot be called when an event is applied to 'Thing': 'Thing.Apply(A)' hides it; make it virtual and override it, or handle the event in one of the classes only")]
    [InlineData("protected T Apply(A e) => null!;", "Thing Apply(IAny e) => this;", "'Common.Apply(A)' cannot be called when an event is applied to 'Thing': 'Thing.Apply(IAny)' hides it; make it virtual and override it, or handle the event in one of the classes only")]
    public void Inherited_method_that_a_state_cannot_call_is_an_error(string ofBase, string own, string message)
    {
        var run = GeneratorRun.Of($$"""
            public interface IAny; public sealed record A(int N) : IAny;
            public abstract record Common<T> where T : Common<T> { {{ofBase}} }
            public sealed partial record Thing : Common<Thing>, IState<Thing> { {{own}} }
            """);
        run.Reported.Should().ContainSingle().Which.ToString().Should().Contain("error ES0010: " + message);
    }

    [Fact]
    public void Generated_fold_reads_as_one_written_by_hand()
    {
        var run = GeneratorRun.Of("""
            public sealed record Deposited(decimal Amount);

            public readonly partial record struct Balance(decimal Amount) : IState<Balance>
            {
                private Balance Apply(Deposited e) => new(Amount + e.Amount);
            }
            """);
        run.Complaints.Should().BeEmpty();
        var file = run.Files["Balance.State.g.cs"];
        FingerprintIn(file).Should().HaveLength(16);
        file.Replace(FingerprintIn(file), "…", StringComparison.Ordinal).Should().Be("""
            // <auto-generated/>
            #nullable enable
            #pragma warning disable CS0612, CS0618

            partial record struct Balance
            {
                /// <inheritdoc/>
                [global::System.CodeDom.Compiler.GeneratedCode("EventSourcing", "1")]
                static global::Balance global::EventSourcing.IState<global::Balance>.Initial => new();

                /// <inheritdoc/>
                [global::System.CodeDom.Compiler.GeneratedCode("EventSourcing", "1")]
                static string? global::EventSourcing.IState<global::Balance>.Fingerprint => "…";

                /// <inheritdoc/>
                [global::System.CodeDom.Compiler.GeneratedCode("EventSourcing", "1")]
                global::Balance global::EventSourcing.IState<global::Balance>.Apply(object @event) => @event switch
                {
                    global::Deposited e => Apply(e),
                    global::EventSourcing.ErasedEvent e when e.MayHaveBeen(typeof(global::Deposited)) => throw new global::EventSourcing.ErasedEventException(e, typeof(global::Balance)),
                    _ => this,
                };
            }

            """);
    }

    [Theory]
    [InlineData("public partial record Thing(int N) : IState<Thing>;")]
    [InlineData("public abstract partial record Thing : IState<Thing>;")]
    [InlineData("public partial class Thing : IState<Thing> { public required int N { get; init; } }")]
    public void State_that_cannot_be_made_without_arguments_is_an_error(string state) =>
        GeneratorRun.Of(state).Reported.Should().ContainSingle().Which.GetMessage(CultureInfo.InvariantCulture).Should().Be("'Thing' cannot be made without arguments; declare its state before the first event: public static Thing Initial => …");

    [Theory]
    [InlineData("Amount + e.Amount", "Amount - e.Amount", true)]
    [InlineData("record Deposited(decimal Amount)", "record Deposited(int Amount)", true)]
    [InlineData("record Nested(int N)", "record Nested(long N)", true)]
    [InlineData("private Balance", "// said\n   private   Balance", false)]
    [InlineData("public static int Far => 1", "public static int Far => 2", false)]
    public void Fingerprint_changes_with_the_fold_and_the_shape_and_nothing_else(string what, string with, bool changes)
    {
        const string Source = """
            public sealed record Nested(int N);
            public sealed record Deposited(decimal Amount);
            public static class Other { public static int Far => 1; }

            public readonly partial record struct Balance(decimal Amount, Nested? Nested) : IState<Balance>
            {
                private Balance Apply(Deposited e) => new(Amount + e.Amount, Nested);
            }
            """;
        Source.Should().Contain(what);
        var before = FingerprintIn(GeneratorRun.Of(Source).Files["Balance.State.g.cs"]);
        var after = FingerprintIn(GeneratorRun.Of(Source.Replace(what, with, StringComparison.Ordinal)).Files["Balance.State.g.cs"]);
        (after != before).Should().Be(changes);
    }

    private static string FingerprintIn(string file) => file.Split("Fingerprint => \"")[1].Split('"')[0];
}
