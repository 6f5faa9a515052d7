using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using EventSourcing;
using EventSourcing.Ledger;
using Spectre.Console;

namespace Banking;

/// <summary><c>import FILE</c></summary>
internal static class ImportCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = $"Comma-separated values, with the header {TransactionLine.Header}", CustomParser = CommandLine.NotEmpty };
        var files = new BankFileOptions();
        var command = new Command("import", "Imports a bank's transactions; run again, it adds only what is missing. Exit code 0: all lines are in; 1: some were bad and left out; 2: it could not run; 130: it was interrupted.") { file, files.Database, files.Key, files.Checkpoints };
        command.SetAction((arguments, cancellationToken) => RunAsync(arguments.GetRequiredValue(file), files.In(arguments), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(string path, BankFiles files, CancellationToken cancellationToken)
    {
        // The file first: where there is none, no database shall be created either.
        using var file = TransactionFile.Open(path);
        var clock = new ImportClock();
        var watch = Stopwatch.StartNew();

        // Where the bank has a key, it signs checkpoints as it goes: every 1,000 events, and at the end.
        using var key = BankKey.Find(files.Key);
        await using var store = Bank.Open(files, clock, key);
        await using var projections = store.StartProjections(new AccountBalances(), new BankTotals());
        var report = await ImportAsync(store, clock, file, cancellationToken);
        if (!report.WasInterrupted) await projections.CatchUpAsync(Timeout.InfiniteTimeSpan, cancellationToken);
        Print(report, watch.Elapsed);
        if (key is not null) Print("signed up to", Checkpoint.Parse((await store.Ledger.SignCheckpointAsync(CancellationToken.None)).Text).Size.ToString(CultureInfo.InvariantCulture));
        return report.WasInterrupted ? ExitCode.Interrupted : report.Bad > 0 ? ExitCode.SomeLinesBad : ExitCode.Ok;
    }

    private static Task<ImportReport> ImportAsync(EventStore store, ImportClock clock, TransactionFile file, CancellationToken cancellationToken)
    {
        if (Console.IsOutputRedirected || !AnsiConsole.Profile.Capabilities.Interactive) return new Importer(store, clock, new PlainDisplay()).RunAsync(file, cancellationToken);
        var terminal = new TerminalDisplay();
        return terminal.RunAsync(() => new Importer(store, clock, terminal).RunAsync(file, cancellationToken));
    }

    private static void Print(ImportReport report, TimeSpan elapsed)
    {
        if (report.WasInterrupted) Console.Out.WriteLine("Interrupted. What was imported is stored; run the import again to add the rest.");
        Print("lines read", report.LinesRead.ToString(CultureInfo.InvariantCulture));
        Print("imported", report.Imported.ToString(CultureInfo.InvariantCulture));
        Print("already present", report.AlreadyPresent.ToString(CultureInfo.InvariantCulture));
        Print("adjustments", report.Adjustments.ToString(CultureInfo.InvariantCulture));
        Print("bad", report.Bad.ToString(CultureInfo.InvariantCulture));
        Print("seconds", elapsed.TotalSeconds.ToString("0.00", CultureInfo.InvariantCulture));
        Print("events per second", (report.Events / elapsed.TotalSeconds).ToString("0", CultureInfo.InvariantCulture));
    }

    private static void Print(string what, string value) => Console.Out.WriteLine($"{what,-17}  {value,10}");
}
