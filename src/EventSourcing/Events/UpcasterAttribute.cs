namespace EventSourcing;

/// <summary>
/// Marks a static method that turns stored events of an old shape into those of the next version, or of other types.
/// It runs on every read and must be a pure function. The source generator collects such methods into
/// <see cref="EventTypes.FromAssemblyOf"/>; the method must be internal or public.
/// </summary>
/// <example>
/// <code>
/// [Upcaster("money-deposited", 1)]                                  // JSON of version 1 to JSON of version 2
/// internal static JsonObject InEuro(JsonObject e) { e["currency"] = "EUR"; return e; }
///
/// [Upcaster]                                                        // a type kept for an old version to that of the next
/// internal static MoneyDeposited FromV2(MoneyDepositedV2 e) => new(e.Amount, e.Currency, Fee: 0);
///
/// [Upcaster("customer-moved", 1, Into = [typeof(AddressChanged), typeof(PhoneChanged)])]     // one event to several, of current types
/// internal static IEnumerable&lt;object&gt; Split(JsonObject e) { … }
/// </code>
/// </example>
[AttributeUsage(AttributeTargets.Method)]
public sealed class UpcasterAttribute : Attribute
{
    /// <summary>For a method that takes an old type, whose <see cref="EventTypeAttribute"/> gives name and version.</summary>
    public UpcasterAttribute()
    {
    }

    /// <summary>For a method that takes stored JSON.</summary>
    /// <param name="name">The stored name.</param>
    /// <param name="version">The version that the method takes.</param>
    public UpcasterAttribute(string name, int version)
    {
        Name = name;
        Version = version;
    }

    /// <summary>The stored name that the method takes, or <see langword="null"/> if its parameter's type determines it.</summary>
    public string? Name { get; }

    /// <summary>The version that the method takes, or 0 if its parameter's type determines it.</summary>
    public int Version { get; }

    /// <summary>
    /// For a method that returns several events: the types of those events, none if it drops them all. Filters and conditions
    /// need to know them.
    /// </summary>
    public Type[] Into { get; init; } = [];
}
