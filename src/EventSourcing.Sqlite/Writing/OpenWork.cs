namespace EventSourcing;

/// <summary>Writes nothing. It makes the writer open the file, and make the file a store of this version.</summary>
internal sealed class OpenWork : WriteWork<bool>
{
    public override int Weight => 0;

    protected override bool Result => true;

    public override bool Check(LogEnd log, bool lookForRepetition) => false;

    public override void Write(LogEnd log)
    {
    }
}
