namespace EventSourcing;

/// <summary>
/// The event by which a store records that it has erased payloads: appended in the same transaction, to the stream
/// <see cref="StreamName"/>. Every store knows its type.
/// </summary>
/// <param name="Positions">Where the events stand whose payloads were erased, ascending.</param>
/// <param name="Reason">Why.</param>
/// <param name="By">Who asked for it, or <see langword="null"/>.</param>
public sealed record PayloadsErased(IReadOnlyList<long> Positions, string Reason, string? By)
{
    /// <summary>The stored name of the event's type.</summary>
    public const string TypeName = "$payloads-erased";

    /// <summary>The stream of all such events.</summary>
    public const string StreamName = "$erasures";
}
