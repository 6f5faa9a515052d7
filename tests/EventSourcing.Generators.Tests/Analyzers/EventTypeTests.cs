using EventSourcing.CodeFixes;

namespace EventSourcing.Generators.Tests.Analyzers;

public class EventTypeTests
{
    [Theory]
    [InlineData("public sealed record X(string A, IReadOnlyList<string> B);")]
    [InlineData("public sealed record X { public required string A { get; init; } public int B { get; private set; } public static int C { get; set; } private int _d; }")]
    [InlineData("public readonly record struct X(string A);")]
    [InlineData("public sealed class X(string a) { public string A { get; } = a; public readonly int B; public const int C = 1; }")]
    [InlineData("public record struct X;")]
    public async Task Accept_an_event_that_cannot_be_changed(string type) => (await CodeUnderTest.Of("[EventType(\"x\")] " + type).FindAsync()).Should().BeEmpty();

    [Theory]
    [InlineData("public sealed record X { public int A { get; set; } }", "ES0107 A")]
    [InlineData("public sealed record X { public int A { get; internal set; } }", "ES0107 A")]
    [InlineData("public sealed class X { public int A; }", "ES0107 A")]
    [InlineData("public record struct X(int A);", "ES0107 X")]
    [InlineData("public struct X { public int A { get; set; } }", "ES0107 X")]
    [InlineData("public sealed record X : B; public record B { public int A { get; set; } }", "ES0107 X")]
    [InlineData("public sealed record X(List<int> A);", "ES0108 A")]
    [InlineData("public sealed record X(int[] A);", "ES0108 A")]
    [InlineData("public sealed record X(IDictionary<string, int>? A);", "ES0108 A")]
    public async Task Warn_of_an_event_that_can_be_changed(string type, string found) => (await CodeUnderTest.Of("[EventType(\"x\")] " + type).FindAsync()).Should().Equal(found);

    [Fact]
    public async Task Leave_types_alone_that_are_no_events() =>
        (await CodeUnderTest.Of("public sealed class X { public int A { get; set; } public int[]? B; } public struct Y { public int A; }").FindAsync()).Should().BeEmpty();

    [Fact]
    public async Task Say_what_makes_an_event_mutable() =>
        (await CodeUnderTest.Of("[EventType(\"x\")] public sealed record X { public int A { get; set; } }").MessagesAsync("ES0107")).Should()
            .Equal("The event X can be changed: 'X.A' has a setter. What has happened does not change; make it 'init'.");

    [Fact]
    public async Task Make_setters_init()
    {
        var code = CodeUnderTest.Of("""
            [EventType("x")]
            public sealed record X
            {
                public int A { get; set; }
                public string B { get; internal set; } = "";
            }
            """);

        var mended = await code.FixAllAsync(new InitOnlyFix());

        (await mended.FindAsync()).Should().BeEmpty();
        mended.Source.Should().Contain("public int A { get; init; }").And.Contain("public string B { get; internal init; } = \"\";");
    }

    [Theory]
    [InlineData("public record struct X(int A);", "public readonly record struct X(int A);")]
    [InlineData("public struct X { public int A { get; set; } }", "public readonly struct X { public int A { get; init; } }")]
    public async Task Make_structs_readonly(string type, string readOnly)
    {
        var mended = await CodeUnderTest.Of("[EventType(\"x\")] " + type).FixAsync(new InitOnlyFix());

        (await mended.FindAsync()).Should().BeEmpty();
        mended.Source.Should().Contain(readOnly);
    }

    [Fact]
    public async Task Offer_nothing_for_what_a_fix_would_break() =>
        (await CodeUnderTest.Of("[EventType(\"x\")] public struct X { public int A; }").OffersAsync(new InitOnlyFix())).Should().BeEmpty();

    [Fact]
    public async Task Tell_that_a_name_hangs_on_the_type_and_write_it_down()
    {
        var code = CodeUnderTest.Of("[EventType(Version = 2)] public sealed record X; [EventType] public sealed record Y;");

        var mended = await code.FixAllAsync(new KeepNameFix());

        (await code.FindAsync()).Should().Equal("ES0110 EventType(Version = 2)", "ES0110 EventType");
        (await mended.FindAsync()).Should().BeEmpty();
        mended.Source.Should().Contain("[EventType(\"X\", Version = 2)]").And.Contain("[EventType(\"Y\")]");
    }

    [Fact]
    public async Task Warn_of_events_without_a_name_once_where_they_are_used()
    {
        var code = CodeUnderTest.Of("""
            public sealed record Opened;
            public sealed record Closed;
            public sealed record NamedByHand;

            public sealed partial class Account : Aggregate
            {
                public static EventType Listed => EventType.Of<NamedByHand>("named");
                public void Act() { Raise(new Opened()); Raise(new NamedByHand()); }
                private void Apply(Opened e) { }
                private void Apply(Closed e) { }
                private void Apply(NamedByHand e) { }
            }

            public sealed class ByHand : Aggregate
            {
                public void Act() => Raise(new Closed());
                protected override void Apply(object @event) { }
            }
            """);

        (await code.FindAsync()).Should().Equal("ES0109 Opened", "ES0109 Closed", "ES0109 new Closed()");
        (await code.MessagesAsync("ES0109"))[0].Should().Be("Opened is used as an event and has no name in the store. Mark it [EventType(\"opened\")].");
    }

    [Fact]
    public async Task Give_events_a_name_where_they_are_declared()
    {
        var code = CodeUnderTest.Of("""
            public sealed record MoneyDeposited;
            public sealed record Closed;

            public sealed partial class Account : Aggregate
            {
                public void Close() => Raise(new Closed());
                private void Apply(MoneyDeposited e) { }
                private void Apply(Closed e) { }
            }

            public sealed class ByHand : Aggregate
            {
                public void Act() => Raise(new Closed());
                protected override void Apply(object @event) { }
            }
            """);

        var mended = await code.FixAllAsync(new NameEventFix());

        (await mended.FindAsync()).Should().BeEmpty();
        mended.Source.Should().StartWith("[EventType(\"money-deposited\")]\npublic sealed record MoneyDeposited;\n\n[EventType(\"closed\")]\npublic sealed record Closed;\n");
    }

    [Theory]
    [InlineData("MoneyDeposited", "money-deposited")]
    [InlineData("HTTPCalled", "http-called")]
    [InlineData("DepositedV2", "deposited-v2")]
    [InlineData("A", "a")]
    [InlineData("Order_Placed", "order-placed")]
    public void Names_are_words_between_hyphens(string type, string name) => global::EventSourcing.Generators.Analyzers.KebabCase.Of(type).Should().Be(name);
}
