namespace EventSourcing.Tamper;

/// <summary>A faulty copy of a store's files.</summary>
/// <param name="Group">The row of the table that it belongs to.</param>
/// <param name="What">What the fault is.</param>
/// <param name="Database">The file's bytes. Valid until the next case is made.</param>
/// <param name="Log">The bytes of the write-ahead log beside it; null where there is none.</param>
internal readonly record struct FaultCase(string Group, string What, byte[] Database, byte[]? Log);

/// <summary>All faulty copies to be tried of one store, by number. Not thread-safe.</summary>
internal abstract class FaultCases(IReadOnlyList<Checkpoint> checkpoints, string soundDigest)
{
    public IReadOnlyList<Checkpoint> Checkpoints => checkpoints;

    /// <summary>What <see cref="Contents.DigestOf"/> says of the sound store.</summary>
    public string SoundDigest => soundDigest;

    /// <summary>Whether the stored tree must be the same too. It may trail the log, so a lost write of it alone loses nothing.</summary>
    public abstract bool IsWithTree { get; }

    public abstract long Count { get; }

    public abstract FaultCase this[long number] { get; }

    /// <summary>Keeps them for another process.</summary>
    public abstract void Save(string folder);

    protected void SaveCheckpoints(string folder)
    {
        File.WriteAllText(Path.Combine(folder, "digest"), soundDigest);
        for (var i = 0; i < checkpoints.Count; i++) File.WriteAllText(Path.Combine(folder, $"checkpoint-{i}"), checkpoints[i].ToString());
    }

    protected static (IReadOnlyList<Checkpoint> Checkpoints, string Digest) LoadCheckpoints(string folder) =>
        ([.. Directory.GetFiles(folder, "checkpoint-*").Order().Select(file => Checkpoint.Parse(File.ReadAllText(file)))], File.ReadAllText(Path.Combine(folder, "digest")));
}

/// <summary>Flips one bit of some bytes at a time.</summary>
internal sealed class BitFlips(byte[] bytes)
{
    private long _flipped = -1;

    public long Count => bytes.LongLength * 8;

    /// <summary>The bytes with this one bit flipped; the same array each time.</summary>
    public byte[] Flip(long number)
    {
        if (_flipped >= 0) bytes[_flipped / 8] ^= (byte)(1 << (int)(_flipped % 8));
        bytes[number / 8] ^= (byte)(1 << (int)(number % 8));
        _flipped = number;
        return bytes;
    }
}
