using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace EventSourcing.AspNetCore.Tests;

/// <summary>The sample as a process, in a folder of its own. It is killed in the end.</summary>
internal sealed class BankingApiProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("banking-api-tests-");
    private readonly StringBuilder _output = new();
    private readonly Process _process;

    private BankingApiProcess(string[] arguments)
    {
        Port = FreePort();
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "BankingApi.dll"), $"--urls={Address}", $"--ConnectionStrings:bank={Database}", .. arguments])
        {
            WorkingDirectory = _folder.FullName,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Add(line.Data);
        _process.ErrorDataReceived += (_, line) => Add(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public int Port { get; }

    public string Address => $"http://localhost:{Port}";

    public string Database => Path.Combine(_folder.FullName, "bank.db");

    public string Folder => _folder.FullName;

    public string Output
    {
        get
        {
            lock (_output) return _output.ToString();
        }
    }

    public static async Task<BankingApiProcess> StartAsync(params string[] arguments)
    {
        var app = new BankingApiProcess(arguments);
        using var client = new HttpClient();
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            try
            {
                if ((await client.GetAsync(new Uri($"{app.Address}/health/ready"), patience.Token)).IsSuccessStatusCode) return app;
            }
            catch (HttpRequestException) when (!app._process.HasExited)
            {
                await Task.Delay(50, patience.Token);
            }
        }
    }

    /// <summary>Asks it to end, as an orchestrator does, and waits until it has.</summary>
    public async Task<int> TerminateAsync()
    {
        using (var kill = Process.Start("kill", ["-TERM", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)])) await kill.WaitForExitAsync();
        using var patience = new CancellationTokenSource(Patience);
        await _process.WaitForExitAsync(patience.Token);
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
        _folder.Delete(recursive: true);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private void Add(string? line)
    {
        lock (_output) _output.AppendLine(line);
    }
}
