using System.Collections.Concurrent;

namespace EventSourcing.Tests.Testing;

/// <summary>Storages whose events are right and whose commits of read models have one fault each.</summary>
internal static class ReadModelFaults
{
    internal abstract class FaultyReadModels(EventStorageOptions options) : FaultyStorage(options), IReadModelStorage
    {
        protected IReadModelStorage Right => Inner.ReadModels;

        public override IReadModelStorage ReadModels => this;

        public virtual TableSupport? Tables => Right.Tables;

        public virtual ValueTask<IReadOnlyList<byte[]?>> LoadAsync(string model, IReadOnlyList<string> keys, CancellationToken cancellationToken = default) => Right.LoadAsync(model, keys, cancellationToken);

        public virtual ValueTask<IReadOnlyList<StoredDocument>> QueryAsync(string model, DocumentQuery query, CancellationToken cancellationToken = default) => Right.QueryAsync(model, query, cancellationToken);

        public virtual ValueTask<long> CountAsync(string model, IReadOnlyList<FieldCondition> conditions, CancellationToken cancellationToken = default) => Right.CountAsync(model, conditions, cancellationToken);

        public virtual ValueTask CommitAsync(ReadModelCommit commit, CancellationToken cancellationToken = default) => Right.CommitAsync(commit, cancellationToken);
    }

    /// <summary>What it commits is something else than it was given.</summary>
    internal abstract class CommitsOtherwise(EventStorageOptions options) : FaultyReadModels(options)
    {
        public override ValueTask CommitAsync(ReadModelCommit commit, CancellationToken cancellationToken = default)
        {
            commit.Validate();
            return Right.CommitAsync(Change(commit), cancellationToken);
        }

        protected abstract ReadModelCommit Change(ReadModelCommit commit);

        protected static ReadModelCommit Map(ReadModelCommit commit, Func<DocumentChange, DocumentChange> map) => commit with { Changes = [.. commit.Changes.Select(map)] };
    }

    // Guards

    public sealed class IgnoresGuards(EventStorageOptions options) : CommitsOtherwise(options)
    {
        protected override ReadModelCommit Change(ReadModelCommit commit) => commit with { Guards = [] };
    }

    public sealed class ChecksOnlyTheFirstGuard(EventStorageOptions options) : CommitsOtherwise(options)
    {
        protected override ReadModelCommit Change(ReadModelCommit commit) => commit with { Guards = [.. commit.Guards.Take(1)] };
    }

    public sealed class NamesTheLastGuard(EventStorageOptions options) : CommitsOtherwise(options)
    {
        protected override ReadModelCommit Change(ReadModelCommit commit) => commit with { Guards = [.. commit.Guards.Reverse()] };
    }

    public sealed class DoesNotGuardAbsence(EventStorageOptions options) : CommitsOtherwise(options)
    {
        protected override ReadModelCommit Change(ReadModelCommit commit) => commit with { Guards = [.. commit.Guards.Where(g => g.Expected is not null)] };
    }

    public sealed class TakesAnEmptyExpectationForAbsence(EventStorageOptions options) : CommitsOtherwise(options)
    {
        protected override ReadModelCommit Change(ReadModelCommit commit) => commit with { Guards = [.. commit.Guards.Select(g => g.Expected is { IsEmpty: true } ? g with { Expected = null } : g)] };
    }

    public sealed class ChecksGuardsOutsideTheLock(EventStorageOptions options) : FaultyReadModels(options)
    {
        public override async ValueTask CommitAsync(ReadModelCommit commit, CancellationToken cancellationToken = default)
        {
            commit.Validate();
            foreach (var guard in commit.Guards)
            {
                if (!guard.IsMetBy((await LoadAsync(guard.Model, [guard.Key], cancellationToken))[0])) throw new ReadModelConflictException(guard.Model, guard.Key);
            }

            await Task.Yield();
            await Right.CommitAsync(commit with { Guards = [] }, cancellationToken);
        }
    }

    // All or nothing

    public sealed class WritesDocumentsBeforeRefusing(EventStorageOptions options) : FaultyReadModels(options)
    {
        public override async ValueTask CommitAsync(ReadModelCommit commit, CancellationToken cancellationToken = default)
        {
            commit.Validate();
            foreach (var change in commit.Changes)
            {
                try
                {
                    await Right.CommitAsync(new ReadModelCommit { Changes = [change] }, cancellationToken);
                }
                catch (ArgumentException)
                {
                    // The whole commit will say so.
                }
            }

            await Right.CommitAsync(commit, cancellationToken);
        }
    }

    /// <summary>Documents first and in a transaction of their own, then those that are guarded.</summary>
    public sealed class CommitsDocumentsApart(EventStorageOptions options) : FaultyReadModels(options)
    {
        public override async ValueTask CommitAsync(ReadModelCommit commit, CancellationToken cancellationToken = default)
        {
            commit.Validate();
            var guarded = commit.Guards.Select(g => (g.Model, g.Key)).ToHashSet();
            await Right.CommitAsync(commit with { Guards = [], Changes = [.. commit.Changes.Where(c => !guarded.Contains((c.Model, c.Key)))] }, cancellationToken);
            await Task.Yield();
            await Right.CommitAsync(new ReadModelCommit { Guards = commit.Guards, Changes = [.. commit.Changes.Where(c => guarded.Contains((c.Model, c.Key)))] }, cancellationToken);
        }
    }

    public sealed class DropsInACommitOfTheirOwn(EventStorageOptions options) : FaultyReadModels(options)
    {
        public override async ValueTask CommitAsync(ReadModelCommit commit, CancellationToken cancellationToken = default)
        {
            commit.Validate();
            await Right.CommitAsync(new ReadModelCommit { Guards = commit.Guards, Drops = commit.Drops }, cancellationToken);
            await Right.CommitAsync(commit with { Guards = [], Drops = [] }, cancellationToken);
        }
    }

    public sealed class DropsLast(EventStorageOptions options) : FaultyReadModels(options)
    {
        public override async ValueTask CommitAsync(ReadModelCommit commit, CancellationToken cancellationToken = default)
        {
            commit.Validate();
            await Right.CommitAsync(commit with { Drops = [] }, cancellationToken);
            await Right.CommitAsync(new ReadModelCommit { Drops = commit.Drops }, cancellationToken);
        }
    }

    public sealed class CommitsWhatWasCancelled(EventStorageOptions options) : FaultyReadModels(options)
    {
        public override async ValueTask CommitAsync(ReadModelCommit commit, CancellationToken cancellationToken = default)
        {
            await Right.CommitAsync(commit, CancellationToken.None);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    // Read models and aliases

    public sealed class EmptiesWhatIsCreatedAgain(EventStorageOptions options) : CommitsOtherwise(options)
    {
        protected override ReadModelCommit Change(ReadModelCommit commit) => commit with { Drops = [.. commit.Drops, .. commit.Creates.Select(d => d.Name)] };
    }

    public sealed class LeavesWhatIsDefinedOtherwise(EventStorageOptions options) : CommitsOtherwise(options)
    {
        private readonly ConcurrentDictionary<string, ReadModelDefinition> _known = new(StringComparer.Ordinal);

        protected override ReadModelCommit Change(ReadModelCommit commit)
        {
            foreach (var name in commit.Drops) _known.TryRemove(name, out _);
            return commit with { Creates = [.. commit.Creates.Select(d => _known.GetOrAdd(d.Name, d))] };
        }
    }

    public sealed class FoldsTheCaseOfReadModels(EventStorageOptions options) : FaultyReadModels(options)
    {
        public override ValueTask<IReadOnlyList<byte[]?>> LoadAsync(string model, IReadOnlyList<string> keys, CancellationToken cancellationToken = default) => Right.LoadAsync(model.ToUpperInvariant(), keys, cancellationToken);

        public override ValueTask CommitAsync(ReadModelCommit commit, CancellationToken cancellationToken = default) => Right.CommitAsync(
            commit with
            {
                Drops = [.. commit.Drops.Select(name => name.ToUpperInvariant())],
                Creates = [.. commit.Creates.Select(d => d with { Name = d.Name.ToUpperInvariant() })],
                Changes = [.. commit.Changes.Select(c => c with { Model = c.Model.ToUpperInvariant() })],
            },
            cancellationToken);
    }

    /// <summary>Resolves aliases itself, and rightly so but for what a fault overrides.</summary>
    internal abstract class ResolvesAliases(EventStorageOptions options) : FaultyReadModels(options)
    {
        protected ConcurrentDictionary<string, string> Aliases { get; } = new(StringComparer.Ordinal);

        public override ValueTask<IReadOnlyList<byte[]?>> LoadAsync(string model, IReadOnlyList<string> keys, CancellationToken cancellationToken = default) => Right.LoadAsync(Resolve(model), keys, cancellationToken);

        public override ValueTask<IReadOnlyList<StoredDocument>> QueryAsync(string model, DocumentQuery query, CancellationToken cancellationToken = default) => Right.QueryAsync(Resolve(model), query, cancellationToken);

        public override ValueTask<long> CountAsync(string model, IReadOnlyList<FieldCondition> conditions, CancellationToken cancellationToken = default) => Right.CountAsync(Resolve(model), conditions, cancellationToken);

        public override async ValueTask CommitAsync(ReadModelCommit commit, CancellationToken cancellationToken = default)
        {
            commit.Validate();
            await Right.CommitAsync(Change(commit), cancellationToken);
            foreach (var name in commit.Drops) Forget(name);
            foreach (var (alias, model) in commit.Aliases) Set(alias, model);
        }

        protected virtual string Resolve(string name) => Aliases.GetValueOrDefault(name, name);

        protected virtual ReadModelCommit Change(ReadModelCommit commit) => commit;

        protected virtual void Set(string alias, string model) => Aliases[alias] = model;

        protected virtual void Forget(string model)
        {
            foreach (var (alias, of) in Aliases)
            {
                if (of == model) Aliases.TryRemove(alias, out _);
            }
        }
    }

    public sealed class ForgetsToDropAliases(EventStorageOptions options) : ResolvesAliases(options)
    {
        protected override void Forget(string model)
        {
        }
    }

    public sealed class NeverMovesAnAlias(EventStorageOptions options) : ResolvesAliases(options)
    {
        protected override void Set(string alias, string model) => Aliases.TryAdd(alias, model);
    }

    public sealed class DropsByAlias(EventStorageOptions options) : ResolvesAliases(options)
    {
        protected override ReadModelCommit Change(ReadModelCommit commit) => commit with { Drops = [.. commit.Drops.Select(Resolve)] };
    }

    public sealed class WritesByAlias(EventStorageOptions options) : ResolvesAliases(options)
    {
        protected override ReadModelCommit Change(ReadModelCommit commit) => commit with { Changes = [.. commit.Changes.Select(c => c with { Model = Resolve(c.Model) })] };
    }

    public sealed class GuardsByAlias(EventStorageOptions options) : ResolvesAliases(options)
    {
        protected override ReadModelCommit Change(ReadModelCommit commit) => commit with { Guards = [.. commit.Guards.Select(g => g with { Model = Resolve(g.Model) })] };
    }

    public sealed class ResolvesAliasesForQueriesOnly(EventStorageOptions options) : ResolvesAliases(options)
    {
        public override ValueTask<IReadOnlyList<byte[]?>> LoadAsync(string model, IReadOnlyList<string> keys, CancellationToken cancellationToken = default) => Right.LoadAsync(Aliases.ContainsKey(model) ? "nothing" : model, keys, cancellationToken);
    }

    // Documents

    public sealed class LoadsDocumentsOneByOne(EventStorageOptions options) : FaultyReadModels(options)
    {
        public override async ValueTask<IReadOnlyList<byte[]?>> LoadAsync(string model, IReadOnlyList<string> keys, CancellationToken cancellationToken = default)
        {
            var documents = new List<byte[]?>();
            foreach (var key in keys)
            {
                documents.AddRange(await Right.LoadAsync(model, [key], cancellationToken));
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
        public override ValueTask<IReadOnlyList<byte[]?>> LoadAsync(string model, IReadOnlyList<string> keys, CancellationToken cancellationToken = default) =>
            Right.LoadAsync(model, [.. keys.Order(StringComparer.Ordinal)], cancellationToken);
    }

    public sealed class DeletesByEmptying(EventStorageOptions options) : CommitsOtherwise(options)
    {
        protected override ReadModelCommit Change(ReadModelCommit commit) => Map(commit, c => c with { Data = c.Data ?? ReadOnlyMemory<byte>.Empty });
    }

    public sealed class TakesAnEmptyDocumentForADeletion(EventStorageOptions options) : CommitsOtherwise(options)
    {
        protected override ReadModelCommit Change(ReadModelCommit commit) => Map(commit, c => c.Data is { IsEmpty: true } ? c with { Data = null } : c);
    }

    /// <summary>Writes when it is next asked for something: what the caller has done to its memory by then is what is stored.</summary>
    public sealed class KeepsTheMemoryOfCommits(EventStorageOptions options) : FaultyReadModels(options)
    {
        private readonly ConcurrentQueue<ReadModelCommit> _kept = [];

        public override ValueTask CommitAsync(ReadModelCommit commit, CancellationToken cancellationToken = default)
        {
            commit.Validate();
            _kept.Enqueue(commit);
            return ValueTask.CompletedTask;
        }

        public override async ValueTask<IReadOnlyList<byte[]?>> LoadAsync(string model, IReadOnlyList<string> keys, CancellationToken cancellationToken = default)
        {
            await WriteAsync();
            return await Right.LoadAsync(model, keys, cancellationToken);
        }

        public override async ValueTask<IReadOnlyList<StoredDocument>> QueryAsync(string model, DocumentQuery query, CancellationToken cancellationToken = default)
        {
            await WriteAsync();
            return await Right.QueryAsync(model, query, cancellationToken);
        }

        public override async ValueTask<long> CountAsync(string model, IReadOnlyList<FieldCondition> conditions, CancellationToken cancellationToken = default)
        {
            await WriteAsync();
            return await Right.CountAsync(model, conditions, cancellationToken);
        }

        private async Task WriteAsync()
        {
            while (_kept.TryDequeue(out var commit)) await Right.CommitAsync(commit);
        }
    }

    public sealed class SharesLoadedDocuments(EventStorageOptions options) : FaultyReadModels(options)
    {
        private readonly ConcurrentDictionary<(string, string), byte[]?> _loaded = [];

        public override async ValueTask<IReadOnlyList<byte[]?>> LoadAsync(string model, IReadOnlyList<string> keys, CancellationToken cancellationToken = default)
        {
            var documents = await Right.LoadAsync(model, keys, cancellationToken);
            return [.. keys.Select((key, i) => _loaded.GetOrAdd((model, key), documents[i]))];
        }

        public override async ValueTask CommitAsync(ReadModelCommit commit, CancellationToken cancellationToken = default)
        {
            await Right.CommitAsync(commit, cancellationToken);
            _loaded.Clear();
        }
    }

    public sealed class StaysOpenWhenDisposed(EventStorageOptions options) : FaultyReadModels(options)
    {
        private readonly InMemoryEventStorage _open = new(options);

        public override IReadModelStorage ReadModels => _open.ReadModels;
    }

    // Tables

    public sealed class IgnoresTables(EventStorageOptions options) : CommitsOtherwise(options)
    {
        protected override ReadModelCommit Change(ReadModelCommit commit) => commit with { Tables = null };
    }

    public sealed class ClaimsToHaveTables(EventStorageOptions options) : CommitsOtherwise(options)
    {
        private static readonly TableSupport Claimed = new Support();

        public override TableSupport? Tables => Claimed;

        protected override ReadModelCommit Change(ReadModelCommit commit) => commit with { Tables = null };

        private sealed class Support : TableSupport
        {
            public override bool HasNamedParameters => true;

            public override int MaxNameLength => 63;

            public override string Quote(string name) => name;

            public override string? FlawIn(string table) => null;
        }
    }
}
