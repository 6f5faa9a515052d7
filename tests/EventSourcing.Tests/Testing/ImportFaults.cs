using System.Collections.Concurrent;

namespace EventSourcing.Tests.Testing;

/// <summary>Storages that are right but for one fault each of their imports.</summary>
internal static class ImportFaults
{
    /// <summary>What it imports is something else than it was given.</summary>
    internal abstract class ImportsOtherwise(EventStorageOptions options) : FaultyStorage(options)
    {
        public override async ValueTask<long> ImportAsync(ImportRequest request, CancellationToken cancellationToken = default)
        {
            request.Validate(Options.Limits);
            return await Inner.ImportAsync(new ImportRequest(await ChangeAsync(request)), cancellationToken);
        }

        protected abstract ValueTask<IReadOnlyList<StoredEvent>> ChangeAsync(ImportRequest request);

        protected static IReadOnlyList<StoredEvent> Map(ImportRequest request, Func<StoredEvent, StoredEvent> map) => [.. request.Events.Select(map)];

        /// <summary>The events with the places that fit here, whatever they bring.</summary>
        protected async Task<List<StoredEvent>> FittingAsync(IReadOnlyList<StoredEvent> events, bool keepPositions = false, bool keepVersions = false)
        {
            var head = await Inner.GetHeadAsync();
            var versions = new Dictionary<string, long>(StringComparer.Ordinal);
            var fitting = new List<StoredEvent>();
            foreach (var e in events)
            {
                if (!versions.TryGetValue(e.Stream, out var version))
                {
                    using var page = await Inner.ReadStreamAsync(new StreamRead(e.Stream) { Limit = 1 });
                    version = page.Head;
                }

                versions[e.Stream] = ++version;
                head++;
                fitting.Add(e with { Position = keepPositions ? e.Position : head, Version = keepVersions ? e.Version : version });
            }

            return fitting;
        }
    }

    /// <summary>What it reads of imported events is something else than was imported.</summary>
    internal abstract class RemembersImports(EventStorageOptions options) : ReadsOtherwise(options)
    {
        protected ConcurrentDictionary<long, StoredEvent> Imported { get; } = [];

        public override async ValueTask<long> ImportAsync(ImportRequest request, CancellationToken cancellationToken = default)
        {
            var position = await Inner.ImportAsync(request, cancellationToken);
            for (var i = 0; i < request.Events.Count; i++) Imported[position - request.Events.Count + 1 + i] = Remember(request.Events[i]);
            return position;
        }

        protected abstract StoredEvent Remember(in StoredEvent e);
    }

    // Places

    public sealed class ImportsInParts(EventStorageOptions options) : FaultyStorage(options)
    {
        public override async ValueTask<long> ImportAsync(ImportRequest request, CancellationToken cancellationToken = default)
        {
            request.Validate(Options.Limits);
            var position = 0L;
            foreach (var e in request.Events) position = await Inner.ImportAsync(new ImportRequest([e]), cancellationToken);
            return position;
        }
    }

    public sealed class ClosesGaps(EventStorageOptions options) : ImportsOtherwise(options)
    {
        protected override async ValueTask<IReadOnlyList<StoredEvent>> ChangeAsync(ImportRequest request) =>
            request.HasPlaces ? await FittingAsync(request.Events, keepVersions: true) : request.Events;
    }

    public sealed class CorrectsVersions(EventStorageOptions options) : ImportsOtherwise(options)
    {
        protected override async ValueTask<IReadOnlyList<StoredEvent>> ChangeAsync(ImportRequest request) =>
            request.HasPlaces ? await FittingAsync(request.Events, keepPositions: true) : request.Events;
    }

    public sealed class SkipsWhatIsStored(EventStorageOptions options) : FaultyStorage(options)
    {
        public override async ValueTask<long> ImportAsync(ImportRequest request, CancellationToken cancellationToken = default)
        {
            request.Validate(Options.Limits);
            var events = new List<StoredEvent>();
            foreach (var e in request.Events)
            {
                if (await Inner.GetPositionAsync(e.Id, cancellationToken) == 0) events.Add(e);
            }

            return events.Count == 0 ? await Inner.GetHeadAsync(cancellationToken) : await Inner.ImportAsync(new ImportRequest(events), cancellationToken);
        }
    }

    public sealed class DrawsSaltsAnew(EventStorageOptions options) : ImportsOtherwise(options)
    {
        protected override ValueTask<IReadOnlyList<StoredEvent>> ChangeAsync(ImportRequest request) =>
            new(Map(request, e => request.HasPlaces && !e.IsErased ? e with { Seal = Guid.NewGuid().ToByteArray() } : e));
    }

    public sealed class HasOneSaltForAllImports(EventStorageOptions options) : ImportsOtherwise(options)
    {
        protected override async ValueTask<IReadOnlyList<StoredEvent>> ChangeAsync(ImportRequest request) =>
            request.HasPlaces || request.Events.Any(e => e.RecordedAt > Options.TimeProvider.GetUtcNow())
                ? request.Events
                : [.. (await FittingAsync(request.Events)).Select(e => e with { Seal = new byte[16] })];
    }

    public sealed class ForgetsTagsOfImports(EventStorageOptions options) : ImportsOtherwise(options)
    {
        protected override ValueTask<IReadOnlyList<StoredEvent>> ChangeAsync(ImportRequest request) => new(Map(request, e => e with { Tags = [] }));
    }

    public sealed class ForgetsMetadataOfImports(EventStorageOptions options) : ImportsOtherwise(options)
    {
        protected override ValueTask<IReadOnlyList<StoredEvent>> ChangeAsync(ImportRequest request) => new(Map(request, e => e with { Metadata = default }));
    }

    // Time

    public sealed class StampsImportsWithTheClock(EventStorageOptions options) : ImportsOtherwise(options)
    {
        protected override ValueTask<IReadOnlyList<StoredEvent>> ChangeAsync(ImportRequest request) =>
            new(Map(request, e => e with { RecordedAt = Options.TimeProvider.GetUtcNow() }));
    }

    public sealed class CutsStampsToMilliseconds(EventStorageOptions options) : ImportsOtherwise(options)
    {
        protected override ValueTask<IReadOnlyList<StoredEvent>> ChangeAsync(ImportRequest request) =>
            new(Map(request, e => e with { RecordedAt = e.RecordedAt.AddTicks(-(e.RecordedAt.Ticks % TimeSpan.TicksPerMillisecond)) }));
    }

    public sealed class RaisesStamps(EventStorageOptions options) : ImportsOtherwise(options)
    {
        protected override async ValueTask<IReadOnlyList<StoredEvent>> ChangeAsync(ImportRequest request)
        {
            using var page = await Inner.ReadLogAsync(new LogRead { Direction = ReadDirection.Backwards, Limit = 1 });
            var last = page.Count == 0 ? DateTimeOffset.MinValue : page.Events[0].RecordedAt;
            return Map(request, e => e with { RecordedAt = last = e.RecordedAt > last ? e.RecordedAt : last });
        }
    }

    public sealed class LowersStampsOfTheFuture(EventStorageOptions options) : ImportsOtherwise(options)
    {
        protected override ValueTask<IReadOnlyList<StoredEvent>> ChangeAsync(ImportRequest request)
        {
            var now = Options.TimeProvider.GetUtcNow();
            return new(request.HasPlaces ? request.Events : Map(request, e => e with { RecordedAt = e.RecordedAt > now ? now : e.RecordedAt }));
        }
    }

    public sealed class RefusesStampsOfTheFutureWithPlacesToo(EventStorageOptions options) : FaultyStorage(options)
    {
        public override ValueTask<long> ImportAsync(ImportRequest request, CancellationToken cancellationToken = default) =>
            request.Events.Any(e => e.RecordedAt > Options.TimeProvider.GetUtcNow())
                ? throw new ArgumentException("An event is stamped later than now.")
                : Inner.ImportAsync(request, cancellationToken);
    }

    public sealed class TellsStampsBeforeIds(EventStorageOptions options) : FaultyStorage(options)
    {
        public override async ValueTask<long> ImportAsync(ImportRequest request, CancellationToken cancellationToken = default)
        {
            using var page = await Inner.ReadLogAsync(new LogRead { Direction = ReadDirection.Backwards, Limit = 1 }, cancellationToken);
            if (!request.HasPlaces && request.Events.Count > 0 && page.Count > 0 && request.Events[0].RecordedAt < page.Events[0].RecordedAt)
                throw ImportRefusedException.TimeBackwards(request.Events[0], page.Events[0].RecordedAt);
            return await Inner.ImportAsync(request, cancellationToken);
        }
    }

    // Erasures

    public sealed class RevivesErasedEvents(EventStorageOptions options) : ImportsOtherwise(options)
    {
        protected override ValueTask<IReadOnlyList<StoredEvent>> ChangeAsync(ImportRequest request) =>
            new(Map(request, e => e.IsErased ? e with { IsErased = false, Seal = new byte[16] } : e));
    }

    public sealed class DoesNotEraseWhatRecordsName(EventStorageOptions options) : RemembersImports(options)
    {
        protected override StoredEvent Remember(in StoredEvent e) =>
            e with { Data = e.Data.ToArray(), Seal = e.Seal.ToArray() };

        protected override StoredEvent? Read(StoredEvent e) =>
            e.IsErased && Imported.TryGetValue(e.Position, out var imported) && !imported.IsErased
                ? e with { Data = imported.Data, IsErased = false, Seal = e.Seal.IsEmpty ? e.Seal : imported.Seal }
                : e;
    }

    // Memory, waiting, cancellation

    public sealed class KeepsTheMemoryOfImports(EventStorageOptions options) : RemembersImports(options)
    {
        protected override StoredEvent Remember(in StoredEvent e) => e;

        protected override StoredEvent? Read(StoredEvent e) => Imported.TryGetValue(e.Position, out var imported) && !e.IsErased ? e with { Data = imported.Data } : e;
    }

    public sealed class DoesNotWakeByImports(EventStorageOptions options) : FaultyStorage(options)
    {
        private readonly HeadSignal _signal = new();

        public override async ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
        {
            var result = await Inner.AppendAsync(request, cancellationToken);
            _signal.Advance(result.Position);
            return result;
        }

        public override async ValueTask<long> WaitForEventsAsync(long position, CancellationToken cancellationToken = default)
        {
            if (await Inner.GetHeadAsync(cancellationToken) is var head && head > position) return head;
            await _signal.WaitAsync(position, cancellationToken);
            return await Inner.GetHeadAsync(cancellationToken);
        }
    }

    public sealed class ImportsWhenCancelled(EventStorageOptions options) : FaultyStorage(options)
    {
        public override ValueTask<long> ImportAsync(ImportRequest request, CancellationToken cancellationToken = default) =>
            Inner.ImportAsync(request, CancellationToken.None);
    }

    public sealed class ValidatesNoImport(EventStorageOptions options) : FaultyStorage(options)
    {
        /// <summary>Repairs what can be, so that it is stored.</summary>
        public override ValueTask<long> ImportAsync(ImportRequest request, CancellationToken cancellationToken = default)
        {
            if (request is null || request.HasPlaces) return Inner.ImportAsync(request!, cancellationToken);
            return Inner.ImportAsync(
                new ImportRequest([.. request.Events.Select(e => e with { Tags = [.. e.Tags.Distinct(StringComparer.Ordinal)], Seal = default, IsErased = false })]),
                cancellationToken);
        }
    }
}
