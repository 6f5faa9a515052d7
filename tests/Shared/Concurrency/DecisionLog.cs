namespace EventSourcing.Tests.Concurrency;

/// <summary>A log of decisions, which proves itself or does not.</summary>
internal static class DecisionLog
{
    private const int BatchesPerWorker = 10;

    /// <summary>Has workers decide at once, while a reader follows the log.</summary>
    public static async Task<(IReadOnlyList<DecidedEvent> Log, IReadOnlyList<Verdict> Verdicts)> RaceAsync(IEventStorage storage, int workers, int round)
    {
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var verdicts = Task.WhenAll(Enumerable.Range(round * workers, workers).Select(seed => Task.Run(async () =>
        {
            await go.Task;
            return await new DecisionMaker(storage, seed).RunAsync(BatchesPerWorker);
        })));
        var tail = Task.Run(() => TailAsync(storage, verdicts));
        go.SetResult();
        var log = await tail;
        return (log, [.. (await verdicts).SelectMany(v => v)]);
    }

    /// <summary>
    /// Follows the log while others append to it, from its beginning until it has all that was there when they were
    /// done. Fails where it meets a position other than the next, or a batch that is not there to its end.
    /// </summary>
    public static async Task<IReadOnlyList<DecidedEvent>> TailAsync(IEventStorage storage, Task others)
    {
        using var done = new CancellationTokenSource();
        var cancel = others.ContinueWith(_ => done.Cancel(), TaskScheduler.Default);
        var seen = new List<DecidedEvent>();
        while (true)
        {
            var isLast = others.IsCompleted;
            using (var page = await storage.ReadLogAsync(new LogRead { After = seen.Count, Limit = int.MaxValue }))
            {
                foreach (ref readonly var e in page.Events)
                {
                    if (e.Position != seen.Count + 1) Assert.Fail($"A reader that had seen all up to position {seen.Count} sees {e.Position} next.");
                    seen.Add(DecidedEvent.Of(e));
                }

                if (page.IsEnd && page.Head != seen.Count) Assert.Fail($"A page ends at {seen.Count} and says that the log does so at {page.Head}.");
                if (page.IsEnd && seen is [.., { Decision: var last }] && last.Index != last.Count - 1) Assert.Fail($"The log ends within a batch: {seen[^1]}.");
            }

            if (isLast) break;
            try
            {
                await storage.WaitForEventsAsync(seen.Count, done.Token);
            }
            catch (OperationCanceledException)
            {
                // The others are done; what they have left is read once more.
            }
        }

        await cancel;
        return seen;
    }

    /// <summary>What in a log should not have been possible, or null.</summary>
    /// <param name="log">The whole log.</param>
    /// <param name="verdicts">What the workers were told.</param>
    public static string? FindFault(IReadOnlyList<DecidedEvent> log, IReadOnlyCollection<Verdict> verdicts)
    {
        var starts = new Dictionary<Guid, long>();
        for (var i = 0; i < log.Count; i++)
        {
            var e = log[i];
            if (e.Position != i + 1) return $"At place {i + 1} of the log stands {e}.";
            var start = i - e.Decision.Index;
            if (start < 0 || start + e.Decision.Count > log.Count || log[start].Decision.Batch != e.Decision.Batch) return $"Not together with its batch: {e}.";
            if (e.Decision.Index > 0) continue;
            if (!starts.TryAdd(e.Decision.Batch, e.Position)) return $"Its batch stands in the log twice: {e}.";
            for (var p = (int)e.Decision.After; p < i; p++)
            {
                if (e.Decision.Matches(log[p])) return $"Decided on facts that had changed: {e} in spite of {log[p]}.";
            }
        }

        foreach (var (batch, told) in verdicts)
        {
            var actual = starts.GetValueOrDefault(batch);
            if (actual != told) return $"The worker of batch {batch} was told position {told} (0: refused), and it stands at {actual}.";
        }

        return starts.Count == verdicts.Count(verdict => verdict.FirstPosition > 0) ? null : "The log has batches of which no worker knows.";
    }
}
