namespace EventSourcing;

/// <summary>
/// Sets the category of an aggregate class's streams, which can never change. By default it is the class's name in camel case.
/// </summary>
/// <param name="category">The category: not empty, without a hyphen.</param>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class AggregateCategoryAttribute(string category) : Attribute
{
    /// <summary>The category.</summary>
    public string Category { get; } = category;
}
