using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using EventSourcing.Tests.Postgres;
using Npgsql;

namespace EventSourcing.PostgreSql.Tests;

/// <summary>A PgBouncer in front of the tests' server, which by default gives each transaction whichever connection is free.</summary>
internal sealed class PgBouncer : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("es-pgbouncer-").FullName;
    private readonly Process _process;

    public PgBouncer(string mode = "transaction", int connections = 4)
    {
        var server = new NpgsqlConnectionStringBuilder(PostgresServer.ConnectionString);
        var port = FreePort();
        var settings = Path.Combine(_folder, "pgbouncer.ini");
        var users = Path.Combine(_folder, "users");
        File.WriteAllText(users, $"\"{server.Username}\" \"{server.Password}\"\n");
        File.WriteAllText(settings, string.Create(CultureInfo.InvariantCulture, $"""
            [databases]
            * = host={server.Host} port={server.Port}
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {port}
            unix_socket_dir =
            auth_type = trust
            auth_file = {users}
            pool_mode = {mode}
            default_pool_size = {connections}
            max_client_conn = 500
            ignore_startup_parameters = extra_float_digits

            """));
        string[] command = [Program()!, settings];
        if (Environment.UserName == "root" && PostgresAccount.Find() is { } account)
        {
            account.Own(_folder);
            command = [.. account.Prefix, .. command];
        }

        var start = new ProcessStartInfo(command[0]) { UseShellExecute = false, RedirectStandardError = true, WorkingDirectory = "/" };
        foreach (var argument in command[1..]) start.ArgumentList.Add(argument);
        _process = Process.Start(start)!;
        _ = _process.StandardError.ReadToEndAsync(); // its log, which would fill the pipe
        ConnectionString = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Host = "127.0.0.1", Port = port }.ConnectionString;
    }

    /// <summary>Why there is no PgBouncer here, or null.</summary>
    public static string? Obstacle => PostgresServer.Obstacle ?? (Program() is null ? "no PgBouncer: install the package pgbouncer" : null);

    /// <summary>The connection string of the tests' server, through the pooler.</summary>
    public string ConnectionString { get; }

    /// <summary>Waits until it takes connections.</summary>
    public async Task UntilReadyAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            try
            {
                await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false;No Reset On Close=true");
                await connection.OpenAsync(patience.Token);
                return;
            }
            catch (NpgsqlException) when (!_process.HasExited)
            {
                await Task.Delay(20, patience.Token);
            }
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static string? Program() => OperatingSystem.IsWindows() ? null
        : $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/usr/local/sbin".Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, "pgbouncer")).FirstOrDefault(File.Exists);

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

/// <summary>A test that needs PgBouncer. Where there is none it is skipped by name.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PgBouncerFactAttribute : Xunit.FactAttribute
{
    public PgBouncerFactAttribute() => Skip = PgBouncer.Obstacle;
}
