using EventSourcing.Sqlite.Tests;
using EventSourcing.Tests.Postgres;
using Npgsql;

namespace EventSourcing.PostgreSql.Tests;

/// <summary>Appends that are large: in bytes, in streams, alone and together.</summary>
public sealed class SizeTests : IDisposable
{
    private const int MiB = 1024 * 1024;
    private readonly OneSchema _schema = new();

    public void Dispose() => _schema.Dispose();

    /// <summary>The server takes less than 1 GiB in one message, whoever the callers are that share it.</summary>
    [Fact]
    public async Task Appends_of_many_callers_with_large_events_share_a_transaction_only_up_to_64_MiB()
    {
        await using var storage = _schema.Open(own => own);
        await storage.AppendAsync(Some.Append("s", 0));
        List<Task> appending;
        var data = new byte[MiB];
        Random.Shared.NextBytes(data);
        await using (var connection = await PostgresServer.DataSource.OpenConnectionAsync())
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await using (var hold = new NpgsqlCommand($"SELECT pg_advisory_xact_lock((SELECT lock_key FROM \"{_schema.Name}\".store))",
                connection, transaction)) await hold.ExecuteNonQueryAsync();
            appending = [.. Enumerable.Range(0, 24).Select(n => storage.AppendAsync(Some.Append($"s-{n}", 0,
                [.. Enumerable.Range(0, 4).Select(_ => new NewEvent(Guid.CreateVersion7(), "large", data))])).AsTask())];
        }

        await Task.WhenAll(appending);
        (await Some.ExpectRegularAsync(storage)).Should().HaveCount(97);
        var largest = _schema.Run(
            "SELECT max(size)::bigint FROM (SELECT sum(octet_length(data)) AS size FROM {es}.events GROUP BY xmin) x");
        ((long)largest!).Should().BeInRange(4 * MiB, 64 * MiB);
        using var page = await storage.ReadStreamAsync(new StreamRead("s-7"));
        page.Events[^1].Data.ToArray().Should().Equal(data);
    }

    [Fact]
    public async Task Append_of_more_bytes_than_the_server_takes_is_a_bad_argument_and_writes_nothing()
    {
        await using var storage = _schema.Open(own => own);
        await storage.AppendAsync(Some.Append("s", 0));
        var data = new byte[MiB];

        var refused = await FluentActions.Awaiting(() => storage.AppendAsync(Some.Append("s", 1,
            [.. Enumerable.Range(0, 513).Select(_ => new NewEvent(Guid.CreateVersion7(), "large", data))])).AsTask()).Should()
            .ThrowAsync<ArgumentException>();

        refused.Which.Message.Should().Contain("537919488").And.Contain("536870912");
        (await storage.GetHeadAsync()).Should().Be(1);
    }

    [Fact]
    public async Task Append_to_50000_streams_at_once_and_check_of_as_many_are_whole()
    {
        const int Streams = 50_000;
        var limits = new EventStorageLimits { MaxEventsPerAppend = Streams };
        await using var storage = _schema.Open(own => own with { Limits = limits });
        var request = new AppendRequest([.. Enumerable.Range(0, Streams).Select(n => new StreamWrite($"s-{n}", 0, [Some.Event()]))]);
        (await storage.AppendAsync(request)).Position.Should().Be(Streams);
        (await storage.AppendAsync(request)).WasAlreadyStored.Should().BeTrue();

        await using var other = _schema.Open(own => own with { Limits = limits });
        var checks = Enumerable.Range(0, Streams).Select(n => new StreamWrite($"s-{n}", 1, []));
        (await other.AppendAsync(new AppendRequest([.. checks, new StreamWrite("checked", 0, [Some.Event()])]))).Position.Should()
            .Be(Streams + 1);
        var refused = FluentActions.Awaiting(() => other.AppendAsync(new AppendRequest([.. checks.SkipLast(1),
            new StreamWrite($"s-{Streams - 1}", 2, []), new StreamWrite("checked", 1, [Some.Event()])])).AsTask());
        (await refused.Should().ThrowAsync<WrongExpectedVersionException>()).Which.Message.Should().Contain($"s-{Streams - 1}");
        (await storage.GetHeadAsync()).Should().Be(Streams + 1);
        await Tree.ExpectWholeAsync(other);
    }
}
