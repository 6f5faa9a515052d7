namespace EventSourcing.Tests.Projections;

public class ProjectionHistoryTests
{
    [Fact]
    public async Task History_of_a_document_gives_each_event_about_it_with_what_it_changed()
    {
        await using var store = Bank.Open();
        await store.AppendAsync("account-ann", 0, [new AccountOpened("Ann"), new MoneyDeposited(100)]);
        await store.AppendAsync("account-ben", 0, [new AccountOpened("Ben"), new MoneyDeposited(5)]);
        await store.AppendAsync("account-ann", 2, [new MoneyWithdrawn(30)]);
        var balances = new Balances();

        var steps = await store.HistoryAsync(balances, "ann").ToListAsync();

        steps.Select(step => step.Event.Position).Should().Equal(1, 2, 5);
        steps.SelectMany(step => step.Changes).Should().Equal(
            new MemberChange("amount", null, "0"), new MemberChange("amount", "0", "100"), new MemberChange("amount", "100", "70"));
        steps[^1].State!.Value.GetProperty("amount").GetDecimal().Should().Be((await store.ProjectAsync(balances, "ann")).Find("ann")!.Amount);
        (await store.HistoryAsync(balances, "ann", AsOf.Position(4)).ToListAsync()).Should().HaveCount(2);
        (await store.HistoryAsync(balances, "cid").ToListAsync()).Should().BeEmpty();
    }

    [Fact]
    public async Task History_shows_a_deletion_and_a_document_that_came_back()
    {
        await using var store = Bank.Open();
        await store.AppendAsync("account-ann", 0, [new AccountOpened("Ann"), new MoneyWithdrawn(1), new MoneyDeposited(7)]);

        var steps = await store.HistoryAsync(new Gone(), "ann").ToListAsync();

        steps.Select(step => step.State.HasValue).Should().Equal(true, false, true);
        steps[1].Changes.Should().Equal(new MemberChange("amount", "0", null));
    }

    [Fact]
    public async Task History_up_to_a_version_or_of_no_key_is_refused()
    {
        await using var store = Bank.Open();
        FluentActions.Invoking(() => store.HistoryAsync(new Balances(), "ann", AsOf.Version(1))).Should().Throw<ArgumentException>().WithMessage("*position or an instant*");
        FluentActions.Invoking(() => store.HistoryAsync(new Balances(), "")).Should().Throw<ArgumentException>();
    }

    [Fact]
    public async Task History_of_a_projection_that_fails_names_the_event()
    {
        await using var store = Bank.Open();
        await store.AppendAsync("account-ann", 0, [new AccountOpened("Ann"), new MoneyDeposited(7)]);

        (await FluentActions.Awaiting(() => store.HistoryAsync(new Failing(), "ann").ToListAsync().AsTask()).Should().ThrowAsync<ProjectionFailedException>())
            .Which.Position.Should().Be(2);
    }

    private sealed class Gone : Projection<Balance>
    {
        public Gone()
        {
            On<AccountOpened>((_, _) => new Balance(0));
            On<MoneyWithdrawn>((_, _) => null);
            On<MoneyDeposited>((_, e) => new Balance(e.Amount));
        }
    }

    private sealed class Failing : Projection<Balance>
    {
        public Failing()
        {
            On<AccountOpened>((_, _) => new Balance(0));
            On<MoneyDeposited>((_, _) => throw new InvalidOperationException("no"));
        }
    }
}
