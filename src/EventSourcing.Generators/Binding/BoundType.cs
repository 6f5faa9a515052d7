namespace EventSourcing.Generators;

/// <summary>A type that has methods bound to events.</summary>
internal abstract record BoundType(PartialType Type);

/// <summary>An aggregate.</summary>
/// <param name="Type">The aggregate's type.</param>
/// <param name="Events">The types for which it has Apply methods, in the order in which to try them.</param>
/// <param name="HasBase">Whether its base class applies events too; the base class does so first.</param>
/// <param name="AppliesErased">Whether it handles erased events.</param>
/// <param name="BaseAppliesErased">Whether a base class is known to handle them.</param>
internal sealed record AggregateModel(
    PartialType Type, EquatableList<string> Events, bool HasBase, bool AppliesErased, bool BaseAppliesErased) : BoundType(Type);

/// <summary>A state.</summary>
/// <param name="Type">The state's type.</param>
/// <param name="Name">Its name.</param>
/// <param name="Events">
/// The types for which it has Apply methods, in the order in which to try them; null if it applies them by hand.
/// </param>
/// <param name="Inherited">The types for which its base classes have Apply methods, class by class, the outermost first.</param>
/// <param name="AppliesErased">Whether it handles erased events.</param>
/// <param name="NeedsInitial">Whether the state before the first event is to be generated.</param>
/// <param name="Fingerprint">The fingerprint to generate, or null if there is one.</param>
internal sealed record StateModel(
    PartialType Type,
    string Name,
    EquatableList<string>? Events,
    EquatableList<EquatableList<string>> Inherited,
    bool AppliesErased,
    bool NeedsInitial,
    string? Fingerprint) : BoundType(Type);

/// <summary>A projection or reactor.</summary>
internal sealed record SubscriberModel(PartialType Type, EquatableList<Handler> Handlers) : BoundType(Type);

/// <summary>One call of <c>On</c> or <c>OnAny</c>.</summary>
/// <param name="Event">The event's type; null for any.</param>
/// <param name="Arguments">The lambdas that are passed to it.</param>
internal sealed record Handler(string? Event, EquatableList<string> Arguments);
