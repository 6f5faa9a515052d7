using System.CommandLine;
using System.Globalization;
using System.Text.Json;

namespace EventSourcing.Tool;

/// <summary><c>projections status STORE</c></summary>
internal static class ProjectionStatusCommand
{
    private const string LagLimit = "lag=";
    private const string ParkedLimit = "parked";

    public static Command Create(Evs evs)
    {
        var store = Arguments.Store();
        var failOn = Arguments.ManyOption(
            "--fail-on", "LIMIT", "Exit code 1 if a projection is more than N events behind (lag=N), or has something parked (parked).");
        failOn.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(token => token.Value != ParkedLimit && LagOf(token.Value) is null))
                result.AddError($"'{token.Value}' is no limit: write lag=1000, or parked.");
        });
        var command = new Command(
            "status", "Lists all projections and reactors: what each does, how far it is behind, and who runs it.")
        {
            store, failOn,
        };
        command.SetAction((parsed, cancellationToken) =>
            RunAsync(evs.ScreenOf(parsed), evs.StoreOf(parsed, store), parsed.GetRequiredValue(failOn), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(Screen screen, StoreText text, string[] failOn, CancellationToken cancellationToken)
    {
        await using var store = await text.OpenToReadAsync(cancellationToken);
        var all = await store.ProjectionAdmin().GetStatusAsync(cancellationToken);
        var isExceeded = all.Any(status => failOn.Any(limit => limit == ParkedLimit ? status.Parked > 0 : status.Lag > LagOf(limit)));
        return Screen.Found(isExceeded ? ExitCode.FoundSomething : ExitCode.Done, () =>
        {
            if (screen.IsJson)
            {
                foreach (var status in all) screen.Json(json => Write(json, status));
            }
            else Print(screen, all);
        });
    }

    private static void Print(Screen screen, IReadOnlyList<ProjectionStatus> all)
    {
        if (all.Count == 0)
        {
            screen.Line("No projection or reactor was ever started on this store.");
            return;
        }

        var table = new Table(
            screen,
            new("NAME", CanBeCut: true),
            new("STATE"),
            new("POSITION", IsNumber: true),
            new("LAG", IsNumber: true),
            new("LAG TIME", IsNumber: true),
            new("PARKED", IsNumber: true),
            new("RUN BY", CanBeCut: true));
        foreach (var status in all)
        {
            table.Add(
                status.Name,
                StateOf(status),
                Format.Plain(status.Position),
                Format.Plain(status.Lag),
                status.Lag == 0 ? "-" : Format.Duration(status.LagTime),
                Format.Plain(status.Parked),
                status.Runner is { IsGone: false } runner ? $"{runner.Machine} pid {Format.Plain(runner.ProcessId)}" : "-");
        }

        table.End();
        foreach (var status in all)
        {
            if (status.Rebuild is { } rebuild)
                screen.Wrapped($"{Cells.OneLine(status.Name)} is being rebuilt: {RebuildText(rebuild)}", indent: 0);
            else if (status.IsRebuildOrdered)
                screen.Wrapped($"{Cells.OneLine(status.Name)} is to be rebuilt: the order waits for a process that runs it.");
            if (status.LastError is { } error) screen.Wrapped($"{Cells.OneLine(status.Name)}: {Cells.OneLine(error.Message)}");
        }

        var parked = all.Sum(status => status.Parked);
        if (parked > 0) screen.Wrapped($"{Format.Count(parked)} held back: evs projections parked STORE NAME");
    }

    public static string RebuildText(RebuildProgress rebuild) =>
        $"{(rebuild.Part * 100).ToString("0", CultureInfo.InvariantCulture)} %, {Format.Count((long)rebuild.PositionsPerSecond)}/s"
        + (rebuild.TimeLeft is { } left ? $", {Format.Duration(left)} left" : "")
        + (rebuild.Parked > 0 ? $", {Format.Count(rebuild.Parked)} parked" : "");

    /// <summary>What can be told of it from outside.</summary>
    public static string StateOf(ProjectionStatus status) => status switch
    {
        { State: ProjectionState.Failed } => "failed",
        { State: ProjectionState.Stopped } => "stopped",
        { Rebuild: not null, Runner.IsGone: false } => "rebuilding",
        { State: ProjectionState.Held, Runner.IsGone: false, Lag: 0 } => "live",
        { State: ProjectionState.Held, Runner.IsGone: false } => "catching up",
        { State: ProjectionState.NotStarted or ProjectionState.Held } => "not running",
        { State: var state } => state.ToString().ToLowerInvariant(),
    };

    private static void Write(Utf8JsonWriter json, ProjectionStatus status)
    {
        json.WriteStartObject();
        json.WriteString("name", status.Name);
        json.WriteString("state", StateOf(status));
        json.WriteNumber("position", status.Position);
        json.WriteNumber("head", status.Head);
        json.WriteNumber("lag", status.Lag);
        json.WriteNumber("lagSeconds", status.LagTime.TotalSeconds);
        json.WriteNumber("parked", status.Parked);
        if (status.Runner is { } runner)
        {
            json.WriteStartObject("runner");
            json.WriteString("machine", runner.Machine);
            json.WriteNumber("processId", runner.ProcessId);
            json.WriteBoolean("isGone", runner.IsGone);
            if (runner.Since is { } since) json.WriteString("since", Format.Exact(since));
            if (runner.LastSign is { } sign) json.WriteString("lastSign", Format.Exact(sign));
            json.WriteEndObject();
        }

        if (status.Rebuild is { } rebuild)
        {
            json.WriteStartObject("rebuild");
            json.WriteNumber("position", rebuild.Position);
            json.WriteNumber("target", rebuild.Target);
            json.WriteNumber("positionsPerSecond", rebuild.PositionsPerSecond);
            json.WriteNumber("parked", rebuild.Parked);
            json.WriteEndObject();
        }

        json.WriteBoolean("isRebuildOrdered", status.IsRebuildOrdered);
        if (status.LastError is { } error) json.WriteString("error", error.Message);
        json.WriteEndObject();
    }

    private static long? LagOf(string limit) =>
        limit.StartsWith(LagLimit, StringComparison.Ordinal)
        && long.TryParse(limit.AsSpan(LagLimit.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var lag) ? lag : null;
}
