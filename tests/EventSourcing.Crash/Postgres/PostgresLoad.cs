namespace EventSourcing.Crash;

/// <summary>Writing processes on one store in PostgreSQL.</summary>
/// <param name="tally">Takes what a writer complains of.</param>
/// <param name="store">The store.</param>
/// <param name="connectionString">The way that the writers take.</param>
/// <param name="random">Gives the writers their seeds.</param>
internal sealed class PostgresLoad(Tally tally, PostgresStore store, string connectionString, Random random) : IAsyncDisposable
{
    private readonly WorkerPool _pool = new(2);
    private readonly List<WorkerProcess> _workers = [];

    public IReadOnlyList<WorkerProcess> Workers => _workers;

    /// <summary>Starts writers until there are so many, and waits until each has stored something.</summary>
    public async Task FillUpAsync(int count, int callers = 4)
    {
        while (_workers.Count < count)
        {
            var fresh = await _pool.TakeAsync();
            await fresh.BeginAsync("append-to-postgres", Uri.EscapeDataString(connectionString), store.Schema, random.Next(), callers);
            _workers.Add(fresh);
        }

        foreach (var worker in _workers)
        {
            if (await Task.WhenAny(worker.Spoke, Task.Delay(PostgresStore.Patience)) != worker.Spoke)
                tally.AddUnexplained("a writer has stored nothing in a minute");
        }
    }

    /// <summary>Kills writers (SIGKILL).</summary>
    /// <returns>What any writer was told since the last call.</returns>
    public async Task<IReadOnlyCollection<Acknowledgement>> KillAsync(IReadOnlyCollection<WorkerProcess> victims)
    {
        foreach (var victim in victims) victim.Process.Kill();
        foreach (var victim in victims) await victim.EndedAsync();
        var acknowledged = TakeAcknowledged();
        foreach (var victim in victims)
        {
            _workers.Remove(victim);
            await KillFault.ComplainAsync(tally, victim, "PostgreSQL");
            await victim.DisposeAsync();
        }

        return acknowledged;
    }

    public Task<IReadOnlyCollection<Acknowledgement>> KillAllAsync() => KillAsync([.. _workers]);

    public IReadOnlyCollection<Acknowledgement> TakeAcknowledged() => [.. _workers.SelectMany(worker => worker.TakeAcknowledged())];

    public async ValueTask DisposeAsync()
    {
        foreach (var worker in _workers) await worker.DisposeAsync();
        await _pool.DisposeAsync();
    }
}
