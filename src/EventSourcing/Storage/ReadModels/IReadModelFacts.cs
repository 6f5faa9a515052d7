namespace EventSourcing.Storage;

/// <summary>
/// For storages: the facts on which a commit of read models is decided (<see cref="ReadModelDecision"/>). All answers are as of
/// the moment at which the commit takes effect.
/// </summary>
public interface IReadModelFacts
{
    /// <summary>The definition of a read model.</summary>
    /// <param name="model">Its name, not an alias.</param>
    /// <returns>The definition; <see langword="null"/> if there is no such read model.</returns>
    ReadModelDefinition? DefinitionOf(string model);

    /// <summary>The read model that an alias stands for.</summary>
    /// <param name="alias">The alias.</param>
    /// <returns>The read model's name; <see langword="null"/> if there is no such alias.</returns>
    string? ModelOf(string alias);

    /// <summary>Whether a guarded document is as expected. A read model that does not exist has no documents.</summary>
    /// <param name="guard">The guard.</param>
    /// <returns>Whether it holds.</returns>
    bool IsMet(in DocumentGuard guard);
}
