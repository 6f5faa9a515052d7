namespace EventSourcing.Tests.Aggregates;

public class CommandIdTests
{
    /// <summary>RFC 9562 has a UUIDv7 of this instant in appendix A.6, and the name-based UUID of this name in appendix B.2.</summary>
    [Fact]
    public void Have_the_time_of_one_published_example_and_the_hash_of_another()
    {
        var dns = Guid.Parse("6ba7b810-9dad-11d1-80b4-00c04fd430c8");
        var time = new DateTimeOffset(2022, 2, 22, 14, 22, 22, TimeSpan.FromHours(-5));

        var id = CommandId.Derive(time, "www.example.com", dns);

        var (ofTime, ofHash) = ("017f22e2-79b0-7cc3-98c4-dc0c0c07398f", "5c146b14-3c52-8afd-938a-375d0df1fbf6");
        id.ToString().Should().Be($"{ofTime[..14]}7{ofHash[15..]}");
        id.Version.Should().Be(7);
    }

    [Fact]
    public void Are_the_same_for_the_same_key_and_time_and_others_for_others()
    {
        var time = DateTimeOffset.UnixEpoch.AddDays(10_000);
        var id = CommandId.Derive(time, "loans.csv:1");
        CommandId.Derive(time.ToOffset(TimeSpan.FromHours(9)), "loans.csv:1").Should().Be(id);
        CommandId.Derive(time.AddTicks(9_999), "loans.csv:1").Should().Be(id, "a millisecond is what counts");
        new[] { CommandId.Derive(time, "loans.csv:2"), CommandId.Derive(time, "loans.csv:1", Guid.AllBitsSet), CommandId.Derive(time.AddMilliseconds(1), "loans.csv:1"), id }
            .Should().OnlyHaveUniqueItems();
    }

    [Fact]
    public void Ascend_with_the_time()
    {
        var ids = Enumerable.Range(0, 1_000).Select(n => CommandId.Derive(DateTimeOffset.UnixEpoch.AddMilliseconds(n * 1_000_003L), $"row {n}").ToString()).ToList();
        ids.Should().BeInAscendingOrder(StringComparer.Ordinal);
    }

    [Fact]
    public void Are_refused_for_keys_and_times_that_have_none()
    {
        FluentActions.Invoking(() => CommandId.Derive(DateTimeOffset.UnixEpoch, "")).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => CommandId.Derive(DateTimeOffset.UnixEpoch, "a\uD800")).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => CommandId.Derive(DateTimeOffset.UnixEpoch.AddMilliseconds(-1), "a")).Should().Throw<ArgumentOutOfRangeException>();
    }

    /// <summary>An import that is run again stores nothing again.</summary>
    [Fact]
    public async Task Make_an_import_that_is_repeated_take_effect_once()
    {
        await using var store = new EventStore(new InMemoryEventStorage(), EventTypes.FromAssemblyOf<AccountOpened>());
        for (var run = 0; run < 2; run++)
        {
            for (var row = 0; row < 5; row++)
            {
                var amount = row + 1;
                await store.Aggregate<Account>("ann").CreateOrUpdateAsync(account => account.Deposit(amount), commandId: CommandId.Derive(DateTimeOffset.UnixEpoch.AddDays(row), $"rows:{row}"));
            }
        }

        (await store.Aggregate<Account>("ann").LoadAsync()).Balance.Should().Be(15);
    }
}
