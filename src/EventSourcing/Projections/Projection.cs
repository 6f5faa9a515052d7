namespace EventSourcing;

/// <summary>
/// Folds events into a read model. Derive from <see cref="Projection{TDocument}"/> to keep documents, or from
/// <see cref="TableProjection"/> to keep tables of your own. Its handlers are pure functions of what they are given, so
/// that folding the log again gives the same read model; instances hold no state, are shared and may be called by several
/// threads at once.
/// </summary>
/// <remarks>
/// <para>The same class runs in three ways, with the same result: in the background
/// (<see cref="ProjectionExtensions.StartProjections(EventStore, IReadOnlyList{Projection})"/>), within each append
/// (<see cref="ProjectionExtensions.WithInlineProjections"/>), or live, on demand and never stored
/// (<see cref="ProjectionExtensions.ProjectAsync{TDocument}"/>).</para>
/// <para>A read model belongs to the <em>fingerprint</em> of its projection: <see cref="Version"/>, the events and filter, the shape of the
/// document and its fields. When the fingerprint changes, the log is folded afresh beside the old read model, which goes on serving until
/// the new one is level and takes its place. A changed calculation does not change the fingerprint: raise <see cref="Version"/>
/// then.</para>
/// </remarks>
public abstract class Projection : Subscriber
{
    private protected Projection()
    {
    }

    /// <summary>Raise it when the projection computes something else while its shape stays the same; 1 by default.</summary>
    public virtual int Version => 1;

    /// <summary>The fingerprint. If it is equal, read models are interchangeable.</summary>
    internal abstract string FingerprintOn(EventStore store);

    /// <summary>The commit that creates the read model of a generation, if it does not exist.</summary>
    internal abstract ReadModelCommit Creation(EventStore store, int generation);

    /// <summary>
    /// Checks whether a read model can be read as it was created. For tables, only the first SQL that needs them can tell.
    /// </summary>
    /// <param name="store">The store.</param>
    /// <param name="model">The name or alias of the read model.</param>
    /// <param name="cancellationToken">Cancels the reads.</param>
    /// <exception cref="ReadModelDamagedException">The read model cannot be read.</exception>
    internal async ValueTask ProbeAsync(EventStore store, string model, CancellationToken cancellationToken)
    {
        var fields = Creation(store, 1).Creates.SelectMany(definition => definition.Fields).Select(field => (string?)field.Name);
        try
        {
            foreach (var field in fields.Prepend(null))
                await store.Storage.ReadModels.QueryAsync(
                    model, new DocumentQuery { OrderBy = field, Limit = 1 }, cancellationToken).ConfigureAwait(false);
        }
        catch (UnknownFieldException unknown)
        {
            throw new ReadModelDamagedException(model, $"it lacks the field '{unknown.Field}', which it was made with", unknown);
        }
    }

    /// <summary>The tables of a generation, as its record stores them: another version of the code may be the one to remove them.</summary>
    internal virtual IReadOnlyList<string> TableNames => [];

    /// <summary>Reads a document and writes it again, with the given options.</summary>
    internal virtual byte[] Rewrite(ReadOnlySpan<byte> document, System.Text.Json.JsonSerializerOptions json) => document.ToArray();

    /// <summary>The commit that puts a generation in place of another one, which is removed if it exists.</summary>
    internal ReadModelCommit Activation(EventStore store, int generation, GenerationRecord? replaced) =>
        replaced is null ? Placing(store, generation) : Removal(store, replaced, isInPlace: true).Then(Placing(store, generation));

    /// <summary>The commit that removes the read model of a generation, of whatever kind it is.</summary>
    internal ReadModelCommit Removal(EventStore store, GenerationRecord removed, bool isInPlace) => new()
    {
        Drops = [ModelOf(removed.Number)],
        Tables = removed.Tables.Count == 0 ? null : async (connection, cancellationToken) =>
        {
            // A storage without tables refuses this commit before it comes to that.
            using var tables = new ProjectionTables(
                connection, store.Storage.ReadModels.Tables!, removed.Tables, isInPlace ? 0 : removed.Number);
            await tables.DropAllAsync(cancellationToken).ConfigureAwait(false);
        },
    };

    /// <summary>The commit that gives a generation the name that readers use.</summary>
    private protected abstract ReadModelCommit Placing(EventStore store, int generation);

    internal string ModelOf(int generation) => $"{Name}@{generation}";
}
