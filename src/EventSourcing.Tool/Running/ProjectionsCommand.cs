using System.CommandLine;

namespace EventSourcing.Tool;

/// <summary><c>projections …</c></summary>
internal static class ProjectionsCommand
{
    public static Command Create(Evs evs) => new(
        "projections",
        "Shows projections and reactors, and gives them orders. Orders are stored; the process that runs the projection carries them out.")
    {
        ProjectionStatusCommand.Create(evs),
        ParkedCommands.CreateParked(evs),
        ParkedCommands.CreateSkipped(evs),
        ParkedCommands.CreateResume(evs),
        ParkedCommands.CreateSkip(evs),
        ProjectionOrders.CreateRebuild(evs),
        ProjectionOrders.CreateRebuildDocument(evs),
        ProjectionOrders.CreateStop(evs),
        ProjectionOrders.CreateStart(evs),
    };

    public static Argument<string> NameArgument() => Arguments.Text("NAME", "The name of the projection or reactor.");

    /// <summary>The status of one projection.</summary>
    /// <exception cref="ToolException">There is none of that name.</exception>
    public static async Task<ProjectionStatus> FindAsync(ProjectionAdmin admin, string name, CancellationToken cancellationToken)
    {
        var all = await admin.GetStatusAsync(cancellationToken);
        return all.FirstOrDefault(status => status.Name == name) ?? throw new ToolException(all.Count == 0
            ? $"No projection or reactor was ever started on this store, so there is no '{name}'."
            : $"There is no projection or reactor '{name}'. There are: {string.Join(", ", all.Select(status => status.Name))}.");
    }
}
