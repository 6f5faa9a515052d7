using EventSourcing.Tests.Aggregates;
using EventSourcing.Tests.Projections;

namespace EventSourcing.PostgreSql.Tests.Projections;

/// <summary>What a superuser makes of the tables of read models: every way to read them says so by an error of the library's own.</summary>
public sealed class DamagedDocumentTests : IDisposable
{
    private readonly OneSchema _schema = new();

    public void Dispose() => _schema.Dispose();

    [Theory]
    [InlineData("ALTER TABLE {t} ALTER COLUMN data DROP NOT NULL; UPDATE {t} SET data = NULL WHERE key = 'a'", "no data")]
    [InlineData("UPDATE {t} SET key = '' WHERE key = 'a'", "key")]
    [InlineData("UPDATE {t} SET key = repeat('x', 201) WHERE key = 'a'", "key")]
    public async Task Read_a_document_that_the_library_does_not_write_is_a_typed_error_and_a_finding(string damage, string said)
    {
        await using var store = await StoreAsync();
        Change("tallies@1", damage);
        var model = store.ReadModel(new Tallies());

        (await FluentActions.Awaiting(() => model.Query().ToListAsync()).Should().ThrowAsync<ReadModelDamagedException>()).Which.Message.Should().Contain(said);
        if (said == "no data") await FluentActions.Awaiting(() => model.FindAsync("a")).Should().ThrowAsync<ReadModelDamagedException>();
        var report = await store.Ledger.VerifyAsync(new LedgerVerification { ReadModels = [new Tallies()] });
        report.Findings.Should().Contain(finding => finding.ReadModel == "tallies");

        await using (var running = store.StartProjections(new Tallies())) await running.RebuildAsync("tallies");
        (await model.Query().ToListAsync()).Should().HaveCount(2);
    }

    [Theory]
    [InlineData("$projections", "UPDATE {t} SET key = ''")]
    [InlineData("$projections", "UPDATE {t} SET key = repeat('x', 201)")]
    [InlineData("$projections", "ALTER TABLE {t} ALTER COLUMN data DROP NOT NULL; UPDATE {t} SET data = NULL")]
    [InlineData("$runs", "UPDATE {t} SET key = ''")]
    [InlineData("$runs", "ALTER TABLE {t} ALTER COLUMN data DROP NOT NULL; UPDATE {t} SET data = NULL")]
    [InlineData("$snapshots-wallet", "UPDATE {t} SET key = ''")]
    [InlineData("$snapshots-wallet", "ALTER TABLE {t} ALTER COLUMN data DROP NOT NULL; UPDATE {t} SET data = NULL")]
    [InlineData("$snapshots", "UPDATE {t} SET key = ''")]
    public async Task Read_a_record_that_the_library_does_not_write_throws_nothing_untyped_and_is_mended(string model, string damage)
    {
        await using var store = await StoreAsync();
        Change(model, damage);

        await store.ProjectionAdmin().GetStatusAsync();
        await store.ProjectionAdmin().GetParkedAsync("tallies");
        await store.Ledger.VerifyAsync(new LedgerVerification { ReadModels = [new Tallies()], Snapshots = [SnapshotsOf.Aggregate<Wallet>()] });
        (await store.Aggregate<Wallet>("a").LoadAsync()).Balance.Should().Be(6);
        await store.Snapshots().FlushAsync();

        // As a damaged record of any other kind: a rebuild makes it anew.
        await using var running = store.StartProjections(new Tallies());
        await running.RebuildAsync("tallies");
        (await running.CatchUpAsync(TimeSpan.FromMinutes(1))).Should().Be(await store.GetHeadAsync());
        (await store.ReadModel(new Tallies()).Query().ToListAsync()).Should().HaveCount(2);
    }

    [Fact]
    public async Task Read_a_read_model_whose_fields_are_missing_is_a_typed_error()
    {
        await using var store = await StoreAsync();
        _schema.Run("ALTER TABLE {es}.read_models ALTER COLUMN fields DROP NOT NULL; UPDATE {es}.read_models SET fields = NULL WHERE name = 'tallies@1'");
        await using var other = Open();

        await FluentActions.Awaiting(() => other.ReadModel(new Tallies()).Query().ToListAsync()).Should().ThrowAsync<ReadModelDamagedException>();
        await FluentActions.Awaiting(() => other.Catalog.ListReadModelsAsync()).Should().ThrowAsync<EventSourcingException>();
    }

    private EventStore Open() => new(_schema.Open(), new EventTypes([.. Tallied.Types.All, .. Wallets.Types.All]));

    /// <summary>A store with a read model of two documents, and a snapshot.</summary>
    private async Task<EventStore> StoreAsync()
    {
        var store = Open();
        await store.AppendAsync("s-1", 0, [Tallied.For("a", "b")]);
        await store.AppendAsync("wallet-a", 0, [.. Enumerable.Repeat(new CoinPut(1), 6)]);
        await store.Aggregate<Wallet>("a").LoadAsync();
        await store.Snapshots().FlushAsync();
        await using var running = store.StartProjections(new Tallies());
        await running.CatchUpAsync(TimeSpan.FromMinutes(1));
        return store;
    }

    private void Change(string model, string change)
    {
        var table = $"{{es}}.documents_{_schema.Run($"SELECT id FROM {{es}}.read_models WHERE name = '{model}'")}";
        _schema.Run(change.Replace("{t}", table, StringComparison.Ordinal));
    }
}
