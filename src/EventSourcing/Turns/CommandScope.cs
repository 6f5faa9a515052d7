namespace EventSourcing;

/// <summary>The scope in which the app's code of one command runs, perhaps within that of another command.</summary>
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
