namespace EventSourcing;

/// <summary>
/// Gives an aggregate class the category of its streams, which is for ever; by default it is the class's name in camel
/// case.
/// </summary>
/// <param name="category">The category: not empty, without a hyphen.</param>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class AggregateCategoryAttribute(string category) : Attribute
{
    /// <summary>The category.</summary>
    public string Category { get; } = category;
}
