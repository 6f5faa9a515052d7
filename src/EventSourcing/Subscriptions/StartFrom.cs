namespace EventSourcing;

/// <summary>Where a subscription or reactor begins in the log.</summary>
public readonly record struct StartFrom
{
    private readonly long? _after;
    private readonly bool _isNow;

    private StartFrom(long? after, bool isNow)
    {
        _after = after;
        _isNow = isNow;
    }

    /// <summary>Begin with the first event of the log. This is the default value.</summary>
    public static StartFrom Beginning => default;

    /// <summary>Begin with the first event appended after the start; all earlier events are left out.</summary>
    public static StartFrom Now => new(after: null, isNow: true);

    /// <summary>Begin with the first event after a position.</summary>
    /// <param name="position">
    /// The position already seen, exclusive; 0 for the beginning. If the log ends before it, a subscription waits until the log gets there,
    /// and a reactor is refused at its start.
    /// </param>
    /// <returns>The start.</returns>
    public static StartFrom After(long position)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        return new StartFrom(position, isNow: false);
    }

    internal async ValueTask<long> PositionAsync(EventStore store, CancellationToken cancellationToken) =>
        _isNow ? await store.GetHeadAsync(cancellationToken).ConfigureAwait(false) : _after ?? 0;

    /// <summary>The start as text for people.</summary>
    /// <returns>For example <c>after position 17</c>.</returns>
    public override string ToString() => _isNow ? "now" : _after is null or 0 ? "the beginning" : $"after position {_after}";
}
