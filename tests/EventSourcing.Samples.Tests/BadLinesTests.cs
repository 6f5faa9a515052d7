namespace EventSourcing.Samples.Tests;

public sealed class BadLinesTests : IDisposable
{
    private const string First = "1,10,1993-01-02,credit,cash-deposit,100.00,100.00";
    private const string Last = "3,10,1993-01-03,debit,cash-withdrawal,30.00,70.00";
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("2,10,1993-01-02,credit,cash-deposit,5.00", "missing columns: 6 instead of 7")]
    [InlineData("2", "missing columns: 1 instead of 7")]
    [InlineData("2,10,1993-01-02,credit,cash-deposit,5.00,105.00,more", "too many columns: 8 instead of 7")]
    [InlineData("x,10,1993-01-02,credit,cash-deposit,5.00,105.00", "the transaction_id 'x' is not a number")]
    [InlineData(",10,1993-01-02,credit,cash-deposit,5.00,105.00", "the transaction_id '' is not a number")]
    [InlineData("2,ann,1993-01-02,credit,cash-deposit,5.00,105.00", "the account_id 'ann' is not a number")]
    [InlineData("2,10,1993-02-30,credit,cash-deposit,5.00,105.00", "the date '1993-02-30' is not a date like 1993-01-31")]
    [InlineData("2,10,02.01.1993,credit,cash-deposit,5.00,105.00", "the date '02.01.1993' is not a date like 1993-01-31")]
    [InlineData("2,10,1993-01-02,gift,cash-deposit,5.00,105.00", "unknown type 'gift'")]
    [InlineData("2,10,1993-01-02,credit,cheque,5.00,105.00", "unknown operation 'cheque'")]
    [InlineData("2,10,1993-01-02,credit,transfer,5.00,105.00", "unknown operation 'transfer'")]
    [InlineData("2,10,1993-01-02,credit,cash-deposit,five,105.00", "the amount 'five' is not a number")]
    [InlineData("2,10,1993-01-02,credit,cash-deposit,\"5,00\",105.00", "the amount '5,00' is not a number")]
    [InlineData("2,10,1993-01-02,credit,cash-deposit,5.00,", "the balance '' is not a number")]
    [InlineData("2,10,1993-01-02,credit,cash-deposit,0.00,100.00", "the amount 0.00 is not above zero")]
    [InlineData("2,10,1993-01-02,credit,cash-deposit,-5.00,95.00", "the amount -5.00 is not above zero")]
    [InlineData("2,10,1993-01-02,credit,cash-deposit,5.001,105.00", "the amount has more than two decimals")]
    [InlineData("2,10,1993-01-02,credit,cash-deposit,5.00,105.001", "the balance has more than two decimals")]
    [InlineData("2,10,1993-01-02,credit,cash-deposit,5.00,79228162514264337593543950335", "the amount or the balance is too large")]
    [InlineData("2,10,1993-01-01,credit,cash-deposit,5.00,105.00", "the date 1993-01-01 is before 1993-01-02, the date of an earlier line")]
    [InlineData("2,10,1993-01-02,credit,cash-deposit,5.00,105.21", "the bank's balance 105.21 is 0.21 away from the computed 105.00")]
    [InlineData("2,10,1993-01-02,credit,cash-deposit,5.00,104.79", "the bank's balance 104.79 is 0.21 away from the computed 105.00")]
    [InlineData("2,10,2993-01-02,credit,cash-deposit,5.00,999.00", "the bank's balance 999.00 is 894.00 away from the computed 105.00")]
    [InlineData("1,10,1993-01-02,credit,cash-deposit,7.00,107.00", "a transaction of that id is booked with other content, as 100.00 with the balance 100.00 after it")]
    [InlineData("\"2,10,1993-01-02,credit,cash-deposit,5.00,105.00", "the quotes do not pair up")]
    [InlineData("2,10,1993-01-02,\u001b[31mcredit,cash-deposit,5.00,105.00", "unknown type '\uFFFD[31mcredit'")]
    public async Task Import_of_a_bad_line_reports_it_and_imports_the_rest(string bad, string reason)
    {
        var run = await ImportAsync(First, bad, Last);

        run.ExitCode.Should().Be(1);
        run.ErrorLines.Should().Equal($"line 3: {reason}");
        run["lines read"].Should().Be("3");
        run["bad"].Should().Be("1");
        run["imported"].Should().Be("2", "the lines before and after it agree, so nothing of the bad line was booked");
    }

    [Fact]
    public async Task Import_of_several_bad_lines_reports_them_in_their_order_by_their_line_numbers()
    {
        var run = await ImportAsync("x", First, "", "2,10,1993-01-02,credit,cheque,1.00,101.00", Last, "4,10,1993-01-01,debit,cash-withdrawal,1.00,69.00", "5,10,1993-01-04,debit,cash-withdrawal,0,70.00");

        run.ExitCode.Should().Be(1);
        run.ErrorLines.Select(line => line.Split(':')[0]).Should().Equal("line 2", "line 5", "line 7", "line 8");
        run["bad"].Should().Be("4");
        run["imported"].Should().Be("2");
    }

    [Fact]
    public async Task Import_of_a_balance_as_far_off_as_rounding_goes_adjusts_the_account()
    {
        var run = await ImportAsync("1,10,1993-01-02,credit,cash-deposit,100.00,100.20", "2,10,1993-01-02,debit,cash-withdrawal,50.00,50.00");

        run.ExitCode.Should().Be(0);
        run["adjustments"].Should().Be("2");
        (await BalanceAsync()).Should().Be("50.00");
    }

    [Fact]
    public async Task Import_of_an_overdraft_books_it()
    {
        (await ImportAsync(First, "2,10,1993-01-03,debit,remittance-to-bank,150.50,-50.50")).ExitCode.Should().Be(0);

        (await BalanceAsync()).Should().Be("-50.50");
    }

    [Fact]
    public async Task Import_of_a_new_line_before_the_last_day_of_the_store_is_bad_but_a_stored_one_is_not()
    {
        await ImportAsync(First, Last);

        var run = await ImportAsync(First, "9,11,1993-01-02,credit,cash-deposit,1.00,1.00", Last, "4,10,1993-01-03,debit,cash-withdrawal,1.00,69.00");

        run.ExitCode.Should().Be(1);
        run.ErrorLines.Should().Equal("line 3: the date 1993-01-02 is before 1993-01-03, the last one in the store");
        run["already present"].Should().Be("2");
        run["imported"].Should().Be("1");
    }

    [Fact]
    public async Task Import_of_the_same_line_twice_books_it_once()
    {
        var run = await ImportAsync(First, First, Last);

        run.ExitCode.Should().Be(0);
        run["imported"].Should().Be("2");
        run["already present"].Should().Be("1");
    }

    [Theory]
    [InlineData("\r\n", "")]
    [InlineData("\n", "\uFEFF")]
    [InlineData("\r\n", "\uFEFF")]
    [InlineData("\n\n", "")]
    public async Task Import_of_other_line_ends_and_a_byte_order_mark_reads_the_same(string lineEnd, string mark)
    {
        var content = mark + string.Join(lineEnd, GeneratedBank.Header, First, Last) + lineEnd + lineEnd + "  " + lineEnd;

        var run = await BankingProcess.RunAsync(_folder, "import", _folder.Write("bank.csv", content));

        run.Error.Should().BeEmpty();
        run["imported"].Should().Be("2");
        (await BalanceAsync()).Should().Be("70.00");
    }

    [Fact]
    public async Task Import_of_quoted_values_and_no_last_line_end_reads_the_same()
    {
        var quotedHeader = "\"" + GeneratedBank.Header.Replace(",", "\",\"", StringComparison.Ordinal) + "\"";
        var content = quotedHeader + "\n\"1\",\"10\",\"1993-01-02\",\"credit\",\"cash-deposit\",\"100.00\",\"100.00\"\n3, 10 ,1993-01-03,debit,\"cash-withdrawal\" , 30 ,70.0";

        var run = await BankingProcess.RunAsync(_folder, "import", _folder.Write("bank.csv", content));

        run.Error.Should().BeEmpty();
        run["imported"].Should().Be("2");
        (await BalanceAsync()).Should().Be("70.00");
    }

    [Fact]
    public async Task Import_of_a_file_with_nothing_but_the_header_imports_nothing()
    {
        var run = await ImportAsync();

        run.ExitCode.Should().Be(0);
        run["lines read"].Should().Be("0");
        (await BankingProcess.RunAsync(_folder, "totals"))["total balance"].Should().Be("0.00");
    }

    [Theory]
    [InlineData("none.csv", "There is no file 'none.csv'.")]
    [InlineData("no/such/folder.csv", "There is no file 'no/such/folder.csv'.")]
    [InlineData("temporary", "it is a directory")]
    [InlineData("empty.csv", "is not a file of transactions")]
    [InlineData("headless.csv", "is not a file of transactions")]
    public async Task Import_of_what_is_no_file_of_transactions_is_one_line_of_error_and_creates_no_database(string file, string expected)
    {
        _folder.Write("empty.csv", "");
        _folder.Write("headless.csv", First + "\n" + Last);

        var run = await BankingProcess.RunAsync(_folder, "import", file);

        run.ExitCode.Should().Be(2);
        run.Output.Should().BeEmpty();
        run.ErrorLines.Should().ContainSingle().Which.Should().StartWith("error: ").And.Contain(expected);
        File.Exists(_folder.File("bank.db")).Should().BeFalse();
    }

    [Fact]
    public async Task Import_into_what_is_no_database_is_one_line_of_error()
    {
        var file = _folder.Write("bank.csv", GeneratedBank.Header + "\n" + First);
        var text = _folder.Write("text.db", "This is no database, but a text of some length.");

        var run = await BankingProcess.RunAsync(_folder, "import", file, "--db", text);

        run.ExitCode.Should().Be(2);
        run.ErrorLines.Should().ContainSingle().Which.Should().StartWith("error: ").And.Contain("text.db");
        (await File.ReadAllTextAsync(text)).Should().StartWith("This is no database");
    }

    private Task<BankingRun> ImportAsync(params IEnumerable<string> lines) =>
        BankingProcess.RunAsync(_folder, "import", _folder.Write("bank.csv", string.Join('\n', [GeneratedBank.Header, .. lines]) + "\n"));

    private async Task<string> BalanceAsync() => (await BankingProcess.RunAsync(_folder, "balance", "10")).Output.Trim();
}
