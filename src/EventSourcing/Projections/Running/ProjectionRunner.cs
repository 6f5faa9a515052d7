namespace EventSourcing.Operations;

/// <summary>The process that runs a projection or reactor, from what it has stored. All instants are from its own clock.</summary>
/// <param name="Machine">The name of its machine; empty if an older version of this library has stored it.</param>
/// <param name="ProcessId">The id of the process.</param>
/// <param name="IsGone">Whether that process has certainly ended. False if that cannot be known from here.</param>
/// <param name="Since">When the process began to run it, or <see langword="null"/> if that is not known.</param>
/// <param name="LastSign">
/// When the process gave its last sign of life, or <see langword="null"/> if that is not known. It gives none while it has nothing to do.
/// </param>
/// <param name="PositionsPerSecond">
/// How many positions the process has passed per second since it began to run it, up to its last commit; 0 if that is not known.
/// </param>
public sealed record ProjectionRunner(
    string Machine, int ProcessId, bool IsGone, DateTimeOffset? Since, DateTimeOffset? LastSign, double PositionsPerSecond);
