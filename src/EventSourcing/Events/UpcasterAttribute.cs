namespace EventSourcing;

/// <summary>
/// Marks a static method that turns stored events of an old shape into those of the next version, or of other types.
/// It is run on every read and must be a pure function. The source generator collects such methods into
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
/// [Upcaster("customer-moved", 1, Into = [typeof(AddressChanged), typeof(PhoneChanged)])]     // one event to several, of today's types
/// internal static IEnumerable&lt;object&gt; Split(JsonObject e) { … }
/// </code>
/// </example>
[AttributeUsage(AttributeTargets.Method)]
public sealed class UpcasterAttribute : Attribute
{
    /// <summary>For a method over an old type, which says by its <see cref="EventTypeAttribute"/> what it is.</summary>
    public UpcasterAttribute()
    {
    }

    /// <summary>For a method over stored JSON.</summary>
    /// <param name="name">The stored name.</param>
    /// <param name="version">The version that the method takes.</param>
    public UpcasterAttribute(string name, int version)
    {
        Name = name;
        Version = version;
    }

    /// <summary>The stored name that the method takes, or <see langword="null"/> where its parameter's type says so.</summary>
    public string? Name { get; }

    /// <summary>The version that the method takes, or 0 where its parameter's type says so.</summary>
    public int Version { get; }

    /// <summary>The types of the events that a method gives which returns several, none where it drops them all; filters and conditions need to know.</summary>
    public Type[] Into { get; init; } = [];
}
