using System.Collections.Concurrent;

namespace EventSourcing.Tests.Testing;

/// <summary>Storages with one fault each. Such faults were found in real storages, or can be imagined there.</summary>
internal static class Faults
{
    /// <summary>Accepts everything and keeps nothing.</summary>
    public sealed class DoesNothing(EventStorageOptions options) : IEventStorage, IReadModelStorage, ILedgerStorage, IStorageCatalog
    {
        public EventStorageOptions Options => options;

        public IReadModelStorage ReadModels => this;

        public ILedgerStorage Ledger => this;

        public IStorageCatalog Catalog => this;

        public ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default) =>
            ValueTask.FromResult(new AppendResult([new AppendedStream("", 1, 1)], 1, 1, wasAlreadyStored: false));

        public ValueTask<string?> GetMovedToAsync(CancellationToken cancellationToken = default) => ValueTask.FromResult<string?>(null);

        public ValueTask<bool> SetMovedToAsync(string? movedTo, long head, CancellationToken cancellationToken = default) => ValueTask.FromResult(true);

        public ValueTask<long> ImportAsync(ImportRequest request, CancellationToken cancellationToken = default) => ValueTask.FromResult(0L);

        public ValueTask<EventPage> ReadStreamAsync(StreamRead read, CancellationToken cancellationToken = default) => Empty();

        public ValueTask<EventPage> ReadLogAsync(LogRead read, CancellationToken cancellationToken = default) => Empty();

        public ValueTask<long> GetHeadAsync(CancellationToken cancellationToken = default) => ValueTask.FromResult(0L);

        public ValueTask<long> GetPositionAsync(Guid eventId, CancellationToken cancellationToken = default) => ValueTask.FromResult(0L);

        public ValueTask<long> WaitForEventsAsync(long position, CancellationToken cancellationToken = default) => ValueTask.FromResult(0L);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        public TableSupport? Tables => null;

        public ValueTask<IReadOnlyList<byte[]?>> LoadAsync(string model, IReadOnlyList<string> keys, CancellationToken cancellationToken = default) =>
            ValueTask.FromResult<IReadOnlyList<byte[]?>>(new byte[]?[keys.Count]);

        public ValueTask<IReadOnlyList<StoredDocument>> QueryAsync(string model, DocumentQuery query, CancellationToken cancellationToken = default) =>
            ValueTask.FromResult<IReadOnlyList<StoredDocument>>([]);

        public ValueTask<long> CountAsync(string model, IReadOnlyList<FieldCondition> conditions, CancellationToken cancellationToken = default) => ValueTask.FromResult(0L);

        public ValueTask CommitAsync(ReadModelCommit commit, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

        public ValueTask<MerkleFrontier> GetFrontierAsync(CancellationToken cancellationToken = default) => ValueTask.FromResult(new MerkleFrontier());

        public ValueTask ReadAsync(int level, long first, Memory<MerkleHash> hashes, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

        public async ValueTask<LedgerAudit> AuditAsync(long after, int limit = EventPage.DefaultLimit, CancellationToken cancellationToken = default) => new(await Empty(), [], default);

        public ValueTask<IReadOnlyList<LedgerFinding>> AuditStructureAsync(bool isWhole, CancellationToken cancellationToken = default) => ValueTask.FromResult<IReadOnlyList<LedgerFinding>>([]);

        public ValueTask<StreamPage> ListStreamsAsync(StreamListing listing, CancellationToken cancellationToken = default) =>
            ValueTask.FromResult(new StreamPage([], IsEnd: true));

        public ValueTask<IReadOnlyList<EventTypeSummary>> ListEventTypesAsync(CancellationToken cancellationToken = default) =>
            ValueTask.FromResult<IReadOnlyList<EventTypeSummary>>([]);

        public ValueTask<IReadOnlyList<ReadModelSummary>> ListReadModelsAsync(CancellationToken cancellationToken = default) =>
            ValueTask.FromResult<IReadOnlyList<ReadModelSummary>>([]);

        public ValueTask<StorageSize?> GetSizeAsync(CancellationToken cancellationToken = default) =>
            ValueTask.FromResult<StorageSize?>(null);

        private static ValueTask<EventPage> Empty()
        {
            var page = new EventPage();
            page.Complete(0, isEnd: true, 0);
            return ValueTask.FromResult(page);
        }
    }

    // Guards

    public sealed class IgnoresExpectedVersions(EventStorageOptions options) : FaultyStorage(options)
    {
        public override ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default) =>
            Inner.AppendAsync(request with { Writes = [.. request.Writes.Select(w => w with { Expected = ExpectedVersion.Any })] }, cancellationToken);
    }

    public sealed class IgnoresChecksBesideWrites(EventStorageOptions options) : FaultyStorage(options)
    {
        public override ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
        {
            request.Validate(Options.Limits);
            return Inner.AppendAsync(request with { Writes = [.. request.Writes.Where(w => w.Events.Count > 0)] }, cancellationToken);
        }
    }

    public sealed class TakesNoStreamForAny(EventStorageOptions options) : FaultyStorage(options)
    {
        public override ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default) =>
            Inner.AppendAsync(request with { Writes = [.. request.Writes.Select(w => w.Expected == ExpectedVersion.NoStream ? w with { Expected = ExpectedVersion.Any } : w)] }, cancellationToken);
    }

    /// <summary>Remembers versions, but does not update them after an append to several streams.</summary>
    public sealed class TrustsAStaleVersion(EventStorageOptions options) : FaultyStorage(options)
    {
        private readonly ConcurrentDictionary<string, long> _versions = new(StringComparer.Ordinal);

        public override async ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
        {
            request.Validate(Options.Limits);
            if (request.Writes.Count > 1) return await Inner.AppendAsync(request, cancellationToken);
            var write = request.Writes[0];
            var isMet = _versions.TryGetValue(write.Stream, out var known) && write.Expected.IsMetBy(known);
            var result = await Inner.AppendAsync(isMet ? request with { Writes = [write with { Expected = ExpectedVersion.Any }] } : request, cancellationToken);
            _versions[write.Stream] = result.Version;
            return result;
        }
    }

    public sealed class ChecksGuardsBeforeTheLock(EventStorageOptions options) : FaultyStorage(options)
    {
        public override async ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
        {
            request.Validate(Options.Limits);
            foreach (var write in request.Writes)
            {
                using var page = await Inner.ReadStreamAsync(new StreamRead(write.Stream) { Limit = 1 }, cancellationToken);
                if (!write.Expected.IsMetBy(page.Head)) return await Inner.AppendAsync(request, cancellationToken);
            }

            foreach (var condition in request.Conditions)
            {
                using var page = await Inner.ReadLogAsync(new LogRead { After = condition.After, Filter = condition.Query, Limit = 1 }, cancellationToken);
                if (page.Count > 0) return await Inner.AppendAsync(request, cancellationToken);
            }

            await Task.Delay(1, cancellationToken);
            return await Inner.AppendAsync(request with { Conditions = [], Writes = [.. request.Writes.Select(w => w with { Expected = ExpectedVersion.Any })] }, cancellationToken);
        }
    }

    // Conditions and queries

    public sealed class IgnoresConditions(EventStorageOptions options) : FaultyStorage(options)
    {
        public override ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
        {
            request.Validate(Options.Limits);
            return Inner.AppendAsync(request with { Conditions = [] }, cancellationToken);
        }
    }

    public sealed class IgnoresAfter(EventStorageOptions options) : FaultyStorage(options)
    {
        public override ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
        {
            request.Validate(Options.Limits);
            return Inner.AppendAsync(request with { Conditions = [.. request.Conditions.Select(c => c with { After = 0 })] }, cancellationToken);
        }
    }

    public sealed class TakesAfterForInclusive(EventStorageOptions options) : FaultyStorage(options)
    {
        public override ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
        {
            request.Validate(Options.Limits);
            return Inner.AppendAsync(request with { Conditions = [.. request.Conditions.Select(c => c with { After = Math.Max(0, c.After - 1) })] }, cancellationToken);
        }
    }

    public sealed class TakesAfterForEquality(EventStorageOptions options) : MatchesOtherwise(options)
    {
        protected override bool Matches(EventQuery query, StoredEvent e) => query.Matches(e.Type, e.Stream, e.Tags);

        protected override async Task CheckAsync(AppendCondition condition, AppendRequest request)
        {
            using var page = await ReadLogAsync(new LogRead { Filter = condition.Query, Direction = ReadDirection.Backwards, Limit = 1 });
            var last = page.Count > 0 ? page.Events[0].Position : 0;
            if (last != condition.After) throw new AppendConditionFailedException(condition, last);
        }
    }

    public sealed class ChecksOnlyTheFirstCondition(EventStorageOptions options) : FaultyStorage(options)
    {
        public override ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
        {
            request.Validate(Options.Limits);
            return Inner.AppendAsync(request with { Conditions = [.. request.Conditions.Take(1)] }, cancellationToken);
        }
    }

    public sealed class NamesTheLastConflict(EventStorageOptions options) : MatchesOtherwise(options)
    {
        protected override bool Matches(EventQuery query, StoredEvent e) => query.Matches(e.Type, e.Stream, e.Tags);

        protected override async Task CheckAsync(AppendCondition condition, AppendRequest request)
        {
            using var page = await ReadLogAsync(new LogRead { After = condition.After, Filter = condition.Query, Direction = ReadDirection.Backwards, Limit = 1 });
            if (page.Count > 0) throw new AppendConditionFailedException(condition, page.Events[0].Position);
        }
    }

    public sealed class ChecksAnAppendAgainstItself(EventStorageOptions options) : MatchesOtherwise(options)
    {
        protected override bool Matches(EventQuery query, StoredEvent e) => query.Matches(e.Type, e.Stream, e.Tags);

        protected override async Task CheckAsync(AppendCondition condition, AppendRequest request)
        {
            await base.CheckAsync(condition, request);
            var own = request.Writes.Any(w => w.Events.Any(e => condition.Query.Matches(e.Type, w.Stream, e.Tags)));
            if (own) throw new AppendConditionFailedException(condition, await GetHeadAsync() + 1);
        }
    }

    public sealed class TakesAnyTagForAll(EventStorageOptions options) : MatchesOtherwise(options)
    {
        protected override bool Matches(EventQuery query, StoredEvent e) => query.IsAll || query.Items.Any(item =>
            item.Tags.Count < 2 ? item.Matches(e.Type, e.Stream, e.Tags) : item.Tags.Any(tag => new EventQueryItem(item.Types, [tag], item.StreamPrefix).Matches(e.Type, e.Stream, e.Tags)));
    }

    public sealed class MatchesTagsByPrefix(EventStorageOptions options) : MatchesOtherwise(options)
    {
        protected override bool Matches(EventQuery query, StoredEvent e) => query.IsAll || query.Items.Any(item =>
            item.Matches(e.Type, e.Stream, [.. e.Tags, .. item.Tags.Where(tag => e.Tags.Any(t => t.StartsWith(tag, StringComparison.Ordinal)))]));
    }

    public sealed class MatchesTagsWithoutCase(EventStorageOptions options) : MatchesOtherwise(options)
    {
        protected override bool Matches(EventQuery query, StoredEvent e) => query.IsAll || query.Items.Any(item =>
            item.Matches(e.Type, e.Stream, [.. item.Tags.Where(tag => e.Tags.Contains(tag, StringComparer.OrdinalIgnoreCase))]));
    }

    public sealed class MatchesTypesWithoutCase(EventStorageOptions options) : MatchesOtherwise(options)
    {
        protected override bool Matches(EventQuery query, StoredEvent e) => query.IsAll || query.Items.Any(item =>
            item.Matches(item.Types.FirstOrDefault(t => t.Equals(e.Type, StringComparison.OrdinalIgnoreCase)) ?? e.Type, e.Stream, e.Tags));
    }

    public sealed class MatchesPrefixesByWildcard(EventStorageOptions options) : MatchesOtherwise(options)
    {
        protected override bool Matches(EventQuery query, StoredEvent e) => query.IsAll || query.Items.Any(item =>
            item.Matches(e.Type, item.StreamPrefix is { } prefix && prefix.Contains('_', StringComparison.Ordinal) && e.Stream.StartsWith(prefix.Replace("_", "", StringComparison.Ordinal), StringComparison.Ordinal) ? prefix : e.Stream, e.Tags));
    }

    public sealed class LooksAtTheFirstItemOnly(EventStorageOptions options) : MatchesOtherwise(options)
    {
        protected override bool Matches(EventQuery query, StoredEvent e) => query.IsAll || query.Items[0].Matches(e.Type, e.Stream, e.Tags);
    }

    public sealed class SearchesTagsInTheData(EventStorageOptions options) : MatchesOtherwise(options)
    {
        protected override bool Matches(EventQuery query, StoredEvent e)
        {
            var data = System.Text.Encoding.Latin1.GetString(e.Data.Span);
            return query.IsAll || query.Items.Any(item => item.Matches(e.Type, e.Stream, [.. e.Tags, .. item.Tags.Where(t => data.Contains(t, StringComparison.Ordinal))]));
        }
    }

    // Atomicity and positions

    public sealed class AppendsStreamByStream(EventStorageOptions options) : FaultyStorage(options)
    {
        public override async ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
        {
            request.Validate(Options.Limits);
            if (request.Writes.Any(w => w.Events.Count == 0)) return await Inner.AppendAsync(request, cancellationToken);
            var results = new List<AppendResult>();
            foreach (var write in request.Writes) results.Add(await Inner.AppendAsync(request with { Writes = [write], Conditions = results.Count == 0 ? request.Conditions : [] }, cancellationToken));
            return new AppendResult([.. results.SelectMany(r => r.Streams)], results[0].FirstPosition, results[^1].Position, results[^1].WasAlreadyStored);
        }
    }

    /// <summary>Checks the guards and stores the right events, but readers see the events of a batch come one by one.</summary>
    public sealed class ShowsBatchesInParts(EventStorageOptions options) : FaultyStorage(options)
    {
        private readonly SemaphoreSlim _lock = new(1);

        public override async ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
        {
            request.Validate(Options.Limits);
            await _lock.WaitAsync(cancellationToken);
            try
            {
                if (request.EventCount != 5 || request.Writes.Count != 2) return await Inner.AppendAsync(request, cancellationToken);
                var results = new List<AppendResult>();
                foreach (var write in request.Writes)
                {
                    foreach (var e in write.Events)
                    {
                        results.Add(await Inner.AppendAsync(new AppendRequest([new StreamWrite(write.Stream, ExpectedVersion.Any, [e])]), CancellationToken.None));
                        await Task.Delay(1, CancellationToken.None);
                    }
                }

                var streams = results.SelectMany(r => r.Streams).GroupBy(s => s.Stream).Select(g => new AppendedStream(g.Key, g.First().FirstVersion, g.Last().LastVersion)).ToList();
                return new AppendResult(streams, results[0].FirstPosition, results[^1].Position, wasAlreadyStored: false);
            }
            finally
            {
                _lock.Release();
            }
        }
    }

    public sealed class LosesTheSecondStream(EventStorageOptions options) : FaultyStorage(options)
    {
        public override async ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
        {
            request.Validate(Options.Limits);
            return await Inner.AppendAsync(request with { Writes = [.. request.Writes.Where((w, i) => i == 0 || w.Events.Count == 0 || request.Writes[0].Events.Count == 0)] }, cancellationToken);
        }
    }

    /// <summary>A refused append leaves a gap, as if a sequence were asked for positions before the guards are checked.</summary>
    public sealed class BurnsPositions(EventStorageOptions options) : ReadsOtherwise(options)
    {
        private const string Gap = "gap";

        public override async ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
        {
            try
            {
                return await Inner.AppendAsync(request, cancellationToken);
            }
            catch (EventSourcingException)
            {
                await Inner.AppendAsync(new AppendRequest([new StreamWrite(Gap, ExpectedVersion.Any, [new NewEvent(Guid.NewGuid(), Gap, default)])]), CancellationToken.None);
                throw;
            }
        }

        protected override StoredEvent? Read(StoredEvent e) => e.Stream == Gap ? null : e;
    }

    public sealed class CountsPositionsPerStream(EventStorageOptions options) : ReadsOtherwise(options)
    {
        protected override StoredEvent? Read(StoredEvent e) => With(e, position: e.Version);
    }

    /// <summary>Gives out positions before their events can be read, and lets readers pass events that are still in flight.</summary>
    public sealed class LetsReadersPassWhatIsInFlight(EventStorageOptions options) : ReadsOtherwise(options)
    {
        private readonly ConcurrentDictionary<long, bool> _inFlight = new();

        public override async ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
        {
            var result = await Inner.AppendAsync(request, cancellationToken);
            if (result.WasAlreadyStored || result.Position % 3 != 0) return result;
            _inFlight[result.Position] = true;
            await Task.Delay(1, CancellationToken.None);
            _inFlight.TryRemove(result.Position, out _);
            return result;
        }

        protected override StoredEvent? Read(StoredEvent e) => _inFlight.ContainsKey(e.Position) ? null : e;
    }

    public sealed class StoresWhatWasCancelled(EventStorageOptions options) : FaultyStorage(options)
    {
        public override async ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
        {
            var result = await Inner.AppendAsync(request, CancellationToken.None);
            cancellationToken.ThrowIfCancellationRequested();
            return result;
        }
    }

    // Idempotence

    /// <summary>Stores events under ids of its own, so no append ever counts as a repetition.</summary>
    public class ForgetsIds(EventStorageOptions options) : ReadsOtherwise(options)
    {
        private readonly ConcurrentDictionary<Guid, Guid> _given = new();

        public override ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
        {
            request.Validate(Options.Limits);
            return Inner.AppendAsync(Map(request, (write, e) => new NewEvent(IdFor(write.Stream, e.Id), e.Type, e.Data) { Metadata = e.Metadata, Tags = e.Tags }), cancellationToken);
        }

        protected virtual Guid Rename(string stream, Guid id) => Guid.NewGuid();

        protected override StoredEvent? Read(StoredEvent e) => With(e, id: _given[e.Id]);

        private Guid IdFor(string stream, Guid id)
        {
            var stored = Rename(stream, id);
            _given[stored] = id;
            return stored;
        }
    }

    public sealed class KeepsIdsUniquePerStreamOnly(EventStorageOptions options) : ForgetsIds(options)
    {
        protected override Guid Rename(string stream, Guid id) => new([.. id.ToByteArray()[..8], .. BitConverter.GetBytes(HashCode.Combine(stream, id)), .. id.ToByteArray()[12..]]);
    }

    public sealed class FindsTheHeadForAnyStoredId(EventStorageOptions options) : FaultyStorage(options)
    {
        public override async ValueTask<long> GetPositionAsync(Guid eventId, CancellationToken cancellationToken = default) =>
            await Inner.GetPositionAsync(eventId, cancellationToken) > 0 ? await Inner.GetHeadAsync(cancellationToken) : 0;
    }

    /// <summary>Compares only the first eight bytes of ids.</summary>
    public sealed class FindsIdsByTheirBeginning(EventStorageOptions options) : FaultyStorage(options)
    {
        public override async ValueTask<long> GetPositionAsync(Guid eventId, CancellationToken cancellationToken = default)
        {
            using var all = await Inner.ReadLogAsync(new LogRead { Limit = int.MaxValue }, cancellationToken);
            foreach (var e in all.Events)
            {
                if (e.Id.ToByteArray().AsSpan(0, 8).SequenceEqual(eventId.ToByteArray().AsSpan(0, 8))) return e.Position;
            }

            return 0;
        }
    }

    /// <summary>Writes ids in one order of bytes and looks for them in both.</summary>
    public sealed class FindsIdsInEitherOrderOfBytes(EventStorageOptions options) : FaultyStorage(options)
    {
        public override async ValueTask<long> GetPositionAsync(Guid eventId, CancellationToken cancellationToken = default) =>
            await Inner.GetPositionAsync(eventId, cancellationToken) is var found and > 0
                ? found
                : await Inner.GetPositionAsync(new Guid(eventId.ToByteArray(bigEndian: true)), cancellationToken);
    }

    /// <summary>Notes ids before it knows whether the append goes through.</summary>
    public sealed class FindsIdsOfRefusedAppends(EventStorageOptions options) : FaultyStorage(options)
    {
        private readonly ConcurrentDictionary<Guid, long> _noted = new();

        public override async ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
        {
            request.Validate(Options.Limits);
            var position = await Inner.GetHeadAsync(CancellationToken.None);
            foreach (var e in request.Writes.SelectMany(write => write.Events)) _noted.TryAdd(e.Id, ++position);
            return await Inner.AppendAsync(request, cancellationToken);
        }

        public override async ValueTask<long> GetPositionAsync(Guid eventId, CancellationToken cancellationToken = default) =>
            await Inner.GetPositionAsync(eventId, cancellationToken) is var found and > 0 ? found : _noted.GetValueOrDefault(eventId);
    }

    public sealed class FindsIdsOnlyAfterAWhile(EventStorageOptions options) : FaultyStorage(options)
    {
        public override async ValueTask<long> GetPositionAsync(Guid eventId, CancellationToken cancellationToken = default) =>
            await Inner.GetPositionAsync(eventId, cancellationToken) is var found && found < await Inner.GetHeadAsync(cancellationToken) ? found : 0;
    }

    public sealed class CallsARepetitionNew(EventStorageOptions options) : FaultyStorage(options)
    {
        public override async ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
        {
            var result = await Inner.AppendAsync(request, cancellationToken);
            return new AppendResult(result.Streams, result.FirstPosition, result.Position, wasAlreadyStored: false);
        }
    }

    public sealed class ReturnsTodaysVersionsForARepetition(EventStorageOptions options) : FaultyStorage(options)
    {
        public override async ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
        {
            var result = await Inner.AppendAsync(request, cancellationToken);
            if (!result.WasAlreadyStored) return result;
            using var page = await Inner.ReadStreamAsync(new StreamRead(result.Streams[0].Stream), CancellationToken.None);
            return new AppendResult([result.Streams[0] with { LastVersion = page.Head }, .. result.Streams.Skip(1)], result.FirstPosition, await GetHeadAsync(CancellationToken.None), wasAlreadyStored: true);
        }
    }

    public sealed class ChecksGuardsOfARepetition(EventStorageOptions options) : FaultyStorage(options)
    {
        public override async ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
        {
            request.Validate(Options.Limits);
            foreach (var write in request.Writes)
            {
                using var page = await Inner.ReadStreamAsync(new StreamRead(write.Stream) { Limit = 1 }, cancellationToken);
                if (!write.Expected.IsMetBy(page.Head)) throw new WrongExpectedVersionException(write.Stream, write.Expected, page.Head);
            }

            return await Inner.AppendAsync(request, cancellationToken);
        }
    }

    /// <summary>Compares ids only: an event with a stored id counts as a repetition, whatever it contains.</summary>
    public sealed class ComparesIdsOnly(EventStorageOptions options) : FaultyStorage(options)
    {
        private readonly ConcurrentDictionary<Guid, NewEvent> _byId = new();

        public override async ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
        {
            request.Validate(Options.Limits);
            var result = await Inner.AppendAsync(Map(request, (_, e) => _byId.GetValueOrDefault(e.Id, e)), cancellationToken);
            foreach (var e in request.Writes.SelectMany(w => w.Events)) _byId.TryAdd(e.Id, new NewEvent(e.Id, e.Type, e.Data.ToArray()) { Tags = e.Tags });
            return result;
        }
    }

    public sealed class StoresTheNewPartOfAnOverlap(EventStorageOptions options) : FaultyStorage(options)
    {
        private readonly ConcurrentDictionary<Guid, bool> _stored = new();

        public override async ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
        {
            request.Validate(Options.Limits);
            var fresh = request with { Writes = [.. request.Writes.Select(w => w with { Expected = ExpectedVersion.Any, Events = [.. w.Events.Where(e => !_stored.ContainsKey(e.Id))] })] };
            var isOverlap = fresh.EventCount > 0 && fresh.EventCount < request.EventCount;
            var result = await Inner.AppendAsync(isOverlap ? fresh : request, cancellationToken);
            foreach (var e in request.Writes.SelectMany(w => w.Events)) _stored.TryAdd(e.Id, true);
            return result;
        }
    }

    public sealed class ComparesMetadataToo(EventStorageOptions options) : FaultyStorage(options)
    {
        public override async ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
        {
            var result = await Inner.AppendAsync(request, cancellationToken);
            if (!result.WasAlreadyStored) return result;
            using var page = await Inner.ReadLogAsync(new LogRead { After = result.FirstPosition - 1, UpTo = result.FirstPosition }, CancellationToken.None);
            var first = request.Writes.First(w => w.Events.Count > 0).Events[0];
            return page.Events[0].Metadata.Span.SequenceEqual(first.Metadata.Span) ? result : throw new DuplicateEventIdException(first.Id, result.FirstPosition, "its metadata is not the same.");
        }
    }

    // Time

    public sealed class StampsWithTheBareClock(EventStorageOptions options) : ReadsOtherwise(options)
    {
        private readonly ConcurrentDictionary<long, DateTimeOffset> _stamps = new();

        public override async ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
        {
            var now = Options.TimeProvider.GetUtcNow().ToUniversalTime();
            var result = await Inner.AppendAsync(request, cancellationToken);
            for (var position = result.FirstPosition; position <= result.Position; position++) _stamps.TryAdd(position, now);
            return result;
        }

        protected override StoredEvent? Read(StoredEvent e) => With(e, at: _stamps.GetValueOrDefault(e.Position, e.RecordedAt));
    }

    public sealed class StampsToTheMillisecond(EventStorageOptions options) : ReadsOtherwise(options)
    {
        protected override StoredEvent? Read(StoredEvent e) => With(e, at: e.RecordedAt.AddTicks(-(e.RecordedAt.Ticks % TimeSpan.TicksPerMillisecond)));
    }

    public sealed class StampsInLocalTime(EventStorageOptions options) : ReadsOtherwise(options)
    {
        protected override StoredEvent? Read(StoredEvent e) => With(e, at: e.RecordedAt.ToOffset(TimeSpan.FromHours(2)));
    }

    // Names, contents and limits

    public sealed class FoldsTheCaseOfStreams(EventStorageOptions options) : FaultyStorage(options)
    {
        public override ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
        {
            request.Validate(Options.Limits);
            return Inner.AppendAsync(request with { Writes = [.. request.Writes.Select(w => w with { Stream = w.Stream.ToLowerInvariant() })] }, cancellationToken);
        }

        public override ValueTask<EventPage> ReadStreamAsync(StreamRead read, CancellationToken cancellationToken = default) =>
            Inner.ReadStreamAsync(read with { Stream = read.Stream?.ToLowerInvariant()! }, cancellationToken);
    }

    public sealed class TrimsStreams(EventStorageOptions options) : FaultyStorage(options)
    {
        public override ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
        {
            request.Validate(Options.Limits);
            return Inner.AppendAsync(request with { Writes = [.. request.Writes.Select(w => w with { Stream = w.Stream.Trim() })] }, cancellationToken);
        }

        public override ValueTask<EventPage> ReadStreamAsync(StreamRead read, CancellationToken cancellationToken = default) =>
            Inner.ReadStreamAsync(read with { Stream = read.Stream?.Trim()! }, cancellationToken);
    }

    public sealed class LosesMetadata(EventStorageOptions options) : ReadsOtherwise(options)
    {
        protected override StoredEvent? Read(StoredEvent e) => With(e, metadata: default(ReadOnlyMemory<byte>));
    }

    public sealed class KeepsTheCallersMemory(EventStorageOptions options) : ReadsOtherwise(options)
    {
        private readonly ConcurrentDictionary<Guid, NewEvent> _byId = new();

        public override async ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
        {
            var result = await Inner.AppendAsync(request, cancellationToken);
            foreach (var e in request.Writes.SelectMany(w => w.Events)) _byId.TryAdd(e.Id, e);
            return result;
        }

        protected override StoredEvent? Read(StoredEvent e) => _byId.TryGetValue(e.Id, out var given) ? With(e, data: given.Data, metadata: given.Metadata) : e;
    }

    /// <summary>All pages share one buffer, so a page is valid only until the next read.</summary>
    public sealed class SharesPageMemory(EventStorageOptions options) : ReadsOtherwise(options)
    {
        private readonly byte[] _buffer = new byte[4096];
        private int _used;

        protected override StoredEvent? Read(StoredEvent e)
        {
            if (e.Data.Length > _buffer.Length) return e;
            lock (_buffer)
            {
                if (_used + e.Data.Length > _buffer.Length) _used = 0;
                var copy = _buffer.AsMemory(_used, e.Data.Length);
                e.Data.CopyTo(copy);
                _used += e.Data.Length;
                return With(e, data: copy);
            }
        }
    }

    public sealed class IgnoresLimits : FaultyStorage
    {
        public IgnoresLimits(EventStorageOptions options)
            : base(options) =>
            Inner = new InMemoryEventStorage(options with { Limits = new EventStorageLimits { MaxDataBytes = int.MaxValue, MaxEventsPerAppend = int.MaxValue, MaxMetadataBytes = int.MaxValue, MaxTagsPerEvent = int.MaxValue } });
    }

    // Reads

    public sealed class TakesTheStartOfARangeForInclusive(EventStorageOptions options) : FaultyStorage(options)
    {
        public override ValueTask<EventPage> ReadStreamAsync(StreamRead read, CancellationToken cancellationToken = default)
        {
            read.Validate();
            return Inner.ReadStreamAsync(read with { After = Math.Max(0, read.After - 1) }, cancellationToken);
        }
    }

    public sealed class TakesTheEndOfARangeForExclusive(EventStorageOptions options) : FaultyStorage(options)
    {
        public override ValueTask<EventPage> ReadLogAsync(LogRead read, CancellationToken cancellationToken = default)
        {
            read.Validate();
            return Inner.ReadLogAsync(read.UpTo is > 0 and < long.MaxValue ? read with { UpTo = read.UpTo - 1 } : read, cancellationToken);
        }
    }

    public sealed class IgnoresUpToPosition(EventStorageOptions options) : FaultyStorage(options)
    {
        public override ValueTask<EventPage> ReadStreamAsync(StreamRead read, CancellationToken cancellationToken = default)
        {
            read.Validate();
            return Inner.ReadStreamAsync(read with { UpToPosition = long.MaxValue }, cancellationToken);
        }
    }

    public sealed class ReadsBackwardsInForwardOrder(EventStorageOptions options) : FaultyStorage(options)
    {
        public override async ValueTask<EventPage> ReadLogAsync(LogRead read, CancellationToken cancellationToken = default) =>
            Remake(await Inner.ReadLogAsync(read, cancellationToken), e => e, reverse: read.Direction == ReadDirection.Backwards);
    }

    public sealed class IgnoresTheLimitOfAPage(EventStorageOptions options) : FaultyStorage(options)
    {
        public override ValueTask<EventPage> ReadLogAsync(LogRead read, CancellationToken cancellationToken = default)
        {
            read.Validate();
            return Inner.ReadLogAsync(read with { Limit = int.MaxValue }, cancellationToken);
        }
    }

    public sealed class StaysBeforeWhatDidNotMatch(EventStorageOptions options) : FaultyStorage(options)
    {
        public override async ValueTask<EventPage> ReadLogAsync(LogRead read, CancellationToken cancellationToken = default) =>
            Remake(await Inner.ReadLogAsync(read, cancellationToken), e => e, page => !page.IsEnd || read.Direction == ReadDirection.Backwards ? page.Next : page.Count > 0 ? page.Events[^1].Position : read.After);
    }

    public sealed class SaysTheEndOfThePageForTheHead(EventStorageOptions options) : FaultyStorage(options)
    {
        public override async ValueTask<EventPage> ReadLogAsync(LogRead read, CancellationToken cancellationToken = default)
        {
            var page = await Inner.ReadLogAsync(read, cancellationToken);
            var last = 0L;
            foreach (var e in page.Events) last = Math.Max(last, e.Position);
            page.Complete(page.Next, page.IsEnd, last);
            return page;
        }
    }

    // Waiting

    public sealed class EndsWaitsAtOnce(EventStorageOptions options) : FaultyStorage(options)
    {
        public override ValueTask<long> WaitForEventsAsync(long position, CancellationToken cancellationToken = default) => GetHeadAsync(cancellationToken);
    }

    public sealed class EndsWaitsOnAnyAppend(EventStorageOptions options) : FaultyStorage(options)
    {
        public override async ValueTask<long> WaitForEventsAsync(long position, CancellationToken cancellationToken = default)
        {
            var head = await GetHeadAsync(cancellationToken);
            return await Inner.WaitForEventsAsync(Math.Min(position, head), cancellationToken);
        }
    }

    public sealed class WakesOneOfMany(EventStorageOptions options) : FaultyStorage(options)
    {
        private readonly SemaphoreSlim _woken = new(0);

        public override async ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
        {
            var result = await Inner.AppendAsync(request, cancellationToken);
            _woken.Release();
            return result;
        }

        public override async ValueTask<long> WaitForEventsAsync(long position, CancellationToken cancellationToken = default)
        {
            while (await GetHeadAsync(cancellationToken) <= position) await _woken.WaitAsync(cancellationToken);
            return await GetHeadAsync(cancellationToken);
        }
    }

    public sealed class LeavesWaitersWhenDisposed(EventStorageOptions options) : FaultyStorage(options)
    {
        public override async ValueTask<long> WaitForEventsAsync(long position, CancellationToken cancellationToken = default)
        {
            try
            {
                return await Inner.WaitForEventsAsync(position, cancellationToken);
            }
            catch (ObjectDisposedException)
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
                throw;
            }
        }
    }
}
