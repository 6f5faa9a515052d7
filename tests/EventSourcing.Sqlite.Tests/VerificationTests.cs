using System.Globalization;
using System.Text;
using static EventSourcing.Ledger.LedgerFindingKind;

namespace EventSourcing.Sqlite.Tests;

/// <summary>What a verification finds in a file that somebody has changed, with full access to it and past its triggers.</summary>
public sealed class VerificationTests : IDisposable
{
    /// <summary>Two tiles of level 1 and a tail of 88 events.</summary>
    private const int Count = 600;

    /// <summary>Made once: a store of that many events.</summary>
    private static readonly Lazy<Task<byte[]>> Made = new(MakeOnceAsync);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(Count)]
    public async Task Verify_a_sound_store_of_any_size_finds_nothing(int count)
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        for (var i = 0; i < count; i++) await storage.AppendAsync(Some.Append($"s-{i % 3}", ExpectedVersion.Any, EventOf(i)));
        var report = await VerifyAsync(storage, new LedgerVerification { Checkpoints = await CheckpointsOf(storage, Enumerable.Range(0, count + 1)) });
        report.Findings.Should().BeEmpty();
        report.Size.Should().Be(count);
        report.Root.Should().Be((await storage.Ledger.GetFrontierAsync()).Root());
        report.IsSound.Should().BeTrue();
        report.FirstBadPosition.Should().Be(0);
    }

    [Fact]
    public async Task Verify_a_sound_store_of_70_000_events_finds_nothing_from_any_checkpoint()
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        for (var i = 0; i < 70_000; i += 5_000) await storage.AppendAsync(Some.Append($"s-{i % 3}", ExpectedVersion.Any, [.. Enumerable.Range(0, 5_000).Select(_ => Some.Event())]));
        var checkpoints = await CheckpointsOf(storage, [0, 1, 300, 511, 512, 65_535, 65_536, 65_537, 69_900, 69_990, 69_999, 70_000]);
        (await VerifyAsync(storage, new LedgerVerification { Checkpoints = checkpoints })).Findings.Should().BeEmpty();
        foreach (var from in checkpoints)
        {
            var report = await VerifyAsync(storage, new LedgerVerification { From = from, Checkpoints = checkpoints });
            report.Findings.Should().BeEmpty();
            report.Size.Should().Be(70_000);
            report.Root.Should().Be(checkpoints[^1].Root);
        }
    }

    [Theory]
    [InlineData("UPDATE events SET data = x'7b7d20' WHERE position = 300")]
    [InlineData("UPDATE events SET metadata = CAST('{\"by\":\"Eve\"}' AS BLOB) WHERE position = 300")]
    [InlineData("UPDATE events SET metadata = NULL WHERE position = 300")]
    [InlineData("UPDATE events SET id = randomblob(16) WHERE position = 300")]
    [InlineData("UPDATE events SET recorded = recorded + 0 * position + (SELECT recorded FROM events WHERE position = 301) - (SELECT recorded FROM events WHERE position = 300) WHERE position = 300 AND recorded <> (SELECT recorded FROM events WHERE position = 301)")]
    [InlineData("UPDATE events SET seal = randomblob(16) WHERE position = 300")]
    [InlineData("UPDATE events SET type = (SELECT type FROM events WHERE position = 1) WHERE position = 300")]
    [InlineData("UPDATE events SET data = x'7b7d20' WHERE position = 550")]
    public async Task Verify_after_a_value_of_an_event_was_changed_names_the_event(string change)
    {
        var position = change.Contains("550", StringComparison.Ordinal) ? 550 : 300;
        var findings = await FindAsync(change);
        findings.Should().ContainSingle(finding => finding.Kind == EventChanged).Which.Should().BeEquivalentTo(new { Position = position, UpTo = position, Stream = $"s-{(position - 1) % 3}" });
        findings.Select(finding => finding.Kind).Should().BeSubsetOf([EventChanged, IndexMismatch]);
    }

    [Theory]
    [InlineData("version = 'x'", "version is TEXT")]
    [InlineData("version = 0.5", "version is REAL")]
    [InlineData("version = -1", "its version is -1")]
    [InlineData("stream = 999", "stream 999 is not there")]
    [InlineData("stream = x'01'", "stream is BLOB")]
    [InlineData("type = 999", "type 999 is not there")]
    [InlineData("id = zeroblob(16)", "id has 16 bytes, or is empty")]
    [InlineData("id = '0123456789abcdef'", "id is TEXT")]
    [InlineData("recorded = -1", "no instant")]
    [InlineData("recorded = 9223372036854775807", "no instant")]
    [InlineData("recorded = 'now'", "recorded is TEXT")]
    [InlineData("seal = '0123456789abcdef'", "seal is TEXT")]
    [InlineData("seal = zeroblob(32)", "seal of an erased event, but it has data")]
    [InlineData("metadata = x''", "metadata")]
    [InlineData("metadata = '{}'", "metadata")]
    [InlineData("tags = ''", "tags")]
    [InlineData("tags = '[]'", "tags")]
    [InlineData("tags = '[\"a\"'", "tags")]
    [InlineData("tags = '[ \"a\"]'", "tags")]
    [InlineData("tags = '[\"a\",\"a\"]'", "tags")]
    [InlineData("tags = '[\"\\ud800\"]'", "tags")]
    [InlineData("tags = '[1]'", "tags")]
    [InlineData("tags = x'5b2261225d'", "tags")]
    public async Task Verify_after_a_value_became_none_that_the_library_writes_names_the_event(string change, string flaw)
    {
        var findings = await FindAsync($"UPDATE events SET {change} WHERE position = 300");
        findings.Should().ContainSingle(finding => finding.Kind == EventUnreadable).Which.Should().BeEquivalentTo(new { Position = 300, UpTo = 300 });
        findings.Single(finding => finding.Kind == EventUnreadable).Description.Should().Contain(flaw);
        findings.Should().NotContain(finding => finding.Kind == EventChanged || finding.Kind == EventMissing);
    }

    [Theory]
    [InlineData("UPDATE streams SET name = x'73' WHERE id = 2")]
    [InlineData("UPDATE streams SET name = CAST(x'73ff' AS TEXT) WHERE id = 2")]
    [InlineData("UPDATE streams SET name = '' WHERE id = 2")]
    [InlineData("UPDATE streams SET name = 'a' || char(10) WHERE id = 2")]
    [InlineData("DELETE FROM streams WHERE id = 2")]
    public async Task Verify_after_the_name_of_a_stream_was_lost_names_its_events(string change)
    {
        var findings = await FindAsync(change);
        findings.Where(finding => finding.Kind == EventUnreadable).Select(finding => finding.Position).Should().Equal(Enumerable.Range(0, 200).Select(i => (i * 3L) + 2));
    }

    [Fact]
    public async Task Verify_after_a_stream_was_renamed_names_its_events_though_the_storage_knows_the_old_name()
    {
        await using var storage = await MakeAsync();
        await Some.LogOf(storage);
        Change("UPDATE streams SET name = 'other' WHERE id = 2");
        var report = await VerifyAsync(storage);
        report.Findings.Where(finding => finding.Kind == EventChanged).Select(finding => finding.Position).Should().Equal(Enumerable.Range(0, 200).Select(i => (i * 3L) + 2));
        report.Findings.Should().OnlyContain(finding => finding.Stream == "other");
    }

    [Fact]
    public async Task Verify_after_an_event_was_deleted_says_which_is_missing()
    {
        var findings = await FindAsync("DELETE FROM events WHERE position = 300");
        findings.Where(finding => finding.Kind == EventMissing).Should().ContainSingle().Which.Should().BeEquivalentTo(new { Position = 300, UpTo = 300 });
        findings.Should().ContainSingle(finding => finding.Kind == VersionOutOfOrder).Which.Position.Should().Be(303);
        findings.Should().NotContain(finding => finding.Kind == EventChanged || finding.Kind == TreeMismatch);
    }

    [Fact]
    public async Task Verify_after_the_beginning_was_deleted_says_how_much_is_missing()
    {
        var findings = await FindAsync("DELETE FROM events WHERE position <= 290", "DELETE FROM event_tags WHERE position <= 290");
        findings.Where(finding => finding.Kind == EventMissing).Should().ContainSingle().Which.Should().BeEquivalentTo(new { Position = 1, UpTo = 290 });
        findings.Should().NotContain(finding => finding.Kind == EventChanged || finding.Kind == TreeMismatch || finding.Kind == IndexMismatch);
    }

    [Fact]
    public async Task Verify_after_an_event_was_moved_far_away_ends_and_says_what_is_missing()
    {
        var findings = await FindAsync("UPDATE events SET position = 4611686018427387904 WHERE position = 600");
        findings.Where(finding => finding.Kind == EventMissing).Should().ContainSingle().Which.Should().BeEquivalentTo(new { Position = 600, UpTo = 4611686018427387903 });
    }

    [Fact]
    public async Task Verify_after_a_row_was_added_below_the_first_says_so()
    {
        var findings = await FindAsync("INSERT INTO events SELECT -5, stream, 999, type, randomblob(16), recorded, seal, data, metadata, NULL FROM events WHERE position = 1");
        findings.Should().ContainSingle().Which.Should().BeEquivalentTo(new { Kind = EventUnreadable, Position = 0 });
    }

    [Fact]
    public async Task Verify_after_two_events_have_changed_places_names_both()
    {
        var findings = await FindAsync("UPDATE events SET position = -1 WHERE position = 300", "UPDATE events SET position = 300 WHERE position = 303", "UPDATE events SET position = 303 WHERE position = -1");
        findings.Where(finding => finding.Kind == EventChanged).Select(finding => finding.Position).Should().Equal(300, 303);
        findings.Where(finding => finding.Kind == VersionOutOfOrder).Select(finding => finding.Position).Should().Equal(300, 303, 306);
    }

    [Fact]
    public async Task Verify_after_an_event_was_recorded_before_the_one_before_it_says_so()
    {
        var findings = await FindAsync("UPDATE events SET recorded = 1 WHERE position = 300");
        findings.Select(finding => (finding.Kind, finding.Position)).Should().BeEquivalentTo([(EventChanged, 300L), (TimeOutOfOrder, 300L)]);
    }

    [Fact]
    public async Task Verify_after_events_were_removed_from_the_end_says_so()
    {
        await using var storage = await MakeAsync();
        var checkpoints = await CheckpointsOf(storage, [100, 590, 600]);
        Change("DELETE FROM events WHERE position > 580", "DELETE FROM event_tags WHERE position > 580");
        var report = await VerifyAsync(storage, new LedgerVerification { Checkpoints = checkpoints });
        report.Findings.Select(finding => (finding.Kind, finding.Position, finding.UpTo)).Should().BeEquivalentTo([(Truncated, 581L, 590L), (Truncated, 581, 600), (TreeMismatch, 581, 600)]);
        report.FirstBadPosition.Should().Be(581);
        report.Size.Should().Be(580);
    }

    [Theory]
    [InlineData("UPDATE ledger_tiles SET hash = randomblob(32) WHERE level = 1 AND number = 1", 257, 512)]
    [InlineData("DELETE FROM ledger_tiles WHERE level = 1 AND number = 1", 257, 512)]
    [InlineData("UPDATE ledger_tiles SET hash = hex(zeroblob(16)) WHERE level = 1 AND number = 1", 257, 512)]
    [InlineData("DELETE FROM ledger_marks WHERE tile = 1", 257, 512)]
    [InlineData("UPDATE ledger_marks SET marks = zeroblob(512) WHERE tile = 1", 257, 257)]
    [InlineData("UPDATE ledger_marks SET marks = CAST(substr(marks, 1, 2 * 42) || (CASE hex(substr(marks, 85, 2)) WHEN '0102' THEN x'0203' ELSE x'0102' END) || substr(marks, 2 * 43 + 1) AS BLOB) WHERE tile = 1", 299, 299)]
    [InlineData("INSERT INTO ledger_marks VALUES (-1, zeroblob(512))", 0, 0)]
    [InlineData("INSERT INTO ledger_marks VALUES (2, zeroblob(512))", 0, 0)]
    [InlineData("INSERT INTO ledger_marks VALUES (9223372036854775807, zeroblob(512))", 0, 0)]
    [InlineData("INSERT INTO ledger_tiles VALUES (1, 2, randomblob(32))", 0, 0)]
    [InlineData("INSERT INTO ledger_tiles VALUES (2, 0, randomblob(32))", 0, 0)]
    [InlineData("INSERT INTO ledger_tiles VALUES (-1, 0, randomblob(32))", 0, 0)]
    [InlineData("INSERT INTO ledger_tiles VALUES ('x', 'y', randomblob(32))", 0, 0)]
    [InlineData("UPDATE ledger SET frontier = x''", 0, 0)]
    [InlineData("UPDATE ledger SET frontier = 'EF1'", 0, 0)]
    [InlineData("UPDATE ledger SET marks = x'00'", 0, 0)]
    [InlineData("DELETE FROM ledger", 0, 0)]
    public async Task Verify_after_the_stored_tree_was_changed_says_where(string change, long position, long upTo)
    {
        var findings = await FindAsync(change);
        findings.Should().OnlyContain(finding => finding.Kind == TreeMismatch).And.Contain(finding => finding.Position == position && finding.UpTo == upTo);
    }

    [Theory]
    [InlineData(12, 1, 512)]
    [InlineData(12 + 32, 513, 576)]
    [InlineData(12 + 64, 577, 592)]
    public async Task Verify_after_a_hash_of_the_frontier_was_changed_says_over_which_events(int at, long position, long upTo)
    {
        await using var storage = await MakeAsync();
        using var foreign = Some.ForeignConnection(_folder.Store);
        var frontier = Convert.FromHexString((string)foreign.Run("SELECT hex(frontier) FROM ledger")!);
        frontier[at] ^= 1;
        foreign.Run($"UPDATE ledger SET frontier = x'{Convert.ToHexString(frontier)}'");
        (await VerifyAsync(storage)).Findings.Select(finding => (finding.Kind, finding.Position, finding.UpTo)).Should().Equal((TreeMismatch, position, upTo));
    }

    [Fact]
    public async Task Verify_after_an_older_frontier_was_put_back_says_so()
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        await storage.AppendAsync(Some.Append("s", 0, [.. Enumerable.Range(0, 300).Select(_ => Some.Event())]));
        using var foreign = Some.ForeignConnection(_folder.Store);
        var (frontier, marks) = ((string)foreign.Run("SELECT hex(frontier) FROM ledger")!, (string)foreign.Run("SELECT hex(marks) FROM ledger")!);
        await storage.AppendAsync(Some.Append("s", 300, [.. Enumerable.Range(0, 212).Select(_ => Some.Event())]));
        foreign.Run($"UPDATE ledger SET frontier = x'{frontier}', marks = x'{marks}'");
        (await VerifyAsync(storage)).Findings.Should().ContainSingle().Which.Should().BeEquivalentTo(new { Kind = TreeMismatch, Position = 301, UpTo = 512 });
    }

    [Theory]
    [InlineData("DROP TRIGGER events_refuse_delete", "no 'events_refuse_delete'")]
    [InlineData("DROP INDEX events_by_type", "no 'events_by_type'")]
    [InlineData("DROP VIEW event_log", "no 'event_log'")]
    [InlineData("PRAGMA application_id = 7", "application_id is 7")]
    [InlineData("PRAGMA user_version = 3", "user_version is 3")]
    [InlineData("PRAGMA user_version = 0", "user_version is 0")]
    [InlineData("CREATE TRIGGER mine AFTER INSERT ON events BEGIN DELETE FROM events WHERE position < 10; END", "trigger 'mine'")]
    [InlineData("CREATE TRIGGER mine AFTER INSERT ON EVENT_TAGS BEGIN SELECT 1; END", "trigger 'mine'")]
    [InlineData("DROP TRIGGER events_refuse_delete; CREATE TRIGGER events_refuse_delete BEFORE DELETE ON events BEGIN SELECT 1; END", "'events_refuse_delete'")]
    public async Task Verify_after_the_schema_was_changed_says_so_and_still_finds_changed_events(string change, string finding)
    {
        await using (var storage = await MakeAsync())
        {
            Change("UPDATE events SET data = x'00' WHERE position = 300");
            using var foreign = Some.ForeignConnection(_folder.Store);
            foreign.Run(change);
        }

        await using var reopened = new SqliteEventStorage(_folder.Store);
        var report = await VerifyAsync(reopened);
        report.Findings.Should().ContainSingle(f => f.Kind == SchemaChanged).Which.Description.Should().Contain(finding);
        report.Findings.Should().ContainSingle(f => f.Kind == EventChanged).Which.Position.Should().Be(300);
        report.Findings.Should().HaveCount(2);
    }

    [Theory]
    [InlineData("DELETE FROM event_tags WHERE position = 301", 301)]
    [InlineData("UPDATE event_tags SET type = 99 WHERE position = 301", 301)]
    [InlineData("INSERT INTO event_tags VALUES ('more', 302, 1)", 302)]
    [InlineData("INSERT INTO event_tags VALUES ('more', 9000, 1)", 9000)]
    [InlineData("INSERT INTO event_tags VALUES (x'00', 302, 1)", 302)]
    public async Task Verify_after_the_table_of_tags_was_changed_names_the_event(string change, long position)
    {
        var findings = await FindAsync(change);
        findings.Should().OnlyContain(finding => finding.Kind == IndexMismatch && finding.Position == position).And.NotBeEmpty();
    }

    /// <summary>Equal to a number, it still finds the event.</summary>
    [Fact]
    public async Task Verify_after_a_position_in_the_table_of_tags_was_made_a_real_number_names_the_event()
    {
        await using var storage = await MakeAsync();
        string sql;
        using (var foreign = Some.ForeignConnection(_folder.Store))
        {
            sql = foreign.Run("SELECT sql FROM sqlite_master WHERE name = 'event_tags'").As<string>();
            foreign.Run("PRAGMA writable_schema = 1; UPDATE sqlite_master SET sql = replace(replace(replace(sql, ' STRICT', ''), ', WITHOUT', ' WITHOUT'), 'INTEGER', '') WHERE name = 'event_tags'");
        }

        Change("UPDATE event_tags SET position = 301.0 WHERE position = 301");
        using (var foreign = Some.ForeignConnection(_folder.Store)) foreign.Run($"PRAGMA writable_schema = 1; UPDATE sqlite_master SET sql = '{sql.Replace("'", "''", StringComparison.Ordinal)}' WHERE name = 'event_tags'");
        var findings = (await VerifyAsync(storage)).Findings;
        findings.Should().OnlyContain(finding => finding.Kind == IndexMismatch && finding.Position == 301).And.NotBeEmpty();
    }

    [Fact]
    public async Task Verify_after_an_entry_of_an_index_was_lost_names_the_event()
    {
        await using var storage = await MakeAsync();
        using (var foreign = Some.ForeignConnection(_folder.Store))
        {
            // An index on nothing in the place of the one on all: its content is then that of a file whose index has lost an entry.
            foreign.Run("PRAGMA writable_schema = 1; UPDATE sqlite_master SET sql = 'CREATE INDEX events_by_type ON events (type) WHERE position <> 300' WHERE name = 'events_by_type'");
        }

        using (var foreign = Some.ForeignConnection(_folder.Store)) foreign.Run("REINDEX events_by_type");
        using (var foreign = Some.ForeignConnection(_folder.Store)) foreign.Run("PRAGMA writable_schema = 1; UPDATE sqlite_master SET sql = 'CREATE INDEX events_by_type ON events (type)' WHERE name = 'events_by_type'");
        var findings = (await VerifyAsync(storage)).Findings;
        findings.Should().OnlyContain(finding => finding.Kind == IndexMismatch).And.Contain(finding => finding.Position == 300);
    }

    [Fact]
    public async Task Verify_against_a_kept_checkpoint_finds_a_change_whose_traces_were_covered()
    {
        await using var storage = await MakeAsync();
        var checkpoints = await CheckpointsOf(storage, [0, 100, 299, 300, 512, 600]);
        Change("UPDATE events SET data = x'00' WHERE position = 300");
        await RecomputeTreeAsync();
        (await VerifyAsync(storage)).Findings.Should().BeEmpty("only a checkpoint can tell");
        var report = await VerifyAsync(storage, new LedgerVerification { Checkpoints = checkpoints });
        report.Findings.Select(finding => (finding.Kind, finding.Position, finding.UpTo)).Should().Equal((CheckpointMismatch, 300, 300), (CheckpointMismatch, 300, 512), (CheckpointMismatch, 300, 600));
        report.FirstBadPosition.Should().Be(300);
    }

    [Theory]
    [InlineData(300)]
    [InlineData(550)]
    public async Task Verify_against_a_kept_checkpoint_names_the_event_where_the_tree_was_left_alone(int position)
    {
        await using var storage = await MakeAsync();
        var checkpoints = await CheckpointsOf(storage, [600]);
        Change($"UPDATE events SET data = x'00' WHERE position = {position}");
        var report = await VerifyAsync(storage, new LedgerVerification { Checkpoints = checkpoints });
        report.Findings.Select(finding => (finding.Kind, finding.Position, finding.UpTo)).Should().Equal((EventChanged, position, position), (CheckpointMismatch, position, 600));
        report.FirstBadPosition.Should().Be(position);
    }

    [Fact]
    public async Task Verify_against_a_checkpoint_of_another_log_says_that_it_does_not_agree()
    {
        await using var storage = await MakeAsync();
        var right = await CheckpointsOf(storage, [200, 600]);
        var report = await VerifyAsync(storage, new LedgerVerification { Checkpoints = [.. right, new Checkpoint("test", 400, MerkleTree.HashLeaf([1])), new Checkpoint("test", 200, MerkleTree.HashLeaf([2]))] });
        report.Findings.Select(finding => (finding.Kind, finding.Position, finding.UpTo)).Should().Equal((CheckpointMismatch, 1, 200), (CheckpointMismatch, 201, 400));
    }

    [Fact]
    public async Task Verify_from_a_checkpoint_finds_what_was_changed_after_it_and_a_tree_that_is_not_its()
    {
        await using var storage = await MakeAsync();
        var checkpoints = await CheckpointsOf(storage, [520, 300]);
        Change("UPDATE events SET data = x'00' WHERE position = 560");
        (await VerifyAsync(storage, new LedgerVerification { From = checkpoints[0] })).Findings.Select(finding => (finding.Kind, finding.Position)).Should().Equal((EventChanged, 560L));

        var other = new Checkpoint("test", 520, MerkleTree.HashLeaf([1]));
        (await VerifyAsync(storage, new LedgerVerification { From = other, Checkpoints = [checkpoints[1]] })).Findings.Select(finding => (finding.Kind, finding.Position, finding.UpTo)).Should().Equal((CheckpointMismatch, 301L, 520L), (EventChanged, 560, 560));

        Change("UPDATE ledger_tiles SET hash = randomblob(32) WHERE number = 0");
        (await VerifyAsync(storage, new LedgerVerification { From = checkpoints[0] })).Findings.Select(finding => (finding.Kind, finding.Position)).Should().Contain((CheckpointMismatch, 1L));

        Change("DELETE FROM ledger_tiles WHERE number = 1");
        var report = await VerifyAsync(storage, new LedgerVerification { From = checkpoints[0], Checkpoints = checkpoints });
        report.Findings.Should().Contain(finding => finding.Kind == TreeMismatch && finding.Description.Contains("the whole log was verified"));
        report.Findings.Should().NotContain(finding => finding.Kind == CheckpointMismatch, "the events up to the checkpoints are right");
    }

    [Fact]
    public async Task Verify_from_a_checkpoint_beyond_the_end_verifies_all_and_says_that_it_is_too_short()
    {
        await using var storage = await MakeAsync();
        var report = await VerifyAsync(storage, new LedgerVerification { From = new Checkpoint("test", 700, MerkleTree.HashLeaf([1])) });
        report.Findings.Should().ContainSingle().Which.Should().BeEquivalentTo(new { Kind = Truncated, Position = 1, UpTo = 700 });
    }

    [Fact]
    public async Task Verify_after_payloads_were_erased_and_recorded_finds_nothing()
    {
        await using var storage = await MakeAsync();
        var checkpoints = await CheckpointsOf(storage, [600]);
        await ForgeRecordAsync(storage, """{"positions":[300,590],"reason":"asked for","by":"Ann"}""");
        Erase(300);
        Erase(590);
        (await VerifyAsync(storage, new LedgerVerification { Checkpoints = checkpoints })).Findings.Should().BeEmpty();
        (await VerifyAsync(storage, new LedgerVerification { From = checkpoints[0] })).Findings.Should().BeEmpty();
    }

    [Fact]
    public async Task Verify_after_a_payload_was_erased_without_a_record_says_so()
    {
        await using var storage = await MakeAsync();
        Erase(300);
        (await VerifyAsync(storage)).Findings.Should().ContainSingle().Which.Should().BeEquivalentTo(new { Kind = ErasureNotRecorded, Position = 300, UpTo = 300, Stream = "s-2" });
    }

    [Fact]
    public async Task Verify_after_a_payload_was_erased_with_another_commitment_says_that_the_event_was_changed()
    {
        await using var storage = await MakeAsync();
        await ForgeRecordAsync(storage, """{"positions":[300],"reason":"asked for"}""");
        Change("UPDATE events SET data = x'', seal = randomblob(32) WHERE position = 300");
        (await VerifyAsync(storage)).Findings.Should().ContainSingle().Which.Should().BeEquivalentTo(new { Kind = EventChanged, Position = 300 });
    }

    [Theory]
    [InlineData("""{"positions":[300],"reason":"x"}""", ErasureNotDone, 300)]
    [InlineData("""{"positions":[601],"reason":"x"}""", ErasureNotDone, 601)]
    [InlineData("""{"positions":[9999],"reason":"x"}""", ErasureNotDone, 9999)]
    [InlineData("""{"positions":[0],"reason":"x"}""", EventUnreadable, 601)]
    [InlineData("""{"positions":["300"],"reason":"x"}""", EventUnreadable, 601)]
    [InlineData("""{"positions":[300]}""", EventUnreadable, 601)]
    [InlineData("""{"reason":"x"}""", EventUnreadable, 601)]
    [InlineData("""{"positions":[300],"positions":[300],"reason":"x"}""", EventUnreadable, 601)]
    [InlineData("""{"positions":[300],"reason":"x"}{}""", EventUnreadable, 601)]
    [InlineData("""{"positions":[300],"reason":"x" """, EventUnreadable, 601)]
    [InlineData("", EventUnreadable, 601)]
    [InlineData("[300]", EventUnreadable, 601)]
    public async Task Verify_a_record_of_what_was_not_erased_says_so(string record, LedgerFindingKind kind, long position)
    {
        await using var storage = await MakeAsync();
        var checkpoint = (await CheckpointsOf(storage, [600]))[0];
        await ForgeRecordAsync(storage, record);
        (await VerifyAsync(storage)).Findings.Should().ContainSingle().Which.Should().BeEquivalentTo(new { Kind = kind, Position = position });
        (await VerifyAsync(storage, new LedgerVerification { From = checkpoint })).Findings.Should().ContainSingle().Which.Should().BeEquivalentTo(new { Kind = kind, Position = position });

        using (var foreign = Some.ForeignConnection(_folder.Store)) foreign.Run("DROP TRIGGER streams_refuse_delete");
        await using var refused = new SqliteEventStorage(_folder.Store);
        (await VerifyAsync(refused)).Findings.Select(finding => (finding.Kind, finding.Position)).Should().BeEquivalentTo([(SchemaChanged, 0L), (kind, position)]);
    }

    [Fact]
    public async Task Verify_a_long_log_whose_end_cannot_be_read_goes_on_up_to_there()
    {
        var mark = Guid.NewGuid().ToString();
        await using (var made = new SqliteEventStorage(_folder.Store))
        {
            await made.AppendAsync(Some.Append("s", 0, [.. Enumerable.Range(0, 8_999).Select(_ => Some.Event())]));
            await made.AppendAsync(Some.Append("s", 8_999, Some.Event(data: mark)));
        }

        Change("UPDATE events SET data = x'00' WHERE position = 8500");
        var bytes = await File.ReadAllBytesAsync(_folder.Store);
        bytes.AsSpan(bytes.AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(mark)) / 4096 * 4096, 8).Fill(0xAA);
        await File.WriteAllBytesAsync(_folder.Store, bytes);
        await using var storage = new SqliteEventStorage(_folder.Store);
        var report = await VerifyAsync(storage);
        report.Size.Should().BeGreaterThan(8_500);
        report.Findings.Select(finding => finding.Kind).Should().Contain([StructureDamaged, EventChanged]);
        report.Findings.Should().Contain(finding => finding.Kind == EventChanged && finding.Position == 8_500);
    }

    [Theory]
    [InlineData(0, 100)] // no database any more
    [InlineData(100, 100)] // the root of the schema
    [InlineData(4096, 64)]
    [InlineData(8 * 4096, 100)]
    [InlineData(20 * 4096, 4096)]
    [InlineData(30 * 4096, 8)]
    public async Task Verify_a_file_of_which_a_part_was_overwritten_finds_that_and_throws_nothing(int at, int length)
    {
        await using (await MakeAsync())
        {
        }

        var bytes = await File.ReadAllBytesAsync(_folder.Store);
        bytes.AsSpan(at, length).Fill(0xAA);
        await File.WriteAllBytesAsync(_folder.Store, bytes);
        await using var storage = new SqliteEventStorage(_folder.Store);
        var report = await VerifyAsync(storage);
        report.IsSound.Should().BeFalse();
        (await File.ReadAllBytesAsync(_folder.Store)).Should().Equal(bytes, "a verification changes nothing");
    }

    [Fact]
    public async Task Verify_goes_on_behind_a_page_of_the_file_that_cannot_be_read()
    {
        await using (await MakeAsync())
        {
        }

        var bytes = await File.ReadAllBytesAsync(_folder.Store);
        var page = bytes.AsSpan().IndexOf("{\"n\":299}"u8) / 4096;
        bytes.AsSpan(page * 4096, 8).Fill(0xAA);
        await File.WriteAllBytesAsync(_folder.Store, bytes);
        await using var storage = new SqliteEventStorage(_folder.Store);
        var report = await VerifyAsync(storage);
        report.Size.Should().Be(Count);
        var damaged = report.Findings.Single(finding => finding.Kind == StructureDamaged && finding.Position > 0);
        (damaged.UpTo - damaged.Position).Should().BeInRange(2, 60, "that is what stands on one page");
        (damaged.Position <= 300 && damaged.UpTo >= 300).Should().BeTrue();
        report.Findings.Should().NotContain(finding => finding.Kind == EventMissing || finding.Kind == EventChanged || finding.Kind == TreeMismatch);
    }

    [Fact]
    public async Task Verify_a_log_of_which_nothing_is_right_lists_the_first_findings_and_counts_the_others()
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        for (var i = 0; i < 2; i++) await storage.AppendAsync(Some.Append("s", ExpectedVersion.Any, [.. Enumerable.Range(0, 6_000).Select(_ => Some.Event())]));
        Change("UPDATE events SET data = x'00'");
        var report = await VerifyAsync(storage, new LedgerVerification { Checkpoints = [new Checkpoint("test", 100, MerkleTree.HashLeaf([1]))] });
        report.Findings.Should().HaveCount(10_001).And.Contain(finding => finding.Kind == CheckpointMismatch);
        report.FurtherFindings.Should().BeInRange(1_990, 2_000, "of 65,536 events that were changed one still fits its mark");
    }

    [Fact]
    public async Task Verify_tells_of_its_progress_and_can_be_cancelled()
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        for (var i = 0; i < 6; i++) await storage.AppendAsync(Some.Append("s", ExpectedVersion.Any, [.. Enumerable.Range(0, 9_000).Select(_ => Some.Event())]));
        var reports = new Reports(_ => { });
        await VerifyAsync(storage, new LedgerVerification { Progress = reports });
        reports.Seen.Should().HaveCountGreaterThan(2).And.BeInAscendingOrder(progress => progress.Position);
        reports.Seen[^1].Should().Be(new LedgerProgress(54_000, 54_000, 0));

        using var cancellation = new CancellationTokenSource();
        var cancelling = new Reports(_ => cancellation.Cancel());
        await FluentActions.Awaiting(() => VerifyAsync(storage, new LedgerVerification { Progress = cancelling }, cancellation.Token)).Should().ThrowAsync<OperationCanceledException>();
        cancelling.Seen.Should().ContainSingle();
        await FluentActions.Awaiting(() => VerifyAsync(storage, null, cancellation.Token)).Should().ThrowAsync<OperationCanceledException>();
        (await VerifyAsync(storage)).IsSound.Should().BeTrue();
    }

    [Fact]
    public async Task Verify_while_others_append_finds_nothing()
    {
        await using var storage = await MakeAsync();
        var appending = Task.Run(async () =>
        {
            for (var i = 0; i < 400; i++) await storage.AppendAsync(Some.Append($"s-{i % 3}", ExpectedVersion.Any, [.. Enumerable.Range(0, 1 + (i % 7)).Select(EventOf)]));
        });
        var checkpoint = (await CheckpointsOf(storage, [Count]))[0];
        do
        {
            (await VerifyAsync(storage)).Findings.Should().BeEmpty();
            (await VerifyAsync(storage, new LedgerVerification { From = checkpoint })).Findings.Should().BeEmpty();
        }
        while (!appending.IsCompleted);
        await appending;
    }

    private static Task<LedgerReport> VerifyAsync(SqliteEventStorage storage, LedgerVerification? options = null, CancellationToken cancellationToken = default) =>
        new EventStore(storage, new EventTypes()).Ledger.VerifyAsync(options, cancellationToken).AsTask();

    private static NewEvent EventOf(int i) =>
        Some.Event(i % 2 == 0 ? "opened" : "moved", $$"""{"n":{{i}}}""", tags: i % 4 == 0 ? ["t", $"n:{i}"] : []) with { Metadata = i % 3 == 2 ? Encoding.UTF8.GetBytes($$"""{"by":{{i}}}""") : default };

    private static async Task<List<Checkpoint>> CheckpointsOf(SqliteEventStorage storage, IEnumerable<int> sizes)
    {
        var checkpoints = new List<Checkpoint>();
        foreach (var size in sizes) checkpoints.Add(new Checkpoint("test", size, (await MerkleFrontier.ReadAsync(storage.Ledger, size)).Root()));
        return checkpoints;
    }

    /// <summary>Has the log end with a record of erasures that no append would take.</summary>
    private async Task ForgeRecordAsync(SqliteEventStorage storage, string data)
    {
        await storage.AppendAsync(Some.Append("forged", ExpectedVersion.Any, Some.Event("forged", data)));
        Change($"UPDATE streams SET name = '{PayloadsErased.StreamName}' WHERE name = 'forged'", $"UPDATE event_types SET name = '{PayloadsErased.TypeName}' WHERE name = 'forged'");
        await RecomputeTreeAsync();
    }

    private static async Task<byte[]> MakeOnceAsync()
    {
        using var folder = new TemporaryFolder();
        await using (var storage = new SqliteEventStorage(folder.Store))
        {
            for (var i = 0; i < Count; i++) await storage.AppendAsync(Some.Append($"s-{i % 3}", ExpectedVersion.Any, EventOf(i)));
        }

        return await File.ReadAllBytesAsync(folder.Store);
    }

    private async Task<SqliteEventStorage> MakeAsync()
    {
        await File.WriteAllBytesAsync(_folder.Store, await Made.Value);
        return new SqliteEventStorage(_folder.Store);
    }

    private async Task<IReadOnlyList<LedgerFinding>> FindAsync(params string[] changes)
    {
        await using var storage = await MakeAsync();
        Change(changes);
        return (await VerifyAsync(storage)).Findings;
    }

    /// <summary>Changes what the triggers guard, and puts them back.</summary>
    private void Change(params string[] changes)
    {
        using var foreign = Some.ForeignConnection(_folder.Store);
        var triggers = new List<(string Name, string Sql)>();
        using (var command = foreign.CreateCommand())
        {
            command.CommandText = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'";
            using var reader = command.ExecuteReader();
            while (reader.Read()) triggers.Add((reader.GetString(0), reader.GetString(1)));
        }

        foreign.Run("PRAGMA ignore_check_constraints = 1; BEGIN");
        foreach (var (name, _) in triggers) foreign.Run($"DROP TRIGGER {name}");
        foreach (var change in changes) foreign.Run(change);
        foreach (var (_, sql) in triggers) foreign.Run(sql);
        foreign.Run("COMMIT");
    }

    private void Erase(long position)
    {
        using var foreign = Some.ForeignConnection(_folder.Store);
        var (seal, data) = ((string)foreign.Run($"SELECT hex(seal) FROM events WHERE position = {position}")!, (string)foreign.Run($"SELECT hex(data) FROM events WHERE position = {position}")!);
        var commitment = LedgerLeaf.CommitToData(Convert.FromHexString(seal), Convert.FromHexString(data));
        foreign.Run(string.Create(CultureInfo.InvariantCulture, $"UPDATE events SET data = x'', seal = x'{commitment}' WHERE position = {position}"));
    }

    /// <summary>What somebody does who knows how the tree is made: afterwards it is that of the events as they are.</summary>
    private async Task RecomputeTreeAsync()
    {
        await using var storage = new SqliteEventStorage(_folder.Store); // another would know the old names
        using var page = await storage.ReadLogAsync(new LogRead { WithSeals = true, Limit = int.MaxValue });
        var tree = new MerkleFrontier();
        var tiles = new List<MerkleTile>();
        var marks = new StringBuilder();
        var savedSize = MerkleFrontier.Parse(FrontierRow()).Size;
        foreach (var e in page.Events.ToArray())
        {
            var leaf = e.ToLeaf().Hash();
            marks.Append(leaf.ToString()[..(2 * LedgerAudit.LeafMarkLength)]);
            tree.Append(leaf, tiles);
            foreach (var tile in tiles) Change($"UPDATE ledger_tiles SET hash = x'{tile.Hash}' WHERE level = {tile.Level} AND number = {tile.Index}", $"UPDATE ledger_marks SET marks = x'{marks}' WHERE {tile.Level} = 1 AND tile = {tile.Index}");
            if (tiles.Count > 0) marks.Clear();
            tiles.Clear();
            if (tree.Size == savedSize) Change($"UPDATE ledger SET frontier = x'{Convert.ToHexString(tree.ToBytes())}', marks = x'{marks}'");
        }
    }

    private byte[] FrontierRow()
    {
        using var foreign = Some.ForeignConnection(_folder.Store);
        return Convert.FromHexString((string)foreign.Run("SELECT hex(frontier) FROM ledger")!);
    }

    private sealed class Reports(Action<LedgerProgress> then) : IProgress<LedgerProgress>
    {
        public List<LedgerProgress> Seen { get; } = [];

        public void Report(LedgerProgress value)
        {
            Seen.Add(value);
            then(value);
        }
    }
}
