using System.Diagnostics;

namespace EventSourcing;

/// <summary>An append waiting to be committed.</summary>
/// <param name="request">What is to be appended.</param>
/// <param name="scouted">What is already known of its conditions, each by its index; null if nothing is.</param>
internal class AppendWork(AppendRequest request, ScoutedCondition[]? scouted) : WriteWork<AppendResult>
{
    public override int Weight { get; } = request.EventCount + request.Erase.Count;

    protected sealed override AppendResult Result => Decision.Outcome!;

    /// <summary>What was decided.</summary>
    protected AppendDecision Decision { get; private set; }

    /// <summary>When a group took the append, as a timestamp; 0 if none has, or if its wait is not measured.</summary>
    public long TakenAt { get; private set; }

    /// <summary>Whether its wait is measured.</summary>
    public bool IsMeasured { get; set; }

    public override bool Check(LogEnd log, bool lookForRepetition)
    {
        Decision = AppendDecision.Of(request, new LogEndFacts(log, scouted), log.Now, lookForRepetition);
        if (Decision.Refusal is { } refusal) Refuse(refusal);
        return Decision.IsToWrite;
    }

    protected override void OnTaken()
    {
        if (IsMeasured) TakenAt = Stopwatch.GetTimestamp();
    }

    public sealed override void Write(LogEnd log)
    {
        for (var i = 0; i < request.Writes.Count; i++)
        {
            if (request.Writes[i].Events.Count > 0) log.Insert(request.Writes[i], Decision.RecordedAt);
        }

        if (request.Erase.Count > 0) log.Erase(request.Erase);
        Debug.Assert(log.Head == Result.Position, "What was written is not what was decided.");
    }
}
