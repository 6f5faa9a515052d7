using System.Diagnostics.CodeAnalysis;

namespace EventSourcing.Explorer;

/// <summary>A projection whose documents can be folded afresh.</summary>
internal abstract class DocumentSource
{
    public abstract string Name { get; }

    public abstract IAsyncEnumerable<HistoryStep> HistoryAsync(
        EventStore store, string key, AsOf asOf, CancellationToken cancellationToken);
}

/// <summary>A projection of documents of one type.</summary>
internal sealed class DocumentSource<[DynamicallyAccessedMembers(
    DynamicallyAccessedMemberTypes.PublicConstructors | DynamicallyAccessedMemberTypes.PublicFields
    | DynamicallyAccessedMemberTypes.PublicProperties)] TDocument>(
    Projection<TDocument> projection) : DocumentSource
    where TDocument : class
{
    public override string Name => projection.Name;

    public override IAsyncEnumerable<HistoryStep> HistoryAsync(
        EventStore store, string key, AsOf asOf, CancellationToken cancellationToken) =>
        store.HistoryAsync(projection, key, asOf, cancellationToken);
}
