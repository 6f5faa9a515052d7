namespace EventSourcing;

/// <summary>An import waiting to be committed.</summary>
internal sealed class ImportWork(ImportRequest request) : WriteWork<long>
{
    private readonly IReadOnlyCollection<long> _erasures = request.PositionsToErase();
    private long _position;

    public override int Weight => request.Events.Count + _erasures.Count;

    protected override long Result => _position;

    public override bool Check(LogEnd log, bool lookForRepetition)
    {
        if (ImportDecision.RefusalOf(request, new LogEndFacts(log), log.Now, lookForRepetition) is not { } refusal) return true;
        Refuse(refusal);
        return false;
    }

    public override void Write(LogEnd log)
    {
        for (var i = 0; i < request.Events.Count; i++) log.Insert(request.Events[i]);
        if (_erasures.Count > 0) log.Erase(_erasures);
        _position = log.Head;
    }
}
