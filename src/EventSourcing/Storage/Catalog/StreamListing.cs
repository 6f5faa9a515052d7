namespace EventSourcing.Storage;

/// <summary>One page to list of the streams.</summary>
public sealed record StreamListing
{
    /// <summary>The number of streams in a page by default.</summary>
    public const int DefaultLimit = 256;

    /// <summary>
    /// The prefix that the names must have, compared code unit by code unit: <c>%</c> and <c>_</c> have no special meaning, and
    /// case matters. Empty for all streams, the default.
    /// </summary>
    public string Prefix { get; init; } = "";

    /// <summary>
    /// Only streams whose names come after this one by code point: the last name of the page before, or any other name.
    /// <see langword="null"/> to begin with the first stream, the default.
    /// </summary>
    public string? After { get; init; }

    /// <summary>The most streams in the page, 1 or more.</summary>
    public int Limit { get; init; } = DefaultLimit;

    /// <summary>Throws if the prefix, the place or the limit is not valid. Every storage calls this first.</summary>
    /// <exception cref="ArgumentException">Names the one that is not valid, and why.</exception>
    public void Validate()
    {
        ArgumentNullException.ThrowIfNull(Prefix);
        if (Prefix.Length > 0) Names.ThrowIfInvalid(Prefix, "A stream's prefix");
        if (After is not null) Names.ThrowIfInvalid(After, "The name to list streams after");
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Limit);
    }
}
