using System.Globalization;
using EventSourcing.Ledger.Interop;

const string Usage = """
    vectors DIR         checks the library against the published vectors in a folder
    produce N SEED      writes N proofs and notes of each kind that must be accepted and N that must be refused, one JSON object a line
    """;

switch (args)
{
    case ["vectors", var folder]:
        return await PublishedVectors.RunAsync(folder, Console.Out) ? 0 : 1;
    case ["produce", var count, var seed]:
        await using (var output = Console.OpenStandardOutput())
        {
            await ProofProducer.RunAsync(int.Parse(count, CultureInfo.InvariantCulture), int.Parse(seed, CultureInfo.InvariantCulture), output);
        }

        return 0;
    default:
        await Console.Error.WriteLineAsync(Usage);
        return 2;
}
