using System.CommandLine;
using System.Text;

namespace EventSourcing.Tool;

/// <summary><c>export STORE</c></summary>
internal static class ExportCommand
{
    private const string Jsonl = "jsonl";
    private const string Csv = "csv";
    private const string Xes = "xes";
    private const int BufferLength = 256 * 1024;

    public static Command Create(Evs evs)
    {
        var store = Arguments.Store();
        var format = Arguments.TextOption(
            "--format", "FORMAT", "jsonl (the default): all of each event, byte for byte. csv: a table. xes: a log for process mining.")
                .AcceptOnlyFromAmong(Jsonl, Csv, Xes);
        var output = Arguments.TextOption(
            "--out", "FILE", "The file to write. It is there whole or not at all. By default the events go to standard output.");
        var overwrite = OutputFile.Overwrite();
        var asOf = Arguments.AsOfOption();
        var filter = new EventFilterOptions();
        var caseOf = Arguments.TextOption(
            "--case",
            "FIELD",
            "For xes: what makes events one case. stream (the default), category, correlation, tag:PREFIX, data:PATH or metadata:NAME.");
        var activity = Arguments.TextOption(
            "--activity", "FIELD", "For xes: the name of the activity. type (the default), data:PATH or metadata:NAME.");
        var resource = Arguments.TextOption(
            "--resource", "FIELD", "For xes: who did it, for example metadata:user. By default nobody is named.");
        var time = Arguments.TextOption(
            "--time", "FIELD", "For xes: when it happened, for example data:at. By default when it was recorded.");
        var command = new Command(
            "export", "Writes all events, or those chosen, as JSON Lines, CSV or XES.")
        {
            store, format, output, overwrite, asOf, caseOf, activity, resource, time,
        };
        filter.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var screen = evs.ScreenOf(parsed);
            var text = evs.StoreOf(parsed, store);
            var path = parsed.GetValue(output);
            var file = path is null ? null : new OutputFile(path, parsed.GetValue(overwrite), text);
            await using var opened = await text.OpenToReadAsync(cancellationToken);
            var selection = new EventSelection { Filter = filter.In(parsed), WithSeals = true };
            selection = selection with
            {
                AsOf = new PointInTime(Position: parsed.GetValue(asOf) is { } past
                    ? await past.PositionIn(opened, cancellationToken)
                    : await opened.GetHeadAsync(cancellationToken)),
            };
            var xes = new XesMapping(
                EventField.Parse(parsed.GetValue(caseOf) ?? EventField.Stream),
                EventField.Parse(parsed.GetValue(activity) ?? EventField.Type),
                parsed.GetValue(resource) is { } by ? EventField.Parse(by) : null,
                parsed.GetValue(time) is { } at ? EventField.Parse(at) : null);
            if (file is null)
            {
                await ExportAsync(screen, opened, selection, parsed.GetValue(format) ?? Jsonl, xes, screen.Output, cancellationToken);
                return ExitCode.Done;
            }

            var count = await ExportToFileAsync(screen, opened, selection, parsed.GetValue(format) ?? Jsonl, xes, file, cancellationToken);
            screen.Remark($"{Format.Count(count, "event")} exported to '{path}'.");
            return ExitCode.Done;
        });
        return command;
    }

    private static Task<long> ExportToFileAsync(
        Screen screen,
        EventStore store,
        EventSelection selection,
        string format,
        XesMapping xes,
        OutputFile output,
        CancellationToken cancellationToken) => output.WriteAsync(async file =>
    {
        var encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        await using var writer = new StreamWriter(file, encoding, BufferLength, leaveOpen: true) { NewLine = "\n" };
        var count = await ExportAsync(screen, store, selection, format, xes, writer, cancellationToken);
        await writer.FlushAsync(cancellationToken);
        return count;
    });

    private static async Task<long> ExportAsync(
        Screen screen,
        EventStore store,
        EventSelection selection,
        string format,
        XesMapping xes,
        TextWriter output,
        CancellationToken cancellationToken)
    {
        var head = selection.AsOf!.Position!.Value;
        using var progress = new ProgressLine(screen);
        switch (format)
        {
            case Xes:
                return await new XesExport(store, selection, xes, output, screen, progress).RunAsync(cancellationToken);
            case Csv:
                CsvExport.WriteHeader(output);
                return await ForEachAsync((in StoredEvent stored) => CsvExport.Write(output, in stored));
            default:
                var lines = new JsonLines(output);
                EventFile.WriteHeader(
                    lines,
                    head,
                    selection.Filter.IsAll ? (await MerkleFrontier.ReadAsync(store.Storage.Ledger, head, cancellationToken)).Root() : null);
                return await ForEachAsync((in StoredEvent stored) =>
                {
                    EventText.Write(lines.Line, in stored);
                    lines.End();
                });
        }

        async Task<long> ForEachAsync(EventVisitor write)
        {
            var last = 0L;
            return await selection.ForEachAsync(
                store,
                (in StoredEvent stored) =>
                {
                    write(in stored);
                    last = stored.Position;
                },
                () => progress.Report("Exporting", last, head),
                cancellationToken);
        }
    }
}
