namespace EventSourcing;

/// <summary>What became of a snapshot, as it is counted.</summary>
internal static class SnapshotOutcome
{
    /// <summary>A load began with it.</summary>
    public const string Used = "used";

    /// <summary>There was none.</summary>
    public const string Missing = "missing";

    /// <summary>It was of another fold, of other events or in another format.</summary>
    public const string Stale = "stale";

    /// <summary>It was not as it was written, or the state would not read it.</summary>
    public const string Corrupt = "corrupt";

    /// <summary>It was newer than the stream, or than the point in the past that was asked for.</summary>
    public const string Ahead = "ahead";

    /// <summary>It was of another stream, or of another history of this one.</summary>
    public const string Foreign = "foreign";

    /// <summary>It was taken and written.</summary>
    public const string Written = "written";

    /// <summary>It was taken and not written: too many were waiting, or a newer one was there.</summary>
    public const string Dropped = "dropped";

    /// <summary>Taking, writing or looking for it failed.</summary>
    public const string Failed = "failed";

    /// <summary>It was taken and not written, since what is read back from it is not what was taken.</summary>
    public const string Unfaithful = "unfaithful";
}
