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
}
