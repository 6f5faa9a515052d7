using System.Diagnostics.CodeAnalysis;

namespace EventSourcing.Ledger;

/// <summary>
/// The snapshots of one kind of streams, for <see cref="LedgerVerification.Snapshots"/>: only the app's code knows which class
/// or decider folds their states. Immutable and thread-safe.
/// </summary>
public abstract class SnapshotsOf
{
    private protected SnapshotsOf(string category) => Category = category;

    /// <summary>The category of the streams.</summary>
    public string Category { get; }

    /// <summary>The snapshots of an aggregate's class.</summary>
    /// <typeparam name="T">The aggregate's class, marked <see cref="SnapshotsAttribute"/>.</typeparam>
    /// <returns>Its snapshots.</returns>
    /// <exception cref="InvalidOperationException">The class is marked to have snapshots, but cannot have them.</exception>
    public static SnapshotsOf Aggregate<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] T>()
        where T : Aggregate, new()
    {
        AggregateFold<T>.ThrowIfFlawed();
        return new SnapshotsOf<T>(AggregateFold<T>.CategoryOfStreams, static stream =>
            new AggregateFold<T>(StreamName.IdOf(stream), stream));
    }

    /// <summary>The snapshots of a decider.</summary>
    /// <typeparam name="TState">The decider's state.</typeparam>
    /// <typeparam name="TCommand">The decider's commands.</typeparam>
    /// <param name="decider">The decider.</param>
    /// <returns>Its snapshots.</returns>
    public static SnapshotsOf Decider<TState, TCommand>(Decider<TState, TCommand> decider)
    {
        ArgumentNullException.ThrowIfNull(decider);
        return new SnapshotsOf<TState>(decider.Category, stream => new DeciderFold<TState, TCommand>(decider, stream));
    }

    /// <summary>Compares a snapshot with the events of its stream.</summary>
    /// <param name="source">The store.</param>
    /// <param name="stream">The key of the snapshot's document.</param>
    /// <param name="document">The document.</param>
    /// <param name="cancellationToken">Cancels the replay.</param>
    internal abstract ValueTask<SnapshotVerdict> JudgeAsync(
        DerivedSource source, string stream, byte[] document, CancellationToken cancellationToken);
}

/// <inheritdoc cref="SnapshotsOf"/>
internal sealed class SnapshotsOf<TState>(string category, Func<string, StateFold<TState>> foldOf) : SnapshotsOf(category)
{
    internal override async ValueTask<SnapshotVerdict> JudgeAsync(
        DerivedSource source, string stream, byte[] document, CancellationToken cancellationToken)
    {
        if (StoredSnapshot.IsTombstone(document)) return SnapshotVerdict.Passed;
        if (StreamName.CategoryOf(stream) != Category) return SnapshotVerdict.Wrong(0, "its key is not a stream of the category");
        var fold = foldOf(stream);
        var fingerprint = SnapshotCache.Of(source.Store).FingerprintOf(fold, fold.FingerprintOf(fold.Begin()));
        switch (StoredSnapshot.Judge(document, stream, fingerprint, new StreamRead(stream), out var snapshot))
        {
            case SnapshotOutcome.Missing:
                return SnapshotVerdict.Passed;
            case SnapshotOutcome.Stale:
                return SnapshotVerdict.OfAnotherFold;
            case SnapshotOutcome.Corrupt:
                return SnapshotVerdict.Wrong(0, "it is damaged");
            case SnapshotOutcome.Foreign:
                return SnapshotVerdict.Wrong(0, "it says that it was taken of another stream");
        }

        var header = snapshot!.Header;
        var (state, last) = await ReplayAsync(source, fold, header.Version, cancellationToken).ConfigureAwait(false);
        if (last != (header.Version, header.Position, header.EventId))
            return SnapshotVerdict.Wrong(
                header.Position,
                $"it was taken at version {header.Version}, position {header.Position}, and the stream has no such event there");
        byte[] stored;
        try
        {
            stored = source.Json.Write(snapshot.Restore(fold, source.Store.Json), fold);
        }
        catch (Exception flaw)
        {
            // Any exception: the state's own code reads it.
            return SnapshotVerdict.Wrong(header.Position, $"its state cannot be read: {flaw.Message}");
        }

        var difference = source.Json.DifferenceBetween(source.Json.Write(state, fold), stored);
        return difference is null
            ? SnapshotVerdict.Right
            : SnapshotVerdict.Wrong(header.Position, $"its state is not that of the events up to version {header.Version}; {difference}");
    }

    private static async ValueTask<(TState State, (long Version, long Position, Guid Id) Last)> ReplayAsync(
        DerivedSource source, StateFold<TState> fold, long version, CancellationToken cancellationToken)
    {
        var state = fold.Begin();
        var last = (Version: 0L, Position: 0L, Id: Guid.Empty);
        await foreach (var page in source.Storage.PagesAsync(
            new StreamRead(fold.Stream) { UpTo = version }, cancellationToken).ConfigureAwait(false))
        {
            for (var i = 0; i < page.Count; i++)
            {
                var parts = source.Store.EventReader.DecodeData(page.Events[i]);
                for (var part = 0; part < parts.Count; part++) state = fold.Apply(state, parts[part]);
                last = (page.Events[i].Version, page.Events[i].Position, page.Events[i].Id);
                fold.StandAt(state, last.Version, last.Position);
            }
        }

        return (state, last);
    }
}

/// <summary>The result of comparing a snapshot with its stream.</summary>
/// <param name="IsCompared">Whether its state was compared.</param>
/// <param name="IsOfAnotherFold">Whether it has an older shape or fold, which this code never loads.</param>
/// <param name="Position">The position at which, by its own statement, it was taken.</param>
/// <param name="Flaw">What is wrong with it; null if nothing is.</param>
internal readonly record struct SnapshotVerdict(bool IsCompared, bool IsOfAnotherFold, long Position, string? Flaw)
{
    /// <summary>It is not a snapshot, but a marker for one that was removed.</summary>
    public static SnapshotVerdict Passed => default;

    public static SnapshotVerdict Right => new(true, false, 0, null);

    public static SnapshotVerdict OfAnotherFold => new(false, true, 0, null);

    public static SnapshotVerdict Wrong(long position, string flaw) => new(true, false, position, flaw);
}
