using EventSourcing.Tests.Postgres;
using Npgsql;

namespace EventSourcing.PostgreSql.Tests;

/// <summary>A connection string may name several hosts, of which any may be down and one is the primary.</summary>
public sealed class HostsTests : IDisposable
{
    private const int NobodyListens = 1;
    private readonly OneSchema _schema = new();

    public void Dispose() => _schema.Dispose();

    [Theory]
    [InlineData(null)]
    [InlineData("primary")]
    [InlineData("prefer-standby")]
    public async Task Append_with_several_hosts_finds_the_one_that_is_up(string? wish)
    {
        var given = new NpgsqlConnectionStringBuilder(PostgresServer.ConnectionString);
        given.Host = $"{given.Host}:{NobodyListens},{given.Host}:{given.Port}";
        given.TargetSessionAttributes = wish;
        await using var storage = new PostgresEventStorage(given.ConnectionString, OneSchema.OptionsFor(_schema.Name));

        (await storage.AppendAsync(Some.Append("s", 0))).Position.Should().Be(1);

        (await storage.GetHeadAsync()).Should().Be(1);
    }

    [Fact]
    public async Task Open_of_a_host_that_is_down_is_a_typed_error_without_the_password()
    {
        var given = new NpgsqlConnectionStringBuilder(PostgresServer.ConnectionString) { Port = NobodyListens, Password = "not-to-be-seen" };
        await using var storage = new PostgresEventStorage(given.ConnectionString, OneSchema.OptionsFor(_schema.Name));

        var failed = await FluentActions.Awaiting(() => storage.AppendAsync(Some.Append("s", 0)).AsTask()).Should().ThrowAsync<StorageFailedException>();

        (failed.Which.OutcomeIsUnknown, failed.Which.IsTransient).Should().Be((false, true));
        failed.Which.ToString().Should().NotContain("not-to-be-seen");
    }
}
