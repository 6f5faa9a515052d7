using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace EventSourcing.Tests.Postgres;

/// <summary>A PostgreSQL server of the tests' own, in a temporary folder and on a free port. It ends with this process.</summary>
internal sealed class PostgresInstance : IDisposable
{
    private const string Prefix = "es-postgres-";
    private readonly PostgresBinaries _binaries;
    private readonly string _folder;
    private readonly FileStream? _owner;
    private bool _isRunning;

    private PostgresInstance(PostgresBinaries binaries, string? parent)
    {
        _binaries = binaries;
        _folder = Path.Combine(parent ?? PassableTemp(), Prefix + Guid.NewGuid().ToString("N")[..12]);
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(Home);
        }
        else
        {
            // The server's account must be able to pass the outer folder, and nobody else may look into its own.
            const UnixFileMode Mine = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
            Directory.CreateDirectory(_folder, Mine | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
            Directory.CreateDirectory(Home, Mine);
        }

        // A run that is killed leaves its server behind. Its lock is gone then, and the next run finds the folder by that.
        _owner = parent is null ? new FileStream(OwnerFile(_folder), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None) : null;
        binaries.Account?.Own(Home);
        AppDomain.CurrentDomain.ProcessExit += EndWithProcess;
    }

    /// <summary>The port, on 127.0.0.1.</summary>
    public int Port { get; private set; }

    /// <summary>The server's data folder.</summary>
    public string Data => Path.Combine(Home, "data");

    /// <summary>What the server wrote to its log.</summary>
    public string Log => File.ReadAllText(LogFile);

    private string Home => Path.Combine(_folder, "server");

    private string LogFile => Path.Combine(Home, "log");

    /// <summary>Makes a server and starts it.</summary>
    /// <param name="binaries">The programs.</param>
    /// <param name="isDurable">Whether it syncs its files. What is tested is mostly faster without.</param>
    /// <param name="settings">More lines for its postgresql.conf.</param>
    /// <param name="parent">The folder to make its folder in, or null for the temporary one.</param>
    public static PostgresInstance Start(PostgresBinaries binaries, bool isDurable, IEnumerable<string>? settings = null,
        string? parent = null)
    {
        if (parent is null) RemoveLeftovers(binaries);
        var instance = new PostgresInstance(binaries, parent);
        try
        {
            binaries.Run("initdb", "-D", instance.Data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "-N");
            instance.Configure(
            [
                "listen_addresses = '127.0.0.1'", "unix_socket_directories = ''", "max_connections = 400", "shared_buffers = '128MB'",
                "log_min_messages = warning", "log_min_error_statement = panic", "checkpoint_timeout = '1h'", "max_wal_size = '4GB'",
                    "jit = off",

                // Thousands of schemas come and go: cleaning up behind them would take a quarter of the machine.
                .. isDurable ? (string[])["fsync = on"] : ["fsync = off", "autovacuum = off"], .. settings ?? [],
            ]);
            instance.Start();
            return instance;
        }
        catch
        {
            instance.Dispose();
            throw;
        }
    }

    /// <summary>Makes a streaming replica of a running server and starts it.</summary>
    /// <param name="primary">The server to follow.</param>
    /// <param name="name">The name under which the primary knows it: <c>synchronous_standby_names</c> may say it.</param>
    /// <param name="through">The port by which it reaches the primary, or null for the primary's own.</param>
    public static PostgresInstance StartReplica(PostgresInstance primary, string name, int? through = null)
    {
        const string unencrypted = "sslmode=disable gssencmode=disable";
        var replica = new PostgresInstance(primary._binaries, parent: null);
        try
        {
            replica._binaries.Run("pg_basebackup", "-D", replica.Data, "-h", "127.0.0.1", "-p", Text(primary.Port), "-U", "postgres", "-X",
                "stream", "-c", "fast", "-N");
            replica.Configure(
            [
                $"primary_conninfo = 'host=127.0.0.1 port={Text(through ?? primary.Port)} user=postgres {unencrypted} application_name={name}'",
                "hot_standby = on", "synchronous_standby_names = ''",
            ]);
            replica.Write("standby.signal", "");
            replica.Start();
            return replica;
        }
        catch
        {
            replica.Dispose();
            throw;
        }
    }

    /// <summary>A temporary folder whose parents anybody may pass: one below somebody's home may not be.</summary>
    public static string PassableTemp()
    {
        var temp = Path.GetTempPath();
        if (OperatingSystem.IsWindows()) return temp;
        for (var folder = new DirectoryInfo(temp); folder is not null; folder = folder.Parent)
        {
            if ((folder.UnixFileMode & UnixFileMode.OtherExecute) == 0) return "/tmp";
        }

        return temp;
    }

    /// <summary>The connection string of the superuser.</summary>
    public string ConnectionString(string database = "postgres") => $"Host=127.0.0.1;Port={Port};Username=postgres;Database={database}";

    /// <summary>Appends lines to postgresql.conf: they hold after <see cref="Reload"/> or the next start.</summary>
    public void Configure(IEnumerable<string> lines)
    {
        File.AppendAllLines(Path.Combine(Data, "postgresql.conf"), lines);
    }

    /// <summary>Has the running server read its settings again.</summary>
    public void Reload() => _binaries.Run("pg_ctl", "reload", "-s", "-D", Data);

    /// <summary>Starts it on a free port, or again on the port that it had.</summary>
    public void Start()
    {
        for (var attempt = 1; ; attempt++)
        {
            var port = Port > 0 ? Port : FreePort();
            var code = _binaries.RunAndLeave("pg_ctl", "start", "-s", "-w", "-t", "120", "-D", Data, "-l", LogFile, "-o",
                $"-p {Text(port)}");
            _isRunning = true;
            if (code == 0)
            {
                Port = port;
                return;
            }

            // Somebody else may have taken the port meanwhile; any other reason stays.
            if (attempt == 3) throw new InvalidOperationException($"PostgreSQL did not start in {Data}: {(File.Exists(LogFile) ? Log : "there is no log")}");
        }
    }

    /// <summary>Starts a server that has stopped by itself, or is about to.</summary>
    public void StartAgain()
    {
        _binaries.RunAndLeave("pg_ctl", "stop", "-s", "-w", "-t", "120", "-m", "immediate", "-D", Data);
        Start();
    }

    /// <summary>Gives a folder to the account that the server runs as.</summary>
    public void Own(string folder) => _binaries.Account?.Own(folder);

    /// <summary>Stops it.</summary>
    /// <param name="mode"><c>fast</c> as an administrator does it; <c>immediate</c> as a crash does it.</param>
    public void Stop(string mode = "fast")
    {
        _binaries.Run("pg_ctl", "stop", "-s", "-w", "-t", "120", "-m", mode, "-D", Data);
        _isRunning = false;
    }

    /// <summary>Makes a replica the primary, and returns once it takes writes.</summary>
    public void Promote() => _binaries.Run("pg_ctl", "promote", "-s", "-w", "-t", "120", "-D", Data);

    /// <summary>Ends the server and removes its folder.</summary>
    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= EndWithProcess;
        End(_binaries, _folder, _isRunning);
        _owner?.Dispose();
    }

    private static string OwnerFile(string folder) => Path.Combine(folder, "owner");

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static void RemoveLeftovers(PostgresBinaries binaries)
    {
        foreach (var folder in Directory.EnumerateDirectories(PassableTemp(), Prefix + "*"))
        {
            try
            {
                using (new FileStream(OwnerFile(folder), FileMode.Open, FileAccess.ReadWrite, FileShare.None))
                    End(binaries, folder, isRunning: true);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Its owner lives, or it is another account's, or its owner removes it at this moment.
            }
        }
    }

    private static void End(PostgresBinaries binaries, string folder, bool isRunning)
    {
        var data = Path.Combine(folder, "server", "data");
        if (isRunning && File.Exists(Path.Combine(data, "postmaster.pid")))
            binaries.RunAndLeave("pg_ctl", "stop", "-s", "-w", "-m", "immediate", "-D", data);
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (IOException)
        {
            // Windows keeps files for a moment after their process has ended. The next run removes what is left.
        }
    }

    private void Write(string file, string content)
    {
        File.WriteAllText(Path.Combine(Data, file), content);
        _binaries.Account?.Own(Path.Combine(Data, file));
    }

    private void EndWithProcess(object? sender, EventArgs e)
    {
        // A runner of tests gives its process a tenth of a second to end, and then kills it. So somebody else does it.
        if (OperatingSystem.IsWindows()) Dispose();
        else _binaries.StopInBackground(Data, _folder);
    }
}
