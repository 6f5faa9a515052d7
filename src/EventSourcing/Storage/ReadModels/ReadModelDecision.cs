namespace EventSourcing.Storage;

/// <summary>
/// For storages: decides whether a commit of read models may take effect. It is a pure function of the commit and the storage's
/// content, and the same for every storage. Only SQL of the app's own is left for the storage to refuse.
/// </summary>
public static class ReadModelDecision
{
    /// <summary>Throws if a guard does not hold or a change cannot be made.</summary>
    /// <typeparam name="TFacts">The type of the facts; a structure is not boxed.</typeparam>
    /// <param name="commit">The commit, validated.</param>
    /// <param name="facts">The storage's content; no part of the commit may have been written.</param>
    /// <exception cref="ReadModelConflictException">A guarded document is not as expected.</exception>
    /// <exception cref="ArgumentException">A definition, an alias or a change does not fit the read models as they will be.</exception>
    public static void ThrowIfRefused<TFacts>(ReadModelCommit commit, TFacts facts)
        where TFacts : IReadModelFacts
    {
        ArgumentNullException.ThrowIfNull(commit);
        for (var i = 0; i < commit.Guards.Count; i++)
        {
            var guard = commit.Guards[i];
            if (!facts.IsMet(guard)) throw new ReadModelConflictException(guard.Model, guard.Key);
        }

        for (var i = 0; i < commit.Creates.Count; i++)
        {
            var definition = commit.Creates[i];
            if (facts.ModelOf(definition.Name) is { } aliased && !commit.Drops.Contains(aliased)) throw NameIsAlias(definition.Name);
            if (DefinitionAfter(commit, facts, definition.Name) is { } other && !other.Equals(definition))
                throw DefinedOtherwise(definition.Name);
        }

        for (var i = 0; i < commit.Aliases.Count; i++)
        {
            var (alias, model) = commit.Aliases[i];
            if (DefinitionAfter(commit, facts, alias) is not null) throw AliasIsName(alias);
            if (DefinitionAfter(commit, facts, model) is null) throw Missing(model);
        }

        ReadModelDefinition? changed = null;
        for (var i = 0; i < commit.Changes.Count; i++)
        {
            var change = commit.Changes[i];
            if (changed?.Name != change.Model) changed = DefinitionAfter(commit, facts, change.Model) ?? throw Missing(change.Model);
            changed.ThrowIfUnfit(change);
        }
    }

    /// <summary>The definition that a name will have by the time the documents are written; null if there will be none.</summary>
    private static ReadModelDefinition? DefinitionAfter<TFacts>(ReadModelCommit commit, TFacts facts, string name)
        where TFacts : IReadModelFacts
    {
        if ((commit.Drops.Count == 0 || !commit.Drops.Contains(name)) && facts.DefinitionOf(name) is { } definition) return definition;
        for (var i = 0; i < commit.Creates.Count; i++)
        {
            if (commit.Creates[i].Name == name) return commit.Creates[i];
        }

        return null;
    }

    private static ArgumentException Missing(string model) => new(
        $"There is no read model '{model}'. Nothing was written; create it in the same commit or before.",
        new ReadModelMismatchException(model, "it is missing"));

    private static ArgumentException DefinedOtherwise(string model) =>
        new(
            $"The read model '{model}' exists with other fields. Nothing was written; drop it in the same commit, "
            + "or give the new one another name.",
            new ReadModelMismatchException(model, "it exists with other fields than those that it is made with"));

    private static ArgumentException NameIsAlias(string name) =>
        new($"'{name}' is an alias, so no read model can have that name. Nothing was written; choose another name.");

    private static ArgumentException AliasIsName(string name) =>
        new($"'{name}' is a read model, so no alias can have that name. Nothing was written; choose another alias.");
}
