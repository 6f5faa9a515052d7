namespace EventSourcing;

/// <summary>The run of one command's own code, perhaps within that of another command.</summary>
internal sealed class CommandScope(CommandScope? outer)
{
    private volatile bool _hasEnded;

    public CommandScope? Outer => outer;

    public bool HasEnded
    {
        get => _hasEnded;
        set => _hasEnded = value;
    }
}
