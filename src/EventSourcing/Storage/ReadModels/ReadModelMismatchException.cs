namespace EventSourcing;

/// <summary>
/// Says why a change is a bad argument to the storage: it does not fit the stored read model, or there is no such read model.
/// It is the inner exception of that <see cref="ArgumentException"/>. For a projection, which has created its read model
/// itself, it means damage.
/// </summary>
internal sealed class ReadModelMismatchException(string model, string finding)
    : EventSourcingException($"The read model '{model}' does not fit: {finding}.")
{
    /// <summary>The error to report if a projection meets it.</summary>
    /// <param name="refusal">The error that the storage threw.</param>
    public ReadModelDamagedException AsDamage(Exception refusal) => new(model, finding, refusal);
}
