namespace EventSourcing.Tests.Testing;

/// <summary>Storages whose events are right and whose read models have one fault each.</summary>
internal static class ReadModelFaults
{
    internal abstract class FaultyReadModels(EventStorageOptions options) : FaultyStorage(options), IReadModelStorage
    {
        protected IReadModelStorage Right => Inner.ReadModels;

        public override IReadModelStorage ReadModels => this;

        public virtual ValueTask<long> GetCheckpointAsync(string projection, CancellationToken cancellationToken = default) => Right.GetCheckpointAsync(projection, cancellationToken);

        public virtual ValueTask<IReadOnlyList<byte[]?>> LoadAsync(string projection, IReadOnlyList<string> keys, CancellationToken cancellationToken = default) => Right.LoadAsync(projection, keys, cancellationToken);

        public virtual ValueTask<IReadOnlyList<StoredDocument>> ListAsync(string projection, string? afterKey, int limit, CancellationToken cancellationToken = default) => Right.ListAsync(projection, afterKey, limit, cancellationToken);

        public virtual ValueTask CommitAsync(ReadModelCommit commit, CancellationToken cancellationToken = default) => Right.CommitAsync(commit, cancellationToken);
    }

    public sealed class DoesNotCheckTheCheckpoint(EventStorageOptions options) : FaultyReadModels(options)
    {
        public override async ValueTask CommitAsync(ReadModelCommit commit, CancellationToken cancellationToken = default)
        {
            commit.Validate();
            var actual = await GetCheckpointAsync(commit.Projection, cancellationToken);
            await Right.CommitAsync(commit with { ExpectedCheckpoint = actual, Checkpoint = Math.Max(actual + 1, commit.Checkpoint) }, cancellationToken);
        }
    }

    /// <summary>Documents first and in a transaction of their own, then the checkpoint.</summary>
    public sealed class CommitsDocumentsApart(EventStorageOptions options) : FaultyReadModels(options)
    {
        public override ValueTask<IReadOnlyList<byte[]?>> LoadAsync(string projection, IReadOnlyList<string> keys, CancellationToken cancellationToken = default) => Right.LoadAsync("documents of " + projection, keys, cancellationToken);

        public override ValueTask<IReadOnlyList<StoredDocument>> ListAsync(string projection, string? afterKey, int limit, CancellationToken cancellationToken = default) => Right.ListAsync("documents of " + projection, afterKey, limit, cancellationToken);

        public override async ValueTask CommitAsync(ReadModelCommit commit, CancellationToken cancellationToken = default)
        {
            commit.Validate();
            var documents = "documents of " + commit.Projection;
            while (true)
            {
                var own = await Right.GetCheckpointAsync(documents, cancellationToken);
                try
                {
                    await Right.CommitAsync(new ReadModelCommit(documents, own, own + 1, commit.Changes), cancellationToken);
                    break;
                }
                catch (CheckpointConflictException)
                {
                    await Task.Yield();
                }
            }

            await Right.CommitAsync(commit with { Changes = [] }, cancellationToken);
        }
    }

    public sealed class LoadsDocumentsOneByOne(EventStorageOptions options) : FaultyReadModels(options)
    {
        public override async ValueTask<IReadOnlyList<byte[]?>> LoadAsync(string projection, IReadOnlyList<string> keys, CancellationToken cancellationToken = default)
        {
            var documents = new List<byte[]?>();
            foreach (var key in keys)
            {
                documents.AddRange(await Right.LoadAsync(projection, [key], cancellationToken));
                if (keys.Count < 10) await Task.Delay(1, cancellationToken);
            }

            return documents;
        }

        // Slow enough that a reader gets in between.
        public override async ValueTask CommitAsync(ReadModelCommit commit, CancellationToken cancellationToken = default)
        {
            await Right.CommitAsync(commit, cancellationToken);
            await Task.Delay(1, CancellationToken.None);
        }
    }

    public sealed class LoadsDocumentsInTheOrderOfKeys(EventStorageOptions options) : FaultyReadModels(options)
    {
        public override ValueTask<IReadOnlyList<byte[]?>> LoadAsync(string projection, IReadOnlyList<string> keys, CancellationToken cancellationToken = default) =>
            Right.LoadAsync(projection, [.. keys.Order(StringComparer.Ordinal)], cancellationToken);
    }

    public sealed class ListsInTheOrderOfUtf16(EventStorageOptions options) : FaultyReadModels(options)
    {
        public override async ValueTask<IReadOnlyList<StoredDocument>> ListAsync(string projection, string? afterKey, int limit, CancellationToken cancellationToken = default)
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
            var all = await Right.ListAsync(projection, null, int.MaxValue, cancellationToken);
            return [.. all.OrderBy(d => d.Key, StringComparer.Ordinal).Where(d => afterKey is null || string.CompareOrdinal(d.Key, afterKey) > 0).Take(limit)];
        }
    }

    public sealed class ListsFromTheKeyItself(EventStorageOptions options) : FaultyReadModels(options)
    {
        public override async ValueTask<IReadOnlyList<StoredDocument>> ListAsync(string projection, string? afterKey, int limit, CancellationToken cancellationToken = default)
        {
            var after = await Right.ListAsync(projection, afterKey, limit, cancellationToken);
            if (afterKey is null || (await Right.LoadAsync(projection, [afterKey], cancellationToken))[0] is not { } bytes) return after;
            return [.. after.Prepend(new StoredDocument(afterKey, bytes)).Take(limit)];
        }
    }

    public sealed class DeletesByEmptying(EventStorageOptions options) : FaultyReadModels(options)
    {
        public override ValueTask CommitAsync(ReadModelCommit commit, CancellationToken cancellationToken = default) =>
            Right.CommitAsync(commit is null ? null! : commit with { Changes = commit.Changes is null ? null! : [.. commit.Changes.Select(c => c with { Data = c.Data ?? ReadOnlyMemory<byte>.Empty })] }, cancellationToken);
    }

    public sealed class TakesAnEmptyDocumentForADeletion(EventStorageOptions options) : FaultyReadModels(options)
    {
        public override ValueTask CommitAsync(ReadModelCommit commit, CancellationToken cancellationToken = default) =>
            Right.CommitAsync(commit is null ? null! : commit with { Changes = commit.Changes is null ? null! : [.. commit.Changes.Select(c => c.Data is { IsEmpty: true } ? c with { Data = null } : c)] }, cancellationToken);
    }

    public sealed class KeepsOneReadModelForAll(EventStorageOptions options) : FaultyReadModels(options)
    {
        public override ValueTask<IReadOnlyList<byte[]?>> LoadAsync(string projection, IReadOnlyList<string> keys, CancellationToken cancellationToken = default) => Right.LoadAsync("p", keys, cancellationToken);

        public override ValueTask<long> GetCheckpointAsync(string projection, CancellationToken cancellationToken = default) => Right.GetCheckpointAsync("p", cancellationToken);

        public override ValueTask CommitAsync(ReadModelCommit commit, CancellationToken cancellationToken = default) => Right.CommitAsync(commit is null ? null! : commit with { Projection = "p" }, cancellationToken);
    }
}
