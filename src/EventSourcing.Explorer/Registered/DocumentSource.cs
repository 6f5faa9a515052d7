using System.Diagnostics.CodeAnalysis;

namespace EventSourcing.Explorer;

/// <summary>A projection whose documents can be folded afresh.</summary>
internal abstract class DocumentSource
{
    public abstract string Name { get; }

    /// <summary>Begins the history of a document.</summary>
    public abstract HistoryReader Open(EventStore store, string key);
}

/// <summary>A projection of documents of one type.</summary>
internal sealed class DocumentSource<[DynamicallyAccessedMembers(
    DynamicallyAccessedMemberTypes.PublicConstructors | DynamicallyAccessedMemberTypes.PublicFields
    | DynamicallyAccessedMemberTypes.PublicProperties)] TDocument>(
    Projection<TDocument> projection) : DocumentSource
    where TDocument : class
{
    public override string Name => projection.Name;

    public override HistoryReader Open(EventStore store, string key) => store.OpenHistory(projection, key);
}
