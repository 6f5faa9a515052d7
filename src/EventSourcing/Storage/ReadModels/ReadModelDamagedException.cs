namespace EventSourcing.Storage;

/// <summary>
/// A read model, or the record of its projection, is not as this library has written it: for example, a table is missing, or a
/// record cannot be read. The log is not affected. Nothing was written. The projection has stopped, or the append that it was
/// part of is refused; the other projections of the store keep running. A rebuild
/// (<see cref="RunningProjections.RebuildAsync"/>) or a higher <see cref="Projection.Version"/> makes the read model anew from
/// the log.
/// </summary>
public sealed class ReadModelDamagedException : EventSourcingException
{
    /// <summary>Creates the error.</summary>
    /// <param name="readModel">The read model, or the projection or reactor that the record belongs to.</param>
    /// <param name="finding">What is wrong with it, as a clause that begins in lower case and has no full stop.</param>
    /// <param name="innerException">The error that revealed it, if any.</param>
    public ReadModelDamagedException(string readModel, string finding, Exception? innerException = null)
        : base(
            $"The read model '{readModel}' is damaged: {finding}. Nothing was written, and the log is not concerned. {RemedyOf(readModel)} "
            + "A reactor has no read model to rebuild: start it under another name, from the position where it is to go on "
            + "(StartFrom.After).",
            innerException)
    {
        ReadModel = readModel;
        Finding = finding;
    }

    /// <summary>The read model, or the projection or reactor that the record belongs to.</summary>
    public string ReadModel { get; }

    /// <summary>What is wrong with it.</summary>
    public string Finding { get; }

    /// <summary>The library's own read models begin with '$'. All but snapshots are records of projections.</summary>
    private static bool HoldsRecords(string readModel) =>
        readModel.StartsWith('$') && !readModel.StartsWith("$snapshots", StringComparison.Ordinal);

    private static string RemedyOf(string readModel) => HoldsRecords(readModel)
        ? "All projections have records in it. If its table is missing, "
            + "a rebuild of each of them (RunningProjections.RebuildAsync) makes it "
            + "anew. If its columns were changed, restore the store from a backup, or drop the table and rebuild all projections."
        : "Rebuild its projection, which makes it anew from the log: RunningProjections.RebuildAsync, or a higher Version.";
}
