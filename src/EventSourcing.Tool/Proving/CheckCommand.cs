using System.CommandLine;
using System.Text;

namespace EventSourcing.Tool;

/// <summary><c>check PROOF --key KEY</c></summary>
internal static class CheckCommand
{
    public static Command Create(Evs evs)
    {
        var proof = Arguments.Text("PROOF", "A file that 'evs prove' has written.");
        var key = Arguments.RequiredOption("--key", "KEY", "The public key of the log: its text, or a file with it.");
        var origin = Arguments.TextOption("--origin", "NAME", "The name of the log. By default that of the key.");
        var command = new Command(
            "check", "Checks a proof without any store, and prints what it proves. Exit code 1: it is not proven.")
        {
            proof, key, origin,
        };
        command.SetAction((parsed, _) =>
            Task.FromResult(Run(
                evs.ScreenOf(parsed), parsed.GetRequiredValue(proof), parsed.GetRequiredValue(key), parsed.GetValue(origin))));
        return command;
    }

    private static int Run(Screen screen, string path, string key, string? origin)
    {
        var verifier = CheckpointFiles.ParseKey(key);
        if (SmallFile.Read(path, TlogProof.MaxBytes) is not { } text)
            return NotProven(screen, $"a proof has at most {Format.Plain(TlogProof.MaxBytes)} bytes.");
        try
        {
            var proof = TlogProof.Parse(text);
            Print(screen, EventDisclosure.Open(proof, origin ?? verifier.Name, verifier), Checkpoint.Parse(proof.Note.Text), verifier);
            return ExitCode.Done;
        }
        catch (Exception e) when (e is LedgerFormatException or LedgerVerificationException)
        {
            return NotProven(screen, e.Message);
        }
    }

    private static void Print(Screen screen, EventDisclosure shown, Checkpoint checkpoint, INoteVerifier verifier)
    {
        var leaf = shown.Leaf;
        if (screen.IsJson)
        {
            screen.Json(json =>
            {
                json.WriteStartObject();
                json.WriteBoolean("isProven", true);
                json.WriteNumber("position", leaf.Position);
                json.WriteString("stream", leaf.Stream);
                json.WriteNumber("version", leaf.Version);
                json.WriteString("type", leaf.Type);
                json.WriteString("id", leaf.Id);
                json.WriteString("recordedAt", Format.Exact(leaf.RecordedAt));
                if (shown.Data is { } data) json.WriteString("data", Encoding.UTF8.GetString(data.Span));
                json.WriteString("origin", checkpoint.Origin);
                json.WriteNumber("events", checkpoint.Size);
                json.WriteString("root", Format.Root(checkpoint.Root));
                json.WriteEndObject();
            });
            return;
        }

        Print("position", Format.Plain(leaf.Position));
        Print("stream", $"{leaf.Stream} version {Format.Plain(leaf.Version)}");
        Print("recorded at", Format.Exact(leaf.RecordedAt));
        Print("id", leaf.Id.ToString());
        Print("type", leaf.Type);
        Print("data", shown.Data is { } payload ? Encoding.UTF8.GetString(payload.Span) : "not told, or erased");
        Print(
            "under",
            $"the checkpoint of {Format.Plain(checkpoint.Size)} events of {checkpoint.Origin}, "
            + $"with the root {Format.Root(checkpoint.Root)}");
        Print("signed by", $"{verifier.Name}, key {verifier.KeyId:x8}");

        void Print(string what, string value) => screen.Field(what, Cells.OneLine(value));
    }

    private static int NotProven(Screen screen, string reason) => Screen.Found(ExitCode.FoundSomething, () =>
    {
        if (screen.IsJson)
        {
            screen.Json(json =>
            {
                json.WriteStartObject();
                json.WriteBoolean("isProven", false);
                json.WriteString("reason", reason);
                json.WriteEndObject();
            });
        }
        else screen.Wrapped("NOT PROVEN: " + Cells.OneLine(reason));
    });
}
