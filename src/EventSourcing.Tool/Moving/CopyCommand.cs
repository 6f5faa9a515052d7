using System.CommandLine;

namespace EventSourcing.Tool;

/// <summary><c>copy SOURCE TARGET [--follow]</c></summary>
internal static class CopyCommand
{
    public static Command Create(Evs evs)
    {
        var source = Arguments.Store("SOURCE");
        var target = Arguments.Store("TARGET");
        target.Description = "The store to copy to. It is made if it is not there; one that a copy has begun is gone on with.";
        var follow = Arguments.Flag("--follow", "Goes on copying what is appended, until you have stopped the app and pressed Enter.");
        var command = new Command(
            "copy",
            "Copies a log into another store, of whatever kind: the same positions, ids, stamps, seals and erasures, and so the same "
            + "root. Run again, it goes on. Reactors' places are taken along; read models are folded anew by the app.")
        {
            source, target, follow,
        };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            evs.ScreenOf(parsed), evs.StoreOf(parsed, source), evs.StoreOf(parsed, target), parsed.GetValue(follow), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(
        Screen screen, StoreText sourceText, StoreText targetText, bool follow, CancellationToken cancellationToken)
    {
        await using var source = await sourceText.OpenToReadAsync(cancellationToken);
        await using var target = await targetText.OpenOrCreateAsync(cancellationToken);
        using var progress = new ProgressLine(screen);
        var copied = await TransferAsync(source, target, progress, cancellationToken);
        if (follow)
        {
            progress.Clear();
            if (!screen.IsJson)
                screen.Line($"{Format.Count(copied.Position, "event")} copied. Stop the app, then press Enter for the last of them.");
            screen.Flush();
            copied = await FollowAsync(screen, source, target, progress, copied, cancellationToken);
        }

        var running = (await source.ProjectionAdmin().GetStatusAsync(cancellationToken)).Where(status => status.Runner is { IsGone: false }).ToList();
        var reactors = await TransferReactorsAsync(source, target, cancellationToken);
        progress.Dispose();
        Print(screen, copied, reactors);
        if (running.Count > 0)
        {
            var runner = running[0].Runner!;
            screen.Remark(
                $"The app still runs on the source ({runner.Machine} pid {Format.Plain(runner.ProcessId)}). "
                + "What it does from now on is not in the copy: stop it, then copy again.");
        }

        return ExitCode.Done;
    }

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
        Screen screen, EventStore source, EventStore target, ProgressLine progress, LogTransferResult copied, CancellationToken cancellationToken)
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
                copied = await TransferAsync(source, target, progress, cancellationToken);
                continue;
            }

            await waiting.CancelAsync();
            await ((Task)appended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await enter;
        return await TransferAsync(source, target, progress, cancellationToken);
    }

    private static void Print(Screen screen, LogTransferResult copied, IReadOnlyList<string> reactors)
    {
        if (screen.IsJson)
        {
            screen.Json(json =>
            {
                json.WriteStartObject();
                json.WriteNumber("events", copied.Position);
                json.WriteNumber("copied", copied.Position - copied.After);
                json.WriteString("root", Format.Root(copied.Root));
                json.WriteStartArray("reactors");
                foreach (var reactor in reactors) json.WriteStringValue(reactor);
                json.WriteEndArray();
                json.WriteEndObject();
            });
            return;
        }

        screen.Field("events", copied.After == 0 ? Format.Plain(copied.Position) : $"{Format.Plain(copied.Position)}, of which {Format.Plain(copied.Position - copied.After)} are new");
        screen.Field("root", Format.Root(copied.Root) + ", equal in both");
        if (reactors.Count > 0) screen.Field("reactors", string.Join(", ", reactors.Select(Cells.OneLine)) + ": each goes on where it was");
    }

    private sealed class Progress(ProgressLine line, long head) : IProgress<long>
    {
        public void Report(long value) => line.Report("Copying", value, Math.Max(value, head));
    }
}
