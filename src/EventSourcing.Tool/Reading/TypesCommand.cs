using System.CommandLine;

namespace EventSourcing.Tool;

/// <summary><c>types STORE</c></summary>
internal static class TypesCommand
{
    public static Command Create(Evs evs)
    {
        var store = Arguments.Store();
        var command = new Command("types", "Lists the types of the stored events, with their counts.") { store };
        command.SetAction((parsed, cancellationToken) => RunAsync(evs.ScreenOf(parsed), evs.StoreOf(parsed, store), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(Screen screen, StoreText text, CancellationToken cancellationToken)
    {
        await using var store = await text.OpenToReadAsync(cancellationToken);
        var table = new Table(
            screen, new("TYPE", CanBeCut: true), new("EVENTS", IsNumber: true), new("FIRST", IsNumber: true), new("LAST", IsNumber: true));
        foreach (var type in await store.Catalog.ListEventTypesAsync(cancellationToken))
        {
            if (!screen.IsJson)
            {
                table.Add(type.Name, Format.Count(type.Count), Format.Plain(type.FirstPosition), Format.Plain(type.LastPosition));
                continue;
            }

            screen.Json(json =>
            {
                json.WriteStartObject();
                json.WriteString("type", type.Name);
                json.WriteNumber("events", type.Count);
                json.WriteNumber("firstPosition", type.FirstPosition);
                json.WriteNumber("lastPosition", type.LastPosition);
                json.WriteEndObject();
            });
        }

        if (!screen.IsJson) table.End();
        return ExitCode.Done;
    }
}
