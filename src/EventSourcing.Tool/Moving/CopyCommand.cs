using System.CommandLine;

namespace EventSourcing.Tool;

/// <summary><c>copy SOURCE TARGET [--follow|--seal]</c></summary>
internal static class CopyCommand
{
    public static Command Create(Evs evs)
    {
        var source = Arguments.Store("SOURCE");
        var target = Arguments.Store("TARGET");
        target.Description = "The store to copy to. It is made if it is not there; one that a copy has begun is gone on with.";
        var follow = Arguments.Flag(
            "--follow", "Goes on copying what is appended, until you have stopped the app and pressed Enter. Then the source is sealed.");
        var seal = Arguments.Flag(
            "--seal", "Seals the source once all is copied: no process writes to it any more. For scripts; stop the app before.");
        var yes = Arguments.Yes();
        var command = new Command(
            "copy",
            "Copies a log into another store, of whatever kind: the same positions, ids, stamps and erasures, and so the same "
            + "root. Run again, it goes on. Reactors' places are taken along; read models are folded anew by the app.")
        {
            source, target, follow, seal, yes,
        };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            evs.ScreenOf(parsed),
            evs.StoreOf(parsed, source),
            evs.StoreOf(parsed, target),
            new CutOver(parsed.GetValue(follow), parsed.GetValue(seal), parsed.GetValue(yes)),
            cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(
        Screen screen, StoreText sourceText, StoreText targetText, CutOver cutOver, CancellationToken cancellationToken)
    {
        if (sourceText.IsSameAs(targetText)) throw OneStore(sourceText, targetText);
        await using var source = await sourceText.OpenToReadAsync(cancellationToken);
        if (cutOver.Seals) await PrepareSealAsync(screen, source, sourceText, targetText, cutOver, cancellationToken);
        await using var target = await targetText.OpenOrCreateAsync(cancellationToken);
        using var progress = new ProgressLine(screen);
        var copied = await TransferAsync(source, target, progress, cancellationToken);
        if (cutOver.Follows)
        {
            progress.Clear();
            screen.Remark(
                $"{Format.Count(copied.Position, "event")} copied; what is appended follows. "
                + "Stop the app, then press Enter: the source is sealed then.");
            copied = await FollowAsync(screen, source, target, progress, copied, cancellationToken);
        }

        if (cutOver.Seals) copied = await SealAsync(source, sourceText, target, targetText, progress, copied, cancellationToken);
        var status = await source.ProjectionAdmin().GetStatusAsync(cancellationToken);
        var running = status.Where(projection => projection.Runner is { IsGone: false }).ToList();
        var reactors = await TransferReactorsAsync(source, target, cancellationToken);
        progress.Dispose();
        Print(screen, copied, reactors, cutOver.Seals);
        if (running.Count > 0)
        {
            var runner = running[0].Runner!;
            var who = $"The app still runs on the source ({runner.Machine} pid {Format.Plain(runner.ProcessId)}). ";
            screen.Remark(cutOver.Seals
                ? who + "It can write nothing there any more: stop it, and start it on the target."
                : who + "What it does from now on is not in the copy: stop it, then copy again.");
        }

        return ExitCode.Done;
    }

    /// <summary>Refuses what could not be sealed before anything is copied, and asks.</summary>
    private static async Task PrepareSealAsync(
        Screen screen, EventStore source, StoreText sourceText, StoreText targetText, CutOver cutOver, CancellationToken cancellationToken)
    {
        if (await source.Storage.GetMovedToAsync(cancellationToken) is { } movedTo && movedTo != targetText.Place)
        {
            throw new ToolException(
                $"'{sourceText.Display}' was sealed when it moved to '{movedTo}'. Nothing was copied. "
                + "Copy from there, or leave --seal and --follow out.");
        }

        if (cutOver.Follows) return;
        await screen.ConfirmAsync(
            $"Seal '{sourceText.Display}' once it is copied? No app can write to it any more. Go on",
            cutOver.IsConfirmed,
            cancellationToken);
    }

    /// <summary>
    /// Copies the rest and marks the source as moved at exactly that position: an append is either in the copy or refused. If one comes
    /// between, it is copied, too.
    /// </summary>
    private static async Task<LogTransferResult> SealAsync(
        EventStore source,
        StoreText sourceText,
        EventStore target,
        StoreText targetText,
        ProgressLine progress,
        LogTransferResult copied,
        CancellationToken cancellationToken)
    {
        if (await target.Storage.GetMovedToAsync(cancellationToken) is { } movedTo)
            throw new ToolException(
                $"'{targetText.Display}' was sealed itself, when it moved to '{movedTo}', so no app could write there. "
                + $"'{sourceText.Display}' was not sealed.");
        await using var writable = await sourceText.OpenToWriteAsync(options: null, cancellationToken);
        while (!await writable.Storage.SetMovedToAsync(targetText.Place, copied.Position, cancellationToken))
        {
            var more = await TransferAsync(source, target, progress, cancellationToken);
            copied = more with { After = copied.After };
        }

        // A server has more names than can be told from the texts. Only of one store the target is sealed now, too.
        if (await target.Storage.GetMovedToAsync(cancellationToken) is not null)
        {
            await writable.Storage.SetMovedToAsync(null, copied.Position, cancellationToken);
            throw OneStore(sourceText, targetText);
        }

        return copied;
    }

    private static ToolException OneStore(StoreText source, StoreText target) => new(
        $"'{source.Display}' and '{target.Display}' are one store. Nothing was copied, and it is not sealed. Name another one to copy to.");

    private static async Task<LogTransferResult> TransferAsync(
        EventStore source, EventStore target, ProgressLine progress, CancellationToken cancellationToken)
    {
        var head = await source.GetHeadAsync(cancellationToken);
        return await source.Storage.TransferToAsync(target.Storage, new Progress(progress, head), cancellationToken);
    }

    private static async Task<IReadOnlyList<string>> TransferReactorsAsync(
        EventStore source, EventStore target, CancellationToken cancellationToken)
    {
        try
        {
            return await source.TransferReactorsToAsync(target, cancellationToken);
        }
        catch (InvalidOperationException refused)
        {
            throw new ToolException($"The log was copied. {refused.Message}", refused);
        }
    }

    private static async Task<LogTransferResult> FollowAsync(
        Screen screen,
        EventStore source,
        EventStore target,
        ProgressLine progress,
        LogTransferResult copied,
        CancellationToken cancellationToken)
    {
        var enter = screen.EnterAsync(cancellationToken);
        while (!enter.IsCompleted)
        {
            using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var appended = source.Storage.WaitForEventsAsync(copied.Position, waiting.Token).AsTask();
            var first = await Task.WhenAny(enter, appended);
            if (first == appended)
            {
                await appended;
                copied = (await TransferAsync(source, target, progress, cancellationToken)) with { After = copied.After };
                continue;
            }

            await waiting.CancelAsync();
            await ((Task)appended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await enter;
        return copied;
    }

    private static void Print(Screen screen, LogTransferResult copied, IReadOnlyList<string> reactors, bool isSealed)
    {
        if (screen.IsJson)
        {
            screen.Json(json =>
            {
                json.WriteStartObject();
                json.WriteNumber("events", copied.Position);
                json.WriteNumber("copied", copied.Position - copied.After);
                json.WriteString("root", Format.Root(copied.Root));
                json.WriteBoolean("isSealed", isSealed);
                json.WriteStartArray("reactors");
                foreach (var reactor in reactors) json.WriteStringValue(reactor);
                json.WriteEndArray();
                json.WriteEndObject();
            });
            return;
        }

        var isNew = copied.After == 0 ? "" : $", of which {Format.Plain(copied.Position - copied.After)} are new";
        screen.Field("events", Format.Plain(copied.Position) + isNew);
        screen.Field("root", Format.Root(copied.Root) + ", equal in both");
        if (reactors.Count > 0) screen.Field("reactors", string.Join(", ", reactors.Select(Cells.OneLine)) + ": each goes on where it was");
        if (isSealed) screen.Field("sealed", "the source takes no more writes, and says where it went");
    }

    /// <summary>How a copy ends.</summary>
    /// <param name="Follows">It goes on until somebody presses Enter, and then seals the source.</param>
    /// <param name="IsToSeal">It seals the source without that.</param>
    /// <param name="IsConfirmed">Nobody has to be asked.</param>
    private readonly record struct CutOver(bool Follows, bool IsToSeal, bool IsConfirmed)
    {
        public bool Seals => Follows || IsToSeal;
    }

    private sealed class Progress(ProgressLine line, long head) : IProgress<long>
    {
        public void Report(long value) => line.Report("Copying", value, Math.Max(value, head));
    }
}
