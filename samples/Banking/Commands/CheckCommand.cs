using System.CommandLine;
using System.Globalization;
using System.Text;
using EventSourcing;
using EventSourcing.Ledger;

namespace Banking;

/// <summary><c>check PROOF --key KEY</c></summary>
internal static class CheckCommand
{
    public static Command Create()
    {
        var proof = new Argument<string>("PROOF") { Description = "A file that 'prove' has written.", CustomParser = CommandLine.NotEmpty };
        var key = new Option<string>("--key") { Description = "The bank's public key: its text, or a file that has it.", HelpName = "KEY", Required = true, CustomParser = CommandLine.NotEmpty };
        var command = new Command("check", "Checks a proof without any database, and prints what it proves. Exit code 0: it is proven; 1: it is not; 2: it could not run.") { proof, key };
        command.SetAction(arguments => Run(arguments.GetRequiredValue(proof), arguments.GetRequiredValue(key)));
        return command;
    }

    private static int Run(string path, string key)
    {
        var verifier = BankKey.Parse(key);
        if (!File.Exists(path)) throw new CannotRunException($"There is no file '{path}'.");
        if (SmallFile.Read(path, TlogProof.MaxBytes) is not { } text) return NotProven($"a proof has at most {TlogProof.MaxBytes} bytes.");
        try
        {
            var proof = TlogProof.Parse(text);
            Print(EventDisclosure.Open(proof, Bank.Origin, verifier), Checkpoint.Parse(proof.Note.Text), verifier);
            return ExitCode.Ok;
        }
        catch (Exception e) when (e is LedgerFormatException or LedgerVerificationException)
        {
            return NotProven(e.Message);
        }
    }

    private static void Print(EventDisclosure shown, Checkpoint checkpoint, INoteVerifier verifier)
    {
        var leaf = shown.Leaf;
        Print("position", leaf.Position.ToString(CultureInfo.InvariantCulture));
        Print("stream", string.Create(CultureInfo.InvariantCulture, $"{leaf.Stream} version {leaf.Version}"));
        Print("recorded at", leaf.RecordedAt.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture));
        Print("id", leaf.Id.ToString());
        Print("type", leaf.Type);
        Print("data", shown.Data is { } data ? Encoding.UTF8.GetString(data.Span) : "not told, or erased");
        Print("under", string.Create(CultureInfo.InvariantCulture, $"the checkpoint of {checkpoint.Size} events of {checkpoint.Origin}, with the root {CommandLine.RootText(checkpoint.Root)}"));
        Print("signed by", string.Create(CultureInfo.InvariantCulture, $"{verifier.Name}, key {verifier.KeyId:x8}"));

        static void Print(string what, string value) => Console.Out.WriteLine($"{what,-11}  {CommandLine.OneLine(value)}");
    }

    private static int NotProven(string reason)
    {
        Console.Out.WriteLine("NOT PROVEN: " + CommandLine.OneLine(reason));
        return ExitCode.NotSound;
    }
}
