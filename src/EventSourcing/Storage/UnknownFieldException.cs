namespace EventSourcing.Storage;

/// <summary>
/// A query names a field that the stored read model does not have. If the projection has only just declared it, the read model
/// with the field is still being built.
/// </summary>
public sealed class UnknownFieldException : EventSourcingException
{
    /// <summary>Creates the error.</summary>
    /// <param name="model">The read model's name or alias, as used by the query.</param>
    /// <param name="field">The field.</param>
    /// <param name="definition">The read model's definition.</param>
    public UnknownFieldException(string model, string field, ReadModelDefinition definition)
        : base(
            $"The read model '{model}' has no field '{Names.Printable(field)}'; it has {Listed(definition)}. "
            + "Declare the field in the projection; if it is declared, wait until the read model has been rebuilt with it.")
    {
        Model = model;
        Field = field;
    }

    /// <summary>The read model's name or alias.</summary>
    public string Model { get; }

    /// <summary>The field that it does not have.</summary>
    public string Field { get; }

    private static string Listed(ReadModelDefinition definition) =>
        definition?.Fields is { Count: > 0 } fields ? string.Join(", ", fields.Select(f => f.Name)) : "none";
}
