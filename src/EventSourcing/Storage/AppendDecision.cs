using System.Diagnostics.CodeAnalysis;

namespace EventSourcing.Storage;

/// <summary>
/// For storages: the decision on one append by rules 2 to 6 of <see cref="IEventStorage"/>. Either the append is refused, or
/// its events are stored already, or they are to be written; then the decision gives their positions. It is a pure function of
/// the request and the log's content, and the same for every storage.
/// </summary>
public readonly struct AppendDecision
{
    private AppendDecision(EventSourcingException refusal) => Refusal = refusal;

    private AppendDecision(AppendResult outcome, DateTimeOffset recordedAt)
    {
        Outcome = outcome;
        RecordedAt = recordedAt;
    }

    /// <summary>
    /// The error for the caller, which says why nothing may be written. <see langword="null"/> if the append is not refused.
    /// </summary>
    public EventSourcingException? Refusal { get; }

    /// <summary>
    /// The result of the append that stored these events before, or the result of this append if it is written now.
    /// <see langword="null"/> if the append is refused.
    /// </summary>
    public AppendResult? Outcome { get; }

    /// <summary>The time stamp of the events to write: now, but never before that of the last event.</summary>
    public DateTimeOffset RecordedAt { get; }

    /// <summary>
    /// Whether the events are to be written, with the places in <see cref="Outcome"/> and the time in <see cref="RecordedAt"/>.
    /// </summary>
    [MemberNotNullWhen(true, nameof(Outcome))]
    public bool IsToWrite => Outcome is { WasAlreadyStored: false };

    /// <summary>Decides on an append.</summary>
    /// <typeparam name="TFacts">The type of the facts; a structure is not boxed.</typeparam>
    /// <param name="request">The append, validated.</param>
    /// <param name="log">The log's content, under the lock that orders commits.</param>
    /// <param name="now">The time of the storage's clock.</param>
    /// <param name="looksForRepetition">
    /// Whether the ids are looked up at once. A storage that detects a stored id on insertion can pass <see langword="false"/>,
    /// and ask again with <see langword="true"/> if that happens. If a guard fails, the ids are looked up in any case, because
    /// a repeated append meets the events that it wrote the first time.
    /// </param>
    /// <returns>The decision.</returns>
    public static AppendDecision Of<TFacts>(AppendRequest request, TFacts log, DateTimeOffset now, bool looksForRepetition = true)
        where TFacts : ILogFacts
    {
        ArgumentNullException.ThrowIfNull(request);
        if (looksForRepetition && FindRepetition(request, log) is { } repeated) return repeated;
        if (FindConflict(request, log) is { } conflict)
            return (looksForRepetition ? null : FindRepetition(request, log)) ?? new AppendDecision(conflict);
        var last = log.LastRecordedAt;
        return new AppendDecision(PlannedResult(request, log), now > last ? now.ToUniversalTime() : last);
    }

    /// <summary>The events as they will be stored in the log, without their seals. Their memory belongs to the request.</summary>
    /// <param name="request">The append that was decided.</param>
    /// <returns>The events, in the order of their positions.</returns>
    /// <exception cref="InvalidOperationException">They are not to be written.</exception>
    public IReadOnlyList<StoredEvent> Preview(AppendRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (!IsToWrite) throw new InvalidOperationException("The append writes nothing, so there are no events to show.");
        var events = new List<StoredEvent>((int)(Outcome.Position - Outcome.FirstPosition + 1));
        var stream = 0;
        for (var w = 0; w < request.Writes.Count; w++)
        {
            var write = request.Writes[w];
            if (write.Events.Count == 0) continue;
            var firstVersion = Outcome.Streams[stream++].FirstVersion;
            for (var i = 0; i < write.Events.Count; i++)
            {
                var e = write.Events[i];
                events.Add(new StoredEvent
                {
                    Position = Outcome.FirstPosition + events.Count,
                    Stream = write.Stream,
                    Version = firstVersion + i,
                    Id = e.Id,
                    Type = e.Type,
                    RecordedAt = RecordedAt,
                    Data = e.Data,
                    Metadata = e.Metadata,
                    Tags = e.Tags,
                });
            }
        }

        return events;
    }

    private static AppendResult PlannedResult<TFacts>(AppendRequest request, TFacts log)
        where TFacts : ILogFacts
    {
        var streams = new List<AppendedStream>(request.Writes.Count);
        var count = 0;
        for (var w = 0; w < request.Writes.Count; w++)
        {
            var write = request.Writes[w];
            if (write.Events.Count == 0) continue;
            var version = log.VersionOf(write.Stream);
            streams.Add(new AppendedStream(write.Stream, version + 1, version + write.Events.Count));
            count += write.Events.Count;
        }

        return new AppendResult(streams, log.Head + 1, log.Head + count, wasAlreadyStored: false);
    }

    private static EventSourcingException? FindConflict<TFacts>(AppendRequest request, TFacts log)
        where TFacts : ILogFacts
    {
        for (var w = 0; w < request.Writes.Count; w++)
        {
            var write = request.Writes[w];
            var actual = log.VersionOf(write.Stream);
            if (!write.Expected.IsMetBy(actual)) return new WrongExpectedVersionException(write.Stream, write.Expected, actual);
        }

        for (var i = 0; i < request.Conditions.Count; i++)
        {
            if (log.FirstMatch(request, i) is > 0 and var position)
                return new AppendConditionFailedException(request.Conditions[i], position);
        }

        for (var i = 0; i < request.Erase.Count; i++)
        {
            if (!log.CanErase(request.Erase[i])) return new ErasureRefusedException(request.Erase[i], log.Head);
        }

        return null;
    }

    /// <summary>The decision on an append if at least one of its ids is stored; null if all are new.</summary>
    private static AppendDecision? FindRepetition<TFacts>(AppendRequest request, TFacts log)
        where TFacts : ILogFacts
    {
        if (!TryFindAny(request, log, out var known)) return null;
        var streams = new List<AppendedStream>(request.Writes.Count);
        long first = 0, last = 0;
        for (var w = 0; w < request.Writes.Count; w++)
        {
            var write = request.Writes[w];
            for (var i = 0; i < write.Events.Count; i++)
            {
                var e = write.Events[i];
                if (!log.TryFind(e.Id, out var stored))
                    return Duplicate(known, $"the event {e.Id} ('{e.Type}') of the same append is not stored.");
                if (DifferenceOf(write.Stream, e, stored, last) is { } difference) return Duplicate(stored, difference);
                if (first == 0) first = stored.Position;
                last = stored.Position;
                if (i == 0) streams.Add(new AppendedStream(write.Stream, stored.Version, stored.Version));
                else streams[^1] = streams[^1] with { LastVersion = stored.Version };
            }
        }

        return new AppendDecision(new AppendResult(streams, first, last, wasAlreadyStored: true), default);
    }

    private static bool TryFindAny<TFacts>(AppendRequest request, TFacts log, out StoredEvent found)
        where TFacts : ILogFacts
    {
        for (var w = 0; w < request.Writes.Count; w++)
        {
            var events = request.Writes[w].Events;
            for (var i = 0; i < events.Count; i++)
            {
                if (log.TryFind(events[i].Id, out found)) return true;
            }
        }

        found = default;
        return false;
    }

    private static string? DifferenceOf(string stream, in NewEvent e, in StoredEvent stored, long positionBefore)
    {
        if (stored.Stream != stream) return $"it stands in stream '{stored.Stream}', not in '{stream}'.";
        if (stored.Type != e.Type) return $"it is stored as '{stored.Type}', not as '{e.Type}'.";
        if (!stored.IsErased && !stored.Data.Span.SequenceEqual(e.Data.Span)) return "its data is not the same.";
        if (!stored.Tags.ToHashSet(StringComparer.Ordinal).SetEquals(e.Tags)) return "its tags are not the same.";
        return positionBefore == 0 || stored.Position == positionBefore + 1
            ? null
            : $"the event before it in the append stands at position {positionBefore}, so they were not stored together in this order.";
    }

    private static AppendDecision Duplicate(in StoredEvent stored, string difference) =>
        new(new DuplicateEventIdException(stored.Id, stored.Position, difference));
}
