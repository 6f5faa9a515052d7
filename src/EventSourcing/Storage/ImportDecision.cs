using System.Runtime.InteropServices;

namespace EventSourcing.Storage;

/// <summary>
/// For storages: the decision on one import by rule 12 of <see cref="IEventStorage"/>. It is a pure function of the request and
/// the log's content, and the same for every storage.
/// </summary>
public static class ImportDecision
{
    /// <summary>Decides on an import.</summary>
    /// <typeparam name="TFacts">The type of the facts; a structure is not boxed.</typeparam>
    /// <param name="request">The import, validated.</param>
    /// <param name="log">The log's content, under the lock that orders commits.</param>
    /// <param name="now">The time of the storage's clock.</param>
    /// <param name="looksForIds">
    /// Whether the ids are looked up at once. A storage that detects a stored id on insertion can pass <see langword="false"/>, and
    /// ask again with <see langword="true"/> if that happens. If events without places do not fit, the ids are looked up in any
    /// case, because an import that is repeated meets the stamps that it stored the first time.
    /// </param>
    /// <returns>The error for the caller, which says why nothing may be written; <see langword="null"/> if all may be.</returns>
    public static EventSourcingException? RefusalOf<TFacts>(ImportRequest request, TFacts log, DateTimeOffset now, bool looksForIds = true)
        where TFacts : ILogFacts
    {
        ArgumentNullException.ThrowIfNull(request);
        if (FindMisfit(request, log, now) is { } misfit)
            return request.HasPlaces ? misfit : (EventSourcingException?)FindStored(request, log) ?? misfit;
        return looksForIds && FindStored(request, log) is { } stored ? stored : FindNotErasable(request, log);
    }

    private static ImportRefusedException? FindMisfit<TFacts>(ImportRequest request, TFacts log, DateTimeOffset now)
        where TFacts : ILogFacts
    {
        var (head, last) = (log.Head, log.LastRecordedAt);
        var versions = request.HasPlaces ? new Dictionary<string, long>(StringComparer.Ordinal) : null;
        for (var i = 0; i < request.Events.Count; i++)
        {
            var e = request.Events[i];
            if (versions is not null && FlawInPlace(e, head + 1 + i, versions, log) is { } misplaced) return misplaced;
            if (e.RecordedAt < last) return ImportRefusedException.TimeBackwards(e, last);
            if (versions is null && e.RecordedAt > now) return ImportRefusedException.TimeInFuture(e, now);
            last = e.RecordedAt;
        }

        return null;
    }

    private static DuplicateEventIdException? FindStored<TFacts>(ImportRequest request, TFacts log)
        where TFacts : ILogFacts
    {
        for (var i = 0; i < request.Events.Count; i++)
        {
            if (log.TryFind(request.Events[i].Id, out var stored))
                return new DuplicateEventIdException(stored.Id, stored.Position, "an import stores only events that are not stored yet.");
        }

        return null;
    }

    private static ErasureRefusedException? FindNotErasable<TFacts>(ImportRequest request, TFacts log)
        where TFacts : ILogFacts
    {
        var head = log.Head;
        foreach (var position in request.PositionsToErase())
        {
            if (!CanErase(request, log, head, position)) return new ErasureRefusedException(position, head + request.Events.Count);
        }

        return null;
    }

    private static ImportRefusedException? FlawInPlace<TFacts>(
        in StoredEvent e, long position, Dictionary<string, long> versions, TFacts log)
        where TFacts : ILogFacts
    {
        if (e.Position != position) return ImportRefusedException.PositionGap(e, position);
        ref var version = ref CollectionsMarshal.GetValueRefOrAddDefault(versions, e.Stream, out var isKnown);
        if (!isKnown) version = log.VersionOf(e.Stream);
        return e.Version == ++version ? null : ImportRefusedException.WrongVersion(e, version);
    }

    private static bool CanErase<TFacts>(ImportRequest request, TFacts log, long head, long position)
        where TFacts : ILogFacts
    {
        if (position <= head) return log.CanErase(position);
        return position - head <= request.Events.Count && request.Events[(int)(position - head - 1)].Type != PayloadsErased.TypeName;
    }
}
