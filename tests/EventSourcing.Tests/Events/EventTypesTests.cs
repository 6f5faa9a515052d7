using System.Text.Json.Nodes;

namespace EventSourcing.Tests.Events;

/// <summary>What does not fit together is an error at start-up, which says what to do.</summary>
public class EventTypesTests
{
    private static readonly EventType A1 = EventType.Of<First>("a");
    private static readonly EventType A2 = EventType.Of<Second>("a", 2);
    private static readonly EventType B = EventType.Of<Other>("b");

    [Fact]
    public void Of_a_type_says_what_its_attribute_says_or_what_is_given_instead()
    {
        EventType.Of<Marked>().Should().BeEquivalentTo(new { Name = "marked", Version = 1, Aliases = new[] { "x", "y" }, StoredName = "marked" });
        EventType.Of<Marked>("m").Should().BeEquivalentTo(new { Name = "m", Version = 1, Aliases = Array.Empty<string>(), StoredName = "m" });
        EventType.Of<Marked>("m", 2, "n").Should().BeEquivalentTo(new { Name = "m", Version = 2, Aliases = new[] { "n" }, StoredName = "m@2" });
        EventType.Of<First>(null, 2, "n").Should().BeEquivalentTo(new { Name = "First", Version = 2, Aliases = new[] { "n" } });
        EventType.Of<Marked>().ToString().Should().Be($"marked ({typeof(Marked)})");
        FluentActions.Invoking(() => EventType.Of<Marked>(null, 2)).Should().Throw<ArgumentException>().WithMessage("*Give its name as well*");
    }

    [Theory]
    [InlineData("a@1")]
    [InlineData("a@23")]
    [InlineData("a@b@007")]
    [InlineData("@1")]
    [InlineData("a@99999999999999999999")]
    public void Of_a_name_that_could_be_a_stored_version_throws(string name)
    {
        FluentActions.Invoking(() => EventType.Of<First>(name)).Should().Throw<ArgumentException>().WithMessage("*must not end in '@' and digits*");
        FluentActions.Invoking(() => EventType.Of<First>("a", 1, name)).Should().Throw<ArgumentException>().WithMessage("*must not end in '@' and digits*");
        FluentActions.Invoking(() => Upcaster.Json(name, 1, e => e)).Should().Throw<ArgumentException>().WithMessage("*must not end in '@' and digits*");
    }

    [Theory]
    [InlineData("a@")]
    [InlineData("a@b")]
    [InlineData("@")]
    [InlineData("1@a1")]
    public void Of_a_name_with_another_at_sign_is_fine(string name) => EventType.Of<First>(name).StoredName.Should().Be(name);

    [Fact]
    public void Of_a_version_below_1_its_own_alias_or_a_name_too_long_with_its_version_throws()
    {
        FluentActions.Invoking(() => EventType.Of<First>("a", 0)).Should().Throw<ArgumentOutOfRangeException>();
        FluentActions.Invoking(() => EventType.Of<First>("a", 1, "b", "a")).Should().Throw<ArgumentException>().WithMessage("*own name among its aliases*");
        FluentActions.Invoking(() => EventType.Of<First>(new string('x', 199), 2)).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => Upcaster.Json("a", 0, e => e)).Should().Throw<ArgumentOutOfRangeException>();
    }

    [Fact]
    public void Create_with_a_stored_name_claimed_twice_throws()
    {
        Refused([A1, EventType.Of<Other>("a")], []).WithMessage("The event name 'a' is claimed by*First*and by*Other*");
        Refused([A1, A2, EventType.Of<Other>("a", 2)], []).WithMessage("The event name 'a@2' is claimed by*Second*and by*Other*");
        Refused([A1, EventType.Of<Other>("b", 1, "a")], []).WithMessage("The event name 'a' is claimed by 'a'*as an alias, by 'b'*");
        Refused([EventType.Of<First>("a", 1, "x"), EventType.Of<Other>("b", 1, "x")], []).WithMessage("The event name 'x' is claimed by*'a'*'b'*");
        Refused([A1, EventType.Of<First>("b")], []).WithMessage("*First is listed twice*");
    }

    [Fact]
    public void Create_with_aliases_on_several_versions_is_fine() =>
        new EventTypes([EventType.Of<First>("a", 1, "x"), EventType.Of<Second>("a", 2, "x", "y")], [Upcaster.Json("a", 1, e => e)]).StoredNames
            .Should().BeEquivalentTo("a", "a@2", "x", "x@2", "y", "y@2");

    [Fact]
    public void Create_with_a_version_that_no_upcaster_takes_throws()
    {
        Refused([A2], []).WithMessage("Events stored as version 1 of 'a' could not be read*no upcaster takes version 1*Upcaster.Json(\"a\", 1*");
        Refused([A1, A2], []).WithMessage("*version 1 of 'a'*");
        Refused([EventType.Of<Second>("a", 3)], [Upcaster.Json("a", 2, e => e)]).WithMessage("*version 1 of 'a'*");
        Refused([EventType.Of<Second>("a", 3)], [Upcaster.Json("a", 1, e => e)]).WithMessage("*version 2 of 'a'*");
        Refused([B], [Upcaster.Split("gone", 2, [typeof(Other)], _ => [])]).WithMessage("*version 1 of 'gone'*");
    }

    [Fact]
    public void Create_with_an_upcaster_that_takes_what_is_not_old_throws()
    {
        Refused([A1], [Upcaster.Json("a", 1, e => e)]).WithMessage("The upcaster of 'a' version 1 takes no old shape: version 1 of 'a' is the current one*");
        Refused([A1], [Upcaster.Json("a", 2, e => e)]).WithMessage("*version 1 of 'a' is the current one*");
        Refused([EventType.Of<First>("a", 1, "x")], [Upcaster.Json("x", 1, e => e)]).WithMessage("*version 1 of 'a' is the current one*");
    }

    [Fact]
    public void Create_with_two_upcasters_of_one_shape_throws()
    {
        Refused([A2], [Upcaster.Json("a", 1, e => e), Upcaster.Json("a", 1, e => e)]).WithMessage("Version 1 of 'a' is taken by two upcasters*");
        Refused([A1, A2], [Upcaster.Json("a", 1, e => e), Upcaster.Typed<First, Second>(_ => new Second())]).WithMessage("Version 1 of 'a' is taken by two upcasters, the upcaster of 'a' version 1 and the upcaster of *First*");
        Refused([EventType.Of<Second>("a", 2, "x")], [Upcaster.Json("a", 1, e => e), Upcaster.Json("x", 1, e => e)]).WithMessage("Version 1 of 'a' is taken by two upcasters*");
    }

    [Fact]
    public void Create_with_an_upcaster_into_or_from_what_is_not_listed_throws()
    {
        Refused([A1], [Upcaster.Split("gone", 1, [typeof(First), typeof(Other)], _ => [])]).WithMessage("The upcaster of 'gone' version 1 gives events of *Other, which the EventTypes do not list*");
        Refused([A1], [Upcaster.Json<Other>("gone", 1, e => e)]).WithMessage("*gives events of *Other, which the EventTypes do not list*");
        Refused([A1], [Upcaster.Typed<First, Other>(_ => new Other())]).WithMessage("*gives events of *Other*");
        Refused([A1], [Upcaster.Typed<Other, First>(_ => new First())]).WithMessage("*takes events of a type that the EventTypes do not list*");
        Refused([A1], [Upcaster.Json("gone", 1, e => e)]).WithMessage("*gives version 2 of 'gone', which no listed type is and no upcaster takes*");
    }

    [Fact]
    public void Create_with_a_split_into_an_old_version_throws() =>
        Refused([A1, A2], [Upcaster.Typed<First, Second>(_ => new Second()), Upcaster.Split("gone", 1, [typeof(First)], _ => [])]).WithMessage("*gives events of *First, which is an old version of 'a'*");

    [Fact]
    public void Create_with_upcasters_in_a_circle_throws() =>
        Refused([A1, B], [Upcaster.Typed<First, Other>(_ => new Other()), Upcaster.Typed<Other, First>(_ => new First())]).WithMessage("*in a circle: *a → b*");

    [Fact]
    public void And_joins_types_and_upcasters_and_checks_them_together()
    {
        var a = new EventTypes([A2], [Upcaster.Json("a", 1, e => e)]);
        a.And(new EventTypes(B)).StoredNames.Should().BeEquivalentTo("a", "a@2", "b");
        a.And(new EventTypes(B)).All.Should().BeEquivalentTo([A2, B]);
        FluentActions.Invoking(() => a.And(new EventTypes([EventType.Of<Other>("a", 2)], [Upcaster.Json("a", 1, e => e)]))).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => a.And(new EventTypes([B], [Upcaster.Json<Other>("old", 1, e => e)])).And(new EventTypes([EventType.Of<First>("c", 1, "old")]))).Should().Throw<ArgumentException>();
    }

    [Fact]
    public void A_projection_that_handles_an_old_version_is_refused()
    {
        var store = new EventStore(new InMemoryEventStorage(), new EventTypes([A1, A2], [Upcaster.Typed<First, Second>(_ => new Second())]));
        FluentActions.Invoking(() => store.StartProjections(new OfFirst())).Should().Throw<ArgumentException>().WithMessage("*handles First, an old version of 'a'*Second*");
    }

    private static FluentAssertions.Specialized.ExceptionAssertions<ArgumentException> Refused(IEnumerable<EventType> types, IEnumerable<Upcaster> upcasters) =>
        FluentActions.Invoking(() => new EventTypes(types, upcasters)).Should().Throw<ArgumentException>();

    private sealed record First;

    private sealed record Second;

    private sealed record Other;

    [EventType("marked", Aliases = ["x", "y", "x"])]
    internal sealed record Marked;

    private sealed class OfFirst : Projection<JsonObject>
    {
        public OfFirst() => On<First>((document, _) => document);
    }
}
