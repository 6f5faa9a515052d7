using System.Collections.Concurrent;

namespace EventSourcing.Tests.Testing;

/// <summary>Storages that are right but for one fault each of their catalogue.</summary>
internal static class CatalogFaults
{
    internal abstract class FaultyCatalog(EventStorageOptions options) : FaultyStorage(options), IStorageCatalog
    {
        public override IStorageCatalog Catalog => this;

        protected IStorageCatalog Right => Inner.Catalog;

        public virtual ValueTask<StreamPage> ListStreamsAsync(StreamListing listing, CancellationToken token = default) =>
            Right.ListStreamsAsync(listing, token);

        public virtual ValueTask<IReadOnlyList<EventTypeSummary>> ListEventTypesAsync(CancellationToken token = default) =>
            Right.ListEventTypesAsync(token);

        public virtual ValueTask<IReadOnlyList<ReadModelSummary>> ListReadModelsAsync(CancellationToken token = default) =>
            Right.ListReadModelsAsync(token);

        public virtual ValueTask<StorageSize?> GetSizeAsync(CancellationToken token = default) => Right.GetSizeAsync(token);
    }

    /// <summary>Makes its pages of all streams, in an order and by conditions of its own.</summary>
    internal abstract class ListsOtherwise(EventStorageOptions options) : FaultyCatalog(options)
    {
        public override async ValueTask<StreamPage> ListStreamsAsync(StreamListing listing, CancellationToken token = default)
        {
            listing.Validate();
            var all = await Right.ListStreamsAsync(new StreamListing { Limit = int.MaxValue }, token);
            var matching = Order(all.Streams).Where(stream => Begins(stream.Name, listing.Prefix)).ToList();
            var rest = matching.Where(stream => listing.After is not { } after || IsAfter(stream.Name, after)).ToList();
            return Page(rest, listing.Limit);
        }

        protected virtual IEnumerable<StreamSummary> Order(IEnumerable<StreamSummary> streams) => streams;

        protected virtual bool Begins(string name, string prefix) => name.StartsWith(prefix, StringComparison.Ordinal);

        protected virtual bool IsAfter(string name, string after) => CodePointComparer.Instance.Compare(name, after) > 0;

        protected virtual StreamPage Page(List<StreamSummary> rest, int limit) => new([.. rest.Take(limit)], rest.Count <= limit);
    }

    // Streams

    public sealed class OrdersStreamsByUtf16(EventStorageOptions options) : ListsOtherwise(options)
    {
        protected override IEnumerable<StreamSummary> Order(IEnumerable<StreamSummary> streams) =>
            streams.OrderBy(stream => stream.Name, StringComparer.Ordinal);

        protected override bool IsAfter(string name, string after) => string.CompareOrdinal(name, after) > 0;
    }

    public sealed class TakesPrefixesForPatterns(EventStorageOptions options) : ListsOtherwise(options)
    {
        protected override bool Begins(string name, string prefix) =>
            prefix.Length <= name.Length && prefix.Zip(name).All(pair => pair.First is '_' or '%' || pair.First == pair.Second);
    }

    public sealed class FoldsTheCaseOfPrefixes(EventStorageOptions options) : ListsOtherwise(options)
    {
        protected override bool Begins(string name, string prefix) => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase);
    }

    public sealed class ReadsPrefixesByCulture(EventStorageOptions options) : ListsOtherwise(options)
    {
        protected override bool Begins(string name, string prefix) =>
            prefix.Normalize().Length == 0 || name.Normalize().StartsWith(prefix.Normalize(), StringComparison.Ordinal);
    }

    public sealed class EndsPrefixesAtUFFFF(EventStorageOptions options) : ListsOtherwise(options)
    {
        protected override bool Begins(string name, string prefix) =>
            base.Begins(name, prefix) && (prefix.Length == 0 || CodePointComparer.Instance.Compare(name, prefix + "\uFFFF") < 0);
    }

    public sealed class TakesTheNameToBeginAfterForInclusive(EventStorageOptions options) : ListsOtherwise(options)
    {
        private int _pages;

        // Not for ever, or the pages would not end.
        protected override bool IsAfter(string name, string after) => name == after ? _pages++ < 10 : base.IsAfter(name, after);
    }

    public sealed class IgnoresThePrefixAfterAName(EventStorageOptions options) : FaultyCatalog(options)
    {
        public override ValueTask<StreamPage> ListStreamsAsync(StreamListing listing, CancellationToken token = default) =>
            Right.ListStreamsAsync(listing.After is null ? listing : listing with { Prefix = "" }, token);
    }

    public sealed class LooksForTheStreamToBeginAfter(EventStorageOptions options) : FaultyCatalog(options)
    {
        public override async ValueTask<StreamPage> ListStreamsAsync(StreamListing listing, CancellationToken token = default)
        {
            var all = await Right.ListStreamsAsync(new StreamListing { Limit = int.MaxValue }, token);
            return listing.After is null || all.Streams.Any(stream => stream.Name == listing.After)
                ? await Right.ListStreamsAsync(listing, token)
                : new StreamPage([], IsEnd: true);
        }
    }

    public sealed class TakesAFullPageForTheEnd(EventStorageOptions options) : ListsOtherwise(options)
    {
        protected override StreamPage Page(List<StreamSummary> rest, int limit) => new([.. rest.Take(limit)], IsEnd: true);
    }

    public sealed class ReturnsOneStreamTooMany(EventStorageOptions options) : ListsOtherwise(options)
    {
        protected override StreamPage Page(List<StreamSummary> rest, int limit) => new([.. rest.Take(limit + 1)], rest.Count <= limit + 1);
    }

    public sealed class HidesTheLibrarysOwn(EventStorageOptions options) : ListsOtherwise(options)
    {
        protected override IEnumerable<StreamSummary> Order(IEnumerable<StreamSummary> streams) =>
            streams.Where(stream => stream.Name[0] != '$');
    }

    /// <summary>Keeps the name of each stream that a request has, before it knows what becomes of that.</summary>
    public sealed class ListsStreamsWithoutEvents(EventStorageOptions options) : ListsOtherwise(options)
    {
        private readonly ConcurrentDictionary<string, bool> _named = new(StringComparer.Ordinal);

        public override ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken token = default)
        {
            foreach (var write in request.Writes) _named.TryAdd(write.Stream, true);
            return base.AppendAsync(request, token);
        }

        protected override IEnumerable<StreamSummary> Order(IEnumerable<StreamSummary> streams)
        {
            var known = streams.ToDictionary(stream => stream.Name, StringComparer.Ordinal);
            return _named.Keys.Order(CodePointComparer.Instance)
                .Select(name => known.GetValueOrDefault(name, new StreamSummary(name, 0, 0, default)));
        }
    }

    public sealed class GivesTheHeadForTheLastPosition(EventStorageOptions options) : FaultyCatalog(options)
    {
        public override async ValueTask<StreamPage> ListStreamsAsync(StreamListing listing, CancellationToken token = default)
        {
            var (page, head) = (await Right.ListStreamsAsync(listing, token), await GetHeadAsync(token));
            return page with { Streams = [.. page.Streams.Select(stream => stream with { LastPosition = head })] };
        }
    }

    public sealed class GivesTheStampOfNow(EventStorageOptions options) : FaultyCatalog(options)
    {
        public override async ValueTask<StreamPage> ListStreamsAsync(StreamListing listing, CancellationToken token = default)
        {
            var page = await Right.ListStreamsAsync(listing, token);
            var now = Options.TimeProvider.GetUtcNow();
            return page with { Streams = [.. page.Streams.Select(stream => stream with { LastRecordedAt = now })] };
        }
    }

    public sealed class ReadsEachStreamOfAPageApart(EventStorageOptions options) : FaultyCatalog(options)
    {
        public override async ValueTask<StreamPage> ListStreamsAsync(StreamListing listing, CancellationToken token = default)
        {
            var page = await Right.ListStreamsAsync(listing, token);
            var streams = new List<StreamSummary>();
            foreach (var stream in page.Streams)
            {
                await Task.Delay(1, token);
                var one = await Right.ListStreamsAsync(new StreamListing { Prefix = stream.Name, Limit = 1 }, token);
                streams.AddRange(one.Streams);
            }

            return page with { Streams = streams };
        }
    }

    public sealed class LosesStreamsOfErasedEvents(EventStorageOptions options) : ListsOtherwise(options)
    {
        protected override IEnumerable<StreamSummary> Order(IEnumerable<StreamSummary> streams)
        {
            using var log = Inner.ReadLogAsync(new LogRead { Limit = int.MaxValue }).AsTask().GetAwaiter().GetResult();
            var erased = log.Events.ToArray().Where(e => e.IsErased).Select(e => e.Stream).ToHashSet(StringComparer.Ordinal);
            return streams.Where(stream => !erased.Contains(stream.Name));
        }
    }

    public sealed class AnswersAnyPrefix(EventStorageOptions options) : FaultyCatalog(options)
    {
        public override async ValueTask<StreamPage> ListStreamsAsync(StreamListing listing, CancellationToken token = default)
        {
            try
            {
                return await Right.ListStreamsAsync(listing, token);
            }
            catch (ArgumentException)
            {
                return new StreamPage([], IsEnd: true);
            }
        }
    }

    // Types

    public sealed class OrdersTypesByUtf16(EventStorageOptions options) : FaultyCatalog(options)
    {
        public override async ValueTask<IReadOnlyList<EventTypeSummary>> ListEventTypesAsync(CancellationToken token = default) =>
            [.. (await Right.ListEventTypesAsync(token)).OrderBy(type => type.Name, StringComparer.Ordinal)];
    }

    public sealed class CountsRepetitions(EventStorageOptions options) : FaultyCatalog(options)
    {
        private readonly ConcurrentDictionary<string, long> _counts = new(StringComparer.Ordinal);

        public override async ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken token = default)
        {
            var result = await base.AppendAsync(request, token);
            foreach (var e in request.Writes.SelectMany(write => write.Events)) _counts.AddOrUpdate(e.Type, 1, (_, count) => count + 1);
            return result;
        }

        public override async ValueTask<IReadOnlyList<EventTypeSummary>> ListEventTypesAsync(CancellationToken token = default) =>
            [.. (await Right.ListEventTypesAsync(token)).Select(type => type with { Count = _counts.GetValueOrDefault(type.Name) })];
    }

    public sealed class EstimatesCounts(EventStorageOptions options) : FaultyCatalog(options)
    {
        public override async ValueTask<IReadOnlyList<EventTypeSummary>> ListEventTypesAsync(CancellationToken token = default) =>
            [.. (await Right.ListEventTypesAsync(token)).Select(type => type with { Count = type.LastPosition - type.FirstPosition + 1 })];
    }

    public sealed class CountsNoErasedEvents(EventStorageOptions options) : FaultyCatalog(options)
    {
        public override async ValueTask<IReadOnlyList<EventTypeSummary>> ListEventTypesAsync(CancellationToken token = default)
        {
            using var log = await ReadLogAsync(new LogRead { Limit = int.MaxValue }, token);
            var erased = log.Events.ToArray().Where(e => e.IsErased).ToLookup(e => e.Type);
            var types = await Right.ListEventTypesAsync(token);
            return [.. types.Select(type => type with { Count = type.Count - erased[type.Name].Count() })];
        }
    }

    public sealed class ReadsCountsApart(EventStorageOptions options) : FaultyCatalog(options)
    {
        public override async ValueTask<IReadOnlyList<EventTypeSummary>> ListEventTypesAsync(CancellationToken token = default)
        {
            var types = (await Right.ListEventTypesAsync(token)).ToArray();
            for (var i = 1; i < types.Length; i++)
            {
                await Task.Delay(1, token);
                types[i] = (await Right.ListEventTypesAsync(token))[i];
            }

            return types;
        }
    }

    // Read models

    public sealed class OrdersReadModelsByUtf16(EventStorageOptions options) : FaultyCatalog(options)
    {
        public override async ValueTask<IReadOnlyList<ReadModelSummary>> ListReadModelsAsync(CancellationToken token = default) =>
            [.. (await Right.ListReadModelsAsync(token)).OrderBy(model => model.Definition.Name, StringComparer.Ordinal)];
    }

    public sealed class SortsFields(EventStorageOptions options) : FaultyCatalog(options)
    {
        public override async ValueTask<IReadOnlyList<ReadModelSummary>> ListReadModelsAsync(CancellationToken token = default) =>
            [.. (await Right.ListReadModelsAsync(token)).Select(model => model with { Definition = Sorted(model.Definition) })];

        private static ReadModelDefinition Sorted(ReadModelDefinition definition) =>
            definition with { Fields = [.. definition.Fields.OrderBy(field => field.Name, StringComparer.Ordinal)] };
    }

    public sealed class ForgetsAliases(EventStorageOptions options) : FaultyCatalog(options)
    {
        public override async ValueTask<IReadOnlyList<ReadModelSummary>> ListReadModelsAsync(CancellationToken token = default) =>
            [.. (await Right.ListReadModelsAsync(token)).Select(model => model with { Aliases = [] })];
    }

    /// <summary>Lists what was there when it was first asked.</summary>
    public sealed class NeverLooksAgain(EventStorageOptions options) : FaultyCatalog(options)
    {
        private IReadOnlyList<ReadModelSummary>? _models;

        public override async ValueTask<IReadOnlyList<ReadModelSummary>> ListReadModelsAsync(CancellationToken token = default) =>
            _models ??= await Right.ListReadModelsAsync(token);
    }

    // All

    public sealed class GivesASizeThatDoesNotAddUp(EventStorageOptions options) : FaultyCatalog(options)
    {
        public override async ValueTask<StorageSize?> GetSizeAsync(CancellationToken token = default)
        {
            await Right.GetSizeAsync(token);
            return new StorageSize(200_000, 0, [new StorageSizePart("log", 100_000)]);
        }
    }

    public sealed class SaysThatTheStoreIsEmpty(EventStorageOptions options) : FaultyCatalog(options)
    {
        public override async ValueTask<StorageSize?> GetSizeAsync(CancellationToken token = default)
        {
            await Right.GetSizeAsync(token);
            return new StorageSize(0, 0, []);
        }
    }

    public sealed class ListsWhatWasCancelled(EventStorageOptions options) : FaultyCatalog(options)
    {
        public override ValueTask<IReadOnlyList<EventTypeSummary>> ListEventTypesAsync(CancellationToken token = default) =>
            Right.ListEventTypesAsync(CancellationToken.None);
    }

    public sealed class ListsWhenDisposed(EventStorageOptions options) : FaultyCatalog(options)
    {
        public override async ValueTask<IReadOnlyList<ReadModelSummary>> ListReadModelsAsync(CancellationToken token = default)
        {
            try
            {
                return await Right.ListReadModelsAsync(token);
            }
            catch (ObjectDisposedException)
            {
                return [];
            }
        }
    }
}
