namespace EventSourcing;

/// <summary>An append waiting to be committed.</summary>
/// <param name="request">What is to be appended.</param>
/// <param name="scouted">What is known of its conditions already, each by its index; null for nothing.</param>
internal class AppendWork(AppendRequest request, ScoutedCondition[]? scouted) : WriteWork<AppendResult>
{
    private AppendResult? _result;
    private long _ticks;

    public override int Weight { get; } = request.EventCount + request.Erase.Count;

    protected sealed override AppendResult Result => _result!;

    /// <summary>The stamp of the events, once the guards have held.</summary>
    protected long Ticks => _ticks;

    public override bool Check(Writer writer, bool lookForRepetition)
    {
        if (lookForRepetition && RepeatedResult(writer) is { } original)
        {
            _result = original;
            return false;
        }

        if (FindConflict(writer) is { } conflict)
        {
            // A repeated append meets the very events that it wrote the first time, so look before refusing.
            _result = (lookForRepetition ? null : RepeatedResult(writer)) ?? throw conflict;
            return false;
        }

        _ticks = writer.NextTicks();
        return true;
    }

    public sealed override void Write(Writer writer)
    {
        var first = writer.Head + 1;
        var streams = new List<AppendedStream>(request.Writes.Count);
        for (var i = 0; i < request.Writes.Count; i++)
        {
            if (request.Writes[i].Events.Count > 0) streams.Add(writer.Insert(request.Writes[i], _ticks));
        }

        if (request.Erase.Count > 0) writer.Erase(request.Erase);
        _result = new AppendResult(streams, first, writer.Head, wasAlreadyStored: false);
    }

    private EventSourcingException? FindConflict(Writer writer)
    {
        for (var i = 0; i < request.Writes.Count; i++)
        {
            var write = request.Writes[i];
            var actual = writer.EndOf(write.Stream).Version;
            if (!write.Expected.IsMetBy(actual)) return new WrongExpectedVersionException(write.Stream, write.Expected, actual);
        }

        for (var i = 0; i < request.Conditions.Count; i++)
        {
            var condition = request.Conditions[i];
            var known = scouted?[i] ?? default;
            var position = known.Match > 0 ? known.Match : writer.FirstMatch(condition.Query, Math.Max(condition.After, known.UpTo));
            if (position > 0) return new AppendConditionFailedException(condition, position);
        }

        for (var i = 0; i < request.Erase.Count; i++)
        {
            if (!Eraser.CanErase(writer.Database, request.Erase[i])) return new ErasureRefusedException(request.Erase[i], writer.Head);
        }

        return null;
    }

    private AppendResult? RepeatedResult(Writer writer)
    {
        Repetition? repetition = null;
        var found = request.Writes.SelectMany(write => write.Events, (write, e) => (write.Stream, Event: e, Stored: LogReader.FindById(writer.Database, e.Id))).ToList();
        foreach (var (_, e, stored) in found)
        {
            if (stored is not { } known) continue;
            repetition = new Repetition(request, e.Id, known.Position);
            break;
        }

        if (repetition is null) return null;
        foreach (var (stream, e, stored) in found) repetition.Next(stream, e, stored ?? throw repetition.Missing(e));
        return repetition.OriginalResult();
    }
}
