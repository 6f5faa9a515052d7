namespace EventSourcing.Operations;

/// <summary>What a backup or a restore is doing.</summary>
public enum SqliteBackupPhase
{
    /// <summary>The copy is being written.</summary>
    Copying = 1,

    /// <summary>The copy is being checked, and its Merkle tree computed anew.</summary>
    Verifying,
}
