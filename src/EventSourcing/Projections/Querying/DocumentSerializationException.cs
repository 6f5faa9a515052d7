namespace EventSourcing;

/// <summary>A stored document could not be read into its type: its bytes are not JSON, or do not have the type's shape.</summary>
public sealed class DocumentSerializationException : EventSourcingException
{
    internal DocumentSerializationException(string model, string key, string why, Exception? innerException)
        : base(
            $"The document '{Names.Printable(key)}' of '{model}' could not be read: {why} It is unchanged in the store; "
            + "make its type readable again (a default for what is missing, a converter), "
            + "or have the projection build the read model afresh.",
            innerException)
    {
        Model = model;
        Key = key;
    }

    /// <summary>The name by which the read model was read.</summary>
    public string Model { get; }

    /// <summary>The document's key.</summary>
    public string Key { get; }
}
