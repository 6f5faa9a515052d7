using System.CommandLine;
using EventSourcing;

namespace Banking;

/// <summary><c>checkpoint</c></summary>
internal static class CheckpointCommand
{
    public static Command Create()
    {
        var files = new BankFileOptions();
        var command = new Command("checkpoint", "Signs a checkpoint of the bank's log as it is now, keeps it and prints it. The first time it makes the key.") { files.Database, files.Key, files.Checkpoints };
        command.SetAction((arguments, cancellationToken) => RunAsync(files.In(arguments), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(BankFiles files, CancellationToken cancellationToken)
    {
        Bank.RequireDatabase(files);
        if (File.Exists(files.Checkpoints) && !File.Exists(files.Key)) throw new CannotRunException($"There are checkpoints in '{files.Checkpoints}', but not the key '{files.Key}' to sign another. Give it with --key.");
        using var key = BankKey.OpenOrCreate(files.Key);

        // Not beside the note: that may go into a file.
        if (key.IsNew) await Console.Error.WriteLineAsync($"A new key signs: {files.Key}. Whoever checks what it has signed needs its public part, {BankKey.PublicPath(files.Key)}:\n{key.Signer.Verifier}\n");
        await using var store = Bank.OpenExisting(files, key);
        Console.Out.Write(await store.Ledger.SignCheckpointAsync(cancellationToken));
        return ExitCode.Ok;
    }
}
