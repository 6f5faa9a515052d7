using Npgsql;

namespace EventSourcing.Tests.Postgres;

/// <summary>
/// The PostgreSQL server of this test process: the one that EVENTSOURCING_TEST_POSTGRES names by a connection string, whose role must
/// be a superuser's; else one that is made of the installed programs, starts with the first test that needs it, and ends with the process.
/// </summary>
internal static class PostgresServer
{
    private const string Variable = "EVENTSOURCING_TEST_POSTGRES";
    private static readonly string? Given = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } value ? value : null;
    private static readonly (PostgresBinaries? Binaries, string? Obstacle) Found =
        (PostgresBinaries.Find(out var obstacle), obstacle);

    private static readonly Lazy<PostgresInstance> Instance = new(() => PostgresInstance.Start(Binaries, isDurable: false));
    private static readonly Lazy<string> Server = new(() => Given ?? Instance.Value.ConnectionString());
    private static readonly Lazy<NpgsqlDataSource> Shared = new(() =>
        NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(ConnectionString) { MaxPoolSize = 200, ApplicationName = "tests", NoResetOnClose = true }));

    /// <summary>Why there is no PostgreSQL here, or null if there is. It starts nothing.</summary>
    public static string? Obstacle => Given is not null || Found.Obstacle is null
        ? null
        : $"no PostgreSQL: {Found.Obstacle}. Install it, or set {Variable} to the connection string of a superuser";

    /// <summary>Whether a machine without PostgreSQL is an error: CI=true or EVENTSOURCING_REQUIRE_POSTGRES=1.</summary>
    public static bool IsRequired =>
        Environment.GetEnvironmentVariable("CI") is "true" or "True"
            || Environment.GetEnvironmentVariable("EVENTSOURCING_REQUIRE_POSTGRES") == "1";

    /// <summary>The programs, for tests that start servers of their own.</summary>
    public static PostgresBinaries Binaries => Found.Binaries ?? throw new InvalidOperationException(Found.Obstacle);

    /// <summary>The connection string of a superuser.</summary>
    public static string ConnectionString => Server.Value;

    /// <summary>Connections that all tests of this process share: a new one costs the server a new process.</summary>
    public static NpgsqlDataSource DataSource => Shared.Value;

    /// <summary>Runs SQL as the superuser, and returns the first value.</summary>
    public static object? Run(string sql)
    {
        using var command = DataSource.CreateCommand(sql);
        return command.ExecuteScalar();
    }
}
