using EventSourcing.Tests;
using EventSourcing.Tests.Projections;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace EventSourcing.Sqlite.Tests.Projections;

/// <summary>A disk that is full, as SQLite reports it, when a projection is started for the first time.</summary>
public sealed class FullDiskTests() : EngineTests(new OneSqliteFile())
{
    [Fact]
    public async Task Start_on_a_full_disk_says_that_it_is_full_and_goes_on_by_itself_once_there_is_room()
    {
        var clock = new VirtualClock();
        var store = OpenStore(clock);
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);

        // The connection that writes gets no further page. After the failure it is closed, and the next one gets as many as it likes.
        await store.Storage.ReadModels.CommitAsync(new ReadModelCommit
        {
            Tables = async (connection, token) =>
            {
                await using var command = connection.CreateCommand();
                command.CommandText = "PRAGMA max_page_count = 1";
                await command.ExecuteNonQueryAsync(token);
            },
        });
        await using var running = store.StartProjections(NoRetries, new Tallies());
        await UntilAsync(async () => (await running.GetStatusAsync())[0].LastError is not null, "fails");

        var failure = (await FluentActions.Awaiting(() => running.CatchUpAsync().WaitAsync(Never)).Should().ThrowAsync<StorageFailedException>()).Which;
        failure.InnerException.Should().BeOfType<SqliteException>().Which.SqliteErrorCode.Should().Be(raw.SQLITE_FULL);
        failure.Message.Should().Contain("Free some").And.Contain("Nothing was written");
        var late = (await FluentActions.Awaiting(() => running.WaitForAsync(1).WaitAsync(Never)).Should().ThrowAsync<ReadModelLateException>()).Which;
        late.Message.Should().Contain("Free some").And.Contain("The event is stored").And.NotContain("Nothing was written");

        (await store.ReadModel(new Tallies()).GetPositionAsync()).Should().Be(0);
        await UntilAsync(
            clock, TimeSpan.FromMilliseconds(100), async () => await store.ReadModel(new Tallies()).GetPositionAsync() == 1, "goes on by itself");
        await running.CatchUpAsync().WaitAsync(Never);
        await ShouldBeFoldAsync(store, new Tallies());
    }
}
