namespace EventSourcing.Samples.Tests;

public sealed class StoryTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Run_without_arguments_tells_the_whole_story_and_leaves_nothing_behind()
    {
        var run = await BankingProcess.RunAsync(_folder);

        run.ExitCode.Should().Be(0);
        run.Error.Should().BeEmpty();
        run.Output.Should().ContainAll(
            "1. Open two accounts",
            "2. Put money in",
            "3. Transfer: two accounts, one atomic append",
            "4. Lose a race, and retry",
            "5. An account as it was",
            "6. The read model",
            "7. Close it, open it again",
            "8. Prove it");
        run.Output.Where(c => char.IsControl(c) && c is not ('\n' or '\r')).Should().BeEmpty("its output is piped");
        Directory.EnumerateFileSystemEntries(_folder.Temporary).Should().BeEmpty();
        Directory.EnumerateFiles(_folder.Path).Should().BeEmpty("the story needs no database of the user's");
    }

    [Fact]
    public async Task Run_without_arguments_shows_what_the_library_does()
    {
        var run = await BankingProcess.RunAsync(_folder);

        run.Lines.Select(line => line.Trim()).Should().ContainInOrder(
            "position  1  account-ann version 1  AccountOpened { Owner = Ann }",
            "The append expected stream 'account-ann' at NoStream, but it is at version 1. Nothing was written; read the stream again and decide again.",
            "Account ann refused transaction 103: the balance is 70.00, which does not cover 1000.00.",
            "position  5  account-ann version 4  MoneyWithdrawn { TransactionId = 104, Operation = Transfer, Amount = 45.50 }",
            "position  6  account-ben version 2  MoneyDeposited { TransactionId = 104, Operation = Transfer, Amount = 45.50 }",
            "The append expected stream 'account-ann' at version 4, but it is at version 5. Nothing was written; read the stream again and decide again.",
            "try 1: Ben is at version 2 with 45.50",
            "try 2: Ben is at version 3 with 55.50",
            "Ann at version 2: 100.00",
            "Ann at version 5:   4.50  (now)",
            "ben: Ben has 57.25 after 4 transactions",
            "Ann still has 4.50, from 5 events; the log has 10",
            "bank.example/ledger",
            "The event at position 3, of stream 'account-ann', is not as it was appended: its leaf has another hash than was stored then.",
            "position 3  account-ann version 2  {\"transactionId\":101,\"operation\":\"cash-deposit\",\"amount\":100.00}");
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("import", "--help")]
    [InlineData("balance", "--help")]
    public async Task Ask_for_help_prints_usage(params string[] arguments)
    {
        var run = await BankingProcess.RunAsync(_folder, arguments);

        run.ExitCode.Should().Be(0);
        run.Output.Should().Contain("Usage:");
        if (arguments.Length > 1) run.Output.Should().Contain("[default: bank.db]");
    }
}
