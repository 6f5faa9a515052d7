namespace EventSourcing;

/// <summary>
/// Sets the category of an aggregate class's streams; by default it is the class's name in camel case. Never change it: streams that
/// are stored keep the old one, so the class would not find them.
/// </summary>
/// <param name="category">The category: not empty, without a hyphen.</param>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class AggregateCategoryAttribute(string category) : Attribute
{
    /// <summary>The category.</summary>
    public string Category { get; } = category;
}
