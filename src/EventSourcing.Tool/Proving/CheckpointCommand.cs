using System.CommandLine;

namespace EventSourcing.Tool;

/// <summary><c>checkpoint STORE</c></summary>
internal static class CheckpointCommand
{
    public static Command Create(Evs evs)
    {
        var store = Arguments.Store();
        var key = Arguments.TextOption(
            "--key", "FILE", "The private key that signs. By default beside a store in a file, with .key after its name.");
        var newKey = Arguments.TextOption("--new-key", "NAME", "Makes the key first, for a log of this name, such as shop.example/ledger.");
        var checkpoints = Arguments.TextOption(
            "--checkpoints",
            "FILE",
            "The file that the checkpoint is added to. By default beside a store in a file, with .checkpoints after its name.");
        var command = new Command(
            "checkpoint", "Signs a checkpoint of the log as it is now, adds it to the file of checkpoints and prints it.")
        {
            store, key, newKey, checkpoints,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var screen = evs.ScreenOf(parsed);
            var text = evs.StoreOf(parsed, store);
            var path = parsed.GetValue(checkpoints) ?? BesideOf(text, ".checkpoints", "--checkpoints");
            if (path == CheckpointFiles.NoFile)
                throw new ToolException(
                    $"A checkpoint is kept in a file, and '{path}' means that there is none. Name the file; one that is called so is "
                    + $"'./{path}'. Nothing was signed.");
            var keyPath = parsed.GetValue(key) ?? BesideOf(text, ".key", "--key");

            // To open the store's own file as another one, and to close it, would drop SQLite's locks on it.
            foreach (var named in (string[])[path, keyPath, SigningKey.PublicPath(keyPath)])
            {
                if (text.Owns(named))
                    throw new ToolException($"'{named}' is a file of the store itself. Choose another path. Nothing was written.");
            }

            // Open the store first: if it is missing, no key may be made.
            await using (await text.OpenToReadAsync(cancellationToken))
            {
            }

            using var signer = KeyOf(screen, keyPath, parsed.GetValue(newKey));
            var ledger = new LedgerOptions
            {
                Origin = signer.Signer.Name,
                Signers = [signer.Signer],
                Verifiers = [signer.Signer.Verifier],
                Sink = new FileCheckpointSink(path),
                EveryEvents = null,
                Interval = null,
            };
            await using var opened = await text.OpenToWriteAsync(new EventStoreOptions { Ledger = ledger }, cancellationToken);
            var note = await opened.Ledger.SignCheckpointAsync(cancellationToken);
            if (screen.IsJson) PrintJson(screen, note);
            else screen.Output.Write(note.ToString());
            return ExitCode.Done;
        });
        return command;
    }

    private static string BesideOf(StoreText store, string ending, string option) =>
        store.File is { } file
            ? file + ending
            : throw new ToolException($"This store is not in a file, so nothing can be beside it. Say {option}.");

    private static SigningKey KeyOf(Screen screen, string path, string? newKey)
    {
        if (newKey is null) return SigningKey.Read(path);
        var made = SigningKey.Create(path, newKey);

        // Not beside the note: that may go into a file.
        screen.Remark(
            $"A new key signs: {path}. Whoever checks what it has signed needs its public part, {SigningKey.PublicPath(path)}: "
            + $"{made.Signer.Verifier}");
        return made;
    }

    private static void PrintJson(Screen screen, SignedNote note)
    {
        var checkpoint = Checkpoint.Parse(note.Text);
        screen.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("origin", checkpoint.Origin);
            json.WriteNumber("events", checkpoint.Size);
            json.WriteString("root", Format.Root(checkpoint.Root));
            json.WriteString("note", note.ToString());
            json.WriteEndObject();
        });
    }
}
