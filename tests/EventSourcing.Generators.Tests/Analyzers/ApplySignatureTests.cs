using EventSourcing.CodeFixes;

namespace EventSourcing.Generators.Tests.Analyzers;

public class ApplySignatureTests
{
    private const string Events = """
        [EventType("opened")] public sealed record Opened(string Owner) : IAboutAccounts;
        public interface IAboutAccounts;
        public interface IAboutNothing;
        public sealed record Balance(decimal Amount);

        """;

    [Theory]
    [InlineData("static void Apply(Opened e) { }", "it is static")]
    [InlineData("int Apply(Opened e) => 1;", "it returns int")]
    [InlineData("void Apply() { }", "it has 0 parameters")]
    [InlineData("void Apply(Opened e, int n) { }", "it has 2 parameters")]
    [InlineData(
        "void Apply(Opened e, RecordedEvent recorded) { }",
        "an event is applied as soon as it is raised, and is not recorded then; what Apply needs, such as the time, belongs into the event")]
    [InlineData("void Apply(ref Opened e) { }", "its parameter 'e' is ref")]
    [InlineData("void Apply(out Opened e) { e = null!; }", "its parameter 'e' is out")]
    [InlineData("void Apply<T>(T e) { }", "it is generic")]
    [InlineData("async void Apply(Opened e) => await Task.Yield();", "it is async")]
    [InlineData("void Apply(int e) { }", "int is neither an event nor a base or interface of one")]
    [InlineData("void Apply(IAboutNothing e) { }", "IAboutNothing is neither an event nor a base or interface of one")]
    public async Task Warn_of_an_Apply_of_an_aggregate_that_cannot_be_called(string method, string flaw)
    {
        var code = CodeUnderTest.Of(Events + $"public sealed partial class Account : Aggregate\n{{\n    {method}\n}}");

        (await code.FindAsync()).Should().Contain("ES0101 Apply");
        (await code.MessagesAsync("ES0101")).Single().Should().Contain($"is called for no event: {flaw}. The form is 'void Apply(TEvent e)'.");
    }

    [Theory]
    [InlineData("void Apply(Opened e) { }")]
    [InlineData("internal void Apply(in Opened e) { }")]
    [InlineData("void Apply(IAboutAccounts e) { }")]
    [InlineData("void Apply(object e, int n) { } protected override void Apply(object e) { }")]
    public async Task Accept_an_Apply_of_an_aggregate_that_is_called_or_is_a_matter_of_the_hand_written_one(string method)
    {
        var code = CodeUnderTest.Of(Events + $"public sealed partial class Account : Aggregate\n{{\n    {method}\n}}");

        (await code.FindAsync()).Should().BeEmpty();
    }

    [Theory]
    [InlineData("Total Apply(Opened e) => this;", null)]
    [InlineData("public Total Apply(IAboutAccounts e) => this;", null)]
    [InlineData("void Apply(Opened e) { }", "it returns void")]
    [InlineData("static Total Apply(Opened e) => new();", "it is static")]
    public async Task Tell_an_Apply_of_a_state_that_is_called_from_one_that_is_not(string method, string? flaw)
    {
        var code = CodeUnderTest.Of(Events + $"public sealed partial record Total : IState<Total>\n{{\n    public static Total Initial => new();\n    {method}\n}}");

        var messages = await code.MessagesAsync("ES0101");

        if (flaw is null) messages.Should().BeEmpty();
        else messages.Single().Should().Contain(flaw).And.Contain("The form is 'Total Apply(TEvent e)'.");
    }

    [Theory]
    [InlineData("Balance? Apply(Balance? balance, Opened e) => balance;", null)]
    [InlineData("static Balance Apply(Balance? balance, Opened e, RecordedEvent recorded) => balance!;", null)]
    [InlineData("Balance? Apply(Balance? balance, string key, Opened e) => balance;", null)]
    [InlineData("Balance? Apply(Balance? balance, string key, Opened e, RecordedEvent recorded) => balance;", null)]
    [InlineData("Balance? Apply(Balance? balance, string key, RecordedEvent recorded) => balance;", null)]
    [InlineData("void Apply(Balance? balance, Opened e) { }", "it returns void")]
    [InlineData("Balance? Apply(Opened e) => null;", "its first parameter is not the document")]
    [InlineData("Balance? Apply(Balance? balance) => null;", "it takes no event")]
    [InlineData("Balance? Apply(Balance? balance, Opened e, int n) => null;", "it has a parameter 'n'")]
    public async Task Tell_an_Apply_of_a_projection_that_is_called_from_one_that_is_not(string method, string? flaw)
    {
        var code = CodeUnderTest.Of(Events + $"public sealed partial class Balances : Projection<Balance>\n{{\n    {method}\n}}");

        var messages = await code.MessagesAsync("ES0101");

        if (flaw is null) messages.Should().BeEmpty();
        else messages.Single().Should().Contain(flaw);
    }

    [Theory]
    [InlineData("ValueTask Apply(ProjectionTables tables, Opened e, RecordedEvent recorded, CancellationToken ct) => default;", null)]
    [InlineData("void Apply(ProjectionTables tables, Opened e) { }", "it returns void")]
    [InlineData("ValueTask Apply(Opened e, CancellationToken ct) => default;", "its first parameter is not the tables")]
    public async Task Tell_an_Apply_of_tables_that_is_called_from_one_that_is_not(string method, string? flaw)
    {
        var code = CodeUnderTest.Of(Events + $"public abstract partial class Balances : TableProjection\n{{\n    {method}\n}}");

        var messages = await code.MessagesAsync("ES0101");

        if (flaw is null) messages.Should().BeEmpty();
        else messages.Single().Should().Contain(flaw);
    }

    [Theory]
    [InlineData("Task React(Opened e) => Task.CompletedTask;", null)]
    [InlineData("async Task React(Opened e, Delivery delivery, CancellationToken ct) { await Task.Delay(1, ct); Console.WriteLine(DateTime.UtcNow); }", null)]
    [InlineData("Task React(Delivery delivery) => Task.CompletedTask;", null)]
    [InlineData("void React(Opened e) { }", "it returns void")]
    [InlineData("Task<int> React(Opened e) => Task.FromResult(1);", "it returns Task<int>")]
    [InlineData("Task React(Opened e, RecordedEvent recorded) => Task.CompletedTask;", "it has a parameter 'recorded'")]
    public async Task Tell_a_React_that_is_called_from_one_that_is_not(string method, string? flaw)
    {
        var code = CodeUnderTest.Of(Events + $"public abstract partial class Mail : Reactor\n{{\n    {method}\n}}");

        var found = await code.FindAsync();

        found.Should().Equal(flaw is null ? [] : ["ES0101 React"]);
        if (flaw is not null) (await code.MessagesAsync("ES0101")).Single().Should().Contain(flaw);
    }

    [Fact]
    public async Task Accept_a_class_that_is_not_partial_and_overrides_what_its_base_calls() =>
        (await CodeUnderTest.Of(Events + """
            public abstract partial class Account : Aggregate
            {
                protected virtual void Apply(Opened e) { }
            }

            public sealed class Savings : Account
            {
                protected override void Apply(Opened e) { }
            }

            public abstract partial class Balances : Projection<Balance>
            {
                protected abstract Balance? Apply(Balance? balance, Opened e);
            }

            public sealed class NoBalances : Balances
            {
                protected override Balance? Apply(Balance? balance, Opened e) => null;
            }
            """).FindAsync()).Should().BeEmpty();

    [Fact]
    public async Task Refuse_a_class_with_Apply_methods_that_is_not_partial()
    {
        var code = CodeUnderTest.Of(Events + """
            public abstract class Account : Aggregate
            {
                private void Apply(Opened e) { }
            }

            public abstract class Balances : Projection<Balance>
            {
                private static Balance? Apply(Balance? balance, Opened e) => balance;
            }
            """);

        (await code.FindAsync()).Should().Equal("ES0106 Account", "ES0106 Balances");
        (await code.MessagesAsync("ES0106"))[0].Should().Be("The Apply methods of 'Account' are never called, since it is not partial and nothing can be generated into it. Make it partial, or write Apply(object) by hand.");
    }

    [Fact]
    public async Task Accept_a_class_that_is_not_partial_and_calls_its_methods_by_hand()
    {
        var code = CodeUnderTest.Of(Events + """
            public sealed class Account : Aggregate
            {
                protected override void Apply(object @event) => Apply((Opened)@event);
                private void Apply(Opened e) { }
            }

            public sealed class Balances : Projection<Balance>
            {
                public Balances() => On<Opened>(Apply);
                private static Balance? Apply(Balance? balance, Opened e) => balance;
            }

            public sealed class Unrelated
            {
                private static int Apply(int n) => n;
            }
            """);

        (await code.FindAsync()).Should().BeEmpty();
    }

    [Fact]
    public async Task Make_the_class_partial_and_the_classes_around_it()
    {
        var code = CodeUnderTest.Of(Events + """
            public static class Bank
            {
                public abstract class Account : Aggregate
                {
                    private void Apply(Opened e) { }
                }
            }
            """);

        var mended = await code.FixAsync(new MakePartialFix());

        mended.Source.Should().Contain("public static partial class Bank").And.Contain("public abstract partial class Account : Aggregate");
        (await mended.FindAsync()).Should().BeEmpty();
    }

    [Theory]
    [InlineData("OwnerId Key(Opened e) => new(1);", "it returns OwnerId, which is neither text nor an id that has one way to be written (IFormattable)")]
    [InlineData("decimal Key(Opened e) => 1;", "it returns decimal, which is neither text")]
    [InlineData("DateTimeOffset Key(RecordedEvent r) => r.RecordedAt;", "it returns DateTimeOffset, which is neither text")]
    [InlineData("IEnumerable<string> Key(Opened e) => [];", "it returns IEnumerable<string>, which is neither text")]
    [InlineData("string Keys(Opened e) => \"\";", "it returns string, which is no sequence of texts")]
    [InlineData("IEnumerable<decimal> Keys(Opened e) => [];", "it returns IEnumerable<decimal>, which is no sequence of texts")]
    [InlineData("string Key<T>(Opened e) => \"\";", "it is generic")]
    [InlineData("string Key(ref Opened e) => \"\";", "its parameter 'e' is passed by reference")]
    [InlineData("string Key(Opened e, int n) => \"\";", "it has parameters beside the event and what is recorded of it")]
    [InlineData("string Key(Balance? d, Opened e) => \"\";", "it has parameters beside the event and what is recorded of it")]
    [InlineData("string Key(Closed e) => \"\";", "no Apply of the class takes an event that it would give the key of")]
    [InlineData("string Key(RecordedEvent r) => \"\"; string Key(Opened e) => \"\";", "no Apply of the class takes an event that it would give the key of")]
    public async Task Warn_of_a_Key_that_is_never_called(string method, string flaw)
    {
        var code = CodeUnderTest.Of(Events + $$"""
            [EventType("closed")] public sealed record Closed;
            public readonly record struct OwnerId(int Value);
            public sealed partial class Balances : Projection<Balance> { Balance? Apply(Balance? b, Opened e) => b; {{method}} }
            """);

        (await code.MessagesAsync("ES0101")).Should().ContainSingle().Which.Should().Contain($"is called for no event: {flaw}").And.Contain("Key");
    }

    [Theory]
    [InlineData("string Key(IAboutAccounts e) => \"\";")]
    [InlineData("Guid Key(Opened e, RecordedEvent r) => r.Id;")]
    [InlineData("IReadOnlyList<int> Keys(RecordedEvent r) => [1];")]
    [InlineData("string Key(Opened e) => Key(e.Owner, 1); static string Key(string owner, int n) => owner;")]
    [InlineData("public Balances() => On<Opened>(e => Key(e, 1), (d, e) => d); static string Key(Opened e, int n) => \"\";")]
    public async Task Accept_a_Key_that_is_called_or_is_no_handler(string members)
    {
        var apply = members.Contains("On<", StringComparison.Ordinal) ? "" : "Balance? Apply(Balance? b, Opened e) => b;";
        var code = CodeUnderTest.Of(Events + $"public sealed partial class Balances : Projection<Balance> {{ {apply} {members} }}");

        (await code.MessagesAsync("ES0101")).Should().BeEmpty();
    }

    [Theory]
    [InlineData("public sealed partial class Thing : Aggregate { void React(Opened e) { } }", "methods for events are named Apply here")]
    [InlineData("public sealed partial class Thing : Aggregate { string Key(Opened e) => \"\"; void Apply(Opened e) { } }", "only a Projection<TDocument> has keys")]
    [InlineData("public sealed partial class Thing : Reactor { Task React(Opened e) => Task.CompletedTask; Task Apply(Opened e) => Task.CompletedTask; }", "methods for events are named React here")]
    [InlineData("public partial class Sealing : Aggregate { protected sealed override void Apply(object e) { } } public sealed partial class Thing : Sealing { void Apply(Opened e) { } }", "'Sealing', from which the class derives, seals Apply(object)")]
    [InlineData("public partial record Parent : IState<Parent> { Parent Apply(Opened e) => this; } public partial record Thing : Parent { Thing Apply(IAboutAccounts e) => this; }", "the state is 'Parent', from which 'Thing' derives")]
    [InlineData("public abstract record Parent { protected Parent Apply(Opened e) => this; } public sealed partial record Thing : Parent, IState<Thing>;", "it returns Parent, and not the state 'Thing'")]
    public async Task Warn_of_a_method_for_events_that_the_type_has_no_use_for(string type, string flaw)
    {
        var code = CodeUnderTest.Of(Events + type);

        (await code.MessagesAsync("ES0101")).Should().ContainSingle().Which.Should().Contain($"is called for no event: {flaw}");
    }

    [Theory]
    [InlineData("decimal Apply(Opened e) => _n += 1;")]
    [InlineData("private Task Apply(Opened e) { _n++; throw new InvalidOperationException(); }")]
    public async Task Make_an_Apply_return_nothing(string method)
    {
        var code = CodeUnderTest.Of(Events + $"public sealed partial class Account : Aggregate\n{{\n    decimal _n;\n    {method}\n}}");

        var mended = await code.FixAsync(new ReturnVoidFix());

        (await mended.FindAsync()).Should().BeEmpty();
        mended.Source.Should().Contain("void Apply(Opened e)");
    }

    [Theory]
    [InlineData("decimal Apply(Opened e) => 1;")]
    [InlineData("decimal Apply(Opened e) { return 1; }")]
    [InlineData("static void Apply(Opened e) { }")]
    [InlineData("async Task Apply(Opened e) { await Task.Yield(); }")]
    public async Task Offer_nothing_where_the_body_returns_something(string method)
    {
        var code = CodeUnderTest.Of(Events + $"public sealed partial class Account : Aggregate\n{{\n    {method}\n}}");

        (await code.OffersAsync(new ReturnVoidFix())).Should().BeEmpty();
    }
}
