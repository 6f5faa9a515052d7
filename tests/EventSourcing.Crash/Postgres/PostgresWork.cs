namespace EventSourcing.Crash;

/// <summary>What a worker process does with a store in PostgreSQL.</summary>
internal static class PostgresWork
{
    /// <summary>Appends for ever. An append that fails is repeated as it was, until its outcome is known.</summary>
    public static async Task AppendForEverAsync(Output output, string connectionString, string schema, int seed, int callers)
    {
        var storage = PostgresStore.Open(connectionString, schema);
        await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            var workload = new Workload((seed * 31) + caller, FormattableString.Invariant($"own-{seed}-{caller}"));
            while (true)
            {
                var batch = workload.Next();
                output.Write(Acknowledgement.Of(batch, await UntilKnownAsync(storage, batch.Request)).ToLine());
            }
        })));
    }

    /// <summary>Appends, and repeats the same append for as long as it fails for a reason that may pass.</summary>
    public static async Task<AppendResult> UntilKnownAsync(IEventStorage storage, AppendRequest request)
    {
        while (true)
        {
            try
            {
                return await storage.AppendAsync(request);
            }
            catch (EventSourcingException e) when (e is StorageFailedException or StoreBusyException)
            {
                await Task.Delay(10);
            }
        }
    }
}
