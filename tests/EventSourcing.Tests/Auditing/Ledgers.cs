using System.Security.Cryptography;

namespace EventSourcing.Tests.Auditing;

/// <summary>Options and notes for tests of checkpoints, signed by a key that lives as long as the tests.</summary>
internal static class Ledgers
{
    public const string Origin = "bank.example/ledger";

    public static EcdsaNoteSigner Signer { get; } = new(Origin, ECDsa.Create(ECCurve.NamedCurves.nistP256));

    public static EcdsaNoteSigner Stranger { get; } = new(Origin, ECDsa.Create(ECCurve.NamedCurves.nistP256));

    /// <summary>Nothing is signed but on demand.</summary>
    public static LedgerOptions OnDemand(ICheckpointSink? sink) => new() { Origin = Origin, Signers = [Signer], Sink = sink, EveryEvents = null, Interval = null };

    public static EventStore Open(IEventStorage storage, LedgerOptions options) => Bank.Open(storage, new EventStoreOptions { Ledger = options });

    public static Task DepositAsync(this EventStore store, int events) =>
        store.AppendAsync("a", ExpectedVersion.Any, [.. Enumerable.Range(1, events).Select(i => new MoneyDeposited(i))]);

    public static async Task<SignedNote> NoteAsync(long size, INoteSigner? signer = null, string origin = Origin) =>
        await new Checkpoint(origin, size, size == 0 ? MerkleTree.EmptyRoot : MerkleTree.HashLeaf(BitConverter.GetBytes(size))).SignAsync([signer ?? Signer]);

    public static long SizeOf(SignedNote? note) => note is null ? -1 : Checkpoint.Parse(note.Text).Size;
}
