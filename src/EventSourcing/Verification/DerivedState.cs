using System.Globalization;

namespace EventSourcing.Ledger;

/// <summary>
/// State that a store derives from its log, and whether a verification has recomputed and compared it: the snapshots of one
/// category, or one read model.
/// </summary>
/// <param name="Kind">The kind of state.</param>
/// <param name="Name">The category of the streams, or the name of the projection.</param>
/// <param name="IsVerified">
/// Whether all of it was compared; differences are findings then. If it is <see langword="false"/>, it is unknown whether the
/// state follows from the log.
/// </param>
/// <param name="Compared">How many snapshots or documents were compared.</param>
/// <param name="Remark">Why it was not verified, or what was skipped; empty if there is nothing to say.</param>
public sealed record DerivedState(DerivedStateKind Kind, string Name, bool IsVerified, long Compared, string Remark)
{
    /// <summary>Describes it in one line.</summary>
    /// <returns>For example <c>snapshots 'account': 12 compared</c>.</returns>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{(Kind == DerivedStateKind.Snapshots ? "snapshots" : "read model")} '{Name}': "
        + $"{(IsVerified ? $"{Compared} compared" : "NOT VERIFIED")}{(Remark.Length > 0 ? $" ({Remark})" : "")}");
}
