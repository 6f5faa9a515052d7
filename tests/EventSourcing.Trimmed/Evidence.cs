using System.Security.Cryptography;

namespace EventSourcing.Trimmed;

/// <summary>What a store can prove, and what is left of an erased payload.</summary>
internal static class Evidence
{
    private const string Origin = "bank.example/ledger";

    public static async Task ShowAsync(string path)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var signer = new EcdsaNoteSigner(Origin, key);
        await using var store = new EventStore(
            new SqliteEventStorage(path),
            EventTypes.FromAssemblyOf<Account>(),
            new EventStoreOptions
            {
                Json = BankJson.Default.Options,
                Ledger = new LedgerOptions { Origin = Origin, Signers = [signer], Sink = new FileCheckpointSink(path + ".checkpoints") },
            });
        await store.AppendAsync("account-eve", 0, [new AccountOpened("Eve"), new MoneyDeposited(5)]);
        await store.Ledger.SignCheckpointAsync();
        var file = (await store.Ledger.ProveInclusionAsync(position: 1)).ToTlogProof().ToString();
        Console.WriteLine(EventDisclosure.Open(TlogProof.Parse(file), Origin, signer.Verifier).Leaf.Type);
        Console.WriteLine(await store.ErasePayloadsAsync("account-eve", "asked for"));
        await foreach (var e in store.ReadStreamAsync("account-eve")) Console.WriteLine($"{e.Version} {((ErasedEvent)e.Data).Type}");
        Console.WriteLine((await store.Ledger.VerifyAsync()).IsSound);
    }
}
