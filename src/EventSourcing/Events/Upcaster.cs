namespace EventSourcing;

/// <summary>Turns stored events of an old shape into those of the next version, or of other types. Immutable and thread-safe.</summary>
public sealed class Upcaster
{
    private Upcaster()
    {
    }
}
