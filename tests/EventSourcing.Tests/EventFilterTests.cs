namespace EventSourcing.Tests;

public sealed class EventFilterTests
{
    private static readonly EventTypes Types = new(EventType.Of<Kept>("kept"));

    [Fact]
    public void StoredOf_a_query_whose_names_are_those_stored_is_the_query_itself()
    {
        var query = EventQuery.OfTypes("kept");
        EventFilter.StoredOf(Types, query).Should().BeSameAs(query);
        EventFilter.StoredOf(Types, EventQuery.All).Should().BeSameAs(EventQuery.All);
        EventFilter.Of(Types, query).Stored.Should().BeSameAs(query);
    }

    [Fact]
    public void StoredOf_a_name_that_is_not_listed_is_refused() =>
        FluentActions.Invoking(() => EventFilter.StoredOf(Types, EventQuery.OfTypes("kep"))).Should().Throw<ArgumentException>().WithMessage("*'kep'*'kept'*");

    public sealed record Kept;
}
