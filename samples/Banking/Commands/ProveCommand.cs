using System.CommandLine;
using System.Globalization;
using EventSourcing;
using EventSourcing.Ledger;

namespace Banking;

/// <summary><c>prove EVENT [--out FILE]</c></summary>
internal static class ProveCommand
{
    public static Command Create()
    {
        var which = new Argument<string>("EVENT") { Description = "The event's position in the log, or its id.", CustomParser = CommandLine.NotEmpty };
        var output = new Option<string?>("--out") { Description = "The file to write. By default it goes to standard output.", HelpName = "FILE", CustomParser = CommandLine.NotEmpty };
        var files = new BankFileOptions();
        var command = new Command("prove", "Writes a .tlog-proof: an event with all its content, and the proof that it is in the bank's log, for somebody who has nothing but the bank's public key.") { which, output, files.Database, files.Key, files.Checkpoints };
        command.SetAction((arguments, cancellationToken) => RunAsync(arguments.GetRequiredValue(which), arguments.GetValue(output), files.In(arguments), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(string which, string? output, BankFiles files, CancellationToken cancellationToken)
    {
        await using var store = Bank.OpenExisting(files);
        var position = await PositionAsync(store, which, cancellationToken);
        if (!File.Exists(files.Checkpoints)) throw NotCovered(position);
        var proof = await store.Ledger.ProveInclusionAsync(position, cancellationToken: cancellationToken);
        if (proof.Checkpoint is null) throw NotCovered(position);
        var text = proof.ToTlogProof().ToString();
        if (output is null) Console.Out.Write(text);
        else await File.WriteAllTextAsync(output, text, cancellationToken);
        return ExitCode.Ok;
    }

    private static async Task<long> PositionAsync(EventStore store, string which, CancellationToken cancellationToken)
    {
        if (Guid.TryParse(which, out var id))
        {
            var found = await store.Storage.GetPositionAsync(id, cancellationToken);
            return found > 0 ? found : throw new CannotRunException($"No event has the id {id}.");
        }

        if (!long.TryParse(which, NumberStyles.None, CultureInfo.InvariantCulture, out var position)) throw new CannotRunException($"'{which}' is neither a position nor an event's id.");
        var head = await store.GetHeadAsync(cancellationToken);
        return position >= 1 && position <= head ? position : throw new CannotRunException($"There is no event at position {position}; the log has {head}.");
    }

    private static CannotRunException NotCovered(long position) => new($"No checkpoint covers position {position} yet. Sign one first, with 'checkpoint'.");
}
