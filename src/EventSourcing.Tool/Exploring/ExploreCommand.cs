using System.CommandLine;

namespace EventSourcing.Tool;

/// <summary><c>explore STORE [--port N]</c></summary>
internal static class ExploreCommand
{
    private const long MaxPort = 65_535;

    public static Command Create(Evs evs)
    {
        var store = Arguments.Store();
        var port = Arguments.NumberOption("--port", "The port to answer at; if it is left out, any that is free.", least: 1, most: MaxPort);
        var hidden = Arguments.Flag("--hide-data", "Shows no data of events and documents.");
        var command = new Command(
            "explore",
            "Shows the store in a browser: the log, streams, causes and effects, read models, projections, proofs. It only reads, answers "
            + "this machine alone, and runs until Ctrl+C.")
        {
            store, port, hidden,
        };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            evs.ScreenOf(parsed), evs.StoreOf(parsed, store), parsed.GetValue(port) ?? 0, parsed.GetValue(hidden), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(
        Screen screen, StoreText text, long port, bool isDataHidden, CancellationToken cancellationToken)
    {
        await using var store = await text.OpenToReadAsync(cancellationToken);
        await EventExplorerServer.RunAsync(
            store,
            $"http://127.0.0.1:{Format.Plain(port)}",
            address => Print(screen, address),
            explorer =>
            {
                explorer.Title = text.File is { } file ? Path.GetFileName(file) : text.Display;
                explorer.HidePayloads = isDataHidden;
            },
            cancellationToken);

        // Nothing but Ctrl+C or a signal to end has ended it.
        return ExitCode.Interrupted;
    }

    private static void Print(Screen screen, Uri address)
    {
        if (screen.IsJson)
        {
            screen.Json(json =>
            {
                json.WriteStartObject();
                json.WriteString("address", address.AbsoluteUri);
                json.WriteEndObject();
            });
        }
        else
        {
            screen.Line(address.AbsoluteUri);
        }

        screen.Remark("Open this address in a browser of this machine. Ctrl+C ends it.");
        screen.Flush();
    }
}
