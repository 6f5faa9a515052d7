namespace EventSourcing;

/// <summary>What a backup or a restore is doing.</summary>
public enum SqliteBackupPhase
{
    /// <summary>It writes the copy.</summary>
    Copying = 1,

    /// <summary>It checks the copy, and computes its Merkle tree anew.</summary>
    Verifying,
}
