using System.CommandLine;

namespace EventSourcing.Tool;

/// <summary><c>erase STORE --position N|--stream NAME --reason TEXT --by WHO</c></summary>
internal static class EraseCommand
{
    public static Command Create(Evs evs)
    {
        var store = Arguments.Store();
        var positions = new Option<long[]>("--position")
        {
            Description = "The position of an event; may be given several times.",
            HelpName = "N",
            DefaultValueFactory = _ => [],
        };
        var stream = Arguments.TextOption("--stream", "NAME", "All events of this stream.");
        var by = Arguments.RequiredOption("--by", "WHO", "Who erases. It is recorded.");
        var reason = Arguments.RequiredOption("--reason", "TEXT", "Why. It is recorded, so keep persons out of it.");
        var yes = Arguments.Yes();
        var command = new Command(
            "erase", "Erases the data of events for ever, and records who did it and why. The events, their proofs and the root stay.")
        {
            store, positions, stream, by, reason, yes,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(positions) is not { Length: > 0 } == result.GetValue(stream) is null)
                result.AddError("Say what to erase: either --position or --stream.");
        });
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var screen = evs.ScreenOf(parsed);
            await using var opened = await evs.StoreOf(parsed, store).OpenToWriteAsync(options: null, cancellationToken);
            var (who, why) = (parsed.GetRequiredValue(by), parsed.GetRequiredValue(reason));
            ErasureResult erased;
            if (parsed.GetValue(stream) is { } name)
            {
                var version = await opened.GetVersionAsync(name, cancellationToken);
                if (version == 0) throw new ToolException($"There is no stream '{name}'. Nothing was erased.");
                await screen.ConfirmAsync(
                    $"Erase the data of all {Format.Count(version, "event")} of '{name}' for ever",
                    parsed.GetValue(yes),
                    cancellationToken);
                erased = await opened.ErasePayloadsAsync(name, why, who, cancellationToken);
            }
            else
            {
                var all = parsed.GetRequiredValue(positions);
                await screen.ConfirmAsync(
                    $"Erase the data of {Format.Count(all.Length, "event")} for ever", parsed.GetValue(yes), cancellationToken);
                erased = await opened.ErasePayloadsAsync(all, why, who, cancellationToken);
            }

            Print(screen, erased);
            return ExitCode.Done;
        });
        return command;
    }

    private static void Print(Screen screen, ErasureResult erased)
    {
        if (screen.IsJson)
        {
            screen.Json(json =>
            {
                json.WriteStartObject();
                json.WriteStartArray("positions");
                foreach (var position in erased.Positions) json.WriteNumberValue(position);
                json.WriteEndArray();
                json.WriteNumber("recordPosition", erased.RecordPosition);
                json.WriteEndObject();
            });
            return;
        }

        screen.Wrapped(erased.Positions.Count == 0
            ? "All of that was erased before. Nothing was changed."
            : $"Erased the data of {Format.Count(erased.Positions.Count, "event")}; on record at position "
                + $"{Format.Plain(erased.RecordPosition)}. Read models keep what they have made of it: rebuild them. "
                + "Backups and exports have it, too.");
    }
}
