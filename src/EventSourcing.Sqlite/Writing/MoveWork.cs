namespace EventSourcing;

/// <summary>Marks the store as moved, or takes the mark away, if its log ends where the caller says.</summary>
internal sealed class MoveWork(string? movedTo, long head) : WriteWork<bool>
{
    private bool _isDone;

    public override int Weight => 1;

    protected override bool Result => _isDone;

    public override bool Check(LogEnd log, bool lookForRepetition)
    {
        _isDone = log.Head == head;
        if (!_isDone || log.MovedTo == movedTo) return false;
        if (movedTo is null || log.MovedTo is not { } elsewhere) return true;
        Refuse(new StoreMovedException(log.Path, elsewhere));
        return false;
    }

    public override void Write(LogEnd log) => log.SetMovedTo(movedTo);
}
