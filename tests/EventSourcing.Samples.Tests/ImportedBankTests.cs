using System.Globalization;

namespace EventSourcing.Samples.Tests;

/// <summary>A generated file, imported once for all tests of this class.</summary>
public sealed class ImportedBank : IAsyncLifetime
{
    public TempFolder Folder { get; } = new();

    internal GeneratedBank Bank { get; } = new(seed: 1993, accounts: 80, days: 300, linesPerDay: 12);

    internal BankingRun Import { get; private set; } = null!;

    public async Task InitializeAsync() =>
        Import = await BankingProcess.RunAsync(Folder, "import", Folder.Write("bank.csv", Bank.Csv), "--db", "bank.db");

    public Task DisposeAsync()
    {
        Folder.Dispose();
        return Task.CompletedTask;
    }
}

public sealed class ImportedBankTests(ImportedBank imported) : IClassFixture<ImportedBank>
{
    private readonly GeneratedBank _bank = imported.Bank;

    [Fact]
    public void Import_of_a_good_file_reports_all_its_lines()
    {
        imported.Import.ExitCode.Should().Be(0);
        imported.Import.Error.Should().BeEmpty();
        imported.Import["lines read"].Should().Be(Text(_bank.Lines.Count));
        imported.Import["imported"].Should().Be(Text(_bank.Lines.Count));
        imported.Import["already present"].Should().Be("0");
        imported.Import["adjustments"].Should().Be(Text(_bank.Adjustments));
        imported.Import["bad"].Should().Be("0");
    }

    [Fact]
    public void Import_piped_writes_plain_lines_of_progress()
    {
        imported.Import.Output.Where(c => char.IsControl(c) && c is not ('\n' or '\r')).Should().BeEmpty();
        imported.Import.Output.Should().Contain(" 50 %").And.Contain("100 %");
    }

    [Fact]
    public async Task Ask_for_the_top_agrees_with_the_bank()
    {
        var run = await RunAsync("top", "1000");

        run.ExitCode.Should().Be(0);
        run.Lines.Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Should().BeEquivalentTo(
            _bank.BalancesAt(_bank.LastDay)
                .OrderByDescending(account => account.Value).ThenByDescending(account => Text(account.Key), StringComparer.Ordinal) // ties by key, backwards too
                .Select((account, i) => new[] { Text(i + 1), Text(account.Key), GeneratedBank.Text(account.Value) }),
            options => options.WithStrictOrdering());
    }

    [Fact]
    public async Task Ask_for_the_top_three_lists_three() => (await RunAsync("top", "3")).Lines.Should().HaveCount(3);

    [Fact]
    public async Task Ask_for_the_totals_agrees_with_the_bank() =>
        TotalsIn(await RunAsync("totals")).Should().Equal(_bank.Totals(_bank.LastDay));

    [Theory]
    [InlineData("1992-12-31")]
    [InlineData("1993-01-01")]
    [InlineData("1993-03-28")] // a Sunday: nothing happened
    [InlineData("1993-07-28")]
    [InlineData("2999-12-31")]
    public async Task Ask_for_the_totals_of_a_past_day_agrees_with_the_bank(string day) =>
        TotalsIn(await RunAsync("totals", "--at", day)).Should().Equal(_bank.Totals(Day(day)));

    [Theory]
    [InlineData(1)]
    [InlineData(40)]
    [InlineData(80)]
    public async Task Ask_for_a_balance_agrees_with_the_bank(int account)
    {
        var run = await RunAsync("balance", Text(account));

        run.ExitCode.Should().Be(0);
        run.Output.Should().Be(GeneratedBank.Text(_bank.BalancesAt(_bank.LastDay)[account]) + Environment.NewLine);
    }

    [Theory]
    [InlineData(7, "1993-03-28")]
    [InlineData(7, "1993-04-15")]
    [InlineData(33, "1993-06-30")]
    [InlineData(33, "1993-10-01")]
    public async Task Ask_for_a_balance_of_a_past_day_agrees_with_the_bank(int account, string day) =>
        (await RunAsync("balance", Text(account), "--at", day)).Output.Trim().Should().Be(GeneratedBank.Text(_bank.BalancesAt(Day(day))[account]));

    [Fact]
    public async Task Ask_for_a_statement_lists_every_event_with_its_date_and_the_balance_after_it()
    {
        var expected = new List<string[]>();
        foreach (var line in _bank.Lines.Where(line => line.Account == 12))
        {
            var (date, id) = (line.Date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), Text(line.TransactionId));
            if (expected.Count == 0) expected.Add([date, "opened", "0.00"]);
            expected.Add([date, id, line.Operation, GeneratedBank.Text(line.Change), GeneratedBank.Text(line.BalanceAfter - line.Rounding)]);
            if (line.Rounding != 0) expected.Add([date, id, "rounding", GeneratedBank.Text(line.Rounding), GeneratedBank.Text(line.BalanceAfter)]);
        }

        var run = await RunAsync("statement", "12");

        run.ExitCode.Should().Be(0);
        run.Lines[1..].Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Should().BeEquivalentTo(
            expected.Select((entry, i) => new[] { Text(i + 1) }.Concat(entry)),
            options => options.WithStrictOrdering());
    }

    [Fact]
    public async Task Ask_for_a_history_lists_every_event_with_what_it_changed()
    {
        var run = await RunAsync("history", "12");
        var statement = await RunAsync("statement", "12");

        run.ExitCode.Should().Be(0);
        run.Lines.Should().HaveCount(statement.Lines.Length - 1);
        run.Lines[0].Should().Contain("account-opened").And.EndWith("isOpen: false → true");
        run.Lines[1..].Select(line => decimal.Parse(line.Split(" → ")[^1], CultureInfo.InvariantCulture)).Should().Equal(
            statement.Lines[2..].Select(line => decimal.Parse(line.Split(' ')[^1], CultureInfo.InvariantCulture)));
        (await RunAsync("history", "12", "--at", "1992-12-31")).Output.Should().BeEmpty();
    }

    [Theory]
    [InlineData("1993-03-28", "1993-04-15")]
    [InlineData("1993-04-15", "1993-03-28")]
    public async Task Ask_for_a_difference_agrees_with_the_bank(string from, string to)
    {
        var run = await RunAsync("diff", "7", "--from", from, "--to", to);

        run.ExitCode.Should().Be(0);
        var change = run.Lines.Should().ContainSingle().Which.Split([": ", " → "], StringSplitOptions.None);
        change[0].Should().Be("balance");
        change[1..].Select(amount => decimal.Parse(amount, CultureInfo.InvariantCulture)).Should().Equal(_bank.BalancesAt(Day(from))[7] / 100m, _bank.BalancesAt(Day(to))[7] / 100m);
        (await RunAsync("diff", "7", "--from", from, "--to", from)).Output.Should().BeEmpty();
    }

    [Theory]
    [InlineData("There is no account '81'.", "balance", "81")]
    [InlineData("There is no account '81'.", "history", "81")]
    [InlineData("There is no account '81'.", "diff", "81", "--from", "1993-01-01")]
    [InlineData("'--from' is required", "diff", "12")]
    [InlineData("There is no account '81'.", "statement", "81")]
    [InlineData("There is no account 'no\uFFFDsuch'.", "balance", "no\tsuch")]
    [InlineData("Account '12' was not open yet on 1992-12-31.", "balance", "12", "--at", "1992-12-31")]
    [InlineData("'31.12.1993' is not a date.", "balance", "12", "--at", "31.12.1993")]
    [InlineData("'1993-02-30' is not a date.", "totals", "--at", "1993-02-30")]
    [InlineData("'0' is not a number of accounts.", "top", "0")]
    [InlineData("'-3' is not a number of accounts.", "top", "-3")]
    [InlineData("'many' is not a number of accounts.", "top", "many")]
    [InlineData("'withdraw'", "withdraw", "12")]
    public async Task Ask_for_what_cannot_be_answered_is_one_line_of_error(string expected, params string[] arguments)
    {
        var run = await RunAsync(arguments);

        run.ExitCode.Should().Be(2);
        run.Output.Should().BeEmpty();
        run.ErrorLines.Should().ContainSingle().Which.Should().StartWith("error: ").And.Contain(expected);
    }

    [Theory]
    [InlineData("balance", "12")]
    [InlineData("statement", "12")]
    [InlineData("top", "3")]
    [InlineData("totals")]
    public async Task Ask_a_database_that_is_not_there_is_an_error_and_creates_none(params string[] arguments)
    {
        var run = await BankingProcess.RunAsync(imported.Folder, [.. arguments, "--db", "none.db"]);

        run.ExitCode.Should().Be(2);
        run.ErrorLines.Should().ContainSingle().Which.Should().Contain("There is no database 'none.db'.");
        File.Exists(imported.Folder.File("none.db")).Should().BeFalse();
    }

    [Fact]
    public async Task Ask_a_file_that_is_no_database_is_one_line_of_error()
    {
        var run = await BankingProcess.RunAsync(imported.Folder, "totals", "--db", "bank.csv");

        run.ExitCode.Should().Be(2);
        run.ErrorLines.Should().ContainSingle().Which.Should().Contain("bank.csv");
        (await File.ReadAllTextAsync(imported.Folder.File("bank.csv"))).Should().Be(_bank.Csv, "it was not touched");
    }

    private Task<BankingRun> RunAsync(params string[] arguments) => BankingProcess.RunAsync(imported.Folder, arguments);

    private static string[] TotalsIn(BankingRun run) =>
        [run["accounts"], run["transactions"], run["adjustments"], run["credits"], run["debits"], run["total balance"]];

    private static DateOnly Day(string text) => DateOnly.ParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
