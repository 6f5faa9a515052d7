namespace EventSourcing;

/// <summary>
/// Finds out whether the documents of the generation that serves are found under the projection's name. To a storage, a name that leads to
/// nothing is a read model without documents; only the record of the projection tells that there must be one. Thread-safe; holds no state.
/// </summary>
internal sealed class ServedReadModel(EventStore store, string projection)
{
    private readonly ControlDocuments _documents = new(store.Storage.ReadModels);

    /// <summary>Like <see cref="ThrowIfLostAsync"/>, but looks only until it was once found under its name in this store object.</summary>
    /// <exception cref="ReadModelDamagedException">It is not found under its name, or the record cannot be read.</exception>
    public ValueTask ThrowUnlessSeenAsync(CancellationToken cancellationToken) =>
        store.Signals.SeenReadModels.ContainsKey(projection) ? ValueTask.CompletedTask : ThrowIfLostAsync(cancellationToken);

    /// <summary>Throws if a generation serves, but the projection's name leads to nothing or to another read model.</summary>
    /// <exception cref="ReadModelDamagedException">It is not found under its name, or the record cannot be read.</exception>
    public async ValueTask ThrowIfLostAsync(CancellationToken cancellationToken)
    {
        ReadDocument<DirectoryRecord>? before = null;
        while (await _documents.FindDirectoryAsync(projection, cancellationToken).ConfigureAwait(false) is { } directory)
        {
            if (await FlawOfAsync(directory.Content, cancellationToken).ConfigureAwait(false) is not { } flaw)
            {
                store.Signals.SeenReadModels.TryAdd(projection, true);
                return;
            }

            // Another generation may have taken its place between the two reads; the record has then changed by now.
            if (before is not null && before.Bytes.Span.SequenceEqual(directory.Bytes.Span))
            {
                store.Signals.SeenReadModels.TryRemove(projection, out _);
                throw new ReadModelDamagedException(projection, flaw);
            }

            before = directory;
        }
    }

    /// <summary>What is wrong with the name, as a clause; null if nothing is, or if that cannot be told.</summary>
    private async ValueTask<string?> FlawOfAsync(DirectoryRecord directory, CancellationToken cancellationToken)
    {
        // Tables have their own names, and a reactor has no read model. If the record was lost, it does not tell which generation serves.
        if (directory.ActiveGeneration is not { Tables.Count: 0 } active
            || active.Fingerprint is ControlDocuments.ReactorFingerprint or ControlDocuments.LostFingerprint) return null;
        IReadOnlyList<ReadModelSummary> all;
        try
        {
            all = await store.Storage.Catalog.ListReadModelsAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception damage) when (damage is ReadModelDamagedException or StoreCorruptedException)
        {
            // The fields of any read model may be damaged. That concerns its own projection, which finds it when it reads the model.
            return null;
        }

        var model = ControlDocuments.RunKey(projection, active.Number);
        if (all.Any(found => found.Definition.Name == model && found.Aliases.Contains(projection, StringComparer.Ordinal))) return null;
        return all.Any(found => found.Definition.Name == model)
            ? $"its documents are in '{model}', but its name does not lead to them"
            : $"'{model}', which has its documents, is missing";
    }
}
