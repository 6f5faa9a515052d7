namespace EventSourcing;

/// <summary>The process that runs a projection or reactor, by what it has stored. All instants are by its own clock.</summary>
/// <param name="Machine">The name of its machine; empty if an older version of this library has stored it.</param>
/// <param name="ProcessId">Its process.</param>
/// <param name="IsGone">Whether that process has certainly ended. False if that cannot be known from here.</param>
/// <param name="Since">Since when it has run it, or <see langword="null"/> if that is not known.</param>
/// <param name="LastSign">
/// When it gave its last sign of life, or <see langword="null"/> if that is not known. While it has nothing to do it gives none.
/// </param>
/// <param name="PositionsPerSecond">
/// How many positions it has passed per second since then, up to its last commit; 0 if that is not known.
/// </param>
public sealed record ProjectionRunner(
    string Machine, int ProcessId, bool IsGone, DateTimeOffset? Since, DateTimeOffset? LastSign, double PositionsPerSecond);
