using System.Globalization;

namespace EventSourcing.Tests.Events;

public class IdTextTests
{
    private const string Key = "0d3c1f6e-5f0b-4a5c-9b43-0f6d9c1a2b3c";

    private static CultureInfo Unusual { get; } = Cultured();

    [Fact]
    public void Write_ids_the_same_way_in_every_culture()
    {
        var before = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = Unusual;
        try
        {
            IdText.Of(Guid.Parse(Key.ToUpperInvariant())).Should().Be(Key);
            IdText.Of(-1234567).Should().Be("-1234567");
            IdText.Of(long.MinValue).Should().Be("-9223372036854775808");
            IdText.Of(new DateOnly(2026, 3, 1)).Should().Be("2026-03-01");
            IdText.Of(new TimeOnly(9, 30, 0, 5)).Should().Be("09:30:00.0050000");
            IdText.Of(DayOfWeek.Monday).Should().Be("Monday");
            IdText.Of(new Sku(-5)).Should().Be("sku-5");
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void Refuse_what_has_several_texts_or_none()
    {
        Refused(1.00m);
        Refused(1.5);
        Refused(1.5f);
        Refused((Half)1);
        Refused(DateTime.UnixEpoch);
        Refused(DateTimeOffset.UnixEpoch);
        Refused((FormattableString)$"{1}");
        Refused(new Nothing());

        static void Refused<T>(T id)
            where T : IFormattable => FluentActions.Invoking(() => IdText.Of(id)).Should().Throw<ArgumentException>();
    }

    [Fact]
    public async Task Address_aggregates_and_deciders_by_ids_and_give_them_back()
    {
        await using var store = new EventStore(new InMemoryEventStorage(), EventTypes.FromAssemblyOf<AccountOpened>());
        var id = Guid.Parse(Key);
        await store.Aggregate<Account>(id).CreateAsync(account => account.Open("ann"));
        (await store.Aggregate<Account>(Key).LoadAsync()).Id.Should().Be(Key, "the text is the same id");
        store.Aggregate<Account>(17).Stream.Should().Be("account-17");
        StreamName.For("account", DayOfWeek.Friday).Should().Be("account-Friday");
        var decider = new Decider<int, int>("count", 0, static (_, n) => [new MoneyDeposited(n)], static (state, _) => state + 1);
        store.Decider(decider, 42L).Stream.Should().Be("count-42");

        var recorded = await store.ReadStreamAsync($"account-{Key}").SingleAsync();
        recorded.StreamIdAs<Guid>().Should().Be(id);
        recorded.Invoking(e => e.StreamIdAs<int>()).Should().Throw<FormatException>().WithMessage($"The id '{Key}' of the stream of account-opened *is no Int32.");
        store.Invoking(s => s.Aggregate<Account>(1.5m)).Should().Throw<ArgumentException>();
    }

    private static CultureInfo Cultured()
    {
        var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        culture.NumberFormat.NegativeSign = "−";
        culture.DateTimeFormat.ShortDatePattern = "dd.MM.yyyy";
        culture.DateTimeFormat.DateSeparator = "/";
        return culture;
    }

    private readonly record struct Sku(int Number) : IFormattable
    {
        public string ToString(string? format, IFormatProvider? formatProvider) => string.Create(formatProvider, $"sku{Number}");
    }

    private readonly record struct Nothing : IFormattable
    {
        public string ToString(string? format, IFormatProvider? formatProvider) => "";
    }
}
