using EventSourcing.Tests.Postgres;

namespace EventSourcing.Crash;

/// <summary>
/// The connection of an append is cut before its n-th message, of either direction, for each n. The append must succeed, or say
/// truly whether it is stored; its repetition resolves it.
/// </summary>
internal static class PostgresCutFault
{
    private const string Model = "last";

    public static async Task<Tally> RunAsync(int cuts, int seed)
    {
        var tally = new Tally("PostgreSQL: connection cut at every message of an append");
        var random = new Random(seed);
        using var server = PostgresInstance.Start(PostgresStore.Binaries(), isDurable: false);
        var store = new PostgresStore(tally, server.ConnectionString());
        await using var proxy = new TcpProxy(server.Port);
        await using var observer = store.Open();
        await observer.ReadModels.CommitAsync(new ReadModelCommit { Creates = [new ReadModelDefinition(Model, [])] });
        var kinds = Enum.GetValues<Kind>();
        var found = kinds.ToDictionary(kind => kind, _ => 0);
        for (int done = 0, kind = 0; done < cuts; kind = (kind + 1) % kinds.Length)
        {
            var workload = new Workload(random.Next(), FormattableString.Invariant($"cut-{seed}-{done}"));
            for (var message = 1; done < cuts; message++)
            {
                // A few in which the server cannot be reached again for longer than the append tries.
                var isGone = random.Next(6) == 0;
                await using var storage = PostgresStore.Open(proxy.ConnectionString(server.ConnectionString()), store.Schema, isGone
                    ? TimeSpan.FromMilliseconds(200) : null);
                var first = workload.Next();
                await storage.AppendAsync(first.Request);
                var batch = workload.Next();
                var request = RequestOf(kinds[kind], batch);
                var cut = proxy.CutBefore(message);
                if (isGone) _ = cut.ContinueWith(_ => proxy.Refuse(true), CancellationToken.None,
                    TaskContinuationOptions.OnlyOnRanToCompletion | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
                var when = $"{kinds[kind]}, cut before message {message}{(isGone ? ", and gone" : "")}";
                AppendResult? result = null;
                try
                {
                    result = await storage.AppendAsync(request);
                }
                catch (StorageFailedException failure)
                {
                    proxy.Refuse(false);
                    await ResolveAsync(failure.OutcomeIsUnknown);
                }
                catch (Exception e)
                {
                    tally.AddUnexplained($"{when}: {CallWork.Say(e)}");
                }

                proxy.Refuse(false);
                proxy.KeepAll();
                if (result is not null) await store.CheckAsync([Acknowledgement.Of(first, await storage.AppendAsync(first.Request)),
                    Acknowledgement.Of(batch, result)], random, when);
                if (kinds[kind] == Kind.WithReadModel && result is not null && (await observer.ReadModels.LoadAsync(Model, ["batch"]))[0]
                    is var document && document?.AsSpan().SequenceEqual(batch.Id.ToByteArray()) != true)
                    tally.AddUnexplained($"{when}: the read model is not that of the append");
                if (!cut.IsCompleted)
                {
                    // The append had no such message.
                    found[kinds[kind]] = message - 1;
                    break;
                }

                done++;
                tally.AddRuns();

                async Task ResolveAsync(bool isUnknown)
                {
                    try
                    {
                        result = await PostgresWork.UntilKnownAsync(storage, request);
                        if (result.WasAlreadyStored && !isUnknown)
                            tally.AddUnexplained($"{when}: an append said that nothing was written, and its repetition found it stored");
                    }
                    catch (Exception e)
                    {
                        tally.AddUnexplained($"{when}, repeated: {CallWork.Say(e)}");
                    }
                }
            }
        }

        await store.CheckAllAsync(random, "all");
        tally.Note($"messages of an append: {string.Join(", ", found.Select(one => $"{one.Key} {one.Value}"))} (0: not reached in this run)");
        return tally;
    }

    private static AppendRequest RequestOf(Kind kind, Batch batch) => kind switch
    {
        Kind.Alone => batch.Request,
        Kind.OnACondition => batch.Request with { Conditions = [new AppendCondition(EventQuery.Any([new EventQueryItem([],
            ["nobody-has-this"])]), 0)] },
        _ => batch.Request with
        {
            ReadModels = (_, _) => ValueTask.FromResult(new ReadModelCommit { Changes = [new DocumentChange(Model, "batch",
                batch.Id.ToByteArray())] }),
        },
    };

    private enum Kind
    {
        Alone,
        OnACondition,
        WithReadModel,
    }
}
