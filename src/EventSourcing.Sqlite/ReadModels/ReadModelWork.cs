namespace EventSourcing;

/// <summary>A projection's changes waiting to be committed.</summary>
internal sealed class ReadModelWork(ReadModelCommit commit, UserCode userCode, CancellationToken cancellationToken) : WriteWork<bool>
{
    private readonly ReadModelChanges _changes = new(commit);
    private readonly ExecutionContext? _context = commit.Tables is null ? null : ExecutionContext.Capture();

    public override int Weight => commit.Changes.Count;

    public override bool IsAsync => _changes.NeedsSavepoint;

    protected override bool Result => true;

    public override bool Check(LogEnd log, bool lookForRepetition)
    {
        _changes.Check(log);
        return _changes.HasAny;
    }

    public override ValueTask PrepareAsync(LogEnd log) => _changes.WriteAsync(log, userCode, _context, cancellationToken);

    public override void Write(LogEnd log)
    {
        if (!IsAsync) _changes.WriteAlone(log);
    }
}
