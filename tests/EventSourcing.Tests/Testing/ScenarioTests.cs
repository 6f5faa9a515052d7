using EventSourcing.Testing;

namespace EventSourcing.Tests.Testing;

public class ScenarioTests
{
    private static AggregateScenario<Account> Ann => Scenario.For<Account>(Bank.Types).Given(new AccountOpened("Ann"), new MoneyDeposited(100));

    [Fact]
    public async Task Aggregate_scenario_that_comes_out_as_said_passes()
    {
        await Ann.When(a => a.Withdraw(30)).ThenAsync(new MoneyWithdrawn(30));
        await Ann.When(a => a.Withdraw(30)).ThenStateAsync(a => a.Balance.Should().Be(70));
        await Ann.When(_ => { }).ThenNothingAsync();
        (await Ann.When(a => a.Withdraw(101)).ThenThrowsAsync<InvalidOperationException>()).Message.Should().Be("Insufficient funds.");
        await Scenario.For<Account>(Bank.Types).When(a => a.Open("Ben")).ThenAsync(new AccountOpened("Ben"));
    }

    [Fact]
    public async Task Aggregate_scenario_with_another_amount_shows_the_member_that_differs() =>
        (await ScenarioProofTests.FailingAsync(Ann.When(a => a.Withdraw(30)).ThenAsync(new MoneyWithdrawn(31)))).Message.Should().Be("""
            The scenario should have appended:
              1. MoneyWithdrawn {"amount":31}
            but appended:
              1. MoneyWithdrawn {"amount":30}
              event 1: amount: 31 → 30
            """.ReplaceLineEndings("\n"));

    [Fact]
    public async Task Aggregate_scenario_with_other_events_says_which()
    {
        (await ScenarioProofTests.FailingAsync(Ann.When(a => a.Withdraw(30)).ThenAsync(new MoneyDeposited(30)))).Message.Should().Contain("event 1: should be a MoneyDeposited, but is a MoneyWithdrawn");
        (await ScenarioProofTests.FailingAsync(Ann.When(a => a.Withdraw(30)).ThenNothingAsync())).Message.Should().Contain("should have appended nothing").And.Contain("event 1: MoneyWithdrawn was appended, but is not expected");
        (await ScenarioProofTests.FailingAsync(Ann.When(_ => { }).ThenAsync(new MoneyDeposited(1)))).Message.Should().Contain("event 1: MoneyDeposited was not appended");
        (await ScenarioProofTests.FailingAsync(Ann.When(a => a.Withdraw(200)).ThenAsync(new MoneyWithdrawn(200)))).Message.Should().Contain("failed with InvalidOperationException: Insufficient funds.");
    }

    [Fact]
    public async Task Aggregate_scenario_that_fails_otherwise_says_how()
    {
        (await ScenarioProofTests.FailingAsync(Ann.When(a => a.Withdraw(30)).ThenThrowsAsync<InvalidOperationException>())).Message.Should().Contain("should have failed with InvalidOperationException, but appended");
        (await ScenarioProofTests.FailingAsync(Ann.When(a => a.Withdraw(200)).ThenThrowsAsync<ArgumentException>())).Message.Should().Contain("but failed with InvalidOperationException");
        (await ScenarioProofTests.FailingAsync(Ann.When(a => a.Withdraw(200)).ThenThrowsAsync<InvalidOperationException>(e => e.Message == "Closed."))).Message.Should().Contain("the condition does not hold for this error: Insufficient funds.");
        await FluentActions.Awaiting(() => Ann.When(a => a.Withdraw(30)).ThenStateAsync(a => throw new FormatException("of the test's own"))).Should().ThrowAsync<FormatException>();
    }

    [Fact]
    public async Task Scenario_tells_the_time_that_it_says_it_is()
    {
        var start = new DateTimeOffset(2031, 5, 17, 0, 0, 0, TimeSpan.Zero);
        await Scenario.For<Account>(Bank.Types).At(start).Given(new AccountOpened("Ann")).After(TimeSpan.FromDays(3))
            .When((a, clock) => a.Deposit(clock.GetUtcNow().Day)).ThenAsync(new MoneyDeposited(20));
        FluentActions.Invoking(() => Scenario.For<Account>(Bank.Types).At(start).At(start.AddTicks(-1))).Should().Throw<ArgumentOutOfRangeException>();
    }

    [Fact]
    public async Task Aggregate_scenario_of_a_command_that_returns_a_value_task_waits_for_it()
    {
        await Ann.When(a => WithdrawLaterAsync(a, 30)).ThenAsync(new MoneyWithdrawn(30));
        await Ann.When((a, _) => WithdrawLaterAsync(a, 30)).ThenAsync(new MoneyWithdrawn(30));
        await Ann.When(a => WithdrawLaterAsync(a, 101)).ThenThrowsAsync<InvalidOperationException>();
        await Ann.When(a => throw new FormatException()).ThenThrowsAsync<FormatException>();
        await Ann.When(async a => await WithdrawLaterAsync(a, 30)).ThenAsync(new MoneyWithdrawn(30));

        static async ValueTask WithdrawLaterAsync(Account account, decimal amount)
        {
            await Task.Yield();
            account.Withdraw(amount);
        }
    }

    [Fact]
    public async Task Scenario_gone_on_from_twice_does_not_change()
    {
        var ann = Ann;
        await ann.Given(new MoneyWithdrawn(90)).When(a => a.Withdraw(30)).ThenThrowsAsync<InvalidOperationException>();
        await ann.When(a => a.Withdraw(30)).ThenAsync(new MoneyWithdrawn(30));
    }

    [Fact]
    public async Task Decider_scenario_decides_on_what_was_given()
    {
        var decider = new Decider<decimal, decimal>(
            "purse",
            initial: 0,
            decide: (balance, amount) => amount > balance ? throw new InvalidOperationException("Insufficient funds.") : amount == 0 ? [] : [new MoneyWithdrawn(amount)],
            evolve: (balance, e) => e switch { MoneyDeposited d => balance + d.Amount, MoneyWithdrawn w => balance - w.Amount, _ => balance });
        var scenario = Scenario.For(decider, Bank.Types).Given(new MoneyDeposited(100));

        await scenario.When(30).ThenAsync(new MoneyWithdrawn(30));
        await scenario.When(30).ThenStateAsync(balance => balance.Should().Be(70));
        await scenario.When(0).ThenNothingAsync();
        await scenario.When(101).ThenThrowsAsync<InvalidOperationException>(e => e.Message == "Insufficient funds.");
        await scenario.After(TimeSpan.FromDays(2)).When(clock => clock.GetUtcNow().Day).ThenAsync(new MoneyWithdrawn(3));
        (await ScenarioProofTests.FailingAsync(scenario.When(30).ThenAsync(new MoneyWithdrawn(31)))).Message.Should().Contain("amount: 31 → 30");
    }

    [Fact]
    public async Task Projection_scenario_compares_documents()
    {
        var scenario = Scenario.For(new Balances(), Bank.Types).Given("account-ann", new AccountOpened("Ann"), new MoneyDeposited(5)).Given("account-ben", new AccountOpened("Ben"), new AccountClosed());

        await scenario.ThenAsync("ann", new Balance(5));
        await scenario.ThenNoneAsync("ben");
        await scenario.ThenAllAsync(new Dictionary<string, Balance> { ["ann"] = new(5) });
        (await ScenarioProofTests.FailingAsync(scenario.ThenAsync("ann", new Balance(6)))).Message.Should().Contain("amount: 6 → 5");
        (await ScenarioProofTests.FailingAsync(scenario.ThenAsync("ben", new Balance(0)))).Message.Should().Contain("should have a document 'ben', but has 'ann'");
        (await ScenarioProofTests.FailingAsync(scenario.ThenNoneAsync("ann"))).Message.Should().Contain("""should have no document 'ann', but has {"amount":5}""");
        (await ScenarioProofTests.FailingAsync(scenario.ThenAllAsync(new Dictionary<string, Balance>()))).Message.Should().Contain("should have none, but has 'ann'");
    }

    [Fact]
    public async Task Decision_scenario_holds_what_is_given_to_the_boundary()
    {
        var opened = new EventData(new AccountOpened("Ann")) { Tags = ["owner:Ann"] };
        var query = EventQuery.WithTags("owner:Ann");
        var empty = Scenario.ForDecision(Bank.Types);

        await empty.Given("account-1", opened).When(query, OpenUnlessOpen).ThenNothingAsync();
        await empty.GivenOutside("account-1", new AccountOpened("Ben")).When(query, OpenUnlessOpen).ThenAsync(opened);
        (await ScenarioProofTests.FailingAsync(empty.Given("account-1", new AccountOpened("Ann")).When(query, OpenUnlessOpen).ThenNothingAsync())).Message.Should().Contain("lies outside the boundary").And.Contain("account-1");
        (await ScenarioProofTests.FailingAsync(empty.GivenOutside("account-1", opened).When(query, OpenUnlessOpen).ThenNothingAsync())).Message.Should().Contain("lies inside");
        (await ScenarioProofTests.FailingAsync(empty.When(query, OpenUnlessOpen).ThenAsync(new EventData(new AccountOpened("Ann")) { Tags = ["owner:Ben"] }))).Message.Should().Contain("should have the tags [owner:Ben], but has [owner:Ann]");

        IReadOnlyList<StreamAppend> OpenUnlessOpen(IReadOnlyList<RecordedEvent> events) => events.Count > 0 ? [] : [new StreamAppend("account-2", ExpectedVersion.NoStream, [opened])];
    }
}
