namespace EventSourcing.Operations;

/// <summary>The progress of a backup or a restore.</summary>
/// <param name="Phase">What it is doing.</param>
/// <param name="Done">How much of that phase is done: bytes during copying, events during verifying.</param>
/// <param name="Total">How much there is to do in the phase. During copying it is an estimate, which may be slightly wrong.</param>
public readonly record struct SqliteBackupProgress(SqliteBackupPhase Phase, long Done, long Total);
