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

    public override bool Check(Writer writer, bool lookForRepetition)
    {
        Decision = AppendDecision.Of(request, new WriterFacts(writer, scouted), writer.Now, lookForRepetition);
        if (Decision.Refusal is { } refusal) Refuse(refusal);
        return Decision.IsToWrite;
    }

    public sealed override void Write(Writer writer)
    {
        for (var i = 0; i < request.Writes.Count; i++)
        {
            if (request.Writes[i].Events.Count > 0) writer.Insert(request.Writes[i], Decision.RecordedAt);
        }

        if (request.Erase.Count > 0) writer.Erase(request.Erase);
        Debug.Assert(writer.Head == Result.Position, "What was written is not what was decided.");
    }
}
