namespace EventSourcing;

/// <summary>Snapshots on an <see cref="EventStore"/>.</summary>
public static class SnapshotExtensions
{
    /// <summary>The store's snapshots, to delete them. Nothing is read.</summary>
    /// <param name="store">The store.</param>
    /// <returns>The snapshots.</returns>
    public static SnapshotAdmin Snapshots(this EventStore store)
    {
        ArgumentNullException.ThrowIfNull(store);
        return new SnapshotAdmin(store);
    }
}
