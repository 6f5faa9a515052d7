using System.CommandLine;

namespace EventSourcing.Tool;

/// <summary><c>restore COPY STORE</c></summary>
internal static class RestoreCommand
{
    public static Command Create(Evs evs)
    {
        var copy = Arguments.Text("COPY", "A file that 'evs backup' has written. It stays as it is.");
        var store = Arguments.Store();
        store.Description = "The path of the store. It is made if it is not there.";
        var replace = Arguments.Flag("--replace", "Moves aside the store that is there now.");
        var yes = Arguments.Yes();
        var command = new Command(
            "restore", "Verifies a backup and puts a copy of it in the place of a store. Stop all that uses the store first.")
        {
            copy, store, replace, yes,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var screen = evs.ScreenOf(parsed);
            var text = evs.StoreOf(parsed, store);
            var path = text.File
                ?? throw new ToolException("Only a store in a file is restored so. For another database, use its own tools or 'evs copy'.");
            var isReplaced = parsed.GetValue(replace);
            if (!isReplaced && File.Exists(path))
                throw new ToolException($"There is a file '{text.Display}' already. Say --replace to move it aside. Nothing was changed.");
            if (isReplaced && File.Exists(path))
                await screen.ConfirmAsync(
                    $"Move '{text.Display}' aside and put the backup in its place", parsed.GetValue(yes), cancellationToken);
            SqliteBackup restored;
            using (var progress = new ProgressLine(screen))
                restored = await SqliteEventStorage.RestoreAsync(
                    parsed.GetRequiredValue(copy), path, isReplaced, new FileCopyProgress(progress), cancellationToken);
            FileCopyProgress.Print(screen, restored, text.Display, "restored");
            return ExitCode.Done;
        });
        return command;
    }
}
