namespace EventSourcing.Tests.Projections.Querying;

public class DocumentFieldTests
{
    public static TheoryData<IValuesOfAType> Types() => new(
        new Values<string>("", "A", "Z", "a", "zz", "é", "\uFFFD", "😀"),
        new Values<bool>(false, true),
        new Values<sbyte>(sbyte.MinValue, -1, 0, sbyte.MaxValue),
        new Values<byte>(0, 1, byte.MaxValue),
        new Values<short>(short.MinValue, 0, short.MaxValue),
        new Values<ushort>(0, ushort.MaxValue),
        new Values<int>(int.MinValue, -10, -9, 9, 10, int.MaxValue),
        new Values<uint>(0, uint.MaxValue),
        new Values<long>(long.MinValue, -1, 0, 1L << 53, (1L << 53) + 1, long.MaxValue),
        new Values<float>(float.MinValue, -0.1f, 0.1f, float.MaxValue),
        new Values<double>(double.MinValue, -1, double.Epsilon, 0.1, double.MaxValue),
        new Values<decimal>(decimal.MinValue, -0.01m, 0, 9999999999999.98m, 9999999999999.99m, decimal.MaxValue),
        new Values<DateTimeOffset>(
            DateTimeOffset.MinValue,
            new DateTimeOffset(2026, 1, 1, 9, 0, 0, TimeSpan.FromHours(9)),
            new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddTicks(1),
            new DateTimeOffset(2025, 12, 31, 23, 0, 0, TimeSpan.FromHours(-2)),
            DateTimeOffset.MaxValue),
        new Values<DateTime>(DateTime.SpecifyKind(DateTime.MinValue, DateTimeKind.Utc), DateTime.UnixEpoch, DateTime.UnixEpoch.AddTicks(1), DateTime.SpecifyKind(DateTime.MaxValue, DateTimeKind.Utc)),
        new Values<DateOnly>(DateOnly.MinValue, new DateOnly(999, 12, 31), new DateOnly(2026, 2, 1), DateOnly.MaxValue),
        new Values<TimeOnly>(TimeOnly.MinValue, new TimeOnly(9, 59), new TimeOnly(10, 0), TimeOnly.MaxValue),
        new Values<TimeSpan>(TimeSpan.MinValue, TimeSpan.FromDays(-1), TimeSpan.Zero, TimeSpan.FromTicks(1), TimeSpan.MaxValue),
        new Values<Guid>(Guid.Empty, new Guid("00000000-0000-0000-0000-0000000000ff"), new Guid("0a000000-0000-0000-0000-000000000000"), new Guid("90000000-0000-0000-0000-000000000000"), Guid.AllBitsSet),
        new Values<int?>(null, -1, 0),
        new Values<decimal?>(null, -0.5m, 0.5m),
        new Values<DateTimeOffset?>(null, DateTimeOffset.UnixEpoch),
        new Values<string?>(null, "", "a"));

    [Theory]
    [MemberData(nameof(Types))]
    public async Task Find_and_order_by_a_field_of_each_type_agrees_with_its_values(IValuesOfAType values) => await values.CheckAsync();

    [Fact]
    public void Take_a_value_from_a_document_writes_it_as_documented()
    {
        Stored("Åse").Should().Be(new FieldValue("Åse"));
        Stored(true).Should().Be(new FieldValue(1L));
        Stored(uint.MaxValue).Should().Be(new FieldValue(4294967295L));
        Stored(0.5f).Should().Be(new FieldValue(0.5));
        Stored(-0.0).Should().Be(new FieldValue(0.0));
        Stored(12.34m).Should().Be(new FieldValue(12.34));
        Stored(new DateTimeOffset(2026, 2, 1, 1, 59, 59, TimeSpan.FromHours(2)).AddTicks(1)).Should().Be(new FieldValue("2026-01-31T23:59:59.0000001Z"));
        Stored(new DateTime(2026, 1, 31, 23, 59, 59, DateTimeKind.Utc)).Should().Be(new FieldValue("2026-01-31T23:59:59.0000000Z"));
        Stored(new DateOnly(2026, 1, 31)).Should().Be(new FieldValue("2026-01-31"));
        Stored(new TimeOnly(23, 59, 59)).Should().Be(new FieldValue("23:59:59.0000000"));
        Stored(TimeSpan.FromSeconds(-1)).Should().Be(new FieldValue(-10_000_000L));
        Stored(new Guid("0193A1E2-0000-7000-8000-00000000000F")).Should().Be(new FieldValue("0193a1e2-0000-7000-8000-00000000000f"));
        Stored(Tier.Gold).Should().Be(new FieldValue("Gold"));
        Stored((Tier?)Tier.Gold).Should().Be(new FieldValue("Gold"));
        Stored((Tier)7).Should().Be(new FieldValue("7"));
        Stored((int?)null).Should().Be(default(FieldValue));
        Stored((string?)null).Should().Be(default(FieldValue));
    }

    [Fact]
    public void Declare_a_field_has_the_name_and_kind_of_its_type()
    {
        (Customers.City.Name, Customers.City.Kind).Should().Be(("city", FieldKind.Text));
        Customers.Spent.Kind.Should().Be(FieldKind.Number);
        new DocumentField<Customer, long?>("n", _ => null).Kind.Should().Be(FieldKind.WholeNumber);
        new DocumentField<Customer, Tier?>("t", _ => null).Kind.Should().Be(FieldKind.Text);
        Customers.City.ToString().Should().Be("city (Text)");
    }

    [Fact]
    public void Declare_a_field_of_another_type_says_which_are_supported()
    {
        FluentActions.Invoking(() => new DocumentField<Customer, ulong>("n", _ => 0)).Should().Throw<ArgumentException>()
            .WithMessage("A field cannot hold values of System.UInt64. Supported are String, Boolean, SByte, Byte, Int16, UInt16, Int32, UInt32, Int64, Single, Double, Decimal, DateTimeOffset, DateTime, DateOnly, TimeOnly, TimeSpan, Guid, enums, and Nullable<> of these.*");
        FluentActions.Invoking(() => new DocumentField<Customer, object>("n", c => c)).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => new DocumentField<Customer, Customer>("n", c => c)).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => new DocumentField<Customer, char?>("n", _ => null)).Should().Throw<ArgumentException>();
    }

    [Theory]
    [InlineData("")]
    [InlineData("1st")]
    [InlineData("with space")]
    [InlineData("Key")]
    [InlineData("straße")]
    public void Declare_a_field_of_a_name_that_is_not_valid_throws(string name) =>
        FluentActions.Invoking(() => new DocumentField<Customer, int>(name, _ => 0)).Should().Throw<ArgumentException>().WithMessage($"*'{name}'*");

    [Fact]
    public void Take_a_value_that_has_no_place_in_a_field_names_the_field()
    {
        FluentActions.Invoking(() => Stored(new DateTime(2026, 1, 31, 0, 0, 0, DateTimeKind.Local))).Should().Throw<ArgumentException>()
            .WithMessage("The field 'value' cannot have this value. The time 2026-01-31T00:00:00 is of the kind Local, so it is no instant; make it UTC, or use DateTimeOffset. (Parameter 'value')");
        FluentActions.Invoking(() => Stored(default(DateTime))).Should().Throw<ArgumentException>().WithMessage("*of the kind Unspecified*");
        FluentActions.Invoking(() => Stored(double.NaN)).Should().Throw<ArgumentException>().Which.Message.Should().StartWith("The field 'value' cannot have this value. ").And.Contain("NaN").And.EndWith(". (Parameter 'value')").And.NotMatch("*(Parameter *(Parameter *");
        FluentActions.Invoking(() => Stored("\ud800")).Should().Throw<ArgumentException>().WithMessage("The field 'value'*lone surrogate*");
        FluentActions.Invoking(() => Customers.City.Is("a\0b")).Should().Throw<ArgumentException>().WithMessage("The field 'city'*U+0000*");
    }

    [Fact]
    public void Compare_with_null_says_to_use_IsMissing()
    {
        FluentActions.Invoking(() => Customers.City.AtLeast(null)).Should().Throw<ArgumentException>().WithMessage("The condition AtLeast on the field 'city' needs a value; to find documents without one, use IsMissing.*");
        FluentActions.Invoking(() => Customers.LastSeen.Between(null, DateTimeOffset.UnixEpoch)).Should().Throw<ArgumentException>();
    }

    [Fact]
    public void Compare_an_enum_by_order_is_refused_since_names_have_another()
    {
        FluentActions.Invoking(() => Customers.Tier.Above(Tier.Gold)).Should().Throw<NotSupportedException>().WithMessage("*'tier'*Use Is*");
        FluentActions.Invoking(() => new DocumentField<Customer, Tier?>("t", _ => null).Between(Tier.Gold, Tier.Bronze)).Should().Throw<NotSupportedException>();
    }

    [Fact]
    public void Show_a_condition_reads_like_one()
    {
        Customers.City.Is("Paris").ToString().Should().Be("city = 'Paris'");
        Customers.City.IsMissing().ToString().Should().Be("city = missing");
        Customers.Spent.Between(1, 2.5m).ToString().Should().Be("spent >= 1 and spent <= 2.5");
        default(DocumentCondition<Customer>).ToString().Should().BeEmpty();
        Customers.City.Is("Paris").Should().Be(Customers.City.Is("Paris")).And.NotBe(Customers.City.Is("Rome"));
    }

    private static FieldValue Stored<TValue>(TValue value) => new DocumentField<Holder<TValue>, TValue>("value", h => h.Value).ValueOf(new Holder<TValue>(value));
}

public sealed record Holder<TValue>(TValue Value);

public interface IValuesOfAType
{
    Task CheckAsync();
}

/// <summary>Values of a type in ascending order; equal ones beside each other, null first.</summary>
internal sealed class Values<TValue>(params TValue[] ascending) : IValuesOfAType
{
    private static readonly DocumentField<Holder<TValue>, TValue> Value = new("value", h => h.Value);

    public override string ToString() => typeof(TValue).ToString();

    public async Task CheckAsync()
    {
        await using var store = Bank.Open();
        var projection = new Holders();
        await store.StoreAsync(projection, ascending.Select((value, i) => (Key(i), new Holder<TValue>(value))).Reverse());
        var all = store.ReadModel(projection).Query();

        (await all.OrderBy(Value).ToListAsync()).Select(d => d.Value.Value).Should().Equal(ascending, "that is the order, and each value survives");
        (await all.OrderByDescending(Value).ToListAsync()).Select(d => d.Value.Value).Should().Equal(ascending.Reverse());
        for (var i = 0; i < ascending.Length; i++)
        {
            var value = ascending[i];
            (await Keys(all.Where(Value.Is(value)))).Should().Equal(Key(i));
            (await all.OrderBy(Value).After((await all.Where(Value.Is(value)).OrderBy(Value).FirstOrDefaultAsync())!.Cursor).ToListAsync()).Keys()
                .Should().Equal(Range(i + 1, ascending.Length), "the cursor keeps all of {0}", value);
            if (value is null) continue;
            var first = ascending[0] is null ? 1 : 0;
            (await Keys(all.Where(Value.AtLeast(value)))).Should().Equal(Range(i, ascending.Length));
            (await Keys(all.Where(Value.Above(value)))).Should().Equal(Range(i + 1, ascending.Length));
            (await Keys(all.Where(Value.AtMost(value)))).Should().Equal(Range(first, i + 1));
            (await Keys(all.Where(Value.Below(value)))).Should().Equal(Range(first, i));
            (await Keys(all.Where(Value.Between(value, ascending[^1])))).Should().Equal(Range(i, ascending.Length));
        }

        (await all.Where(Value.IsMissing()).CountAsync()).Should().Be(ascending.Count(value => value is null));
    }

    private static string Key(int i) => $"{i:00}";

    private static IEnumerable<string> Range(int from, int before) => Enumerable.Range(from, Math.Max(0, before - from)).Select(Key);

    private static async Task<IEnumerable<string>> Keys(ReadModelQuery<Holder<TValue>> query) => (await query.ToListAsync()).Keys();

    private sealed class Holders : Projection<Holder<TValue>>
    {
        public override IReadOnlyList<DocumentField<Holder<TValue>>> Fields => [Value];
    }
}
