namespace Shop;

/// <summary>
/// Runs the projections and the order process of a shop that another process serves, and nothing else, until its standard
/// input ends: so it does not outlive who started it. This is what <see cref="ChaosCommand"/> kills.
/// </summary>
internal static class ProjectionsCommand
{
    public const string Name = "projections";
    public const string RunningLine = "running";

    public static async Task<int> RunAsync(Arguments arguments, CancellationToken cancellationToken)
    {
        // This clock stands still at the opening. Time in a log never goes backwards, so what this process appends is
        // stamped as late as what the shop has appended before it.
        await using var shop = ShopStore.OpenExisting(arguments.Database ?? throw new CannotRunException("projections needs --db PATH."), new ShopClock());
        await using var office = await BackOffice.StartAsync(shop, new SimulatedProvider());
        await office.TakeOverAsync(cancellationToken);
        await Console.Out.WriteLineAsync(RunningLine);

        // Not Console.In, whose asynchronous methods wait in place.
        using var input = new StreamReader(Console.OpenStandardInput());
        await await Task.WhenAny(input.ReadLineAsync(cancellationToken).AsTask(), office.Completion);
        return ExitCode.Ok;
    }
}
