using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using EventSourcing.Tests.Projections;

namespace EventSourcing.Tests.Aggregates;

/// <summary>A number of coins by wallet, found by it, with the labels that the wallet has had.</summary>
public sealed record Purse(int Coins, HashSet<string> Labels);

/// <summary>Read by commands, say, within each append.</summary>
public sealed class Purses : Projection<Purse>
{
    public Purses()
    {
        On<CoinPut>((purse, e) => purse is null ? new Purse(e.Value, []) : purse with { Coins = purse.Coins + e.Value });
        On<WalletLabelled>((purse, e) => (purse ?? new Purse(0, [])) with { Labels = [.. purse?.Labels ?? [], e.Label] });
    }

    public static DocumentField<Purse, int> Coins { get; } = new("coins", purse => purse.Coins);

    public override IReadOnlyList<DocumentField<Purse>> Fields => [Coins];
}

/// <summary>A verification makes snapshots and read models anew, so that nothing that a command consults is forged unnoticed.</summary>
public abstract class DerivedVerificationTests(IStorageSource source) : WalletTests(source)
{
    private const string Snapshots = "$snapshots-wallet";

    private static LedgerVerification All { get; } = new() { Snapshots = [SnapshotsOf.Aggregate<Wallet>()], ReadModels = [new Purses()] };

    [Fact]
    public async Task Verify_snapshots_and_read_models_as_they_were_made_finds_nothing_and_says_how_many()
    {
        var store = await MakeAsync();

        var report = await store.Ledger.VerifyAsync(All);

        report.Findings.Should().BeEmpty();
        report.Derived.Should().BeEquivalentTo([new DerivedState(DerivedStateKind.Snapshots, "wallet", true, 3, ""), new DerivedState(DerivedStateKind.Documents, "Purses", true, 3, "")]);
        report.ToString().Should().Contain("snapshots 'wallet': 3 compared").And.Contain("read model 'Purses': 3 compared");
    }

    [Fact]
    public async Task Verify_a_forged_snapshot_that_a_command_has_used_names_its_stream()
    {
        var store = await MakeAsync();
        await ForgeSnapshotAsync(store, "wallet-b", "\"Balance\":6", "\"Balance\":1000000");
        (await store.Aggregate<Wallet>("b").LoadAsync())!.Balance.Should().Be(1_000_000, "a load cannot tell");
        await store.Aggregate<Wallet>("b").UpdateAsync(wallet => wallet.Take(500_000));

        var report = await store.Ledger.VerifyAsync(All);

        report.IsSound.Should().BeFalse();
        var finding = report.Findings.Should().ContainSingle().Subject;
        finding.Should().BeEquivalentTo(new { Kind = LedgerFindingKind.SnapshotMismatch, Stream = "wallet-b", ReadModel = Snapshots, Document = "wallet-b" });
        finding.Position.Should().BePositive();
        finding.Description.Should().Contain("Balance");
        report.FirstBadPosition.Should().Be(0, "the log itself is sound");
    }

    [Theory]
    [InlineData("\"version\":6", "\"version\":5")]
    [InlineData("\"position\":", "\"position\":1")]
    [InlineData("\"stream\":\"wallet-b\"", "\"stream\":\"wallet-a\"")]
    [InlineData("\"Trail\":", "\"Other\":")]
    public async Task Verify_a_snapshot_that_loads_would_ignore_says_so_too(string part, string forged)
    {
        var store = await MakeAsync();
        await ForgeSnapshotAsync(store, "wallet-b", part, forged);

        (await store.Ledger.VerifyAsync(All)).Findings.Should().ContainSingle(finding => finding.Kind == LedgerFindingKind.SnapshotMismatch && finding.Document == "wallet-b");
    }

    [Fact]
    public async Task Verify_snapshots_of_a_decider_and_of_an_older_fold()
    {
        var store = Open();
        await PutAsync(store, "a", 7);
        await store.Decider(Wallets.Decider(snapshotsEvery: 5), "a").LoadAsync();
        await store.Decider(Wallets.Decider(snapshotsEvery: 5), "a").DecideAsync(1);
        await store.Snapshots().FlushAsync();

        var sound = await store.Ledger.VerifyAsync(new LedgerVerification { Snapshots = [SnapshotsOf.Decider(Wallets.Decider(snapshotsEvery: 5))] });
        var stale = await store.Ledger.VerifyAsync(new LedgerVerification { Snapshots = [SnapshotsOf.Aggregate<Wallet>()] });
        await ForgeSnapshotAsync(store, "wallet-a", "\"balance\":7", "\"balance\":70", "\"Balance\":7", "\"Balance\":70");
        var forged = await store.Ledger.VerifyAsync(new LedgerVerification { Snapshots = [SnapshotsOf.Decider(Wallets.Decider(snapshotsEvery: 5))] });

        sound.Findings.Should().BeEmpty();
        sound.Derived.Should().ContainSingle().Which.Compared.Should().Be(1);
        stale.Findings.Should().BeEmpty();
        stale.Derived.Should().ContainSingle().Which.Remark.Should().Contain("1 of another fold");
        forged.Findings.Should().ContainSingle(finding => finding.Kind == LedgerFindingKind.SnapshotMismatch);
    }

    [Fact]
    public async Task Verify_without_naming_them_says_which_were_not_looked_at()
    {
        var store = await MakeAsync();

        var report = await store.Ledger.VerifyAsync();

        report.Derived.Select(derived => (derived.Kind, derived.Name, derived.IsVerified)).Should().BeEquivalentTo([(DerivedStateKind.Snapshots, "wallet", false), (DerivedStateKind.Documents, "Purses", false)]);
        report.ToString().Should().Contain("NOT VERIFIED");
    }

    [Theory]
    [InlineData("a document is changed")]
    [InlineData("a field is changed")]
    [InlineData("a document is gone")]
    [InlineData("a document is added")]
    [InlineData("the name leads elsewhere")]
    public async Task Verify_a_forged_read_model_names_the_document(string forgery)
    {
        var store = await MakeAsync();
        var models = store.Storage.ReadModels;
        const string Model = "Purses@1";
        var honest = (await models.LoadAsync(Model, ["b"]))[0]!;
        var forged = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(honest).Replace("6", "66", StringComparison.Ordinal));
        await models.CommitAsync(forgery switch
        {
            "a document is changed" => new ReadModelCommit { Changes = [new DocumentChange(Model, "b", forged) { Fields = [new FieldValue(6)] }] },
            "a field is changed" => new ReadModelCommit { Changes = [new DocumentChange(Model, "b", honest) { Fields = [new FieldValue(66)] }] },
            "a document is gone" => new ReadModelCommit { Changes = [new DocumentChange(Model, "b", null)] },
            "a document is added" => new ReadModelCommit { Changes = [new DocumentChange(Model, "z", honest) { Fields = [new FieldValue(6)] }] },
            _ => new ReadModelCommit { Creates = [new ReadModelDefinition("other", [new FieldDefinition("coins", FieldKind.WholeNumber)])], Aliases = [new ReadModelAlias("Purses", "other")] },
        });

        var report = await store.Ledger.VerifyAsync(All);

        report.IsSound.Should().BeFalse();
        report.Findings.Should().OnlyContain(finding => finding.Kind == LedgerFindingKind.ReadModelMismatch && finding.ReadModel == "Purses" && finding.Position == 27);
        report.Findings.Select(finding => finding.Document).Should().Contain(forgery == "a document is added" ? "z" : "b");
        if (forgery != "the name leads elsewhere") report.Findings.Should().ContainSingle();
    }

    [Theory]
    [InlineData("{\"coins\":6,\"labels\":[\"\u00ff\"]}")]
    [InlineData("{\"coins\":6,\"labels\":[\"\\ud800\"]}")]
    [InlineData("{\"coins\":6,\"\u00ff\":1}")]
    [InlineData("{\"coins\":6,\"\\ud800\":1}")]
    [InlineData("\"\u00ff\"")]
    public async Task Verify_a_document_of_which_a_text_cannot_be_decoded_is_a_finding(string document)
    {
        var store = await MakeAsync();
        var bytes = Encoding.Latin1.GetBytes(document);
        await store.Storage.ReadModels.CommitAsync(new ReadModelCommit { Changes = [new DocumentChange("Purses@1", "b", bytes) { Fields = [new FieldValue(6)] }] });

        var report = await store.Ledger.VerifyAsync(All);

        report.Findings.Should().ContainSingle(finding => finding.Kind == LedgerFindingKind.ReadModelMismatch).Which.Document.Should().Be("b");
    }

    /// <summary>It would otherwise never be folded again, and answer as if it were up to date.</summary>
    [Theory]
    [InlineData(28)]
    [InlineData(long.MaxValue)]
    public async Task Verify_a_read_model_that_claims_to_have_seen_more_than_there_is_is_a_finding(long claimed)
    {
        var store = await MakeAsync();
        var run = Encoding.UTF8.GetString((await store.Storage.ReadModels.LoadAsync("$runs", ["Purses@1"]))[0]!);
        var forged = run.Replace("\"position\":27", string.Create(CultureInfo.InvariantCulture, $"\"position\":{claimed}"), StringComparison.Ordinal);
        forged.Should().NotBe(run);
        await store.Storage.ReadModels.CommitAsync(new ReadModelCommit { Changes = [new DocumentChange("$runs", "Purses@1", Encoding.UTF8.GetBytes(forged))] });

        var report = await store.Ledger.VerifyAsync(All);

        report.Findings.Should().ContainSingle().Which.Should().Match<LedgerFinding>(finding => finding.Kind == LedgerFindingKind.ReadModelMismatch && finding.ReadModel == "Purses");
        report.Derived.Should().Contain(derived => derived.Name == "Purses" && !derived.IsVerified);
    }

    [Fact]
    public async Task Verify_a_read_model_with_little_memory_reads_the_log_more_than_once_and_finds_the_same()
    {
        var store = Open();
        for (var i = 0; i < 200; i++) await PutAsync(store, $"w{i}", 1);
        await CatchUpAsync(store);
        var honest = (await store.Storage.ReadModels.LoadAsync("Purses@1", ["w77"]))[0]!;

        var sound = await store.Ledger.VerifyAsync(new LedgerVerification { ReadModels = [new Purses()], MaxBytesOfDocuments = 2_000 });
        await store.Storage.ReadModels.CommitAsync(new ReadModelCommit { Changes = [new DocumentChange("Purses@1", "w77", Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(honest).Replace("1", "2", StringComparison.Ordinal))) { Fields = [new FieldValue(1)] }] });
        var forged = await store.Ledger.VerifyAsync(new LedgerVerification { ReadModels = [new Purses()], MaxBytesOfDocuments = 2_000 });

        sound.Findings.Should().BeEmpty();
        sound.Derived.Single(derived => derived.Name == "Purses").Compared.Should().Be(200);
        forged.Findings.Should().ContainSingle().Which.Document.Should().Be("w77");
    }

    [Fact]
    public async Task Verify_snapshots_of_a_stream_whose_payloads_were_erased_finds_nothing()
    {
        var store = await MakeAsync();
        await store.ErasePayloadsAsync("wallet-b", "asked for", "office");

        var report = await store.Ledger.VerifyAsync(new LedgerVerification { Snapshots = [SnapshotsOf.Aggregate<Wallet>()] });

        report.Findings.Should().BeEmpty();
        report.Derived[0].Compared.Should().Be(2);
    }

    [Fact]
    public async Task Verify_a_read_model_that_holds_what_was_erased_says_to_rebuild_it()
    {
        var store = Open();
        await PutAsync(store, "a", 2);
        await using (var running = store.StartProjections(new Forgiving()))
        {
            await running.CatchUpAsync(TimeSpan.FromMinutes(1));
            await store.ErasePayloadsAsync([2], "asked for");
            var before = await store.Ledger.VerifyAsync(new LedgerVerification { ReadModels = [new Forgiving()] });
            before.Findings.Should().ContainSingle().Which.Description.Should().Contain("were erased, the first at position 2. If it still holds what was erased, rebuild it.");
            await running.RebuildAsync(nameof(Forgiving));
        }

        (await store.Ledger.VerifyAsync(new LedgerVerification { ReadModels = [new Forgiving()] })).Findings.Should().BeEmpty();
    }

    [Fact]
    public async Task Verify_a_read_model_whose_projection_does_not_handle_erased_events_is_not_done_and_accuses_nobody()
    {
        var store = await MakeAsync();
        await store.ErasePayloadsAsync("wallet-b", "asked for");

        var report = await store.Ledger.VerifyAsync(new LedgerVerification { ReadModels = [new Purses()] });

        report.Findings.Should().BeEmpty();
        report.Derived.Should().Contain(derived => derived.Name == "Purses" && !derived.IsVerified && derived.Remark.Contains("was erased, and the projection does not handle ErasedEvent"));
    }

    private sealed class Forgiving : Projection<Purse>
    {
        public Forgiving()
        {
            On<CoinPut>((purse, e) => new Purse((purse?.Coins ?? 0) + e.Value, []));
            On<ErasedEvent>((purse, _) => purse ?? new Purse(0, []));
        }
    }

    private static async Task CatchUpAsync(EventStore store)
    {
        await using var running = store.StartProjections(new Purses());
        await running.CatchUpAsync(TimeSpan.FromMinutes(1));
    }

    /// <summary>Three wallets with snapshots, and a read model of them.</summary>
    private async Task<EventStore> MakeAsync()
    {
        var store = Open();
        foreach (var id in (string[])["a", "b", "c"])
        {
            await store.AppendAsync($"wallet-{id}", ExpectedVersion.Any, [new WalletLabelled("first"), new WalletLabelled("second"), new CoinPut(6)]);
            await PutAsync(store, id, 3, value: 0);
            await store.Aggregate<Wallet>(id).LoadAsync();
            await store.Snapshots().FlushAsync();
            await PutAsync(store, id, 3, value: 0);
        }

        await CatchUpAsync(store);
        return store;
    }

    /// <summary>Changes a snapshot as somebody does who knows how its checksum is made.</summary>
    private static async Task ForgeSnapshotAsync(EventStore store, string stream, params string[] replacements)
    {
        var document = Encoding.UTF8.GetString((await store.Storage.ReadModels.LoadAsync(Snapshots, [stream]))[0]!);
        var content = document[(document.IndexOf('\n', StringComparison.Ordinal) + 1)..];
        for (var i = 0; i < replacements.Length; i += 2) content = content.Replace(replacements[i], replacements[i + 1], StringComparison.Ordinal);
        content.Should().NotBe(document[(document.IndexOf('\n', StringComparison.Ordinal) + 1)..]);
        var checksum = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content)).AsSpan(0, 16));
        await store.Storage.ReadModels.CommitAsync(new ReadModelCommit { Changes = [new DocumentChange(Snapshots, stream, Encoding.UTF8.GetBytes($"{checksum}\n{content}"))] });
    }
}
