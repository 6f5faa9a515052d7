using EventSourcing.Tests.Postgres;
using Npgsql;

namespace EventSourcing.PostgreSql.Tests;

/// <summary>
/// A storage that writes alone appends single events by a statement that does not see what others commit while it waits for the lock.
/// </summary>
public sealed class SingleInsertTests : IDisposable
{
    private static readonly TimeSpan Never = TimeSpan.FromSeconds(60);
    private readonly OneSchema _schema = new();
    private readonly NpgsqlDataSource _source;

    public SingleInsertTests() => _source = NpgsqlDataSource.Create(
        new NpgsqlConnectionStringBuilder(PostgresServer.ConnectionString) { ApplicationName = _schema.Name }.ConnectionString);

    public void Dispose()
    {
        _source.Dispose();
        _schema.Dispose();
    }

    [Fact]
    public async Task Append_of_single_events_enters_no_function_until_another_process_writes()
    {
        await using var one = new PostgresEventStorage(_source, OneSchema.OptionsFor(_schema.Name));
        await using var other = _schema.Open();
        await one.AppendAsync(Some.Append("s", 0));
        HasEnteredFunction().Should().BeTrue("nothing is known of the log before the first append");

        (await one.AppendAsync(Some.Append("s", 1))).Position.Should().Be(2);
        HasEnteredFunction().Should().BeFalse();

        await other.AppendAsync(Some.Append("t", 0));
        (await one.AppendAsync(Some.Append("s", 2))).Position.Should().Be(4);
        (await one.AppendAsync(Some.Append("s", 3))).Position.Should().Be(5);
        HasEnteredFunction().Should().BeTrue("another process has written a moment ago");
        (await Some.ExpectRegularAsync(one)).Should().HaveCount(5);
    }

    [Fact]
    public async Task Append_that_waits_while_another_process_commits_is_stored_after_it()
    {
        await using var one = new PostgresEventStorage(_source, OneSchema.OptionsFor(_schema.Name));
        await one.AppendAsync(Some.Append("t", 0));
        await one.AppendAsync(Some.Append("s", 0));

        var append = await AppendWhileAnotherCommitsAsync(one, Some.Append("s", 1), "t");

        (await append).Should().BeEquivalentTo(new { Position = 4L, Version = 2L });
        (await one.AppendAsync(Some.Append("t", 2))).Position.Should().Be(5);
        (await Some.ExpectRegularAsync(one)).Should().HaveCount(5);
    }

    [Fact]
    public async Task Append_that_waits_while_another_process_commits_to_its_stream_is_refused_with_the_actual_version()
    {
        await using var one = new PostgresEventStorage(_source, OneSchema.OptionsFor(_schema.Name));
        await one.AppendAsync(Some.Append("s", 0));

        var append = await AppendWhileAnotherCommitsAsync(one, Some.Append("s", 1), "s");

        (await FluentActions.Awaiting(() => append).Should().ThrowAsync<WrongExpectedVersionException>()).Which.ActualVersion.Should().Be(2);
        (await Some.ExpectRegularAsync(one)).Should().HaveCount(2);
    }

    [Fact]
    public async Task Append_that_waits_while_another_process_stores_its_event_is_a_repetition()
    {
        await using var one = new PostgresEventStorage(_source, OneSchema.OptionsFor(_schema.Name));
        await one.AppendAsync(Some.Append("s", 0));
        var e = Some.Event();

        var append = await AppendWhileAnotherCommitsAsync(one, Some.Append("s", 1, e), "s", e.Id);

        (await append).Should().BeEquivalentTo(new { Position = 2L, Version = 2L, WasAlreadyStored = true });
        (await Some.ExpectRegularAsync(one)).Should().HaveCount(2);
    }

    private bool HasEnteredFunction() => _schema.Run(
        $"SELECT count(*)::int FROM pg_stat_activity WHERE application_name = '{_schema.Name}' AND query LIKE '%append_events%'") is 1;

    /// <summary>Appends, while another process holds the lock with an event that it commits only when the append waits.</summary>
    private async Task<Task<AppendResult>> AppendWhileAnotherCommitsAsync(
        PostgresEventStorage storage, AppendRequest request, string stream, Guid? id = null)
    {
        await using var other = await PostgresServer.DataSource.OpenConnectionAsync();
        await using var transaction = await other.BeginTransactionAsync();
        await using var write = new NpgsqlCommand($"""
            SELECT pg_advisory_xact_lock((SELECT lock_key FROM "{_schema.Name}".store));
            INSERT INTO "{_schema.Name}".events (position, stream, version, recorded, id, type, seal, data)
            SELECT h.position + 1, s.id, (SELECT max(version) + 1 FROM "{_schema.Name}".events WHERE stream = s.id), h.recorded,
                '{id ?? Guid.NewGuid()}', h.type, h.seal, h.data
            FROM (SELECT * FROM "{_schema.Name}".events ORDER BY position DESC LIMIT 1) h, "{_schema.Name}".streams s WHERE s.name = '{stream}'
            """, other, transaction);
        (await write.ExecuteNonQueryAsync()).Should().Be(1);
        var append = storage.AppendAsync(request).AsTask();
        using var patience = new CancellationTokenSource(Never);
        while (!_schema.IsAnybodyWaitingForLock()) await Task.Delay(5, patience.Token);
        HasEnteredFunction().Should().BeFalse("it is this statement that waits");
        await transaction.CommitAsync();
        return append;
    }
}
