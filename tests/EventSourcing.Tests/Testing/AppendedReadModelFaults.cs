namespace EventSourcing.Tests.Testing;

/// <summary>Storages that change read models within appends, with one fault each.</summary>
internal static class AppendedReadModelFaults
{
    /// <summary>What read models see of an append is something else than is about to be committed.</summary>
    internal abstract class ShowsOtherwise(EventStorageOptions options) : FaultyStorage(options)
    {
        public override ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default) => Inner.AppendAsync(
            request.ReadModels is { } project ? request with { ReadModels = (transaction, token) => ProjectAsync(project, transaction, token) } : request, cancellationToken);

        protected virtual ValueTask<ReadModelCommit> ProjectAsync(Func<IAppendTransaction, CancellationToken, ValueTask<ReadModelCommit>> project, IAppendTransaction transaction, CancellationToken cancellationToken) =>
            project(new Transaction([.. transaction.Events.Select(e => Show(e))], transaction, ReadLogAsync), cancellationToken);

        protected virtual StoredEvent Show(StoredEvent e) => e;

        protected virtual ValueTask<EventPage> ReadLogAsync(IAppendTransaction transaction, LogRead read, CancellationToken cancellationToken) => transaction.ReadLogAsync(read, cancellationToken);
    }

    public sealed class ShowsPositionsThatOthersHave(EventStorageOptions options) : ShowsOtherwise(options)
    {
        protected override StoredEvent Show(StoredEvent e) => FaultyStorage.With(e, position: e.Position - 1);
    }

    public sealed class ShowsStampsOfTheBareClock(EventStorageOptions options) : ShowsOtherwise(options)
    {
        protected override StoredEvent Show(StoredEvent e) => FaultyStorage.With(e, at: Options.TimeProvider.GetUtcNow());
    }

    public sealed class ShowsNoMetadata(EventStorageOptions options) : ShowsOtherwise(options)
    {
        protected override StoredEvent Show(StoredEvent e) => FaultyStorage.With(e, metadata: ReadOnlyMemory<byte>.Empty);
    }

    public sealed class ShowsTheLogWithTheAppend(EventStorageOptions options) : ShowsOtherwise(options)
    {
        protected override async ValueTask<EventPage> ReadLogAsync(IAppendTransaction transaction, LogRead read, CancellationToken cancellationToken)
        {
            using var page = await transaction.ReadLogAsync(read, cancellationToken);
            var remade = new EventPage();
            foreach (var e in page.Events) remade.Add(e);
            foreach (var e in transaction.Events.Where(e => read.Direction == ReadDirection.Forwards && page.IsEnd && e.Position > read.After)) remade.Add(e);
            remade.Complete(page.Next, page.IsEnd, page.Head);
            return remade;
        }
    }

    public sealed class AsksTwice(EventStorageOptions options) : ShowsOtherwise(options)
    {
        protected override async ValueTask<ReadModelCommit> ProjectAsync(Func<IAppendTransaction, CancellationToken, ValueTask<ReadModelCommit>> project, IAppendTransaction transaction, CancellationToken cancellationToken)
        {
            await project(transaction, cancellationToken);
            return await project(transaction, cancellationToken);
        }
    }

    public sealed class AppendsWhereReadModelsThrow(EventStorageOptions options) : ShowsOtherwise(options)
    {
        protected override async ValueTask<ReadModelCommit> ProjectAsync(Func<IAppendTransaction, CancellationToken, ValueTask<ReadModelCommit>> project, IAppendTransaction transaction, CancellationToken cancellationToken)
        {
            try
            {
                return await project(transaction, cancellationToken);
            }
            catch (Exception e) when (e is not EventSourcingException)
            {
                return new ReadModelCommit();
            }
        }
    }

    public sealed class IgnoresGuardsWithinAppends(EventStorageOptions options) : ShowsOtherwise(options)
    {
        protected override async ValueTask<ReadModelCommit> ProjectAsync(Func<IAppendTransaction, CancellationToken, ValueTask<ReadModelCommit>> project, IAppendTransaction transaction, CancellationToken cancellationToken) =>
            await project(transaction, cancellationToken) is { } commit ? commit with { Guards = [] } : null!;
    }

    public sealed class WritesDocumentsWithinAppendsOnly(EventStorageOptions options) : ShowsOtherwise(options)
    {
        protected override async ValueTask<ReadModelCommit> ProjectAsync(Func<IAppendTransaction, CancellationToken, ValueTask<ReadModelCommit>> project, IAppendTransaction transaction, CancellationToken cancellationToken) =>
            await project(transaction, cancellationToken) is { } commit ? commit with { Drops = [], Aliases = [] } : null!;
    }

    /// <summary>Events first, then documents, in a commit of their own.</summary>
    public sealed class CommitsDocumentsAfterTheEvents(EventStorageOptions options) : FaultyStorage(options)
    {
        public override async ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
        {
            if (request.ReadModels is not { } project) return await Inner.AppendAsync(request, cancellationToken);
            ReadModelCommit? commit = null;
            var result = await Inner.AppendAsync(
                request with
                {
                    ReadModels = async (transaction, token) =>
                    {
                        commit = await project(transaction, token);
                        return new ReadModelCommit();
                    },
                },
                cancellationToken);
            if (result.WasAlreadyStored) return result;
            await Task.Yield();
            await Inner.ReadModels.CommitAsync(commit!, cancellationToken);
            return result;
        }
    }

    /// <summary>As a peer does it: the fold runs before the write transaction begins.</summary>
    public sealed class FoldsBeforeTheLock(EventStorageOptions options) : FaultyStorage(options)
    {
        public override async ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
        {
            if (request.ReadModels is not { } project) return await Inner.AppendAsync(request, cancellationToken);
            ReadModelCommit commit;
            try
            {
                await Inner.AppendAsync(request with { ReadModels = (transaction, _) => throw new Preview(transaction.Events) }, cancellationToken);
                return await Inner.AppendAsync(request, cancellationToken);
            }
            catch (Preview preview)
            {
                commit = await project(new Transaction(preview.Events, this), cancellationToken);
            }

            await Task.Yield();
            return await Inner.AppendAsync(request with { ReadModels = (_, _) => ValueTask.FromResult(commit) }, cancellationToken);
        }
    }

    public sealed class AsksForARepetition(EventStorageOptions options) : FaultyStorage(options)
    {
        public override async ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
        {
            var result = await Inner.AppendAsync(request, cancellationToken);
            if (request.ReadModels is not { } project || !result.WasAlreadyStored) return result;
            using var page = await Inner.ReadLogAsync(new LogRead { After = result.FirstPosition - 1, UpTo = result.Position }, cancellationToken);
            await Inner.ReadModels.CommitAsync(await project(new Transaction(page.Events.ToArray(), this), cancellationToken), cancellationToken);
            return result;
        }
    }

    public sealed class AsksBeforeGuards(EventStorageOptions options) : FaultyStorage(options)
    {
        public override async ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
        {
            request.Validate(Options.Limits);
            cancellationToken.ThrowIfCancellationRequested();
            if (request.ReadModels is { } project) await project(new Transaction([], this), cancellationToken);
            return await Inner.AppendAsync(request, cancellationToken);
        }
    }

    public sealed class AsksWhenCancelled(EventStorageOptions options) : FaultyStorage(options)
    {
        public override async ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
        {
            if (cancellationToken.IsCancellationRequested && request.ReadModels is { } project) await project(new Transaction([], this), CancellationToken.None);
            return await Inner.AppendAsync(request, cancellationToken);
        }
    }

    private sealed class Preview(IReadOnlyList<StoredEvent> events) : Exception
    {
        public IReadOnlyList<StoredEvent> Events => events;
    }

    private sealed class Transaction(
        IReadOnlyList<StoredEvent> events,
        Func<string, IReadOnlyList<string>, CancellationToken, ValueTask<IReadOnlyList<byte[]?>>> load,
        Func<LogRead, CancellationToken, ValueTask<EventPage>> readLog) : IAppendTransaction
    {
        public Transaction(IReadOnlyList<StoredEvent> events, IAppendTransaction inner, Func<IAppendTransaction, LogRead, CancellationToken, ValueTask<EventPage>> readLog)
            : this(events, inner.LoadAsync, (read, token) => readLog(inner, read, token))
        {
        }

        /// <summary>No transaction at all: reads what is committed at the moment.</summary>
        public Transaction(IReadOnlyList<StoredEvent> events, IEventStorage storage)
            : this(events, storage.ReadModels.LoadAsync, storage.ReadLogAsync)
        {
        }

        public IReadOnlyList<StoredEvent> Events => events;

        public ValueTask<IReadOnlyList<byte[]?>> LoadAsync(string model, IReadOnlyList<string> keys, CancellationToken cancellationToken = default) => load(model, keys, cancellationToken);

        public ValueTask<EventPage> ReadLogAsync(LogRead read, CancellationToken cancellationToken = default) => readLog(read, cancellationToken);
    }
}
