using System.Diagnostics;
using System.Globalization;

namespace EventSourcing.Benchmarks;

/// <summary>Marten in a process of its own, which does what it is told and answers with its rate.</summary>
internal sealed class MartenProcess : IDisposable
{
    private readonly Process _process;

    public MartenProcess(string connectionString)
    {
        // It is built along with this program, beside it, in the same configuration.
        var here = new DirectoryInfo(AppContext.BaseDirectory);
        var program = Path.Combine(here.FullName, "..", "..", "..", "..", "EventSourcing.Benchmarks.Marten", "bin", here.Parent!.Name,
            here.Name, "EventSourcing.Benchmarks.Marten.dll");
        _process = Process.Start(new ProcessStartInfo("dotnet",
            [Path.GetFullPath(program), connectionString]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
    }

    public async Task<double> DoAsync(string work)
    {
        await _process.StandardInput.WriteLineAsync(work);
        await _process.StandardInput.FlushAsync();
        var answer = await _process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException($"Marten ended at '{work}'.");
        return double.Parse(answer, CultureInfo.InvariantCulture);
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }
}
