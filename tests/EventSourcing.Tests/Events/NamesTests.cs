namespace EventSourcing.Tests.Events;

public class NamesTests
{
    [Fact]
    public void List_types_finds_each_by_its_name()
    {
        Bank.Types.NameOf<AccountOpened>().Should().Be("account-opened");
        Bank.Types.All.Should().HaveCount(4);
        EventTypes.FromAssemblyOf<Account>().NameOf<MoneyDeposited>().Should().Be("money-deposited");
        EventType.Of<Balance>().Name.Should().Be("Balance");
        EventType.Of<Balance>("renamed").Name.Should().Be("renamed");
    }

    [Fact]
    public void List_a_name_or_a_type_twice_is_a_bad_argument()
    {
        FluentActions.Invoking(() => new EventTypes(EventType.Of<AccountOpened>(), EventType.Of<Balance>("account-opened"))).Should().Throw<ArgumentException>().WithMessage("*'account-opened' is claimed by*AccountOpened*Balance*");
        FluentActions.Invoking(() => new EventTypes(EventType.Of<AccountOpened>(), EventType.Of<AccountOpened>("other"))).Should().Throw<ArgumentException>().WithMessage("*listed twice*");
        FluentActions.Invoking(() => EventType.Of<AccountOpened>("")).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => EventType.Of<Projection>()).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => EventTypes.FromAssembly(typeof(object).Assembly)).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => Bank.Types.NameOf<Balance>()).Should().Throw<ArgumentException>();
    }

    [Fact]
    public void Join_and_split_stream_names_at_the_first_hyphen()
    {
        StreamName.For("account", "a-b").Should().Be("account-a-b");
        StreamName.CategoryOf("account-a-b").Should().Be("account");
        StreamName.IdOf("account-a-b").Should().Be("a-b");
        (StreamName.CategoryOf("whole"), StreamName.IdOf("whole")).Should().Be(("whole", "whole"));
        FluentActions.Invoking(() => StreamName.For("a-b", "c")).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => StreamName.For("", "c")).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => StreamName.For("a", "")).Should().Throw<InvalidIdException>();
        FluentActions.Invoking(() => StreamName.For("a", new string('x', 199))).Should().Throw<InvalidIdException>();
        FluentActions.Invoking(() => StreamName.For("a", "x\n")).Should().Throw<InvalidIdException>().WithMessage("*'a-x\\u000A' has U+000A*");
        FluentActions.Invoking(() => StreamName.For("a\n", "x")).Should().Throw<ArgumentException>().And.Should().NotBeOfType<InvalidIdException>();
        FluentActions.Invoking(() => StreamName.For(new string('a', 201), "x")).Should().Throw<ArgumentException>()
            .And.Should().NotBeOfType<InvalidIdException>();
        FluentActions.Invoking(() => StreamName.For("a", (string)null!)).Should().Throw<ArgumentNullException>();
    }
}
