using System.Runtime.CompilerServices;

namespace EventSourcing.Storage;

/// <summary>
/// What a time may be that an app chooses in its options, and that is waited for. A timer refuses one that is too long only when it is
/// started: by then the store is open, and what waits in the background would end for good.
/// </summary>
internal static class TimeLimit
{
    /// <summary>24 days and 20 hours, in milliseconds the largest <see cref="int"/>: every timer and every server takes it.</summary>
    public static TimeSpan Longest { get; } = TimeSpan.FromMilliseconds(int.MaxValue);

    /// <summary>Returns a time that is valid.</summary>
    /// <param name="value">The time.</param>
    /// <param name="least">The shortest one that is valid.</param>
    /// <param name="option">The option, which the error names.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is shorter, or longer than <see cref="Longest"/>.</exception>
    public static TimeSpan Checked(TimeSpan value, TimeSpan least, [CallerMemberName] string option = "")
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, least, option);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, Longest, option);
        return value;
    }
}
