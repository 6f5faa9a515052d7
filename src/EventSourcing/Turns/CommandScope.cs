namespace EventSourcing;

/// <summary>The scope in which the app's code of one command runs, perhaps within that of another command.</summary>
internal sealed class CommandScope(StreamTurns turns, string stream, CommandScope? outer)
{
    private volatile bool _hasEnded;

    public CommandScope? Outer => outer;

    /// <summary>Whether the code is acting on a stream of a store.</summary>
    public bool IsOn(StreamTurns ofStore, string name) => !HasEnded && ofStore == turns && name == stream;

    public bool HasEnded
    {
        get => _hasEnded;
        set => _hasEnded = value;
    }
}
