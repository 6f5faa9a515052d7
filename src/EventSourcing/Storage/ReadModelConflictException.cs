namespace EventSourcing.Storage;

/// <summary>
/// A guarded document is not as its writer expected: another writer was first. Nothing was written. Read again what the change
/// was based on.
/// </summary>
public sealed class ReadModelConflictException : EventSourcingException
{
    /// <summary>Creates the error.</summary>
    /// <param name="model">The read model.</param>
    /// <param name="key">The key of the first guarded document, in the order of the commit, that is not as expected.</param>
    public ReadModelConflictException(string model, string key)
        : base(
            $"The document '{Names.Printable(key)}' of '{model}' is not as the commit expected it: another writer was first. "
            + "Nothing was written; read again what the change was based on.")
    {
        Model = model;
        Key = key;
    }

    /// <summary>The read model.</summary>
    public string Model { get; }

    /// <summary>The key of the document.</summary>
    public string Key { get; }
}
