using System.Buffers.Binary;

namespace EventSourcing.Ledger;

/// <summary>The common binary form of both kinds of proof: a mark, two numbers, hashes.</summary>
internal static class ProofBytes
{
    public static byte[] Write(ReadOnlySpan<byte> tag, long first, long second, ReadOnlySpan<MerkleHash> hashes)
    {
        var bytes = new byte[tag.Length + 2 * sizeof(ulong) + hashes.Length * MerkleHash.Length];
        tag.CopyTo(bytes);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(tag.Length), first);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(tag.Length + sizeof(ulong)), second);
        var rest = bytes.AsSpan(tag.Length + 2 * sizeof(ulong));
        for (var i = 0; i < hashes.Length; i++) hashes[i].Bytes.CopyTo(rest[(i * MerkleHash.Length)..]);
        return bytes;
    }
}
