namespace EventSourcing;

/// <summary>The outcome of a snapshot, as it is counted.</summary>
internal static class SnapshotOutcome
{
    /// <summary>A load began with it.</summary>
    public const string Used = "used";

    /// <summary>There was none.</summary>
    public const string Missing = "missing";

    /// <summary>It came from another fold or other events, or had another format.</summary>
    public const string Stale = "stale";

    /// <summary>It was not as it was written, or the state could not read it.</summary>
    public const string Corrupt = "corrupt";

    /// <summary>It was newer than the stream, or than the point in the past that was asked for.</summary>
    public const string Ahead = "ahead";

    /// <summary>It belonged to another stream, or to another history of this one.</summary>
    public const string Foreign = "foreign";

    /// <summary>It was taken and written.</summary>
    public const string Written = "written";

    /// <summary>It was taken but not written: too many were waiting, or a newer one was stored.</summary>
    public const string Dropped = "dropped";

    /// <summary>Taking, writing or looking for it failed.</summary>
    public const string Failed = "failed";

    /// <summary>It was taken but not written, since reading it back does not give the state that was taken.</summary>
    public const string Unfaithful = "unfaithful";
}
