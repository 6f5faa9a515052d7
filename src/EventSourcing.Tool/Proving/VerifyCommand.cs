using System.CommandLine;

namespace EventSourcing.Tool;

/// <summary><c>verify STORE</c></summary>
internal static class VerifyCommand
{
    public static Command Create(Evs evs)
    {
        var store = Arguments.Store();
        var files = new CheckpointFiles.Options(mayDoWithout: true);
        var fromCheckpoint = Arguments.Flag(
            "--from-checkpoint",
            "Trusts the log up to the newest checkpoint and verifies what follows. Fast, "
            + "but finds no change before it that left the tree alone.");
        var command = new Command(
            "verify",
            "Verifies a store: computes its Merkle tree anew from the events, and compares it with every checkpoint that was kept. "
            + "Exit code 1: it is not sound.")
        {
            store, fromCheckpoint,
        };
        files.AddTo(command);
        command.SetAction((parsed, cancellationToken) =>
        {
            var text = evs.StoreOf(parsed, store);
            return RunAsync(evs.ScreenOf(parsed), text, files.In(parsed, text), parsed.GetValue(fromCheckpoint), cancellationToken);
        });
        return command;
    }

    private static async Task<int> RunAsync(
        Screen screen, StoreText text, CheckpointFiles files, bool fromCheckpoint, CancellationToken cancellationToken)
    {
        await using var store = text.OpenToAudit();
        var kept = await files.ReadAsync(cancellationToken);
        var newest = kept.Select(pair => pair.Checkpoint).MaxBy(checkpoint => checkpoint.Size);
        if (fromCheckpoint && newest is null)
            throw new ToolException(
                $"There is no checkpoint to start from: {files.NotThere}. Or verify the whole log, without --from-checkpoint.");
        LedgerReport report;
        using (var progress = new ProgressLine(screen))
        {
            report = await store.Ledger.VerifyAsync(
                new LedgerVerification
                {
                    Checkpoints = [.. kept.Select(pair => pair.Checkpoint)],
                    From = fromCheckpoint ? newest : null,
                    Progress = new Progress(progress),
                },
                cancellationToken);
        }

        return Screen.Found(report.IsSound ? ExitCode.Done : ExitCode.FoundSomething, () =>
        {
            if (screen.IsJson) PrintJson(screen, report);
            else Print(screen, report, kept.Count, newest, files);
        });
    }

    private static void Print(Screen screen, LedgerReport report, int kept, Checkpoint? newest, CheckpointFiles files)
    {
        screen.Field("events", Format.Plain(report.Size));
        screen.Field("root", Format.Root(report.Root));
        screen.Field("compared with", newest is null
            ? $"no checkpoint: {files.NotThere}. Whoever changes events and then computes the tree anew is not found. "
                + "Sign one with 'evs checkpoint'."
            : $"{Format.Plain(kept)} {(kept == 1 ? "checkpoint" : "checkpoints")} in '{files.Path}', "
                + $"the newest of {Format.Plain(newest.Size)} events");
        screen.Field("pinned", PinnedText(report));
        foreach (var finding in report.Findings)
        {
            screen.Wrapped(
                $"{PositionsOf(finding)}  {Cells.OneLine(finding.Stream ?? "-")}  {finding.Kind}  {Cells.OneLine(finding.Description)}",
                further: 2);
        }

        if (report.FurtherFindings > 0) screen.Line($"and {Format.Plain(report.FurtherFindings)} more");
        var first = report.FirstBadPosition > 0 ? $", the first at position {Format.Plain(report.FirstBadPosition)}" : "";
        screen.Field("result", report.IsSound ? screen.Good("sound") : screen.Bad(
            $"NOT SOUND: findings {Format.Plain(report.Findings.Count + report.FurtherFindings)}{first}"));
    }

    private static void PrintJson(Screen screen, LedgerReport report)
    {
        foreach (var finding in report.Findings)
        {
            screen.Json(json =>
            {
                json.WriteStartObject();
                json.WriteString("finding", finding.Kind.ToString());
                if (finding.Position > 0)
                {
                    json.WriteNumber("position", finding.Position);
                    json.WriteNumber("upTo", finding.UpTo);
                }

                if (finding.Stream is not null) json.WriteString("stream", finding.Stream);
                json.WriteString("description", finding.Description);
                json.WriteEndObject();
            });
        }

        screen.Json(json =>
        {
            json.WriteStartObject();
            json.WriteBoolean("isSound", report.IsSound);
            json.WriteNumber("events", report.Size);
            json.WriteString("root", Format.Root(report.Root));
            json.WriteNumber("agreedUpTo", report.AgreedUpTo);
            json.WriteNumber("comparedCheckpoints", report.ComparedCheckpoints);
            json.WriteNumber("findings", report.Findings.Count + report.FurtherFindings);
            json.WriteEndObject();
        });
    }

    private static string PinnedText(LedgerReport report) =>
        report.AgreedUpTo == 0 ? "no event"
        : report.AgreedUpTo < report.Size
            ? $"events up to position {Format.Plain(report.AgreedUpTo)}; not the {Format.Plain(report.Size - report.AgreedUpTo)} after it"
        : $"events up to position {Format.Plain(report.AgreedUpTo)}";

    private static string PositionsOf(LedgerFinding finding) =>
        finding.Position == 0 ? "-"
        : finding.UpTo == finding.Position ? $"position {Format.Plain(finding.Position)}"
        : $"positions {Format.Plain(finding.Position)}-{Format.Plain(finding.UpTo)}";

    private sealed class Progress(ProgressLine line) : IProgress<LedgerProgress>
    {
        public void Report(LedgerProgress value) =>
            line.Report(
                value.Findings == 0 ? "Verifying" : $"Verifying, {Format.Count(value.Findings, "finding")}", value.Position, value.Head);
    }
}
