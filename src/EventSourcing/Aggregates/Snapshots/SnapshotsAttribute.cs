namespace EventSourcing;

/// <summary>
/// Lets an aggregate be loaded from a snapshot and the events after it. A snapshot is a cache and never a truth: one
/// that is missing, damaged or of another fold is ignored and replaced, and deleting them all changes nothing but time.
/// The class must be partial; the source generator writes how its state is kept (<see cref="ISnapshotState"/>).
/// </summary>
/// <remarks>
/// All fields are kept, by the store's JSON. A collection that the constructor makes keeps what it compares by; one within
/// another value gets the default. What cannot be kept is an error of the compiler that names the field.
/// </remarks>
/// <param name="every">A new snapshot is taken once a load has read this many events beyond the last one; 1 or more.</param>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class SnapshotsAttribute(int every) : Attribute
{
    /// <summary>A new snapshot is taken once a load has read this many events beyond the last one.</summary>
    public int Every { get; } = every;

    /// <summary>A new snapshot is also taken once a load took longer than this many milliseconds; 0, the default, for never.</summary>
    public int SlowLoadMilliseconds { get; init; }

    /// <summary>
    /// Raise it when the fold changes by something outside the class, which the generated fingerprint does not see; 1 by
    /// default.
    /// </summary>
    public int Version { get; init; } = 1;
}
