using System.Diagnostics;

namespace EventSourcing.Crash;

/// <summary>A process of this same program that does a job until it is killed or done, and what it has said.</summary>
internal sealed class WorkerProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly List<Acknowledgement> _acknowledged = [];
    private readonly List<string> _lines = [];
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _spoke = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _reading;
    private readonly Task<string> _errors;
    private int _taken;

    private WorkerProcess(Process process)
    {
        _process = process;
        _reading = ReadAsync();
        _errors = process.StandardError.ReadToEndAsync();
    }

    public Process Process => _process;

    /// <summary>Completes with the first line of the job.</summary>
    public Task Spoke => _spoke.Task;

    /// <summary>The lines that are no acknowledgements.</summary>
    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_lines) return [.. _lines];
        }
    }

    /// <summary>Starts a process, which warms up and waits for its job.</summary>
    public static WorkerProcess Start(IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var argument in (string[])["exec", typeof(WorkerProcess).Assembly.Location, "worker"]) start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        return new WorkerProcess(Process.Start(start)!);
    }

    /// <summary>Gives the process its job.</summary>
    public async Task BeginAsync(params IEnumerable<object> job)
    {
        await _ready.Task;
        await _process.StandardInput.WriteLineAsync(string.Join(' ', job.Select(part => FormattableString.Invariant($"{part}"))));
        await _process.StandardInput.FlushAsync();
    }

    public async Task TellAsync(string line)
    {
        await _process.StandardInput.WriteLineAsync(line);
        await _process.StandardInput.FlushAsync();
    }

    public Task ReadyAsync() => _ready.Task;

    /// <summary>What was acknowledged since the last call.</summary>
    public IReadOnlyCollection<Acknowledgement> TakeAcknowledged()
    {
        lock (_lines)
        {
            Acknowledgement[] fresh = [.. _acknowledged.Skip(_taken)];
            _taken = _acknowledged.Count;
            return fresh;
        }
    }

    /// <summary>Ends the process as it stands (SIGKILL) and reads what it had said.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await EndedAsync();
    }

    /// <summary>Waits for the process to end by itself.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> EndedAsync()
    {
        await _reading;
        await _process.WaitForExitAsync();
        return _process.ExitCode;
    }

    /// <summary>What it complained of.</summary>
    public async Task<string> ErrorsAsync() => (await _errors).Trim();

    public async ValueTask DisposeAsync()
    {
        // Not before it has tidied up after warming up.
        await _ready.Task;
        if (!_process.HasExited) await KillAsync();
        await _errors;
        _process.Dispose();
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line == "ready")
            {
                _ready.TrySetResult();
                continue;
            }

            lock (_lines)
            {
                if (Acknowledgement.TryParse(line, out var acknowledgement)) _acknowledged.Add(acknowledgement);
                else _lines.Add(line);
            }

            _spoke.TrySetResult();
        }

        _ready.TrySetResult();
        _spoke.TrySetResult();
    }
}

/// <summary>Keeps a few processes started and warm, since that takes longer than most of what is done with them.</summary>
internal sealed class WorkerPool(int size) : IAsyncDisposable
{
    private readonly Queue<WorkerProcess> _warm = new();

    public async Task<WorkerProcess> TakeAsync()
    {
        while (_warm.Count < size) _warm.Enqueue(WorkerProcess.Start());
        var worker = _warm.Dequeue();
        await worker.ReadyAsync();
        return worker;
    }

    public async ValueTask DisposeAsync()
    {
        while (_warm.TryDequeue(out var worker)) await worker.DisposeAsync();
    }
}
