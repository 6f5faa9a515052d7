using System.Globalization;
using EventSourcing.Tests.Postgres;
using Npgsql;

namespace EventSourcing.PostgreSql.Tests;

/// <summary>Somebody else holds the lock of the store.</summary>
public sealed class LockTests : IDisposable
{
    private static readonly TimeSpan Never = TimeSpan.FromSeconds(60);
    private readonly OneSchema _schema = new();

    public void Dispose() => _schema.Dispose();

    [Fact]
    public async Task Append_beside_a_foreign_holder_of_the_lock_finds_the_store_busy_and_then_appends()
    {
        await using var storage = _schema.Open(own => own with { BusyTimeout = TimeSpan.FromMilliseconds(300) });
        await storage.AppendAsync(Some.Append("s", 0));
        await using (await HoldAsync())
        {
            var busy = await FluentActions.Awaiting(() => storage.AppendAsync(Some.Append("s", 1)).AsTask()).Should()
                .ThrowAsync<StoreBusyException>();
            busy.Which.Waited.Should().BeGreaterThanOrEqualTo(TimeSpan.FromMilliseconds(300));
            (await storage.GetHeadAsync()).Should().Be(1, "a read does not wait for the lock");
        }

        (await storage.AppendAsync(Some.Append("s", 1))).Position.Should().Be(2);
    }

    [Fact]
    public async Task Append_of_every_kind_beside_a_foreign_holder_finds_the_store_busy()
    {
        await using var storage = _schema.Open(own => own with { BusyTimeout = TimeSpan.FromMilliseconds(200) });
        var request = Some.Append("s", 0);
        await storage.AppendAsync(request);
        await using (await HoldAsync())
        {
            AppendRequest[] kinds =
            [
                Some.Append("new", ExpectedVersion.NoStream),
                Some.Append("s", ExpectedVersion.Any) with { Conditions = [new AppendCondition(EventQuery.All, 1)] },
                Some.Append("s", 1) with { ReadModels = (_, _) => ValueTask.FromResult(new ReadModelCommit()) },
            ];
            foreach (var kind in kinds)
                await FluentActions.Awaiting(() => storage.AppendAsync(kind).AsTask()).Should().ThrowAsync<StoreBusyException>();
        }

        (await storage.GetHeadAsync()).Should().Be(1);
        (await Task.WhenAll(Enumerable.Range(0, 4)
            .Select(_ => storage.AppendAsync(Some.Append("s", ExpectedVersion.Any)).AsTask()))).Max(r => r.Position).Should().Be(5);
    }

    [Fact]
    public async Task Append_that_waits_for_a_foreign_holder_can_be_cancelled_and_is_not_stored()
    {
        await using var storage = _schema.Open();
        await storage.AppendAsync(Some.Append("s", 0));
        await using (await HoldAsync())
        {
            // The first one is with the server, whose answer decides; who waits behind it may go.
            var first = storage.AppendAsync(Some.Append("s", 1)).AsTask();
            await UntilAsync(() => Task.FromResult(_schema.IsAnybodyWaitingForLock()));
            using var cancellation = new CancellationTokenSource();
            var waiting = storage.AppendAsync(Some.Append("s", ExpectedVersion.Any), cancellation.Token).AsTask();
            waiting.IsCompleted.Should().BeFalse();
            await cancellation.CancelAsync();
            await FluentActions.Awaiting(() => waiting.WaitAsync(Never)).Should().ThrowAsync<OperationCanceledException>();
            first.IsCompleted.Should().BeFalse();
        }

        await UntilAsync(async () => await storage.GetHeadAsync() == 2);
        (await storage.AppendAsync(Some.Append("s", 2))).Position.Should().Be(3);
    }

    [Fact]
    public async Task Append_that_waits_goes_on_once_the_foreign_holder_is_ended()
    {
        await using var storage = _schema.Open();
        await storage.AppendAsync(Some.Append("s", 0));
        await using var holder = await HoldAsync();
        var waiting = storage.AppendAsync(Some.Append("s", 1)).AsTask();
        await UntilAsync(() => Task.FromResult(_schema.IsAnybodyWaitingForLock()));
        PostgresServer.Run($"SELECT pg_terminate_backend({holder.ProcessID.ToString(CultureInfo.InvariantCulture)})");
        (await waiting.WaitAsync(Never)).Position.Should().Be(2);
    }

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using var patience = new CancellationTokenSource(Never);
        while (!await isSo()) await Task.Delay(5, patience.Token);
    }

    /// <summary>A connection of somebody else, with the lock of the store, in a transaction.</summary>
    private async Task<NpgsqlConnection> HoldAsync()
    {
        var connection = new NpgsqlConnection(PostgresServer.ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"BEGIN; SELECT pg_advisory_xact_lock((SELECT lock_key FROM \"{_schema.Name}\".store))",
            connection);
        await command.ExecuteNonQueryAsync();
        return connection;
    }
}
