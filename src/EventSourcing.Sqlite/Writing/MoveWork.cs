namespace EventSourcing;

/// <summary>Marks the store as moved, or takes the mark away, if its log ends where the caller says.</summary>
internal sealed class MoveWork(string? movedTo, long head) : WriteWork<bool>
{
    private bool _isDone;

    public override int Weight => 1;

    protected override bool Result => _isDone;

    public override bool Check(Writer writer, bool lookForRepetition)
    {
        _isDone = writer.Head == head;
        if (!_isDone || writer.MovedTo == movedTo) return false;
        if (movedTo is null || writer.MovedTo is not { } elsewhere) return true;
        Refuse(new StoreMovedException(writer.Path, elsewhere));
        return false;
    }

    public override void Write(Writer writer) => writer.SetMovedTo(movedTo);
}
