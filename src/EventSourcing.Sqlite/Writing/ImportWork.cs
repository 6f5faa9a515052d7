namespace EventSourcing;

/// <summary>An import waiting to be committed.</summary>
internal sealed class ImportWork(ImportRequest request) : WriteWork<long>
{
    private readonly IReadOnlyCollection<long> _erasures = request.PositionsToErase();
    private long _position;

    public override int Weight => request.Events.Count + _erasures.Count;

    protected override long Result => _position;

    public override bool Check(Writer writer, bool lookForRepetition)
    {
        if (ImportDecision.RefusalOf(request, new WriterFacts(writer), writer.Now, lookForRepetition) is not { } refusal) return true;
        Refuse(refusal);
        return false;
    }

    public override void Write(Writer writer)
    {
        for (var i = 0; i < request.Events.Count; i++) writer.Insert(request.Events[i]);
        if (_erasures.Count > 0) writer.Erase(_erasures);
        _position = writer.Head;
    }
}
