using System.CommandLine;
using System.Text;

namespace EventSourcing.Tool;

/// <summary><c>prove STORE EVENT</c></summary>
internal static class ProveCommand
{
    public static Command Create(Evs evs)
    {
        var store = Arguments.Store();
        var which = Arguments.Text("EVENT", EventReference.Description);
        var output = Arguments.TextOption("--out", "FILE", "The file to write. By default the proof goes to standard output.");
        var overwrite = OutputFile.Overwrite();
        var files = new CheckpointFiles.Options(mayDoWithout: false);
        var command = new Command(
            "prove",
            "Writes a .tlog-proof: one event with all its content, and the proof that it is in the log, "
            + "for somebody who has nothing but the public key.")
        {
            store, which, output, overwrite,
        };
        files.AddTo(command);
        command.SetAction((parsed, cancellationToken) =>
        {
            var text = evs.StoreOf(parsed, store);
            return RunAsync(
                evs.ScreenOf(parsed),
                text,
                files.In(parsed, text),
                parsed.GetRequiredValue(which),
                parsed.GetValue(output) is { } path ? new OutputFile(path, parsed.GetValue(overwrite), text) : null,
                cancellationToken);
        });
        return command;
    }

    private static async Task<int> RunAsync(
        Screen screen, StoreText text, CheckpointFiles files, string which, OutputFile? output, CancellationToken cancellationToken)
    {
        await using var store = await text.OpenToReadAsync(cancellationToken);
        var position = await EventReference.PositionOfAsync(store, which, cancellationToken);
        var kept = await files.ReadAsync(cancellationToken);
        var (note, _) = kept.Where(pair => pair.Checkpoint.Size >= position)
            .OrderByDescending(pair => pair.Checkpoint.Size).FirstOrDefault();
        if (note is null)
        {
            throw new ToolException(kept.Count == 0
                ? $"There is no checkpoint to prove it under: {files.NotThere}. Sign one first, with 'evs checkpoint'."
                : $"No checkpoint in '{files.Path}' covers position {Format.Plain(position)} yet. Sign one first, with 'evs checkpoint'.");
        }

        var proof = (await store.Ledger.ProveInclusionAsync(position, note, cancellationToken)).ToTlogProof().ToString();
        if (output is null) screen.Output.Write(proof);
        else await output.WriteAsync(file => WriteAsync(file, proof, cancellationToken));
        return ExitCode.Done;
    }

    private static async Task<int> WriteAsync(FileStream file, string proof, CancellationToken cancellationToken)
    {
        var bytes = Encoding.UTF8.GetBytes(proof);
        await file.WriteAsync(bytes, cancellationToken);
        return bytes.Length;
    }
}
