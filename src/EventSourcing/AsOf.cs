using System.Globalization;

namespace EventSourcing;

/// <summary>
/// A point in the past to read up to, inclusive: a version of a stream, a position of the log, or an instant. The
/// default value is now.
/// </summary>
public readonly record struct AsOf
{
    private AsOf(long version, long position, DateTimeOffset? instant)
    {
        _versionBefore = version + 1;
        _positionBefore = position + 1;
        AtInstant = instant;
    }

    // Stored plus one, so that the default value, all zeros, means "no bound".
    private readonly long _versionBefore;
    private readonly long _positionBefore;

    /// <summary>Everything stored so far.</summary>
    public static AsOf Now => default;

    internal long? AtVersion => _versionBefore > 0 ? _versionBefore - 1 : null;

    internal long? AtPosition => _positionBefore > 0 ? _positionBefore - 1 : null;

    internal DateTimeOffset? AtInstant { get; }

    /// <summary>The stream as it was at a version; 0 is before its first event.</summary>
    /// <param name="version">The last version to read.</param>
    /// <returns>The point.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The version is negative.</exception>
    public static AsOf Version(long version)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(version);
        ArgumentOutOfRangeException.ThrowIfEqual(version, long.MaxValue);
        return new AsOf(version, -1, null);
    }

    /// <summary>Everything as it was when the log's last event was at a position; 0 is before the first event.</summary>
    /// <param name="position">The last position to read.</param>
    /// <returns>The point.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The position is negative.</exception>
    public static AsOf Position(long position)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfEqual(position, long.MaxValue);
        return new AsOf(-1, position, null);
    }

    /// <summary>Everything as it was at an instant, including what was recorded at that very instant.</summary>
    /// <param name="instant">The last instant to read.</param>
    /// <returns>The point.</returns>
    public static AsOf Instant(DateTimeOffset instant) => new(-1, -1, instant);

    /// <summary>The point as text for people.</summary>
    /// <returns>For example <c>version 3</c>.</returns>
    public override string ToString() =>
        AtVersion is { } version ? $"version {version}"
        : AtPosition is { } position ? $"position {position}"
        : AtInstant is { } instant ? instant.ToString("O", CultureInfo.InvariantCulture)
        : "now";
}
