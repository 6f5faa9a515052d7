using System.Numerics;
using System.Runtime.CompilerServices;

namespace EventSourcing.Storage;

/// <summary>What a number may be that an app chooses in its options. The errors name the option.</summary>
internal static class CountLimit
{
    /// <summary>Returns a number that is at least 1.</summary>
    /// <param name="value">The number.</param>
    /// <param name="option">The option, which the error names.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is 0 or negative.</exception>
    public static T Positive<T>(T value, [CallerMemberName] string option = "")
        where T : INumberBase<T>
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value, option);
        return value;
    }

    /// <summary>Returns a number that is at least 0.</summary>
    /// <param name="value">The number.</param>
    /// <param name="option">The option, which the error names.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public static T NotNegative<T>(T value, [CallerMemberName] string option = "")
        where T : INumberBase<T>
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value, option);
        return value;
    }
}
