namespace EventSourcing.Tests.Testing;

/// <summary>Storages opened read-only on another one that writes: a right one, and some with a fault each.</summary>
internal static class ReadOnlyFaults
{
    /// <summary>Reads what another storage holds, and refuses every write.</summary>
    public class ReadsOnly(IEventStorage inner) : IEventStorage, IReadModelStorage
    {
        protected IEventStorage Inner => inner;

        public EventStorageOptions Options => inner.Options;

        public virtual bool IsReadOnly => true;

        public IReadModelStorage ReadModels => this;

        public ILedgerStorage Ledger => inner.Ledger;

        public virtual IStorageCatalog Catalog => inner.Catalog;

        public virtual TableSupport? Tables => inner.ReadModels.Tables;

        public virtual ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default) => throw new StoreReadOnlyException("append events");

        public virtual ValueTask<long> ImportAsync(ImportRequest request, CancellationToken cancellationToken = default) => throw new StoreReadOnlyException("import events");

        public virtual ValueTask CommitAsync(ReadModelCommit commit, CancellationToken cancellationToken = default) => throw new StoreReadOnlyException("change read models");

        public virtual ValueTask<EventPage> ReadStreamAsync(StreamRead read, CancellationToken cancellationToken = default) => inner.ReadStreamAsync(read, cancellationToken);

        public virtual ValueTask<EventPage> ReadLogAsync(LogRead read, CancellationToken cancellationToken = default) => inner.ReadLogAsync(read, cancellationToken);

        public virtual ValueTask<long> GetHeadAsync(CancellationToken cancellationToken = default) => inner.GetHeadAsync(cancellationToken);

        public ValueTask<long> GetPositionAsync(Guid eventId, CancellationToken cancellationToken = default) => inner.GetPositionAsync(eventId, cancellationToken);

        public virtual ValueTask<string?> GetMovedToAsync(CancellationToken cancellationToken = default) => inner.GetMovedToAsync(cancellationToken);

        public virtual ValueTask<bool> SetMovedToAsync(string? movedTo, long head, CancellationToken cancellationToken = default) =>
            throw new StoreReadOnlyException("mark the store as moved");

        public virtual ValueTask<long> WaitForEventsAsync(long position, CancellationToken cancellationToken = default) => inner.WaitForEventsAsync(position, cancellationToken);

        public virtual ValueTask<IReadOnlyList<byte[]?>> LoadAsync(string model, IReadOnlyList<string> keys, CancellationToken cancellationToken = default) =>
            inner.ReadModels.LoadAsync(model, keys, cancellationToken);

        public ValueTask<IReadOnlyList<StoredDocument>> QueryAsync(string model, DocumentQuery query, CancellationToken cancellationToken = default) =>
            inner.ReadModels.QueryAsync(model, query, cancellationToken);

        public ValueTask<long> CountAsync(string model, IReadOnlyList<FieldCondition> conditions, CancellationToken cancellationToken = default) =>
            inner.ReadModels.CountAsync(model, conditions, cancellationToken);

        public virtual ValueTask DisposeAsync()
        {
            GC.SuppressFinalize(this);
            return ValueTask.CompletedTask;
        }
    }

    public sealed class DoesNotSayThatItIsReadOnly(IEventStorage inner) : ReadsOnly(inner)
    {
        public override bool IsReadOnly => false;
    }

    public sealed class AppendsThoughReadOnly(IEventStorage inner) : ReadsOnly(inner)
    {
        public override ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default) => Inner.AppendAsync(request, cancellationToken);
    }

    public sealed class ReturnsTheResultOfWhatIsStored(IEventStorage inner) : ReadsOnly(inner)
    {
        public override async ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default) =>
            await Inner.GetPositionAsync(request.Writes[0].Events[0].Id, cancellationToken) > 0
                ? await Inner.AppendAsync(request, cancellationToken)
                : await base.AppendAsync(request, cancellationToken);
    }

    public sealed class ChecksGuardsFirst(IEventStorage inner) : ReadsOnly(inner)
    {
        public override async ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
        {
            foreach (var write in request.Writes)
            {
                using var page = await Inner.ReadStreamAsync(new StreamRead(write.Stream) { Limit = 1 }, cancellationToken);
                if (!write.Expected.IsMetBy(page.Head)) throw new WrongExpectedVersionException(write.Stream, write.Expected, page.Head);
            }

            return await base.AppendAsync(request, cancellationToken);
        }
    }

    public sealed class AsksForReadModelsFirst(IEventStorage inner) : ReadsOnly(inner)
    {
        public override async ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
        {
            if (request.ReadModels is { } project) await project(null!, cancellationToken);
            return await base.AppendAsync(request, cancellationToken);
        }
    }

    public sealed class ErasesThoughReadOnly(IEventStorage inner) : ReadsOnly(inner)
    {
        public override ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default) =>
            request.Erase.Count > 0 ? Inner.AppendAsync(request, cancellationToken) : base.AppendAsync(request, cancellationToken);
    }

    public sealed class ImportsThoughReadOnly(IEventStorage inner) : ReadsOnly(inner)
    {
        public override ValueTask<long> ImportAsync(ImportRequest request, CancellationToken cancellationToken = default) => Inner.ImportAsync(request, cancellationToken);
    }

    public sealed class CommitsThoughReadOnly(IEventStorage inner) : ReadsOnly(inner)
    {
        public override ValueTask CommitAsync(ReadModelCommit commit, CancellationToken cancellationToken = default) => Inner.ReadModels.CommitAsync(commit, cancellationToken);
    }

    public sealed class LetsEmptyCommitsPass(IEventStorage inner) : ReadsOnly(inner)
    {
        public override ValueTask CommitAsync(ReadModelCommit commit, CancellationToken cancellationToken = default) =>
            commit == new ReadModelCommit() || (commit.Drops.Count + commit.Creates.Count + commit.Aliases.Count + commit.Changes.Count == 0 && commit.Tables is null)
                ? ValueTask.CompletedTask
                : base.CommitAsync(commit, cancellationToken);
    }

    public sealed class RunsSqlFirst(IEventStorage inner) : ReadsOnly(inner)
    {
        public override async ValueTask CommitAsync(ReadModelCommit commit, CancellationToken cancellationToken = default)
        {
            if (commit.Tables is { } tables) await tables(null!, cancellationToken);
            await base.CommitAsync(commit, cancellationToken);
        }
    }

    public sealed class RefusesAsNotSupported(IEventStorage inner) : ReadsOnly(inner)
    {
        public override ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default) => throw new NotSupportedException("It is read-only.");
    }

    public sealed class ReadsAsOfWhenItWasOpened(IEventStorage inner) : ReadsOnly(inner)
    {
        private readonly long _head = inner.GetHeadAsync().AsTask().GetAwaiter().GetResult();

        public override ValueTask<EventPage> ReadLogAsync(LogRead read, CancellationToken cancellationToken = default) =>
            Inner.ReadLogAsync(read with { UpTo = Math.Min(read.UpTo, _head) }, cancellationToken);
    }

    public sealed class IsNotWoken(IEventStorage inner) : ReadsOnly(inner)
    {
        public override async ValueTask<long> WaitForEventsAsync(long position, CancellationToken cancellationToken = default)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
            return 0;
        }
    }

    public sealed class DisposesTheOtherToo(IEventStorage inner) : ReadsOnly(inner)
    {
        public override async ValueTask DisposeAsync()
        {
            await Inner.DisposeAsync();
            await base.DisposeAsync();
        }
    }
}
