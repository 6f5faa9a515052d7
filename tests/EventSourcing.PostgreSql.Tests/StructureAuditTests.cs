using EventSourcing.Tests.Postgres;

namespace EventSourcing.PostgreSql.Tests;

/// <summary>What somebody with the rights of the owner has done to a store is found by an audit of its structure.</summary>
public sealed class StructureAuditTests : IDisposable
{
    private readonly OneSchema _schema = new();

    public void Dispose() => _schema.Dispose();

    [Theory]
    [InlineData("ALTER TABLE {es}.events DISABLE TRIGGER append_only", LedgerFindingKind.SchemaChanged)]
    [InlineData("ALTER TABLE {es}.events ENABLE TRIGGER append_only", LedgerFindingKind.SchemaChanged)]
    [InlineData("DROP TRIGGER not_truncated ON {es}.streams", LedgerFindingKind.SchemaChanged)]
    [InlineData("CREATE FUNCTION {es}.skip() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; CREATE TRIGGER skip BEFORE INSERT ON {es}.events FOR EACH ROW EXECUTE FUNCTION {es}.skip()", LedgerFindingKind.SchemaChanged)]
    [InlineData("CREATE RULE skip AS ON INSERT TO {es}.event_tags DO INSTEAD NOTHING", LedgerFindingKind.SchemaChanged)]
    [InlineData("ALTER TABLE {es}.events ENABLE ROW LEVEL SECURITY", LedgerFindingKind.SchemaChanged)]
    [InlineData("CREATE TABLE {es}.more () INHERITS ({es}.event_tags)", LedgerFindingKind.SchemaChanged)]
    [InlineData("ALTER TABLE {es}.events DROP CONSTRAINT events_by_id", LedgerFindingKind.SchemaChanged)]
    [InlineData("DROP INDEX {es}.events_by_type", LedgerFindingKind.SchemaChanged)]
    [InlineData("ALTER TABLE {es}.events ADD COLUMN more text", LedgerFindingKind.SchemaChanged)]
    [InlineData("CREATE OR REPLACE FUNCTION {es}.refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'", LedgerFindingKind.SchemaChanged)]
    [InlineData("CREATE OR REPLACE VIEW {es}.event_log AS SELECT e.position, s.name AS stream, e.version, t.name AS type, now() AS recorded_at, NULL::jsonb AS data, NULL::jsonb AS metadata, NULL::jsonb AS tags, e.id FROM {es}.events e, {es}.streams s, {es}.event_types t WHERE false", LedgerFindingKind.SchemaChanged)]
    [InlineData("ALTER TABLE {es}.event_tags SET UNLOGGED", LedgerFindingKind.SchemaChanged)]
    [InlineData("ALTER TABLE {es}.events SET UNLOGGED", LedgerFindingKind.SchemaChanged)]
    [InlineData("UPDATE {es}.store SET version = 0", LedgerFindingKind.SchemaChanged)]
    [InlineData("INSERT INTO {es}.event_tags VALUES ('foreign', 1, 1)", LedgerFindingKind.IndexMismatch)]
    [InlineData("INSERT INTO {es}.streams VALUES (99, 'without an event')", LedgerFindingKind.IndexMismatch)]
    [InlineData("INSERT INTO {es}.streams VALUES (99, E'bad\\nname')", LedgerFindingKind.IndexMismatch)]
    [InlineData("INSERT INTO {es}.ledger_tiles VALUES (1, 7, decode(repeat('00', 32), 'hex'), NULL)", LedgerFindingKind.TreeMismatch)]
    [InlineData("INSERT INTO {es}.event_type_counts VALUES (1, 2, 77)", LedgerFindingKind.IndexMismatch)]
    public async Task Audit_finds_what_was_done_to_the_store(string sql, LedgerFindingKind kind)
    {
        await using var storage = _schema.Open();
        await storage.AppendAsync(Some.Append("s", 0, Some.Event(tags: "t"), Some.Event()));
        (await storage.Ledger.AuditStructureAsync(isWhole: true)).Should().BeEmpty();

        await using var readOnly = _schema.Open(own => own with { ReadOnly = true });
        (await readOnly.Ledger.AuditStructureAsync(isWhole: true)).Should().BeEmpty();

        _schema.Run(sql);

        (await storage.Ledger.AuditStructureAsync(isWhole: true)).Select(finding => finding.Kind).Should().Contain(kind);
        if (!sql.StartsWith("CREATE OR REPLACE VIEW", StringComparison.Ordinal)) // its text is told in words of the server's version
            (await readOnly.Ledger.AuditStructureAsync(isWhole: true)).Select(finding => finding.Kind).Should().Contain(kind);
    }

    [Theory]
    [InlineData("DROP TRIGGER append_only ON {es}.events")]
    [InlineData("CREATE OR REPLACE FUNCTION {es}.refuse_commit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'")]
    [InlineData("ALTER FUNCTION {es}.refuse_change() SET search_path = public")]
    [InlineData("ALTER TABLE {es}.events DROP CONSTRAINT events_pkey; CREATE INDEX events_pkey ON {es}.events (position)")]
    [InlineData("ALTER TABLE {es}.streams DROP CONSTRAINT streams_by_name")]
    [InlineData("ALTER TABLE {es}.events ALTER COLUMN seal DROP NOT NULL")]
    [InlineData("DROP VIEW {es}.event_log")]
    public async Task Audit_by_one_who_may_make_no_schema_compares_with_what_is_known(string sql)
    {
        await using (var owner = _schema.Open()) await owner.AppendAsync(Some.Append("s", 0, Some.Event(tags: "t")));
        await using var storage = _schema.Open(own => own with { ReadOnly = true });
        (await storage.Ledger.AuditStructureAsync(isWhole: true)).Should().BeEmpty();

        _schema.Run(sql);

        (await storage.Ledger.AuditStructureAsync(isWhole: true)).Should().Contain(finding => finding.Kind == LedgerFindingKind.SchemaChanged);
    }

    [Fact]
    public async Task What_is_known_of_a_store_is_all_that_one_has()
    {
        await using (var owner = _schema.Open()) await owner.AppendAsync(Some.Append("s", 0, Some.Event(tags: "t")));
        var known = KnownDefinitions.Of(new SchemaSql(_schema.Name));
        known.Count.Should().Be(Count("attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND c.relkind = 'r'")
            + Count("constraint k ON k.conrelid = c.oid AND k.contype <> 'n'") + Count("index x ON x.indrelid = c.oid")
            + Count("trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal") + (2 * SchemaSql.Functions.Length) + SchemaSql.Tables.Length + 1);

        int Count(string of) => (int)_schema.Run($"""
            SELECT count(*)::int FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = '{_schema.Name}' JOIN pg_{of}
            """)!;
    }

    /// <summary>Texts of the store's own contain these words before a dot: <c>pg_catalog.</c>, and aliases of tables.</summary>
    [Theory]
    [InlineData("catalog")]
    [InlineData("e")]
    [InlineData("s")]
    [InlineData("t")]
    [InlineData("u")]
    [InlineData("h")]
    [InlineData("ok")]
    public async Task Audit_of_a_store_in_a_schema_with_such_a_name_finds_nothing(string schema)
    {
        PostgresServer.Run($"DROP SCHEMA IF EXISTS {schema} CASCADE");
        try
        {
            await using var storage = new PostgresEventStorage(PostgresServer.DataSource, OneSchema.OptionsFor(schema));
            await storage.AppendAsync(Some.Append("s", 0, Some.Event(tags: "t")));
            (await storage.Ledger.AuditStructureAsync(isWhole: true)).Should().BeEmpty();
            await using var readOnly = new PostgresEventStorage(PostgresServer.DataSource, OneSchema.OptionsFor(schema) with { ReadOnly = true });
            (await readOnly.Ledger.AuditStructureAsync(isWhole: true)).Should().BeEmpty();
            PostgresServer.Run($"ALTER FUNCTION {schema}.refuse_move() SECURITY DEFINER");
            (await storage.Ledger.AuditStructureAsync(isWhole: true)).Should().NotBeEmpty();
            (await readOnly.Ledger.AuditStructureAsync(isWhole: true)).Should().NotBeEmpty();
        }
        finally
        {
            PostgresServer.Run($"DROP SCHEMA IF EXISTS {schema} CASCADE");
        }
    }

    [Fact]
    public async Task Audit_of_the_events_finds_a_tag_that_is_missing_from_its_table()
    {
        await using var storage = _schema.Open();
        await storage.AppendAsync(Some.Append("s", 0, Some.Event(tags: "t")));
        _schema.Run("ALTER TABLE {es}.event_tags DISABLE TRIGGER ALL; DELETE FROM {es}.event_tags");
        using var audit = await storage.Ledger.AuditAsync(0);
        audit.Findings.Select(finding => (finding.Kind, finding.Position)).Should().Equal((LedgerFindingKind.IndexMismatch, 1));
    }

    /// <summary>Tiles that a process did not store before it died are stored by whoever completes the next one; readers make them meanwhile.</summary>
    [Fact]
    public async Task Tree_whose_last_tiles_were_not_stored_is_whole_for_readers_and_completed_by_the_next_tile()
    {
        await using var storage = _schema.Open();
        await storage.AppendAsync(Some.Append("s", 0, [.. Enumerable.Range(0, 600).Select(_ => Some.Event())]));
        var root = (await storage.Ledger.GetFrontierAsync()).Root();
        (await storage.Ledger.AuditStructureAsync(isWhole: true)).Should().BeEmpty();
        _schema.Run("ALTER TABLE {es}.ledger_tiles DISABLE TRIGGER ALL; DELETE FROM {es}.ledger_tiles; ALTER TABLE {es}.ledger_tiles ENABLE ALWAYS TRIGGER append_only; ALTER TABLE {es}.ledger_tiles ENABLE ALWAYS TRIGGER not_truncated");

        (await storage.Ledger.GetFrontierAsync()).Root().Should().Be(root);
        (await storage.Ledger.AuditStructureAsync(isWhole: true)).Should().BeEmpty("missing tiles at the end are no damage");
        await storage.AppendAsync(Some.Append("s", 600, [.. Enumerable.Range(0, 200).Select(_ => Some.Event())]));
        using (await storage.Ledger.AuditAsync(0)) _schema.Run("SELECT count(*)::int FROM {es}.ledger_tiles WHERE level = 1").Should().Be(3);
    }

    /// <summary>Each of the two goes on from tiles that the other has stored, beyond the first tile of the second level.</summary>
    [Fact]
    public async Task Tiles_that_two_processes_store_in_turn_are_those_of_the_tree()
    {
        const int PerAppend = 1_000;
        await using var one = _schema.Open();
        await using var other = _schema.Open();
        for (var version = 0; version < 67 * PerAppend; version += PerAppend)
        {
            var turn = version / PerAppend % 3 == 0 ? one : other;
            await turn.AppendAsync(Some.Append("s", version, [.. Enumerable.Range(0, PerAppend).Select(_ => Some.Event())]));
        }

        // An audit begins when the tiles of its own storage are stored.
        foreach (var storage in new[] { one, other }) (await storage.Ledger.AuditAsync(0, limit: 1)).Dispose();
        var tree = new TreeGrowth(keepsMarks: true);
        using var hasher = new LedgerHasher();
        while (tree.Frontier.Size < 67 * PerAppend)
        {
            using var page = await one.ReadLogAsync(new LogRead { After = tree.Frontier.Size, WithSeals = true });
            foreach (ref readonly var e in page.Events) tree.Add(e.HashLeaf(hasher), hasher);
        }

        var stored = _schema.Run("SELECT string_agg(format('%s %s %s %s', level, number, encode(hash, 'hex'), encode(marks, 'hex')), E'\n' ORDER BY level, number) FROM {es}.ledger_tiles");

        stored.Should().Be(string.Join('\n', tree.Tiles.OrderBy(tile => tile.Tile.Level).ThenBy(tile => tile.Tile.Index)
            .Select(tile => $"{tile.Tile.Level} {tile.Tile.Index} {tile.Tile.Hash} {Convert.ToHexStringLower(tile.Marks ?? [])}")));
        tree.Tiles.Should().Contain(tile => tile.Tile.Level == 2);
    }
}
