namespace EventSourcing.Explorer;

/// <summary>What a verification has found so far.</summary>
internal sealed record VerificationModel(
    string State, string By, DateTimeOffset StartedAt, long Position, long Head, long Findings, string? Failure)
{
    public string? Root { get; init; }

    public int ComparedCheckpoints { get; init; }

    /// <summary>The first findings, if it has ended.</summary>
    public IReadOnlyList<LedgerFinding> Found { get; init; } = [];

    public bool IsRunning => State == "running";
}

/// <summary>The verification of the log that runs, or ran last: one at a time, however many people look. Thread-safe.</summary>
internal sealed class VerificationRun
{
    private readonly Lock _lock = new();
    private VerificationModel? _model;
    private CancellationTokenSource? _cancel;

    /// <summary>What is known of it, as a user may see it.</summary>
    public VerificationModel? Look(Payloads payloads)
    {
        VerificationModel? model;
        lock (_lock) model = _model;
        return model?.Failure is { } failure ? model with { Failure = payloads.Error(failure) } : model;
    }

    /// <summary>Starts one, unless one runs.</summary>
    public bool TryStart(EventStore store, string by, DateTimeOffset now, CancellationToken stopping)
    {
        CancellationTokenSource cancel;
        lock (_lock)
        {
            if (_model?.IsRunning == true) return false;
            _model = new VerificationModel("running", by, now, 0, 0, 0, null);
            _cancel = cancel = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        }

        _ = Task.Run(() => RunAsync(store, cancel), CancellationToken.None);
        return true;
    }

    public void Cancel()
    {
        lock (_lock) _cancel?.Cancel();
    }

    private async Task RunAsync(EventStore store, CancellationTokenSource cancel)
    {
        try
        {
            var checkpoints = await CheckpointsAsync(store, cancel.Token).ConfigureAwait(false);
            var report = await store.Ledger.VerifyAsync(
                new LedgerVerification { Checkpoints = checkpoints, Progress = new Progress(this) }, cancel.Token).ConfigureAwait(false);
            Change(model => model with
            {
                State = report.IsSound
                    ? "sound"
                    : "not sound", Position = report.Size, Head = report.Size, Findings = report.Findings.Count + report.FurtherFindings,
                Root = report.Root.ToString(), ComparedCheckpoints = report.ComparedCheckpoints, Found = [.. report.Findings.Take(100)],
            });
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            Change(model => model with { State = "cancelled" });
        }
        catch (Exception failure)
        {
            // Whatever it is, whoever looks at the page has to see it: nobody else waits for this task.
            Change(model => model with { State = "failed", Failure = failure.Message });
        }
        finally
        {
            lock (_lock) _cancel = null;
            cancel.Dispose();
        }
    }

    /// <summary>All checkpoints that the sink keeps, if it keeps them all.</summary>
    private static async Task<IReadOnlyList<Checkpoint>> CheckpointsAsync(EventStore store, CancellationToken cancellationToken)
    {
        if (store.Options.Ledger is not { Sink: FileCheckpointSink sink } ledger) return [];
        var checkpoints = new List<Checkpoint>();
        await foreach (var note in sink.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            checkpoints.Add(Checkpoint.Open(note, ledger.Origin, ledger.Verifiers));
        return checkpoints;
    }

    private void Change(Func<VerificationModel, VerificationModel> change)
    {
        lock (_lock) _model = change(_model!);
    }

    private sealed class Progress(VerificationRun run) : IProgress<LedgerProgress>
    {
        public void Report(LedgerProgress value) =>
            run.Change(model => model with { Position = value.Position, Head = value.Head, Findings = value.Findings });
    }
}
