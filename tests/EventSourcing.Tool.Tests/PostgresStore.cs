using EventSourcing.Tests.Postgres;
using Npgsql;

namespace EventSourcing.Tool.Tests;

/// <summary>
/// The place of a store in PostgreSQL, in a schema of its own that is dropped with this. Its texts have a password that the server does not
/// ask for, so that a test sees whether it is ever printed.
/// </summary>
internal sealed class PostgresStore : IDisposable
{
    /// <summary>The password of all texts.</summary>
    public const string Password = "s3cr@t-Pa55";

    private const string Variable = "EVENTSOURCING_TEST_POSTGRES";

    // The tool opens no store on a server that may lose what it has acknowledged, so this one syncs its files.
    private static readonly Lazy<string> Server = new(() => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } given
        ? given
        : PostgresInstance.Start(PostgresServer.Binaries, isDurable: true).ConnectionString());

    private static readonly Lazy<NpgsqlDataSource> Source = new(() => NpgsqlDataSource.Create(Server.Value));

    /// <summary>The schema of the store.</summary>
    public string Schema { get; } = "evs_" + Guid.NewGuid().ToString("N")[..16];

    /// <summary>How the tool shows it.</summary>
    public string Display => $"postgres://{Settings.Host}{(Settings.Port == NpgsqlConnection.DefaultPort ? "" : $":{Settings.Port}")}/{Settings.Database}?schema={Schema}";

    /// <summary>The store as a connection string.</summary>
    public string Text => new NpgsqlConnectionStringBuilder(Server.Value) { Password = Password }.ConnectionString + ";Schema=" + Schema;

    /// <summary>The store as a URL.</summary>
    public string Url =>
        $"postgres://{Settings.Username}:{Uri.EscapeDataString(Password)}@{Settings.Host}:{Settings.Port}/{Settings.Database}?schema={Schema}";

    private static NpgsqlConnectionStringBuilder Settings => new(Server.Value);

    /// <summary>A storage of the store, as its app has one.</summary>
    /// <param name="clock">Its clock; by default the system's.</param>
    public IEventStorage Open(TimeProvider? clock = null) => new PostgresEventStorage(
        Server.Value, new PostgresEventStorageOptions { Schema = Schema, TimeProvider = clock ?? TimeProvider.System });

    /// <summary>Runs SQL as the superuser, and returns the first value.</summary>
    public static async Task<object?> RunAsync(string sql)
    {
        await using var command = Source.Value.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }

    public void Dispose()
    {
        using var command = Source.Value.CreateCommand($"SET client_min_messages = error; DROP SCHEMA IF EXISTS \"{Schema}\" CASCADE");
        command.ExecuteNonQuery();
    }
}
