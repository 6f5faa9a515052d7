using System.Globalization;
using System.Text;

namespace EventSourcing.Crash;

/// <summary>A read model that counts events, and so must equal its checkpoint: a document of its own, moved under a guard.</summary>
internal static class CountModel
{
    private const string Model = "counts";
    private const string Checkpoint = "checkpoint";

    /// <summary>The count and the checkpoint, of one snapshot.</summary>
    public static async Task<(long Count, long Checkpoint)> ReadAsync(IEventStorage storage)
    {
        var found = await storage.ReadModels.LoadAsync(Model, ["all", Checkpoint]);
        return (Number(found[0]), Number(found[1]));
    }

    /// <summary>What moves both, unless a rival was first.</summary>
    public static ReadModelCommit Move(long from, long to, long count) => new()
    {
        Guards = [new DocumentGuard(Model, Checkpoint, from == 0 ? default(ReadOnlyMemory<byte>?) : Bytes(from))],
        Creates = [new ReadModelDefinition(Model, [new FieldDefinition("Position", FieldKind.WholeNumber)])],
        Changes =
        [
            new DocumentChange(Model, Checkpoint, Bytes(to)) { Fields = [new FieldValue(to)] },
            new DocumentChange(Model, "all", Bytes(count)) { Fields = [default] },
            new DocumentChange(Model, FormattableString.Invariant($"at-{to % 50}"), new byte[200]) { Fields = [new FieldValue(to)] },
        ],
    };

    private static long Number(byte[]? document) => document is null ? 0 : long.Parse(document, CultureInfo.InvariantCulture);

    private static byte[] Bytes(long number) => Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture));
}
