using System.CommandLine;

namespace EventSourcing.Tool;

/// <summary><c>read STORE [STREAM]</c></summary>
internal static class ReadCommand
{
    public static Command Create(Evs evs)
    {
        var store = Arguments.Store();
        var stream = new Argument<string?>("STREAM")
        {
            Description = "The stream. Without it, the log over all streams is read.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var after = Arguments.NumberOption("--after", "Only events after this position of the log, or after this version of the stream.");
        var limit = Arguments.NumberOption("--limit", "At most so many events.", least: 1);
        var asOf = Arguments.AsOfOption();
        var backwards = Arguments.Flag("--backwards", "The newest first.");
        var filter = new EventFilterOptions();
        var command = new Command(
            "read", "Prints the events of a stream or of the whole log, oldest first.")
        {
            store, stream, after, limit, asOf, backwards,
        };
        filter.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var screen = evs.ScreenOf(parsed);
            await using var opened = await evs.StoreOf(parsed, store).OpenToReadAsync(cancellationToken);
            var selection = new EventSelection
            {
                Stream = parsed.GetValue(stream),
                Filter = filter.In(parsed),
                After = parsed.GetValue(after) ?? 0,
                AsOf = parsed.GetValue(asOf),
                Limit = parsed.GetValue(limit) ?? long.MaxValue,
                Backwards = parsed.GetValue(backwards),
            };
            if (selection.Stream is { } name && await opened.GetVersionAsync(name, cancellationToken) == 0)
                throw new ToolException($"There is no stream '{name}'. 'evs streams' lists them.");
            var lines = new EventLines(screen, await opened.GetHeadAsync(cancellationToken));
            var count = await selection.ForEachAsync(opened, lines.Print, screen.Flush, cancellationToken);
            if (count == 0) await filter.RemarkOnUnknownTypesAsync(parsed, screen, opened, cancellationToken);
            return ExitCode.Done;
        });
        return command;
    }
}
