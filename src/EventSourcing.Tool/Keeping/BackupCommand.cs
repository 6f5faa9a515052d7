using System.CommandLine;

namespace EventSourcing.Tool;

/// <summary><c>backup STORE COPY</c></summary>
internal static class BackupCommand
{
    public static Command Create(Evs evs)
    {
        var store = Arguments.Store();
        var copy = Arguments.Text("COPY", "The file to write. There is a whole copy or none, whenever the machine stops.");
        var overwrite = Arguments.Flag("--overwrite", "Replaces an older copy at that path.");
        var command = new Command(
            "backup", "Copies a store in use into a file, verifies the copy, and says what was proven.")
        {
            store, copy, overwrite,
        };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            evs.ScreenOf(parsed),
            evs.StoreOf(parsed, store),
            parsed.GetRequiredValue(copy),
            parsed.GetValue(overwrite),
            cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(Screen screen, StoreText text, string copy, bool overwrite, CancellationToken cancellationToken)
    {
        OutputFile.ThrowIfKept(copy, text, mayBeDatabase: true);

        // Read-only, so that an older schema is not upgraded by the way.
        await using (await text.OpenToReadAsync(cancellationToken))
        {
        }

        await using var storage = text.OpenFile(readOnly: true);
        SqliteBackup backup;
        using (var progress = new ProgressLine(screen))
            backup = await storage.BackupAsync(copy, overwrite, new FileCopyProgress(progress), cancellationToken);
        FileCopyProgress.Print(screen, backup, copy, "backup");
        return ExitCode.Done;
    }
}
