using EventSourcing.Ledger.Interop;

namespace EventSourcing.Tests.Testing;

/// <summary>Storages whose events are right and whose ledger has one fault each.</summary>
internal static class LedgerFaults
{
    internal abstract class FaultyLedger(EventStorageOptions options) : FaultyStorage(options), ILedgerStorage
    {
        protected ILedgerStorage Right => Inner.Ledger;

        public override ILedgerStorage Ledger => this;

        public virtual ValueTask<MerkleFrontier> GetFrontierAsync(CancellationToken cancellationToken = default) => Right.GetFrontierAsync(cancellationToken);

        public virtual ValueTask ReadAsync(int level, long first, Memory<MerkleHash> hashes, CancellationToken cancellationToken = default) => Right.ReadAsync(level, first, hashes, cancellationToken);

        public virtual ValueTask<LedgerAudit> AuditAsync(long after, int limit = EventPage.DefaultLimit, CancellationToken cancellationToken = default) => Right.AuditAsync(after, limit, cancellationToken);

        public virtual ValueTask<IReadOnlyList<LedgerFinding>> AuditStructureAsync(bool isWhole, CancellationToken cancellationToken = default) => Right.AuditStructureAsync(isWhole, cancellationToken);
    }

    /// <summary>Its tree is in itself right, but over leaves of its own making.</summary>
    internal abstract class MakesOtherLeaves(EventStorageOptions options) : FaultyLedger(options)
    {
        public override async ValueTask<MerkleFrontier> GetFrontierAsync(CancellationToken cancellationToken = default) => (await TreeAsync()).Frontier.Copy();

        public override async ValueTask ReadAsync(int level, long first, Memory<MerkleHash> hashes, CancellationToken cancellationToken = default)
        {
            LedgerRange.ThrowIfInvalid(level, first, hashes.Length, await GetHeadAsync(cancellationToken));
            await (await TreeAsync()).ReadAsync(level, first, hashes, cancellationToken);
        }

        protected virtual IEnumerable<StoredEvent> Order(IEnumerable<StoredEvent> events) => events;

        protected abstract LedgerLeaf Leaf(StoredEvent e);

        private async Task<MerkleLevels> TreeAsync()
        {
            using var log = await ReadLogAsync(new LogRead { WithSeals = true, Limit = int.MaxValue });
            var tree = new MerkleLevels();
            foreach (var e in Order(log.Events.ToArray())) tree.Append(Leaf(e).Hash());
            return tree;
        }
    }

    // Leaves

    public sealed class PutsStreamsOneAfterAnother(EventStorageOptions options) : MakesOtherLeaves(options)
    {
        protected override IEnumerable<StoredEvent> Order(IEnumerable<StoredEvent> events) => events.OrderBy(e => e.Stream, StringComparer.Ordinal);

        protected override LedgerLeaf Leaf(StoredEvent e) => e.ToLeaf();
    }

    public sealed class ForgetsTags(EventStorageOptions options) : MakesOtherLeaves(options)
    {
        protected override LedgerLeaf Leaf(StoredEvent e) => e.ToLeaf() with { Tags = [] };
    }

    public sealed class SortsTags(EventStorageOptions options) : MakesOtherLeaves(options)
    {
        protected override LedgerLeaf Leaf(StoredEvent e) => e.ToLeaf() with { Tags = [.. e.Tags.Order(StringComparer.Ordinal)] };
    }

    public sealed class ForgetsMetadata(EventStorageOptions options) : MakesOtherLeaves(options)
    {
        protected override LedgerLeaf Leaf(StoredEvent e) => e.ToLeaf() with { MetadataCommitment = LedgerLeaf.CommitToMetadata([]) };
    }

    public sealed class CutsInstantsToMilliseconds(EventStorageOptions options) : MakesOtherLeaves(options)
    {
        protected override LedgerLeaf Leaf(StoredEvent e) => e.ToLeaf() with { RecordedAt = e.RecordedAt.AddTicks(-(e.RecordedAt.Ticks % TimeSpan.TicksPerMillisecond)) };
    }

    /// <summary>Commits to what the data would be if it were text, which not all data is.</summary>
    public sealed class CommitsToChangedData(EventStorageOptions options) : MakesOtherLeaves(options)
    {
        protected override LedgerLeaf Leaf(StoredEvent e) =>
            e.ToLeaf() with { DataCommitment = LedgerLeaf.CommitToData(e.Seal.Span, System.Text.Encoding.UTF8.GetBytes(System.Text.Encoding.UTF8.GetString(e.Data.Span))) };
    }

    public sealed class CommitsToTheBeginningOfLargeData(EventStorageOptions options) : MakesOtherLeaves(options)
    {
        protected override LedgerLeaf Leaf(StoredEvent e) => e.ToLeaf() with { DataCommitment = LedgerLeaf.CommitToData(e.Seal.Span, e.Data.Span[..Math.Min(e.Data.Length, 65_536)]) };
    }

    public sealed class HashesLeavesAsNodes(EventStorageOptions options) : FaultyLedger(options)
    {
        public override async ValueTask ReadAsync(int level, long first, Memory<MerkleHash> hashes, CancellationToken cancellationToken = default)
        {
            await Right.ReadAsync(level, first, hashes, cancellationToken);
            if (level == 0) foreach (ref var hash in hashes.Span) hash = MerkleTree.HashLeaf(hash.Bytes);
        }
    }

    // Seals

    public sealed class HasOneSaltForAll(EventStorageOptions options) : MakesOtherLeaves(options)
    {
        public override async ValueTask<EventPage> ReadLogAsync(LogRead read, CancellationToken cancellationToken = default) =>
            Remake(await base.ReadLogAsync(read, cancellationToken), e => read.WithSeals ? e with { Seal = new byte[LedgerLeaf.SaltLength] } : e);

        protected override LedgerLeaf Leaf(StoredEvent e) => e.ToLeaf();
    }

    public sealed class DrawsSaltsAnewForEachRead(EventStorageOptions options) : FaultyStorage(options)
    {
        public override async ValueTask<EventPage> ReadLogAsync(LogRead read, CancellationToken cancellationToken = default) =>
            Remake(await base.ReadLogAsync(read, cancellationToken), e => read.WithSeals ? e with { Seal = Guid.NewGuid().ToByteArray() } : e);
    }

    public sealed class GivesSealsToAll(EventStorageOptions options) : FaultyStorage(options)
    {
        public override ValueTask<EventPage> ReadLogAsync(LogRead read, CancellationToken cancellationToken = default) => base.ReadLogAsync(read with { WithSeals = true }, cancellationToken);
    }

    public sealed class GivesSealsWithoutFilterOnly(EventStorageOptions options) : FaultyStorage(options)
    {
        public override ValueTask<EventPage> ReadLogAsync(LogRead read, CancellationToken cancellationToken = default) =>
            base.ReadLogAsync(read with { WithSeals = read.WithSeals && read.Filter.IsAll }, cancellationToken);
    }

    // Frontier

    public sealed class NeverMovesTheFrontier(EventStorageOptions options) : FaultyLedger(options)
    {
        public override ValueTask<MerkleFrontier> GetFrontierAsync(CancellationToken cancellationToken = default) => ValueTask.FromResult(new MerkleFrontier());
    }

    /// <summary>Adds the leaves of an append in a transaction of its own, later.</summary>
    public sealed class MovesTheFrontierLate(EventStorageOptions options) : FaultyLedger(options)
    {
        private MerkleFrontier _late = new();

        public override async ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
        {
            var result = await base.AppendAsync(request, cancellationToken);
            await Task.Delay(1, CancellationToken.None);
            Volatile.Write(ref _late, await Right.GetFrontierAsync(CancellationToken.None));
            return result;
        }

        public override ValueTask<MerkleFrontier> GetFrontierAsync(CancellationToken cancellationToken = default) => ValueTask.FromResult(Volatile.Read(ref _late).Copy());
    }

    /// <summary>Keeps its frontier in memory, and does not take it back when the append fails.</summary>
    public sealed class MovesTheFrontierForRefusedAppends(EventStorageOptions options) : FaultyLedger(options)
    {
        private int _refused;

        public override async ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
        {
            try
            {
                return await base.AppendAsync(request, cancellationToken);
            }
            catch (Exception)
            {
                Interlocked.Increment(ref _refused);
                throw;
            }
        }

        public override async ValueTask<MerkleFrontier> GetFrontierAsync(CancellationToken cancellationToken = default)
        {
            var frontier = await base.GetFrontierAsync(cancellationToken);
            for (var i = 0; i < _refused; i++) frontier.Append(MerkleTree.HashLeaf([]));
            return frontier;
        }
    }

    public sealed class MovesTheFrontierForRepetitions(EventStorageOptions options) : FaultyLedger(options)
    {
        private int _repeated;

        public override async ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
        {
            var result = await base.AppendAsync(request, cancellationToken);
            if (result.WasAlreadyStored) Interlocked.Increment(ref _repeated);
            return result;
        }

        public override async ValueTask<MerkleFrontier> GetFrontierAsync(CancellationToken cancellationToken = default)
        {
            var frontier = await base.GetFrontierAsync(cancellationToken);
            for (var i = 0; i < _repeated; i++) frontier.Append(MerkleTree.HashLeaf([]));
            return frontier;
        }
    }

    /// <summary>Moves it event by event, so that readers see a tree that ends within a batch.</summary>
    public sealed class ShowsTheFrontierWithinBatches(EventStorageOptions options) : FaultyLedger(options)
    {
        public override async ValueTask<MerkleFrontier> GetFrontierAsync(CancellationToken cancellationToken = default) =>
            await MerkleFrontier.ReadAsync(Right, Math.Max(0, await GetHeadAsync(cancellationToken) - 1), cancellationToken);
    }

    public sealed class SharesItsFrontier(EventStorageOptions options) : FaultyLedger(options)
    {
        private readonly SemaphoreSlim _lock = new(1);
        private readonly MerkleFrontier _frontier = new();

        public override async ValueTask<MerkleFrontier> GetFrontierAsync(CancellationToken cancellationToken = default)
        {
            await _lock.WaitAsync(cancellationToken);
            try
            {
                while (_frontier.Size < await GetHeadAsync(cancellationToken))
                {
                    var leaf = new MerkleHash[1];
                    await Right.ReadAsync(0, _frontier.Size, leaf, cancellationToken);
                    _frontier.Append(leaf[0]);
                }

                return _frontier;
            }
            finally
            {
                _lock.Release();
            }
        }
    }

    // Ranges and tiles

    public sealed class ReadsNothingBeyondTheTree(EventStorageOptions options) : FaultyLedger(options)
    {
        public override async ValueTask ReadAsync(int level, long first, Memory<MerkleHash> hashes, CancellationToken cancellationToken = default)
        {
            try
            {
                await base.ReadAsync(level, first, hashes, cancellationToken);
            }
            catch (ArgumentOutOfRangeException)
            {
                hashes.Span.Clear();
            }
        }
    }

    public sealed class HasNoTiles(EventStorageOptions options) : FaultyLedger(options)
    {
        public override ValueTask ReadAsync(int level, long first, Memory<MerkleHash> hashes, CancellationToken cancellationToken = default) =>
            level == 0 || hashes.Length == 0 ? base.ReadAsync(level, first, hashes, cancellationToken) : throw new InvalidDataException("There is no such tile.");
    }

    public sealed class ShiftsTiles(EventStorageOptions options) : FaultyLedger(options)
    {
        public override async ValueTask ReadAsync(int level, long first, Memory<MerkleHash> hashes, CancellationToken cancellationToken = default)
        {
            await base.ReadAsync(level, first, hashes, cancellationToken);
            if (level > 0 && first > 0) await base.ReadAsync(level, first - 1, hashes, cancellationToken);
        }
    }

    // Audits

    public sealed class FindsWhatIsNotWrong(EventStorageOptions options) : FaultyLedger(options)
    {
        public override async ValueTask<IReadOnlyList<LedgerFinding>> AuditStructureAsync(bool isWhole, CancellationToken cancellationToken = default) =>
            isWhole && await GetHeadAsync(cancellationToken) > 0 ? [new LedgerFinding(LedgerFindingKind.SchemaChanged, 0, 0, null, "It is of another kind.")] : [];
    }

    public sealed class AuditsWithoutTiles(EventStorageOptions options) : FaultyLedger(options)
    {
        public override async ValueTask<LedgerAudit> AuditAsync(long after, int limit = EventPage.DefaultLimit, CancellationToken cancellationToken = default) =>
            await base.AuditAsync(after, limit, cancellationToken) with { Tiles = [] };
    }

    public sealed class AnswersWhenDisposed(EventStorageOptions options) : FaultyLedger(options)
    {
        public override async ValueTask<MerkleFrontier> GetFrontierAsync(CancellationToken cancellationToken = default)
        {
            try
            {
                return await base.GetFrontierAsync(cancellationToken);
            }
            catch (ObjectDisposedException)
            {
                return new MerkleFrontier();
            }
        }
    }

    // Erasure

    /// <summary>Keeps what was erased, to show of it what a fault would leave.</summary>
    internal abstract class ErasesOtherwise(EventStorageOptions options) : FaultyStorage(options)
    {
        protected System.Collections.Concurrent.ConcurrentDictionary<long, StoredEvent> Originals { get; } = new();

        public override async ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
        {
            using var log = await Inner.ReadLogAsync(new LogRead { WithSeals = true, Limit = int.MaxValue }, cancellationToken);
            foreach (var e in log.Events.ToArray().Where(e => !e.IsErased && request.Erase.Contains(e.Position))) Originals.TryAdd(e.Position, e);
            return await base.AppendAsync(request, cancellationToken);
        }

        public override async ValueTask<EventPage> ReadStreamAsync(StreamRead read, CancellationToken cancellationToken = default) =>
            Remake(await base.ReadStreamAsync(read, cancellationToken), e => Read(e, withSeals: false));

        public override async ValueTask<EventPage> ReadLogAsync(LogRead read, CancellationToken cancellationToken = default) =>
            Remake(await base.ReadLogAsync(read, cancellationToken), e => Read(e, read.WithSeals));

        protected virtual StoredEvent Read(StoredEvent e, bool withSeals) => Originals.TryGetValue(e.Position, out var original) ? Left(e, original, withSeals) : e;

        protected virtual StoredEvent Left(StoredEvent erased, StoredEvent original, bool withSeals) => erased;

        protected static StoredEvent AsBefore(StoredEvent original, bool withSeals) => withSeals ? original : original with { Seal = default };
    }

    public sealed class ErasesNothing(EventStorageOptions options) : ErasesOtherwise(options)
    {
        protected override StoredEvent Left(StoredEvent erased, StoredEvent original, bool withSeals) => AsBefore(original, withSeals);
    }

    public sealed class KeepsErasedData(EventStorageOptions options) : ErasesOtherwise(options)
    {
        protected override StoredEvent Left(StoredEvent erased, StoredEvent original, bool withSeals) => erased with { Data = original.Data };
    }

    public sealed class ErasesWithoutTheCommitment(EventStorageOptions options) : ErasesOtherwise(options)
    {
        protected override StoredEvent Left(StoredEvent erased, StoredEvent original, bool withSeals) => withSeals ? erased with { Seal = original.Seal } : erased;
    }

    public sealed class ErasesMetadataToo(EventStorageOptions options) : ErasesOtherwise(options)
    {
        protected override StoredEvent Left(StoredEvent erased, StoredEvent original, bool withSeals) => erased with { Metadata = default };
    }

    public sealed class ErasesTagsToo(EventStorageOptions options) : ErasesOtherwise(options)
    {
        protected override StoredEvent Left(StoredEvent erased, StoredEvent original, bool withSeals) => erased with { Tags = [] };
    }

    public sealed class DoesNotSayThatItErased(EventStorageOptions options) : ErasesOtherwise(options)
    {
        protected override StoredEvent Left(StoredEvent erased, StoredEvent original, bool withSeals) => erased with { IsErased = false };
    }

    public sealed class SaysThatItErasedWithSealsOnly(EventStorageOptions options) : ErasesOtherwise(options)
    {
        protected override StoredEvent Left(StoredEvent erased, StoredEvent original, bool withSeals) => erased with { IsErased = withSeals };
    }

    public sealed class TakesEmptyDataForErased(EventStorageOptions options) : ErasesOtherwise(options)
    {
        protected override StoredEvent Left(StoredEvent erased, StoredEvent original, bool withSeals) => original.Data.IsEmpty ? AsBefore(original, withSeals) : erased;
    }

    /// <summary>Shows the record first, and the event erased a moment later.</summary>
    public sealed class ErasesAfterTheAppend(EventStorageOptions options) : ErasesOtherwise(options)
    {
        private readonly System.Collections.Concurrent.ConcurrentDictionary<long, bool> _isErased = new();

        public override async ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
        {
            var result = await base.AppendAsync(request, cancellationToken);
            if (request.Erase.Count > 0) await Task.Delay(1, CancellationToken.None);
            foreach (var position in request.Erase) _isErased[position] = true;
            return result;
        }

        protected override StoredEvent Left(StoredEvent erased, StoredEvent original, bool withSeals) => _isErased.ContainsKey(erased.Position) ? erased : AsBefore(original, withSeals);
    }

    public sealed class ErasesThoughTheAppendIsRefused(EventStorageOptions options) : ErasesOtherwise(options)
    {
        protected override StoredEvent Left(StoredEvent erased, StoredEvent original, bool withSeals) => erased with { Data = default, IsErased = true };
    }

    public sealed class ErasesWhatIsNotThere(EventStorageOptions options) : FaultyStorage(options)
    {
        public override async ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
        {
            try
            {
                return await base.AppendAsync(request, cancellationToken);
            }
            catch (ErasureRefusedException)
            {
                return new AppendResult([], 1, 1, wasAlreadyStored: false);
            }
        }
    }

    public sealed class ComparesErasedDataOfRepetitions(EventStorageOptions options) : ErasesOtherwise(options)
    {
        public override async ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
        {
            var result = await base.AppendAsync(request, cancellationToken);
            return result.WasAlreadyStored && Originals.ContainsKey(result.FirstPosition)
                ? throw new DuplicateEventIdException(request.Writes[0].Events[0].Id, result.FirstPosition, "its data is not the same.")
                : result;
        }
    }

    public sealed class CommitsToNothingWhereErased(EventStorageOptions options) : MakesOtherLeaves(options)
    {
        protected override LedgerLeaf Leaf(StoredEvent e) => e.IsErased ? e.ToLeaf() with { DataCommitment = LedgerLeaf.CommitToData(new byte[LedgerLeaf.SaltLength], []) } : e.ToLeaf();
    }
}
