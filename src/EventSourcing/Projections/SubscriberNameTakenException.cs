namespace EventSourcing;

/// <summary>
/// A projection or reactor was refused because its name belongs to another class on this store. Otherwise the two would share a place in
/// the log and a read model. Nothing was changed.
/// </summary>
public sealed class SubscriberNameTakenException : EventSourcingException
{
    internal SubscriberNameTakenException(string name, string owner, string claimant)
        : base(
            $"The name '{name}' belongs to {owner} on this store, so {claimant} cannot use it. Nothing was changed. "
            + $"If they are two classes, give {claimant} a name of its own: public override string Name => \"…\"; "
            + $"if it is the same class, renamed or moved, say so in {claimant}: "
            + $"public override IReadOnlyList<string> FormerTypeNames => [\"{owner}\"];")
    {
        Name = name;
        Owner = owner;
        Claimant = claimant;
    }

    /// <summary>The name.</summary>
    public string Name { get; }

    /// <summary>The full name of the class that the name belongs to, with its type arguments.</summary>
    public string Owner { get; }

    /// <summary>The full name of the class that was refused.</summary>
    public string Claimant { get; }
}
