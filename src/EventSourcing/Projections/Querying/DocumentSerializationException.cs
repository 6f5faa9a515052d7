namespace EventSourcing;

/// <summary>A stored document could not be read into its type: the bytes are not JSON, or not of the type's shape.</summary>
public sealed class DocumentSerializationException : EventSourcingException
{
    internal DocumentSerializationException(string model, string key, string why, Exception? innerException)
        : base($"The document '{Names.Printable(key)}' of '{model}' could not be read: {why} It is unchanged in the store; make its type readable again (a default for what is missing, a converter), or have the projection build the read model afresh.", innerException)
    {
        Model = model;
        Key = key;
    }

    /// <summary>The name under which the read model was asked for.</summary>
    public string Model { get; }

    /// <summary>The document's key.</summary>
    public string Key { get; }
}
