using System.CommandLine;
using System.Globalization;
using EventSourcing;
using EventSourcing.Ledger;
using Spectre.Console;

namespace Banking;

/// <summary><c>verify [--from-checkpoint]</c></summary>
internal static class VerifyCommand
{
    public static Command Create()
    {
        var files = new BankFileOptions();
        var fromCheckpoint = new Option<bool>("--from-checkpoint") { Description = "Trusts the log up to the newest checkpoint, and verifies what follows: fast, but changes before it that left the tree alone are not found." };
        var command = new Command("verify", "Verifies the bank's log: recomputes its tree from the events, and compares it with every checkpoint that was kept. Exit code 0: it is sound; 1: it is not; 2: it could not run.") { fromCheckpoint, files.Database, files.Key, files.Checkpoints };
        command.SetAction((arguments, cancellationToken) => RunAsync(files.In(arguments), arguments.GetValue(fromCheckpoint), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(BankFiles files, bool fromCheckpoint, CancellationToken cancellationToken)
    {
        await using var store = Bank.OpenUnchecked(files);
        var checkpoints = await ReadCheckpointsAsync(files, cancellationToken);
        var newest = checkpoints.MaxBy(checkpoint => checkpoint.Size);
        if (fromCheckpoint && newest is null) throw new CannotRunException($"There is no checkpoint in '{files.Checkpoints}' to start from. Verify the whole log, without --from-checkpoint.");
        var report = await VerifyAsync(store.Ledger, new LedgerVerification { Checkpoints = checkpoints, From = fromCheckpoint ? newest : null }, cancellationToken);
        Print(report, checkpoints, newest, files);
        return report.IsSound ? ExitCode.Ok : ExitCode.NotSound;
    }

    /// <summary>All checkpoints that were kept, each signed by the bank's key.</summary>
    private static async Task<List<Checkpoint>> ReadCheckpointsAsync(BankFiles files, CancellationToken cancellationToken)
    {
        var checkpoints = new List<Checkpoint>();
        if (!File.Exists(files.Checkpoints)) return checkpoints;
        var verifier = BankKey.Verifier(files.Key);
        await foreach (var note in new FileCheckpointSink(files.Checkpoints).ReadAllAsync(cancellationToken)) checkpoints.Add(Checkpoint.Open(note, Bank.Origin, verifier));
        return checkpoints;
    }

    private static async Task<LedgerReport> VerifyAsync(EventLedger ledger, LedgerVerification verification, CancellationToken cancellationToken)
    {
        if (Console.IsOutputRedirected || !AnsiConsole.Profile.Capabilities.Interactive) return await ledger.VerifyAsync(verification, cancellationToken);
        return await AnsiConsole.Progress().AutoClear(true).StartAsync(async context =>
        {
            var progress = new VerificationBar(context.AddTask("verifying", maxValue: 1));
            return await ledger.VerifyAsync(verification with { Progress = progress }, cancellationToken);
        });
    }

    private static void Print(LedgerReport report, List<Checkpoint> checkpoints, Checkpoint? newest, BankFiles files)
    {
        PrintLine("events", report.Size.ToString(CultureInfo.InvariantCulture));
        PrintLine("root", CommandLine.RootText(report.Root));
        PrintLine("compared with", newest is null
            ? $"no checkpoint: there is none in '{files.Checkpoints}'. Whoever changes events and then computes the tree anew is not found. Sign one with 'checkpoint'."
            : string.Create(CultureInfo.InvariantCulture, $"{checkpoints.Count} {(checkpoints.Count == 1 ? "checkpoint" : "checkpoints")} in '{files.Checkpoints}', the newest of {newest.Size} events"));
        PrintLine("pinned", PinnedText(report));
        foreach (var finding in report.Findings) Console.Out.WriteLine($"{PositionsOf(finding)}  {CommandLine.OneLine(finding.Stream ?? "-")}  {finding.Kind}  {CommandLine.OneLine(finding.Description)}");
        if (report.FurtherFindings > 0) Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"and {report.FurtherFindings} more"));
        PrintLine("result", report.IsSound ? "sound" : string.Create(CultureInfo.InvariantCulture, $"NOT SOUND: findings {report.Findings.Count + report.FurtherFindings}{(report.FirstBadPosition > 0 ? $", the first at position {report.FirstBadPosition}" : "")}"));
    }

    private static string PinnedText(LedgerReport report) =>
        report.AgreedUpTo == 0 ? "no event"
        : report.AgreedUpTo < report.Size ? string.Create(CultureInfo.InvariantCulture, $"events up to position {report.AgreedUpTo}; not the {report.Size - report.AgreedUpTo} after it")
        : string.Create(CultureInfo.InvariantCulture, $"events up to position {report.AgreedUpTo}");

    private static string PositionsOf(LedgerFinding finding) =>
        finding.Position == 0 ? "-"
        : finding.UpTo == finding.Position ? string.Create(CultureInfo.InvariantCulture, $"position {finding.Position}")
        : string.Create(CultureInfo.InvariantCulture, $"positions {finding.Position}-{finding.UpTo}");

    private static void PrintLine(string what, string value) => Console.Out.WriteLine($"{what,-13}  {value}");

    private sealed class VerificationBar(ProgressTask bar) : IProgress<LedgerProgress>
    {
        public void Report(LedgerProgress value)
        {
            bar.Value = value.Head == 0 ? 1 : (double)value.Position / value.Head;
            bar.Description = string.Create(CultureInfo.InvariantCulture, $"position {value.Position} of {value.Head}, findings {value.Findings}");
        }
    }
}
