using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Tests;

/// <summary>A file whose store is marked as moved, as other processes see it that have it open.</summary>
public sealed class MovedStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Mark_as_moved_holds_for_a_storage_that_was_open_before()
    {
        await using var marks = new SqliteEventStorage(_folder.Store);
        await using var writes = new SqliteEventStorage(_folder.Store);
        await writes.AppendAsync(Some.Append("a", 0));
        await writes.AppendAsync(Some.Append("a", 1));
        (await marks.SetMovedToAsync("it's there", 2)).Should().BeTrue();

        var refused = await FluentActions.Awaiting(() => writes.AppendAsync(Some.Append("a", 2)).AsTask()).Should().ThrowAsync<StoreMovedException>();

        refused.Which.MovedTo.Should().Be("it's there");
        (await marks.SetMovedToAsync(null, 2)).Should().BeTrue();
        await writes.AppendAsync(Some.Append("a", 2));
        (await marks.GetHeadAsync()).Should().Be(3);
    }

    [Fact]
    public async Task Mark_as_moved_is_there_when_the_file_is_opened_anew_and_refuses_the_shell_too()
    {
        await using (var storage = new SqliteEventStorage(_folder.Store))
        {
            await storage.AppendAsync(Some.Append("a", 0));
            await storage.SetMovedToAsync("there", 1);
        }

        using (var shell = Some.ForeignConnection(_folder.Store))
        {
            FluentActions.Invoking(() => shell.Run("INSERT INTO events SELECT position + 1, stream, version + 1, type, randomblob(16), recorded, seal, data, metadata, tags FROM events"))
                .Should().Throw<SqliteException>().WithMessage("*the store has moved to there*");
        }

        await using var opened = new SqliteEventStorage(_folder.Store);
        (await opened.GetMovedToAsync()).Should().Be("there");
        await FluentActions.Awaiting(() => opened.AppendAsync(Some.Append("b", 0)).AsTask()).Should().ThrowAsync<StoreMovedException>();
        (await opened.GetHeadAsync()).Should().Be(1);
    }

    [Theory]
    [InlineData("CREATE TRIGGER store_moved BEFORE INSERT ON events BEGIN SELECT raise(IGNORE); END")]
    [InlineData("CREATE TRIGGER store_moved BEFORE INSERT ON events BEGIN SELECT raise(ABORT, 'the store has moved to x'); SELECT raise(IGNORE); END")]
    [InlineData("CREATE TRIGGER store_moved AFTER INSERT ON events BEGIN SELECT raise(ABORT, 'the store has moved to x'); END")]
    [InlineData("CREATE TRIGGER store_moved BEFORE INSERT ON streams BEGIN SELECT raise(ABORT, 'the store has moved to x'); END")]
    public async Task Another_trigger_of_that_name_is_not_the_stores(string sql)
    {
        await using (var storage = new SqliteEventStorage(_folder.Store)) await storage.AppendAsync(Some.Append("a", 0));
        using (var shell = Some.ForeignConnection(_folder.Store)) shell.Run(sql);

        await using var opened = new SqliteEventStorage(_folder.Store);

        await FluentActions.Awaiting(() => opened.AppendAsync(Some.Append("a", 1)).AsTask()).Should().ThrowAsync<StoreCorruptedException>();
        (await opened.Ledger.AuditStructureAsync(isWhole: false)).Should().Contain(finding => finding.Kind == LedgerFindingKind.SchemaChanged);
    }
}
