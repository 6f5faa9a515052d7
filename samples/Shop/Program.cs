using EventSourcing;
using Shop;

using var interrupted = new CancellationTokenSource();
Console.CancelKeyPress += (_, e) =>
{
    // What has begun to be written is finished, and temporary files go: the process ends by itself. The second time it is
    // taken at its word.
    e.Cancel = !interrupted.IsCancellationRequested;
    interrupted.Cancel();
};

try
{
    var arguments = Arguments.Parse(args);
    if (arguments.WantsHelp)
    {
        Console.Out.WriteLine(Arguments.Help);
        return ExitCode.Ok;
    }

    var console = Screen.Create();
    return await (arguments.Command switch
    {
        "" => DayCommand.RunAsync(arguments, console, interrupted.Token),
        "live" => LiveCommand.RunAsync(arguments, console, interrupted.Token),
        "rebuild" => RebuildCommand.RunAsync(arguments, console, interrupted.Token),
        "chaos" => ChaosCommand.RunAsync(arguments, console, interrupted.Token),
        "report" => ReportCommand.RunAsync(arguments, console, interrupted.Token),
        ProjectionsCommand.Name => ProjectionsCommand.RunAsync(arguments, interrupted.Token),
        _ => throw new CannotRunException($"There is no command '{arguments.Command}'. See --help."),
    });
}
catch (OperationCanceledException) when (interrupted.IsCancellationRequested)
{
    return ExitCode.Interrupted;
}
catch (Exception e) when (e is CannotRunException or EventSourcingException or IOException or UnauthorizedAccessException)
{
    await Console.Error.WriteLineAsync("error: " + e.Message.ReplaceLineEndings(" "));
    return ExitCode.CannotRun;
}
