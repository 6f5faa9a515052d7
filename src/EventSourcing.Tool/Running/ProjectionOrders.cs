using System.CommandLine;

namespace EventSourcing.Tool;

/// <summary><c>projections rebuild|rebuild-document|stop|start</c></summary>
internal static class ProjectionOrders
{
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(500);

    public static Command CreateRebuild(Evs evs)
    {
        var (store, name) = (Arguments.Store(), ProjectionsCommand.NameArgument());
        var noWait = Arguments.Flag("--no-wait", "Ends when the order is stored.");
        var command = new Command(
            "rebuild",
            "Orders that a read model is built anew beside the one that serves, and shows how far it is. "
            + "Ctrl+C ends the display and not the rebuild.")
        {
            store, name, noWait,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var screen = evs.ScreenOf(parsed);
            await using var opened = await evs.StoreOf(parsed, store).OpenToWriteAsync(options: null, cancellationToken);
            var admin = opened.ProjectionAdmin();
            var projection = await ProjectionsCommand.FindAsync(admin, parsed.GetRequiredValue(name), cancellationToken);
            await admin.RebuildAsync(projection.Name, cancellationToken);
            ParkedCommands.Ordered(screen, projection, "rebuild", 1, "the read model built anew");
            screen.Flush();
            if (!parsed.GetValue(noWait) && projection.Runner is { IsGone: false })
                await FollowAsync(screen, admin, projection.Name, cancellationToken);
            return ExitCode.Done;
        });
        return command;
    }

    public static Command CreateRebuildDocument(Evs evs)
    {
        var (store, name) = (Arguments.Store(), ProjectionsCommand.NameArgument());
        var key = Arguments.Text("KEY", "The document's key.");
        var command = new Command(
            "rebuild-document", "Orders that one document of a read model is built anew from the whole log.")
        {
            store, name, key,
        };
        command.SetAction((parsed, cancellationToken) => OrderAsync(
            evs.ScreenOf(parsed),
            evs.StoreOf(parsed, store),
            parsed.GetRequiredValue(name),
            "rebuild-document",
            $"the document '{Cells.OneLine(parsed.GetRequiredValue(key))}' built anew",
            (admin, projection) => admin.RebuildDocumentAsync(projection, parsed.GetRequiredValue(key), cancellationToken),
            cancellationToken));
        return command;
    }

    public static Command CreateStop(Evs evs)
    {
        var (store, name) = (Arguments.Store(), ProjectionsCommand.NameArgument());
        var command = new Command("stop", "Orders that it runs in no process until it is started again. Appends go on.") { store, name };
        command.SetAction((parsed, cancellationToken) => OrderAsync(
            evs.ScreenOf(parsed), evs.StoreOf(parsed, store), parsed.GetRequiredValue(name), "stop", "stopped in all processes",
            (admin, projection) => admin.StopAsync(projection, cancellationToken), cancellationToken));
        return command;
    }

    public static Command CreateStart(Evs evs)
    {
        var (store, name) = (Arguments.Store(), ProjectionsCommand.NameArgument());
        var command = new Command("start", "Orders that what was stopped, or has failed, is started again.") { store, name };
        command.SetAction((parsed, cancellationToken) => OrderAsync(
            evs.ScreenOf(parsed), evs.StoreOf(parsed, store), parsed.GetRequiredValue(name), "start", "started",
            (admin, projection) => admin.StartAsync(projection, cancellationToken), cancellationToken));
        return command;
    }

    private static async Task<int> OrderAsync(
        Screen screen,
        StoreText text,
        string name,
        string order,
        string what,
        Func<ProjectionAdmin, string, Task> give,
        CancellationToken cancellationToken)
    {
        await using var store = await text.OpenToWriteAsync(options: null, cancellationToken);
        var admin = store.ProjectionAdmin();
        var projection = await ProjectionsCommand.FindAsync(admin, name, cancellationToken);
        await give(admin, projection.Name);
        ParkedCommands.Ordered(screen, projection, order, 1, what);
        return ExitCode.Done;
    }

    /// <summary>Shows how far a rebuild is, until the new read model serves.</summary>
    private static async Task FollowAsync(Screen screen, ProjectionAdmin admin, string name, CancellationToken cancellationToken)
    {
        using var progress = new ProgressLine(screen);
        while (true)
        {
            var status = await ProjectionsCommand.FindAsync(admin, name, cancellationToken);
            if (status.Rebuild is { } rebuild)
            {
                progress.Report("Rebuilding", rebuild.Position, rebuild.Target);
                if (rebuild.Parked > 0)
                    throw new ToolException(
                        $"The rebuild of '{name}' waits for what is parked in it. See 'evs projections parked STORE NAME'. "
                        + "The old read model serves on.");
            }
            else if (!status.IsRebuildOrdered) break;
            if (status.State == ProjectionState.Failed && !status.IsRebuildOrdered)
                throw new ToolException($"'{name}' has failed: {status.LastError?.Message} The old read model serves on.");
            if (status.Runner is not { IsGone: false })
                throw new ToolException($"The process that ran '{name}' is gone. The next that starts it goes on with the rebuild.");
            await Task.Delay(BetweenLooks, screen.Clock, cancellationToken);
        }

        if (!screen.IsJson) screen.Line($"{Cells.OneLine(name)} was built anew.");
    }
}
