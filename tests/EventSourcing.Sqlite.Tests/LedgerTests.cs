using EventSourcing.Sqlite.Tests.ReadModels;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Tests;

/// <summary>What the writer knows of the tree is never ahead of what is stored, whatever becomes of a transaction.</summary>
public sealed class LedgerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Append_by_two_handles_in_turn_keeps_one_tree()
    {
        await using var one = new SqliteEventStorage(_folder.Store);
        await using var other = new SqliteEventStorage(_folder.Store);
        for (var i = 0; i < 300; i++) await (i % 3 == 0 ? one : other).AppendAsync(Some.Append($"s-{i % 5}", ExpectedVersion.Any, [.. Enumerable.Range(0, 1 + (i % 3)).Select(_ => Some.Event())]));
        await Tree.ExpectWholeAsync(one);
        await Tree.ExpectWholeAsync(other);
    }

    [Fact]
    public async Task Append_by_two_handles_at_once_with_repetitions_and_refusals_keeps_one_tree()
    {
        await using var one = new SqliteEventStorage(_folder.Store);
        await using var other = new SqliteEventStorage(_folder.Store);
        var repeated = Some.Append("repeated", ExpectedVersion.Any);
        await one.AppendAsync(repeated);
        await Task.WhenAll(Enumerable.Range(0, 24).Select(n => Task.Run(async () =>
        {
            var storage = n % 2 == 0 ? one : other;
            for (var i = 0; i < 25; i++)
            {
                await storage.AppendAsync(Some.Append($"s-{n}", i));
                if (i % 4 == 0) (await storage.AppendAsync(repeated)).WasAlreadyStored.Should().BeTrue();
                if (i % 6 == 0) await FluentActions.Awaiting(() => storage.AppendAsync(Some.Append($"s-{n}", 99)).AsTask()).Should().ThrowAsync<WrongExpectedVersionException>();
                if (i % 7 == 0) await FluentActions.Awaiting(() => storage.AppendAsync(Some.Append($"s-{n}", ExpectedVersion.Any, Some.Event(), Some.Event(id: repeated.Writes[0].Events[0].Id))).AsTask()).Should().ThrowAsync<DuplicateEventIdException>();
            }
        })));
        (await one.GetHeadAsync()).Should().Be(601);
        await Tree.ExpectWholeAsync(one);
        await Tree.ExpectWholeAsync(other);
    }

    [Fact]
    public async Task Append_by_callers_who_use_their_buffers_again_at_once_hashes_what_was_appended()
    {
        await using (var storage = new SqliteEventStorage(_folder.Store))
        {
            await Task.WhenAll(Enumerable.Range(0, 16).Select(n => Task.Run(async () =>
            {
                var buffer = new byte[n < 12 ? 300 : 40_000];
                for (var i = 0; i < 60; i++)
                {
                    Random.Shared.NextBytes(buffer);
                    var events = Enumerable.Range(0, i % 10 == 0 ? 40 : 1).Select(_ => new NewEvent(Guid.CreateVersion7(), "filled", buffer)).ToArray();
                    if (i % 7 == 0) await FluentActions.Awaiting(() => storage.AppendAsync(Some.Append($"s-{n}", 99, events)).AsTask()).Should().ThrowAsync<WrongExpectedVersionException>();
                    else await storage.AppendAsync(Some.Append($"s-{n}", ExpectedVersion.Any, events));
                }
            })));
            await Tree.ExpectWholeAsync(storage);
        }

        await using var reopened = new SqliteEventStorage(_folder.Store);
        await Tree.ExpectWholeAsync(reopened);
    }

    [Theory]
    [InlineData("COMMIT")]
    [InlineData("ROLLBACK")]
    [InlineData("ROLLBACK TO event_store_work")]
    [InlineData("INSERT INTO nothing VALUES (1)")]
    [InlineData("CREATE TABLE mine (x)")]
    public async Task Append_beside_SQL_of_the_apps_own_that_does_anything_keeps_the_tree(string sql)
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        await storage.AppendAsync(Some.Append("s", 0, [.. Enumerable.Range(0, 250).Select(_ => Some.Event())]));
        for (var round = 0; round < 3; round++)
        {
            var others = Enumerable.Range(0, 8).Select(n => Task.Run(async () => await storage.AppendAsync(Some.Append($"o-{n}", ExpectedVersion.Any)))).ToList();
            var inline = Task.Run(async () => await storage.AppendAsync(Some.Append("inline", ExpectedVersion.Any, Some.Event(), Some.Event()) with
            {
                ReadModels = (_, _) => ValueTask.FromResult(SomeReadModel.Tables((connection, _) =>
                {
                    connection.Run(sql);
                    return ValueTask.CompletedTask;
                })),
            }));
            await Task.WhenAll(others);
            await inline.ContinueWith(_ => { }, TaskScheduler.Default);
            await Tree.ExpectWholeAsync(storage);
        }

        (await storage.GetHeadAsync()).Should().BeOneOf(250 + 24, 250 + 24 + 2, 250 + 24 + 6);
    }

    [Fact]
    public async Task Append_to_a_log_that_somebody_has_lengthened_without_its_tree_is_refused_and_says_so()
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        await storage.AppendAsync(Some.Append("s", 0));
        using var foreign = Some.ForeignConnection(_folder.Store);
        foreign.Run("INSERT INTO events WITH RECURSIVE n(p) AS (SELECT 2 UNION ALL SELECT p + 1 FROM n WHERE p < 256) SELECT p, stream, p, type, randomblob(16), recorded, randomblob(16), data, metadata, tags FROM events, n WHERE position = 1");
        for (var tries = 0; tries < 2; tries++)
        {
            await FluentActions.Awaiting(() => storage.AppendAsync(Some.Append("s", ExpectedVersion.Any)).AsTask()).Should().ThrowAsync<StoreCorruptedException>().WithMessage("*its Merkle tree has 0 leaves, and its log 256 events.*restore a backup*");
            await FluentActions.Awaiting(() => storage.Ledger.GetFrontierAsync().AsTask()).Should().ThrowAsync<StoreCorruptedException>().WithMessage("*its Merkle tree has 0 leaves, and its log 256 events.*");
        }

        (await Some.LogOf(storage)).Should().HaveCount(256, "what is there can still be read");
        FluentActions.Invoking(() => foreign.Run("BEGIN IMMEDIATE; ROLLBACK")).Should().NotThrow("the write lock is free");
    }

    [Fact]
    public async Task Append_to_a_log_that_somebody_has_shortened_is_refused_and_says_so()
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        await storage.AppendAsync(Some.Append("s", 0, [.. Enumerable.Range(0, 256).Select(_ => Some.Event())]));
        using var foreign = Some.ForeignConnection(_folder.Store);
        foreign.RunPast("events_refuse_delete", "DELETE FROM events WHERE position = 256");
        await FluentActions.Awaiting(() => storage.AppendAsync(Some.Append("s", ExpectedVersion.Any)).AsTask()).Should().ThrowAsync<StoreCorruptedException>().WithMessage("*its Merkle tree has 256 leaves, and its log 255 events.*");
        (await storage.GetHeadAsync()).Should().Be(255);
    }

    [Fact]
    public async Task Append_one_by_one_stores_the_frontier_after_every_16_events_and_when_the_store_is_closed()
    {
        var sizes = new List<long>();
        using (var foreign = Some.ForeignConnection(_folder.Store))
        {
            await using var storage = new SqliteEventStorage(_folder.Store);
            for (var i = 0; i < 20; i++)
            {
                await storage.AppendAsync(Some.Append("s", i));
                sizes.Add(SizeIn(foreign));
                (await storage.Ledger.GetFrontierAsync()).Size.Should().Be(i + 1);
            }

            await Tree.ExpectWholeAsync(storage);
        }

        sizes.Should().Equal([.. Enumerable.Repeat(0L, 16), .. Enumerable.Repeat(16L, 4)]);
        using var closed = Some.ForeignConnection(_folder.Store);
        SizeIn(closed).Should().Be(20);

        static long SizeIn(SqliteConnection store)
        {
            using var command = store.CreateCommand();
            command.CommandText = "SELECT frontier FROM ledger";
            return MerkleFrontier.Parse((byte[])command.ExecuteScalar()!).Size;
        }
    }

    [Fact]
    public async Task Append_keeps_a_mark_of_each_leaf_beside_the_tree()
    {
        var leaves = new MerkleHash[600];
        await using (var storage = new SqliteEventStorage(_folder.Store))
        {
            await storage.AppendAsync(Some.Append("s", 0, [.. Enumerable.Range(0, 250).Select(_ => Some.Event())]));
            for (var i = 0; i < 10; i++) await storage.AppendAsync(Some.Append("t", i));
            await storage.AppendAsync(Some.Append("s", 250, [.. Enumerable.Range(0, 340).Select(_ => Some.Event())]));
            for (var first = 0; first < 600; first += 200) await storage.Ledger.ReadAsync(0, first, leaves.AsMemory(first, 200));
        }

        using var store = Some.ForeignConnection(_folder.Store);
        using var command = store.CreateCommand();
        command.CommandText = "SELECT marks FROM ledger_marks UNION ALL SELECT marks FROM ledger";
        using var rows = command.ExecuteReader();
        var marks = new List<byte>();
        while (rows.Read()) marks.AddRange((byte[])rows[0]);
        marks.Should().Equal(leaves.SelectMany(leaf => leaf.Bytes[..2].ToArray()));
    }

    [Fact]
    public async Task Append_to_a_store_that_a_newer_version_has_upgraded_meanwhile_is_refused()
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        await storage.AppendAsync(Some.Append("s", 0));
        using var foreign = Some.ForeignConnection(_folder.Store);
        foreign.Run("PRAGMA user_version = 3");
        for (var tries = 0; tries < 2; tries++)
            await FluentActions.Awaiting(() => storage.AppendAsync(Some.Append("s", 1)).AsTask()).Should().ThrowAsync<IncompatibleStoreException>().WithMessage("*version 3*");
        foreign.Run("SELECT count(*) FROM events").Should().Be(1L);
        FluentActions.Invoking(() => foreign.Run("BEGIN IMMEDIATE; ROLLBACK")).Should().NotThrow("the write lock is free");
    }

    [Theory]
    [InlineData("UPDATE ledger SET frontier = x'45463100'", "cannot be read")]
    [InlineData("UPDATE ledger SET frontier = x'00'", "cannot be read")]
    [InlineData("DELETE FROM ledger", "has removed it")]
    public async Task Append_to_a_store_whose_frontier_is_damaged_is_refused_and_says_so(string damage, string finding)
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        await storage.AppendAsync(Some.Append("s", 0));
        using var foreign = Some.ForeignConnection(_folder.Store);
        foreign.RunPast("ledger_refuse_delete", damage);
        await FluentActions.Awaiting(() => storage.AppendAsync(Some.Append("s", ExpectedVersion.Any)).AsTask()).Should().ThrowAsync<StoreCorruptedException>().WithMessage($"*{finding}*");
        await FluentActions.Awaiting(() => storage.Ledger.GetFrontierAsync().AsTask()).Should().ThrowAsync<StoreCorruptedException>().WithMessage($"*{finding}*");
        (await storage.GetHeadAsync()).Should().Be(1);
    }

    [Fact]
    public async Task Read_hashes_that_are_missing_says_so()
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        await storage.AppendAsync(Some.Append("s", 0, [.. Enumerable.Range(0, 256).Select(_ => Some.Event())]));
        using var foreign = Some.ForeignConnection(_folder.Store);
        foreign.RunPast("ledger_tiles_refuse_delete", "DELETE FROM ledger_tiles");
        foreign.RunPast("events_refuse_delete", "DELETE FROM events WHERE position = 7");
        await FluentActions.Awaiting(() => storage.Ledger.ReadAsync(1, 0, new MerkleHash[1]).AsTask()).Should().ThrowAsync<StoreCorruptedException>().WithMessage("*no hash 0 on level 1*");
        await FluentActions.Awaiting(() => storage.Ledger.ReadAsync(0, 0, new MerkleHash[10]).AsTask()).Should().ThrowAsync<StoreCorruptedException>().WithMessage("*position 7 is missing*");
    }

    [Fact]
    public async Task Change_of_an_event_behind_the_librarys_back_no_longer_fits_the_tree()
    {
        await using (var writing = new SqliteEventStorage(_folder.Store)) await writing.AppendAsync(Some.Append("s", 0, Some.Event(data: """{"amount":10}"""), Some.Event()));
        await using var storage = new SqliteEventStorage(_folder.Store);
        using var foreign = Some.ForeignConnection(_folder.Store);
        foreign.RunPast("events_refuse_update", "UPDATE events SET data = CAST('{\"amount\":99}' AS BLOB) WHERE position = 1");
        var proof = await InclusionProof.BuildAsync(storage.Ledger, 1, 2);
        var leaves = new MerkleHash[2];
        await storage.Ledger.ReadAsync(0, 0, leaves);
        proof.Verify(leaves[1], (await storage.Ledger.GetFrontierAsync()).Root()).Should().BeFalse();
    }
}
