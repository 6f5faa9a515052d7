using System.Text.Json;
using System.Text.Json.Serialization;

namespace EventSourcing.Tests.Events;

#pragma warning disable ES0112 // What the compiler would find in these types is to be found at run time too.

/// <summary>With <see cref="ReferenceHandler.Preserve"/>, JSON writes an object once, and refers to it wherever it stands again.</summary>
public class ReferenceHandlerTests
{
    [Fact]
    public async Task Append_objects_that_contain_each_other_is_read_back_first_and_later()
    {
        await using var store = Open(ReferenceHandler.Preserve);
        for (var i = 0; i < 2; i++)
        {
            var family = Family();
            await store.AppendAsync("s-1", ExpectedVersion.Any, [family]);
            var read = (Family)(await store.StreamAsync("s-1"))[^1].Data;
            read.Members.Should().HaveCount(2);
            read.Members[0].Partner.Should().BeSameAs(read.Members[1]);
            read.Members[1].Partner.Should().BeSameAs(read.Members[0]);
        }
    }

    public static TheoryData<string> Derived => ["item", "partner", "declared as base first", "key"];

    [Theory]
    [MemberData(nameof(Derived))]
    public async Task Append_what_is_not_read_back_after_the_type_was_proven_is_refused(string kind)
    {
        await using var store = Open(ReferenceHandler.Preserve);
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Family()]);
        var lost = Family();
        var employee = new Employee { Name = "Eve", Company = "Acme" };
        switch (kind)
        {
            case "item": lost.Members.Add(employee); break;
            case "partner": lost.Members[1].Partner = employee; employee.Partner = lost.Members[0]; break;
            case "declared as base first": (lost.First, lost.Last) = (employee, employee); break;
            default: lost.Notes = new() { ["$id"] = "1" }; break;
        }

        for (var i = 0; i < 2; i++)
        {
            (await FluentActions.Awaiting(() => store.AppendAsync("s-1", ExpectedVersion.Any, [Family(), lost])).Should().ThrowAsync<ArgumentException>())
                .WithMessage("An event 'family'*Nothing was written.*");
        }

        (await store.GetHeadAsync()).Should().Be(1);
    }

    [Fact]
    public async Task Append_a_derived_object_that_is_only_referred_to_as_its_base_is_read_back()
    {
        await using var store = Open(ReferenceHandler.Preserve);
        var employee = new Employee { Name = "Eve", Company = "Acme" };
        for (var i = 0; i < 2; i++)
        {
            await store.AppendAsync("s-1", ExpectedVersion.Any, [Family(), new Family { Chief = employee, First = employee, Members = [employee] }]);
            var read = (Family)(await store.StreamAsync("s-1"))[^1].Data;
            read.Chief.Should().BeEquivalentTo(employee);
            read.First.Should().BeSameAs(read.Chief);
            read.Members.Should().ContainSingle().Which.Should().BeSameAs(read.Chief);
        }
    }

    [Fact]
    public async Task Append_by_a_handler_of_the_app_is_checked_each_time()
    {
        await using var store = Open(new Forgetful());
        var employee = new Employee { Name = "Eve", Company = "Acme" };
        await store.AppendAsync("s-1", ExpectedVersion.Any, [new Family { Chief = employee }]);
        (await FluentActions.Awaiting(() => store.AppendAsync("s-1", ExpectedVersion.Any, [new Family { Chief = employee, First = employee }])).Should().ThrowAsync<ArgumentException>())
            .WithMessage("An event 'family'*$.First*derived type*Nothing was written.*");
        (await store.GetHeadAsync()).Should().Be(1);
    }

    [Fact(Timeout = 60_000)]
    public async Task Append_a_derived_value_among_thirty_types_that_refer_to_each_other_is_refused_at_once()
    {
        await using var store = new EventStore(
            new InMemoryEventStorage(),
            new EventTypes(EventType.Of<Web.N01>("web")),
            new EventStoreOptions { Json = new JsonSerializerOptions { ReferenceHandler = ReferenceHandler.Preserve } });
        await Task.Run(async () =>
        {
            await store.AppendAsync("s-1", ExpectedVersion.Any, [Web.Of(last: new Person())]);
            (await FluentActions.Awaiting(() => store.AppendAsync("s-1", ExpectedVersion.Any, [Web.Of(last: new Employee())])).Should().ThrowAsync<ArgumentException>())
                .WithMessage("An event 'web'*.Last is of a derived type*Nothing was written.*");
            (await FluentActions.Awaiting(() => store.AppendAsync("s-1", ExpectedVersion.Any, [Web.Of(last: new Person { Share = double.NaN })])).Should().ThrowAsync<ArgumentException>())
                .WithMessage("An event 'web'*.Last.Share: *Nothing was written.*");
        });
        (await store.GetHeadAsync()).Should().Be(1);
    }

    [Fact(Timeout = 60_000)]
    public async Task Describe_the_shape_of_thirty_types_that_refer_to_each_other_shows_the_members_of_each()
    {
        var shape = await Task.Run(() => JsonShape.Of(JsonSerializerOptions.Default.GetTypeInfo(typeof(Web.N01))));
        shape.Should().Contain("M30:").And.Contain("Last:").And.Contain("Share:");
    }

    private static EventStore Open(ReferenceHandler handler) => new(
        new InMemoryEventStorage(), new EventTypes(EventType.Of<Family>("family")), new EventStoreOptions { Json = new JsonSerializerOptions { ReferenceHandler = handler } });

    private static Family Family()
    {
        var (ann, bob) = (new Person { Name = "Ann" }, new Person { Name = "Bob" });
        (ann.Partner, bob.Partner) = (bob, ann);
        return new Family { Members = [ann, bob] };
    }

    /// <summary>Refers to nothing: an object that stands twice is written twice.</summary>
    private sealed class Forgetful : ReferenceHandler
    {
        public override ReferenceResolver CreateResolver() => new Resolver();

        private sealed class Resolver : ReferenceResolver
        {
            private readonly Dictionary<string, object> _byId = [];
            private int _last;

            public override void AddReference(string referenceId, object value) => _byId.Add(referenceId, value);

            public override string GetReference(object value, out bool alreadyExists)
            {
                alreadyExists = false;
                return (++_last).ToString(System.Globalization.CultureInfo.InvariantCulture);
            }

            public override object ResolveReference(string referenceId) => _byId[referenceId];
        }
    }
}

public class Person
{
    public string Name { get; set; } = "";

    public double Share { get; set; }

    public Person? Partner { get; set; }
}

public sealed class Employee : Person
{
    public string Company { get; set; } = "";
}

public sealed class Family
{
    public Employee? Chief { get; set; }

    public Person? First { get; set; }

    public Employee? Last { get; set; }

    public List<Person> Members { get; set; } = [];

    public Dictionary<string, string>? Notes { get; set; }
}

#pragma warning disable SA1402, SA1502, CA1034 // Many small types of one kind.

/// <summary>Thirty types, each of which has a member of each.</summary>
public static class Web
{
    /// <summary>One object of each type; each refers to all, and the last of them to somebody.</summary>
    internal static N01 Of(Person last)
    {
        var hubs = typeof(Web).GetNestedTypes().Where(type => type.BaseType == typeof(Hub)).Select(type => (Hub)Activator.CreateInstance(type)!).ToList();
        var members = typeof(Hub).GetProperties().Where(property => property.PropertyType.BaseType == typeof(Hub)).ToList();
        foreach (var hub in hubs)
        {
            foreach (var member in members) member.SetValue(hub, hubs.Single(of => of.GetType() == member.PropertyType));
        }

        hubs.OfType<N30>().Single().Last = last;
        return hubs.OfType<N01>().Single();
    }

    public abstract class Hub
    {
        public N01? M01 { get; set; } public N02? M02 { get; set; } public N03? M03 { get; set; } public N04? M04 { get; set; } public N05? M05 { get; set; }
        public N06? M06 { get; set; } public N07? M07 { get; set; } public N08? M08 { get; set; } public N09? M09 { get; set; } public N10? M10 { get; set; }
        public N11? M11 { get; set; } public N12? M12 { get; set; } public N13? M13 { get; set; } public N14? M14 { get; set; } public N15? M15 { get; set; }
        public N16? M16 { get; set; } public N17? M17 { get; set; } public N18? M18 { get; set; } public N19? M19 { get; set; } public N20? M20 { get; set; }
        public N21? M21 { get; set; } public N22? M22 { get; set; } public N23? M23 { get; set; } public N24? M24 { get; set; } public N25? M25 { get; set; }
        public N26? M26 { get; set; } public N27? M27 { get; set; } public N28? M28 { get; set; } public N29? M29 { get; set; } public N30? M30 { get; set; }
    }

    public sealed class N01 : Hub; public sealed class N02 : Hub; public sealed class N03 : Hub; public sealed class N04 : Hub; public sealed class N05 : Hub;
    public sealed class N06 : Hub; public sealed class N07 : Hub; public sealed class N08 : Hub; public sealed class N09 : Hub; public sealed class N10 : Hub;
    public sealed class N11 : Hub; public sealed class N12 : Hub; public sealed class N13 : Hub; public sealed class N14 : Hub; public sealed class N15 : Hub;
    public sealed class N16 : Hub; public sealed class N17 : Hub; public sealed class N18 : Hub; public sealed class N19 : Hub; public sealed class N20 : Hub;
    public sealed class N21 : Hub; public sealed class N22 : Hub; public sealed class N23 : Hub; public sealed class N24 : Hub; public sealed class N25 : Hub;
    public sealed class N26 : Hub; public sealed class N27 : Hub; public sealed class N28 : Hub; public sealed class N29 : Hub;

    public sealed class N30 : Hub
    {
        public Person? Last { get; set; }
    }
}
