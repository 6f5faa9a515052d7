using System.CommandLine;

namespace EventSourcing.Tool;

/// <summary><c>projections parked|skipped|resume|skip</c></summary>
internal static class ParkedCommands
{
    public static Command CreateParked(Evs evs)
    {
        var (store, name) = (Arguments.Store(), ProjectionsCommand.NameArgument());
        var command = new Command("parked", "Lists what is held back, oldest first, with the error of each.") { store, name };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var screen = evs.ScreenOf(parsed);
            await using var opened = await evs.StoreOf(parsed, store).OpenToReadAsync(cancellationToken);
            var admin = opened.ProjectionAdmin();
            var projection = await ProjectionsCommand.FindAsync(admin, parsed.GetRequiredValue(name), cancellationToken);
            var all = await admin.GetParkedAsync(projection.Name, cancellationToken);
            foreach (var parked in all) Print(screen, parked);
            if (all.Count == 0) screen.Remark("Nothing is parked.");
            return ExitCode.Done;
        });
        return command;
    }

    public static Command CreateSkipped(Evs evs)
    {
        var (store, name) = (Arguments.Store(), ProjectionsCommand.NameArgument());
        var command = new Command("skipped", "Lists the events that were left out by an order, by whom and why.") { store, name };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var screen = evs.ScreenOf(parsed);
            await using var opened = await evs.StoreOf(parsed, store).OpenToReadAsync(cancellationToken);
            var admin = opened.ProjectionAdmin();
            var projection = await ProjectionsCommand.FindAsync(admin, parsed.GetRequiredValue(name), cancellationToken);
            var all = await admin.GetSkippedAsync(projection.Name, cancellationToken);
            foreach (var skipped in all) Print(screen, skipped);
            if (all.Count == 0) screen.Remark("Nothing was skipped.");
            return ExitCode.Done;
        });
        return command;
    }

    public static Command CreateResume(Evs evs)
    {
        var (store, name) = (Arguments.Store(), ProjectionsCommand.NameArgument());
        var position = Arguments.NumberOption("--position", "Only what is parked at this position.", least: 1);
        var command = new Command(
            "resume", "Orders that what is parked is tried again, in order from the event that failed. Mend the cause first.")
        {
            store, name, position,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var screen = evs.ScreenOf(parsed);
            await using var opened = await evs.StoreOf(parsed, store).OpenToWriteAsync(options: null, cancellationToken);
            var admin = opened.ProjectionAdmin();
            var projection = await ProjectionsCommand.FindAsync(admin, parsed.GetRequiredValue(name), cancellationToken);
            var count = parsed.GetValue(position) is { } at
                ? await admin.ResumeAsync(await ParkedAtAsync(admin, projection.Name, at, cancellationToken), cancellationToken) ? 1 : 0
                : await admin.ResumeAllAsync(projection.Name, cancellationToken);
            Ordered(
                screen, projection, "resumed", count, $"{Format.Count(count, "document or stream", "documents or streams")} tried again");
            return ExitCode.Done;
        });
        return command;
    }

    public static Command CreateSkip(Evs evs)
    {
        var (store, name) = (Arguments.Store(), ProjectionsCommand.NameArgument());
        var position = new Argument<long>("POSITION") { Description = "The position of the event that fails, as 'parked' lists it." };
        var by = Arguments.RequiredOption("--by", "WHO", "Who gives the order. It is recorded.");
        var reason = Arguments.RequiredOption("--reason", "TEXT", "Why. It is recorded.");
        var yes = Arguments.Yes();
        var command = new Command(
            "skip", "Orders that one failing event is left out, and that those behind it go on. Only a rebuild tries it again.")
        {
            store, name, position, by, reason, yes,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var screen = evs.ScreenOf(parsed);
            await using var opened = await evs.StoreOf(parsed, store).OpenToWriteAsync(options: null, cancellationToken);
            var admin = opened.ProjectionAdmin();
            var projection = await ProjectionsCommand.FindAsync(admin, parsed.GetRequiredValue(name), cancellationToken);
            var parked = await ParkedAtAsync(admin, projection.Name, parsed.GetValue(position), cancellationToken);
            await screen.ConfirmAsync(
                $"Leave {parked.EventType} at position {Format.Plain(parked.Position)} out of {projection.Name}",
                parsed.GetValue(yes),
                cancellationToken);
            if (!await admin.SkipAsync(parked, parsed.GetRequiredValue(by), parsed.GetRequiredValue(reason), cancellationToken))
                throw new ToolException($"Position {Format.Plain(parked.Position)} does not fail any more. Nothing was ordered.");
            Ordered(screen, projection, "skipped", 1, $"the event at position {Format.Plain(parked.Position)} left out");
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>Says that an order is stored, and who will carry it out.</summary>
    public static void Ordered(Screen screen, ProjectionStatus projection, string order, int count, string what)
    {
        if (screen.IsJson)
        {
            screen.Json(json =>
            {
                json.WriteStartObject();
                json.WriteString("projection", projection.Name);
                json.WriteString("order", order);
                json.WriteNumber("count", count);
                json.WriteEndObject();
            });
        }
        else screen.Wrapped($"Ordered for {Cells.OneLine(projection.Name)}: {what}. {ExecutorOf(projection)}");
    }

    public static string ExecutorOf(ProjectionStatus projection) => projection.Runner is { IsGone: false } runner
        ? $"{Cells.OneLine(runner.Machine)} pid {Format.Plain(runner.ProcessId)} carries it out within about half a second."
        : "No process runs it now. The next that starts it carries the order out.";

    private static async Task<ParkedEvents> ParkedAtAsync(
        ProjectionAdmin admin, string projection, long position, CancellationToken cancellationToken)
    {
        var all = await admin.GetParkedAsync(projection, cancellationToken);
        if (all.FirstOrDefault(parked => parked.Position == position) is { } found) return found;
        var positions = string.Join(", ", all.Take(10).Select(parked => Format.Plain(parked.Position)));
        var others = all.Count == 0 ? "Nothing is parked." : $"Parked are positions {positions}{(all.Count > 10 ? ", …" : "")}.";
        throw new ToolException($"Nothing of '{projection}' is parked at position {Format.Plain(position)}. {others}");
    }

    private static void Print(Screen screen, ParkedEvents parked)
    {
        if (screen.IsJson)
        {
            screen.Json(json =>
            {
                json.WriteStartObject();
                json.WriteString("projection", parked.Projection);
                json.WriteString("kind", parked.Kind.ToString());
                json.WriteString("partition", parked.Partition);
                json.WriteString("stream", parked.Stream);
                json.WriteNumber("position", parked.Position);
                json.WriteString("type", parked.EventType);
                json.WriteString("error", parked.Error);
                json.WriteString("errorType", parked.ErrorType);
                json.WriteNumber("attempts", parked.Attempts);
                json.WriteString("parkedAt", Format.Exact(parked.ParkedAt));
                if (parked.RetryAt is { } retry) json.WriteString("retryAt", Format.Exact(retry));
                json.WriteEndObject();
            });
            return;
        }

        var what = parked.Kind == ParkedKind.Document
            ? $"document {Cells.OneLine(parked.Partition)}"
            : $"stream {Cells.OneLine(parked.Partition)}";
        screen.CutLine(
            $"position {Format.Plain(parked.Position)}  {Cells.OneLine(parked.EventType)}  {what} is held back since "
            + $"{Format.Instant(parked.ParkedAt)}");
        screen.Wrapped(
            $"{Format.Count(parked.Attempts, "attempt")}{(parked.RetryAt is null ? "" : ", will be tried again")}. "
            + $"{Cells.OneLine(parked.Error)}",
            indent: 2);
    }

    private static void Print(Screen screen, SkippedEvent skipped)
    {
        if (screen.IsJson)
        {
            screen.Json(json =>
            {
                json.WriteStartObject();
                json.WriteString("projection", skipped.Projection);
                json.WriteString("kind", skipped.Kind.ToString());
                json.WriteString("partition", skipped.Partition);
                json.WriteNumber("position", skipped.Position);
                json.WriteString("by", skipped.By);
                json.WriteString("reason", skipped.Reason);
                json.WriteString("at", Format.Exact(skipped.At));
                json.WriteString("error", skipped.Error);
                json.WriteEndObject();
            });
            return;
        }

        screen.CutLine(
            $"position {Format.Plain(skipped.Position)}  {Cells.OneLine(skipped.Partition)}  skipped {Format.Instant(skipped.At)} by "
            + $"{Cells.OneLine(skipped.By)}");
        screen.Wrapped($"Reason: {Cells.OneLine(skipped.Reason)}. {Cells.OneLine(skipped.Error)}", indent: 2);
    }
}
