namespace EventSourcing;

/// <summary>
/// Why a change is a bad argument to the storage: it does not fit the read model as it is stored, or there is no such read model.
/// It is the inner exception of that error. To a projection, which has made its read model itself, it is damage.
/// </summary>
internal sealed class ReadModelMismatchException(string model, string finding) : EventSourcingException($"The read model '{model}' does not fit: {finding}.")
{
    /// <summary>The error of a projection that meets it.</summary>
    /// <param name="refusal">The error that the storage has thrown.</param>
    public ReadModelDamagedException AsDamage(Exception refusal) => new(model, finding, refusal);
}
