using System.Security.Cryptography;
using System.Text;

namespace EventSourcing.Explorer.Tests.Bank;

/// <summary>An invented bank: what all pages have something to show of.</summary>
public sealed class SampleBank : IAsyncDisposable
{
    public const string Payment = "payment-2041";

    private readonly string _folder = Directory.CreateTempSubdirectory("explorer-").FullName;
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly BankClock _clock = new();
    private RunningProjections? _running;

    private SampleBank(bool isOnDisk)
    {
        var signer = new EcdsaNoteSigner("bank.example/ledger", _key);
        PublicKey = signer.Verifier.ToString();
        var ledger = new LedgerOptions { Origin = "bank.example/ledger", Signers = [signer], Sink = new FileCheckpointSink(Path.Combine(_folder, "checkpoints")), EveryEvents = null, Interval = null };
        IEventStorage storage = isOnDisk
            ? new SqliteEventStorage(File, new SqliteEventStorageOptions { TimeProvider = _clock })
            : new InMemoryEventStorage(new EventStorageOptions { TimeProvider = _clock });
        Counting = new CountingStorage(storage);
        Store = new EventStore(Counting, EventTypes.FromAssemblyOf<Account>(), new EventStoreOptions { Ledger = ledger });
    }

    public EventStore Store { get; }

    public CountingStorage Counting { get; }

    public string PublicKey { get; }

    /// <summary>The file of the store, if it is on disk.</summary>
    public string File => Path.Combine(_folder, "bank.db");

    /// <summary>The position at which Ann has paid Ben.</summary>
    public long AnnPaid { get; private set; }

    /// <summary>The positions of an event under an old version, an unknown one, and an erased one.</summary>
    public long Old { get; private set; }

    public long Unknown { get; private set; }

    public long Erased { get; private set; }

    public long Large { get; private set; }

    public static async Task<SampleBank> OpenAsync(bool isOnDisk = false)
    {
        var bank = new SampleBank(isOnDisk);
        await bank.FillAsync();
        return bank;
    }

    public static void Show(EventExplorerOptions options)
    {
        options.Title = "Harbour Bank";
        options.Aggregate<Account>().ReadModel(new Balances());
    }

    public async ValueTask DisposeAsync()
    {
        if (_running is not null) await _running.DisposeAsync();
        await Store.DisposeAsync();
        _key.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    public async Task RaiseAsync(string stream, object e, params string[] tags)
    {
        _clock.Now += TimeSpan.FromMinutes(37);
        await Store.AppendAsync(
            stream, ExpectedVersion.Any, [new EventData(e) { Tags = tags }],
            new EventMetadata { Values = new Dictionary<string, string> { ["user"] = "teller-3" } });
    }

    private async Task FillAsync()
    {
        var random = new Random(7);
        string[] owners = ["Ann Harper", "Ben Okafor", "Cid Moreau", "Dora Lindt", "Eve Tanaka", "Fay Novak"];
        string[] ids = ["ann", "ben", "cid", "dora", "eve", "fay"];
        string[] references = ["salary", "rent", "groceries", "card 4411", "cash desk 2", "insurance", "tram ticket", "refund"];
        for (var i = 0; i < ids.Length; i++)
        {
            _clock.Now += TimeSpan.FromHours(5);
            await Store.AppendAsync(
                $"account-{ids[i]}", ExpectedVersion.NoStream,
                [new EventData(new AccountOpened(owners[i], "EUR")) { Tags = [$"branch-{1 + (i % 2)}"] }, new MoneyDeposited(400 + (i * 150), "opening")]);
        }

        await Store.Storage.AppendAsync(new AppendRequest([new StreamWrite("account-ann", ExpectedVersion.Any,
        [
            new NewEvent(Guid.CreateVersion7(), "address-changed", Encoding.UTF8.GetBytes("""{"street":"Rua da Prata 12"}""")),
            new NewEvent(Guid.CreateVersion7(), "moved@2", Encoding.UTF8.GetBytes("""{"street":"Cais 4","city":"Porto"}""")),
        ])]));
        Old = await Store.GetHeadAsync() - 1;
        await Store.Storage.AppendAsync(new AppendRequest([new StreamWrite("audit-1", ExpectedVersion.Any, [new NewEvent(Guid.CreateVersion7(), "audit-noted", Encoding.UTF8.GetBytes("""{"by":"outside","count":9007199254740993}"""))])]));
        Unknown = await Store.GetHeadAsync();
        for (var i = 0; i < 260; i++)
        {
            _clock.Now += TimeSpan.FromMinutes(random.Next(40, 500));
            var amount = Math.Round((decimal)(random.NextDouble() * 180) + 5, 2);
            object e = random.Next(5) switch { 0 => new MoneyDeposited(amount * 3, "salary"), 1 => new LimitSet(100 * random.Next(1, 9)), _ => new MoneyWithdrawn(amount, references[random.Next(1, references.Length)]) };
            await Store.AppendAsync(
                $"account-{ids[random.Next(ids.Length)]}", ExpectedVersion.StreamExists,
                [new EventData(e) { Tags = [$"desk-{random.Next(1, 5)}"] }],
                new EventMetadata { Values = new Dictionary<string, string> { ["user"] = $"teller-{random.Next(1, 6)}" } });
        }

        await Store.AppendAsync("account-fay", ExpectedVersion.Any, [new MoneyWithdrawn(12.50m, "??")]);
        await Store.AppendAsync("account-eve", ExpectedVersion.Any, [new MoneyDeposited(80m, "old letter of Mr. Smith")]);
        Erased = await Store.GetHeadAsync();
        await Store.ErasePayloadsAsync([Erased], "Art. 17 GDPR, request 4711", "privacy@bank.example");
        await PayAsync();
        await Store.Storage.AppendAsync(new AppendRequest([new StreamWrite("audit-1", ExpectedVersion.Any, [new NewEvent(Guid.CreateVersion7(), "audit-noted", Encoding.UTF8.GetBytes($$"""{"text":"{{new string('x', 200_000)}}"}"""))])]));
        Large = await Store.GetHeadAsync();
        _running = Store.StartProjections(new ProjectionOptions { RetryDelays = [] }, new Balances(), new Statements());
        await _running.CatchUpAsync();
        await Store.Ledger.SignCheckpointAsync();
        await RaiseAsync("account-cid", new MoneyDeposited(21.40m, "refund"), "desk-1");
        await RaiseAsync("account-dora", new MoneyWithdrawn(9.90m, "tram ticket"), "desk-2");
        await _running.CatchUpAsync();
    }

    /// <summary>Ann pays Ben: a request, and the three events that it causes.</summary>
    private async Task PayAsync()
    {
        async Task<RecordedEvent> NextAsync(string stream, object e, EventMetadata metadata)
        {
            _clock.Now += TimeSpan.FromMilliseconds(240);
            var stored = await Store.AppendAsync(stream, ExpectedVersion.Any, [e], metadata);
            return await Store.ReadLogAsync(new LogReadOptions { After = stored.Position - 1, Limit = 1 }).SingleAsync();
        }

        var asked = await NextAsync(
            "transfer-2041", new TransferRequested("ann", "ben", 125m),
            new EventMetadata { CorrelationId = Payment, Values = new Dictionary<string, string> { ["user"] = "ann" } });
        var paid = await NextAsync("account-ann", new MoneyWithdrawn(125m, "transfer 2041 to Ben"), EventMetadata.CausedBy(asked));
        AnnPaid = paid.Position;
        var got = await NextAsync("account-ben", new MoneyDeposited(125m, "transfer 2041 from Ann"), EventMetadata.CausedBy(paid));
        await NextAsync("transfer-2041", new TransferCompleted("2041"), EventMetadata.CausedBy(got));
    }
}
