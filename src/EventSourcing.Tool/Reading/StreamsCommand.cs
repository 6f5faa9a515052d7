using System.CommandLine;

namespace EventSourcing.Tool;

/// <summary><c>streams STORE [PREFIX]</c></summary>
internal static class StreamsCommand
{
    public static Command Create(Evs evs)
    {
        var store = Arguments.Store();
        var prefix = new Argument<string?>("PREFIX")
        {
            Description = "The beginning of the streams' names, for example 'order-'.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var after = Arguments.TextOption("--after", "NAME", "Only streams after this name: the last one of the page before.");
        var limit = Arguments.NumberOption("--limit", "At most so many streams.", least: 1);
        var command = new Command("streams", "Lists the streams by name, with their versions.") { store, prefix, after, limit };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            evs.ScreenOf(parsed),
            evs.StoreOf(parsed, store),
            parsed.GetValue(prefix) ?? "",
            parsed.GetValue(after),
            parsed.GetValue(limit) ?? long.MaxValue,
            cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(
        Screen screen, StoreText text, string prefix, string? after, long limit, CancellationToken cancellationToken)
    {
        await using var store = await text.OpenToReadAsync(cancellationToken);
        var table = new Table(
            screen,
            new("STREAM", CanBeCut: true),
            new("VERSION", IsNumber: true),
            new("POSITION", IsNumber: true),
            new("LAST RECORDED AT"));
        await foreach (var stream in store.Catalog.ListStreamsAsync(prefix, after, limit, cancellationToken))
        {
            if (!screen.IsJson)
            {
                table.Add(
                    stream.Name, Format.Plain(stream.Version), Format.Plain(stream.LastPosition), Format.Instant(stream.LastRecordedAt));
                continue;
            }

            screen.Json(json =>
            {
                json.WriteStartObject();
                json.WriteString("stream", stream.Name);
                json.WriteNumber("version", stream.Version);
                json.WriteNumber("lastPosition", stream.LastPosition);
                json.WriteString("lastRecordedAt", Format.Exact(stream.LastRecordedAt));
                json.WriteEndObject();
            });
        }

        if (!screen.IsJson) table.End();
        return ExitCode.Done;
    }
}
