using System.CommandLine;

namespace EventSourcing.Tool;

/// <summary><c>event STORE EVENT</c></summary>
internal static class EventCommand
{
    public static Command Create(Evs evs)
    {
        var store = Arguments.Store();
        var which = Arguments.Text("EVENT", EventReference.Description);
        var command = new Command("event", "Shows all of one event.") { store, which };
        command.SetAction((parsed, cancellationToken) =>
            RunAsync(evs.ScreenOf(parsed), evs.StoreOf(parsed, store), parsed.GetRequiredValue(which), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(Screen screen, StoreText text, string which, CancellationToken cancellationToken)
    {
        await using var store = await text.OpenToReadAsync(cancellationToken);
        var position = await EventReference.PositionOfAsync(store, which, cancellationToken);
        using var page = await store.Storage.ReadLogAsync(new LogRead { After = position - 1, Limit = 1 }, cancellationToken);
        Print(screen, in page.Events[0]);
        return ExitCode.Done;
    }

    private static void Print(Screen screen, in StoredEvent stored)
    {
        if (screen.IsJson)
        {
            screen.Json(in stored);
            return;
        }

        screen.Field("position", Format.Plain(stored.Position));
        screen.Field("stream", $"{Cells.OneLine(stored.Stream)}, version {Format.Plain(stored.Version)}");
        screen.Field("type", Cells.OneLine(stored.Type));
        screen.Field("id", stored.Id.ToString());
        screen.Field("recorded at", Format.Exact(stored.RecordedAt));
        if (stored.Tags.Count > 0) screen.Field("tags", string.Join(", ", stored.Tags.Select(Cells.OneLine)));
        if (!stored.Metadata.IsEmpty) Print(screen, "metadata", stored.Metadata);
        if (stored.IsErased) screen.Field("data", "erased. The stream " + PayloadsErased.StreamName + " says when, by whom and why.");
        else Print(screen, "data", stored.Data);
    }

    private static void Print(Screen screen, string label, ReadOnlyMemory<byte> payload)
    {
        foreach (var line in EventText.Pretty(payload))
        {
            screen.Line((Cells.PadRight(label, 13) + "  " + line).TrimEnd());
            label = "";
        }
    }
}
