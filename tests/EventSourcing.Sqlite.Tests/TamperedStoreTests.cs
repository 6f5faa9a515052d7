namespace EventSourcing.Sqlite.Tests;

/// <summary>What the tamper suite (tests/EventSourcing.Tamper) has found that verification once missed.</summary>
public sealed class TamperedStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Verify_an_older_copy_that_was_appended_to_blames_all_after_the_newest_checkpoint_that_agrees()
    {
        await AppendAsync(20);
        var kept = await CheckpointAsync();
        var older = await File.ReadAllBytesAsync(_folder.Store);
        await AppendAsync(30);
        var lost = await CheckpointAsync();
        await File.WriteAllBytesAsync(_folder.Store, older);
        await AppendAsync(5);

        var report = await VerifyAsync(kept, lost);

        report.Findings.Should().ContainSingle().Which.Should().BeEquivalentTo(new { Kind = LedgerFindingKind.Truncated, Position = 21, UpTo = 50 });
    }

    [Fact]
    public async Task Verify_a_log_cut_short_below_its_tree_names_the_first_missing_event()
    {
        await AppendAsync(20);
        var kept = await CheckpointAsync();
        await AppendAsync(30);
        var lost = await CheckpointAsync();
        Change("events_refuse_delete", "DELETE FROM events WHERE position > 31");

        (await VerifyAsync(kept, lost)).Findings.Should().Contain(finding => finding.Kind == LedgerFindingKind.Truncated && finding.Position == 32 && finding.UpTo == 50);
    }

    [Fact]
    public async Task Verify_an_event_at_the_last_of_all_positions_names_what_is_missing_before_it()
    {
        await AppendAsync(3);
        var kept = await CheckpointAsync();
        Change("events_refuse_update", "UPDATE events SET position = 9223372036854775807 WHERE position = 3");

        foreach (var checkpoints in (Checkpoint[][])[[kept], []])
        {
            (await VerifyAsync(checkpoints)).Findings.Should().Contain(finding => finding.Kind == LedgerFindingKind.EventMissing)
                .Which.Should().BeEquivalentTo(new { Position = 3, UpTo = long.MaxValue - 1 });
        }
    }

    [Fact]
    public async Task Verify_without_a_frontier_says_so()
    {
        await AppendAsync(3);
        Change("ledger_refuse_delete", "DELETE FROM ledger");

        (await VerifyAsync()).Findings.Should().Contain(finding => finding.Kind == LedgerFindingKind.TreeMismatch);
    }

    [Theory]
    [InlineData("streams")]
    [InlineData("event_types")]
    public async Task Verify_a_name_of_no_event_says_so(string table)
    {
        await AppendAsync(3);
        using (var foreign = Some.ForeignConnection(_folder.Store)) foreign.Run($"INSERT INTO {table} (name) VALUES ('stray')");

        (await VerifyAsync()).Findings.Should().ContainSingle().Which.Kind.Should().Be(LedgerFindingKind.IndexMismatch);
    }

    [Theory]
    [InlineData("sqlite_autoindex_read_models_1")]
    [InlineData("read_models")]
    [InlineData("ledger_marks")]
    public async Task Verify_an_empty_page_that_says_it_has_pages_below_it_says_so(string name)
    {
        // SQLite's own check takes a tree without anything for one that is right.
        await AppendAsync(3);
        long page, size;
        using (var foreign = Some.ForeignConnection(_folder.Store))
        {
            page = (long)foreign.Run($"SELECT rootpage FROM sqlite_master WHERE name = '{name}'")!;
            size = (long)foreign.Run("PRAGMA page_size")!;
        }

        using (var file = File.OpenHandle(_folder.Store, FileMode.Open, FileAccess.ReadWrite))
        {
            var kind = new byte[1];
            RandomAccess.Read(file, kind, (page - 1) * size);
            kind[0] -= 8; // a leaf's 10 or 13 becomes an inner page's 2 or 5
            RandomAccess.Write(file, kind, (page - 1) * size);
        }

        (await VerifyAsync()).Findings.Should().Contain(finding => finding.Kind == LedgerFindingKind.StructureDamaged);
    }

    [Theory]
    [InlineData("UPDATE sqlite_master SET type = 'trigges' WHERE name = 'events_refuse_update'")]
    [InlineData("UPDATE sqlite_master SET tbl_name = 'Events' WHERE name = 'events_by_id'")]
    public async Task Verify_a_schema_of_which_a_row_says_something_else_says_so(string change)
    {
        await AppendAsync(3);
        using (var foreign = Some.ForeignConnection(_folder.Store)) foreign.Run($"PRAGMA writable_schema = ON; {change}");

        (await VerifyAsync()).Findings.Should().Contain(finding => finding.Kind == LedgerFindingKind.SchemaChanged);
    }

    [Fact]
    public async Task Verify_a_file_that_only_a_lenient_connection_can_open_says_so()
    {
        await AppendAsync(3);
        var file = await File.ReadAllBytesAsync(_folder.Store);
        file[30] ^= 4; // the header says that the file has a thousand pages more
        await File.WriteAllBytesAsync(_folder.Store, file);

        (await VerifyAsync()).Findings.Should().Contain(finding => finding.Kind == LedgerFindingKind.StructureDamaged);
    }

    private void Change(string trigger, string sql)
    {
        using var foreign = Some.ForeignConnection(_folder.Store);
        foreign.RunPast(trigger, sql);
    }

    private async Task AppendAsync(int count)
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        for (var i = 0; i < count; i++) await storage.AppendAsync(Some.Append("s", ExpectedVersion.Any));
    }

    private async Task<Checkpoint> CheckpointAsync()
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        var frontier = await storage.Ledger.GetFrontierAsync();
        return new Checkpoint("tests.example/log", frontier.Size, frontier.Root());
    }

    private async Task<LedgerReport> VerifyAsync(params Checkpoint[] checkpoints)
    {
        await using var store = new EventStore(new SqliteEventStorage(_folder.Store), new EventTypes());
        return await store.Ledger.VerifyAsync(new LedgerVerification { Checkpoints = checkpoints });
    }
}
