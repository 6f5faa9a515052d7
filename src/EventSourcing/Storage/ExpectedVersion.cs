using System.Globalization;

namespace EventSourcing;

/// <summary>
/// What an append expects of a stream: the guard of optimistic concurrency. A number is an exact version.
/// </summary>
/// <remarks>The default value is <see cref="NoStream"/>, the strictest.</remarks>
public readonly record struct ExpectedVersion
{
    private const long AnyCode = -1;
    private const long StreamExistsCode = -2;
    private readonly long _code;

    private ExpectedVersion(long code) => _code = code;

    /// <summary>No expectation: the append goes to the end of the stream, whatever that is.</summary>
    public static ExpectedVersion Any => new(AnyCode);

    /// <summary>The stream has no events yet; the same as exactly version 0.</summary>
    public static ExpectedVersion NoStream => new(0);

    /// <summary>The stream has at least one event.</summary>
    public static ExpectedVersion StreamExists => new(StreamExistsCode);

    /// <summary>The stream's last event has this version.</summary>
    /// <param name="version">The version, 0 for a stream without events.</param>
    /// <returns>The expectation.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The version is negative.</exception>
    public static ExpectedVersion Exactly(long version)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(version);
        return new ExpectedVersion(version);
    }

    /// <summary>The same as <see cref="Exactly"/>.</summary>
    /// <param name="version">The version, 0 for a stream without events.</param>
    public static implicit operator ExpectedVersion(long version) => Exactly(version);

    /// <summary>Whether a stream at that version meets the expectation.</summary>
    /// <param name="version">The stream's version, 0 if it has no events.</param>
    /// <returns><see langword="true"/> if it does.</returns>
    public bool IsMetBy(long version) => _code switch
    {
        AnyCode => true,
        StreamExistsCode => version > 0,
        _ => version == _code,
    };

    /// <summary>The expectation by name.</summary>
    /// <returns><c>Any</c>, <c>NoStream</c>, <c>StreamExists</c> or the version.</returns>
    public override string ToString() => _code switch
    {
        AnyCode => nameof(Any),
        StreamExistsCode => nameof(StreamExists),
        0 => nameof(NoStream),
        _ => _code.ToString(CultureInfo.InvariantCulture),
    };
}
