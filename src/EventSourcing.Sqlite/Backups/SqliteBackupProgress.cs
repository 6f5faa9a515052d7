namespace EventSourcing;

/// <summary>How far a backup or a restore has come.</summary>
/// <param name="Phase">What it is doing.</param>
/// <param name="Done">How much of that is done: bytes while it copies, events while it verifies.</param>
/// <param name="Total">How much there is of it, as far as is known. While it copies, an estimate that may be missed by a little.</param>
public readonly record struct SqliteBackupProgress(SqliteBackupPhase Phase, long Done, long Total);
