using System.Globalization;
using System.Text;
using EventSourcing;
using EventSourcing.Ledger;
using Microsoft.Data.Sqlite;

namespace Banking;

/// <summary>
/// Shows the whole library on a few accounts, in the order in which an app comes to need it. Read this file beside its output.
/// </summary>
internal sealed class Story(EventStore store, CancellationToken cancellationToken)
{
    /// <summary>Tells the story on a database in a temporary folder, which is gone afterwards.</summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> TellAsync(CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("banking-");
        try
        {
            var files = BankFiles.Beside(Path.Combine(folder.FullName, "bank.db"));
            await using (var store = Bank.Open(files))
            {
                var story = new Story(store, cancellationToken);
                await story.OpenAccountsAsync();
                await story.MoveMoneyAsync();
                await story.TransferAsync();
                await story.LoseARaceAsync();
                await story.LookBackAsync();
                await story.AskTheReadModelAsync();
            }

            await ReopenAsync(files, cancellationToken);
            await ProveAsync(files, cancellationToken);
            Console.Out.WriteLine();
            Console.Out.WriteLine("Now with a real bank: see --help for import, balance, statement, history, diff, top and totals, and the README for what proves its history.");
            return ExitCode.Ok;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private async Task OpenAccountsAsync()
    {
        Chapter("1. Open two accounts",
            "An account is an aggregate: its methods check the rules and raise events, and the events",
            "are what is stored. Each account has a stream of its own; all streams share one log.");

        await store.Aggregate<Account>("ann").CreateAsync(a => a.Open("Ann"), cancellationToken: cancellationToken);
        await store.Aggregate<Account>("ben").CreateAsync(a => a.Open("Ben"), cancellationToken: cancellationToken);
        await PrintLogAsync(after: 0);

        try
        {
            await store.Aggregate<Account>("ann").CreateAsync(a => a.Open("Another Ann"), cancellationToken: cancellationToken);
        }
        catch (WrongExpectedVersionException refused)
        {
            Say("To create an account twice fails, since creating expects no stream:");
            Quote(refused.Message);
        }
    }

    private async Task MoveMoneyAsync()
    {
        var before = await store.GetHeadAsync(cancellationToken);
        Chapter("2. Put money in, take money out",
            "UpdateAsync loads the account from its events, acts on it, and appends what it raised,",
            "expecting the stream to be still at the version it loaded.");

        var ann = store.Aggregate<Account>("ann");
        await ann.UpdateAsync(a => a.Deposit(101, Operation.CashDeposit, 100.00m), cancellationToken: cancellationToken);
        await ann.UpdateAsync(a => a.Withdraw(102, Operation.CashWithdrawal, 30.00m), cancellationToken: cancellationToken);
        await PrintLogAsync(before);

        try
        {
            await ann.UpdateAsync(a => a.Withdraw(103, Operation.CardWithdrawal, 1000.00m), cancellationToken: cancellationToken);
        }
        catch (BookingRefusedException refused)
        {
            Say("A rule of the account refuses what it forbids. Then nothing is stored:");
            Quote(refused.Message);
        }

        var again = await ann.UpdateAsync(a => a.Deposit(101, Operation.CashDeposit, 100.00m), cancellationToken: cancellationToken);
        Say($"Transaction 101 once more: the account knows it from its events and raises nothing, so it is still at version {again.Version}.");
    }

    private async Task TransferAsync()
    {
        var before = await store.GetHeadAsync(cancellationToken);
        Chapter("3. Transfer: two accounts, one atomic append",
            "Both accounts are loaded, both act, and SaveAsync appends the events of both in one commit.",
            "There is no moment at which the money is on both accounts, or on neither.");

        var ann = await store.Aggregate<Account>("ann").LoadAsync(cancellationToken: cancellationToken);
        var ben = await store.Aggregate<Account>("ben").LoadAsync(cancellationToken: cancellationToken);
        ann.Withdraw(104, Operation.Transfer, 45.50m);
        ben.Deposit(104, Operation.Transfer, 45.50m);
        await store.SaveAsync([ann, ben], cancellationToken: cancellationToken);
        await PrintLogAsync(before);
    }

    private async Task LoseARaceAsync()
    {
        var before = await store.GetHeadAsync(cancellationToken);
        Chapter("4. Lose a race, and retry",
            "Two tellers load Ann's account at the same version. Each sees 24.50, each pays out 20.00.",
            "There is not enough money for both.");

        var first = await store.Aggregate<Account>("ann").LoadAsync(cancellationToken: cancellationToken);
        var second = await store.Aggregate<Account>("ann").LoadAsync(cancellationToken: cancellationToken);
        first.Withdraw(105, Operation.CashWithdrawal, 20.00m);
        second.Withdraw(106, Operation.CashWithdrawal, 20.00m);
        await store.SaveAsync([first], cancellationToken: cancellationToken);
        try
        {
            await store.SaveAsync([second], cancellationToken: cancellationToken);
        }
        catch (WrongExpectedVersionException lost)
        {
            Say("The first is stored. The second decided on a balance that is no longer true, and is refused:");
            Quote(lost.Message);
        }

        Say("UpdateAsync loads and decides again by itself. Here Ben pays in while his withdrawal is being decided:");
        var tries = 0;
        await store.Aggregate<Account>("ben").UpdateAsync(
            async a =>
            {
                Quote(string.Create(CultureInfo.InvariantCulture, $"try {++tries}: Ben is at version {a.Version} with {Money.Text(a.Balance)}"));
                if (tries == 1) await PayInElsewhereAsync();
                a.Withdraw(108, Operation.CardWithdrawal, 5.50m);
            },
            cancellationToken: cancellationToken);
        await PrintLogAsync(before);

        async Task PayInElsewhereAsync()
        {
            var ben = await store.Aggregate<Account>("ben").LoadAsync(cancellationToken: cancellationToken);
            ben.Deposit(107, Operation.CashDeposit, 10.00m);
            await store.SaveAsync([ben], cancellationToken: cancellationToken);
        }
    }

    private async Task LookBackAsync()
    {
        Chapter("5. An account as it was",
            "Nothing was overwritten, so every earlier state can be rebuilt: as of a version, a position of",
            "the log, or an instant.");

        var ann = store.Aggregate<Account>("ann");
        var now = await ann.LoadAsync(cancellationToken: cancellationToken);
        for (var version = 1; version <= now.Version; version++)
        {
            var then = await ann.LoadAsync(AsOf.Version(version), cancellationToken);
            Quote(string.Create(CultureInfo.InvariantCulture, $"Ann at version {version}: {Money.Text(then.Balance),6}{(version == now.Version ? "  (now)" : "")}"));
        }

        Say("What has changed since version 2:");
        foreach (var change in await ann.CompareAsync(AsOf.Version(2), cancellationToken: cancellationToken)) Quote(change.ToString());
    }

    private async Task AskTheReadModelAsync()
    {
        Chapter("6. The read model",
            "A stream answers questions about one account. For questions about all of them, a projection",
            "folds the log into documents, in the background. Wait for an append to read your own writes.");

        var balances = new AccountBalances();
        await using var projections = store.StartProjections(balances);
        var deposit = await store.Aggregate<Account>("ben").UpdateAsync(a => a.Deposit(109, Operation.CashDeposit, 7.25m), cancellationToken: cancellationToken);
        await projections.WaitForAsync(deposit, cancellationToken: cancellationToken);
        Say($"Ben's last deposit stands at position {deposit.Position}; the read model holds everything up to there:");
        await foreach (var (id, account) in store.ReadModel(balances).Query().ToAsyncEnumerable(cancellationToken))
        {
            Quote(string.Create(CultureInfo.InvariantCulture, $"{id}: {account.Owner} has {Money.Text(account.Balance)} after {account.Transactions} transactions"));
        }
    }

    private static async Task ReopenAsync(BankFiles files, CancellationToken cancellationToken)
    {
        Chapter("7. Close it, open it again",
            "All of it is in one SQLite file: the log, the read model, and how far the read model has come.");

        await using var store = Bank.Open(files);
        var ann = await store.Aggregate<Account>("ann").LoadAsync(cancellationToken: cancellationToken);
        var head = await store.GetHeadAsync(cancellationToken);
        Quote(string.Create(CultureInfo.InvariantCulture, $"{ann.Owner} still has {Money.Text(ann.Balance)}, from {ann.Version} events; the log has {head}"));
    }

    private static async Task ProveAsync(BankFiles files, CancellationToken cancellationToken)
    {
        Chapter("8. Prove it",
            "The store keeps a Merkle tree over its log. A signed checkpoint of it, kept elsewhere, pins all",
            "events up to there: none can be changed unnoticed, not even by the owner of the file.");

        using var key = BankKey.Make();
        SignedNote note;
        string proof;
        await using (var store = Bank.Open(files, key: key))
        {
            note = await store.Ledger.SignCheckpointAsync(cancellationToken);
            proof = (await store.Ledger.ProveInclusionAsync(3, cancellationToken: cancellationToken)).ToTlogProof().ToString();
        }

        foreach (var line in note.Text.TrimEnd().Split('\n')) Quote(line);
        Say("That is the checkpoint's text: log, size, root. Now somebody changes Ann's first deposit to 900, without the store.");
        await TamperAsync(files.Database, cancellationToken);
        await using (var store = Bank.OpenUnchecked(files))
        {
            var report = await store.Ledger.VerifyAsync(new LedgerVerification { Checkpoints = [Checkpoint.Open(note, Bank.Origin, key.Signer.Verifier)] }, cancellationToken);
            foreach (var finding in report.Findings) Quote(finding.Description);
        }

        Say("A proof of that deposit was made before. It needs no database, only the bank's public key:");
        var shown = EventDisclosure.Open(TlogProof.Parse(proof), Bank.Origin, NoteKey.Parse(key.Signer.Verifier.ToString()));
        Quote(string.Create(CultureInfo.InvariantCulture, $"position {shown.Leaf.Position}  {shown.Leaf.Stream} version {shown.Leaf.Version}  {Encoding.UTF8.GetString(shown.Data!.Value.Span)}"));
    }

    /// <summary>Does what an administrator who knows SQL can do: drops the trigger that forbids the change, then makes it again.</summary>
    private static async Task TamperAsync(string database, CancellationToken cancellationToken)
    {
        await using var connection = new SqliteConnection($"Data Source={database};Pooling=False");
        await connection.OpenAsync(cancellationToken);
        await using var command = connection.CreateCommand();
        command.CommandText = "SELECT sql FROM sqlite_schema WHERE name = 'events_refuse_update'";
        var trigger = (string)(await command.ExecuteScalarAsync(cancellationToken))!;
        command.CommandText = $"DROP TRIGGER events_refuse_update; UPDATE events SET data = CAST(replace(data, '100.00', '900.00') AS BLOB) WHERE position = 3; {trigger}";
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task PrintLogAsync(long after)
    {
        await foreach (var e in store.ReadLogAsync(new LogReadOptions { After = after }, cancellationToken))
        {
            Quote(string.Create(CultureInfo.InvariantCulture, $"position {e.Position,2}  {e.Stream} version {e.Version}  {e.Data}"));
        }
    }

    private static void Chapter(string title, params IEnumerable<string> lines)
    {
        Console.Out.WriteLine();
        Console.Out.WriteLine(title);
        Console.Out.WriteLine();
        foreach (var line in lines) Say(line);
    }

    private static void Say(string line) => Console.Out.WriteLine("  " + line);

    private static void Quote(string line) => Console.Out.WriteLine("      " + line);
}
