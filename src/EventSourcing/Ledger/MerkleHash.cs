using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EventSourcing.Ledger;

/// <summary>A SHA-256 hash: of a leaf, a node or a whole tree. A value of 32 bytes; the default value is 32 zeros.</summary>
public readonly struct MerkleHash : IEquatable<MerkleHash>
{
    /// <summary>The length of every hash in bytes.</summary>
    public const int Length = 32;

    private readonly Content _content;

    /// <summary>Takes a hash's 32 bytes.</summary>
    /// <param name="bytes">The bytes, in the order in which SHA-256 returns them.</param>
    /// <exception cref="ArgumentException">There are not 32.</exception>
    public MerkleHash(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Length) throw new ArgumentException($"A hash has {Length} bytes; these are {bytes.Length}.", nameof(bytes));
        _content = MemoryMarshal.Read<Content>(bytes);
    }

    /// <summary>The 32 bytes.</summary>
    [UnscopedRef]
    public ReadOnlySpan<byte> Bytes => _content;

    /// <summary>Whether two hashes are the same.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator ==(in MerkleHash left, in MerkleHash right) => left.Bytes.SequenceEqual(right.Bytes);

    /// <summary>Whether two hashes differ.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator !=(in MerkleHash left, in MerkleHash right) => !(left == right);

    /// <inheritdoc/>
    public bool Equals(MerkleHash other) => this == other;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is MerkleHash other && this == other;

    /// <inheritdoc/>
    public override int GetHashCode() => BinaryPrimitives.ReadInt32LittleEndian(Bytes);

    /// <summary>The hash in lower-case hexadecimal digits. Checkpoints and proof files contain it in Base64.</summary>
    /// <returns>64 digits.</returns>
    public override string ToString() => Convert.ToHexStringLower(Bytes);

    [InlineArray(Length)]
    private struct Content
    {
        private byte _first;
    }
}
