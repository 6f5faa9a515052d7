namespace EventSourcing;

/// <summary>
/// Lets an aggregate be loaded from a snapshot and the events after it. A snapshot is only a cache: if it is missing, damaged or from
/// another fold, it is ignored and replaced. Deleting all snapshots changes nothing but time. The class must be partial; the source
/// generator writes how its state is kept (<see cref="ISnapshotState"/>).
/// </summary>
/// <remarks>
/// All fields are kept, by the store's JSON. A collection that the constructor makes keeps its comparer; a collection within another value
/// gets the default comparer. A field that cannot be kept is a compiler error that names it.
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
    /// Raise it when something outside the class changes the fold, which the generated fingerprint does not see; 1 by default.
    /// </summary>
    public int Version { get; init; } = 1;
}
