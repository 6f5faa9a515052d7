namespace EventSourcing;

/// <summary>For storages: the errors of a commit that only the storage can find, in the same words everywhere.</summary>
public static class ReadModelErrors
{
    /// <summary>A change or an alias names a read model that does not exist.</summary>
    /// <param name="model">Its name.</param>
    /// <returns>The error to throw; nothing may have been written.</returns>
    public static ArgumentException Missing(string model) =>
        new($"There is no read model '{model}'. Nothing was written; create it in the same commit or before.", new ReadModelMismatchException(model, "it is missing"));

    /// <summary>A read model to create exists with other fields.</summary>
    /// <param name="model">Its name.</param>
    /// <returns>The error to throw; nothing may have been written.</returns>
    public static ArgumentException DefinedOtherwise(string model) =>
        new($"The read model '{model}' exists with other fields. Nothing was written; drop it in the same commit, or give the new one another name.");

    /// <summary>A read model to create has the name of an alias.</summary>
    /// <param name="name">The name.</param>
    /// <returns>The error to throw; nothing may have been written.</returns>
    public static ArgumentException NameIsAlias(string name) => new($"'{name}' is an alias, so no read model can have that name. Nothing was written.");

    /// <summary>An alias to set has the name of a read model.</summary>
    /// <param name="name">The name.</param>
    /// <returns>The error to throw; nothing may have been written.</returns>
    public static ArgumentException AliasIsName(string name) => new($"'{name}' is a read model, so no alias can have that name. Nothing was written.");
}
