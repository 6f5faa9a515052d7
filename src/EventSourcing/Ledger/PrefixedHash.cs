using System.Buffers;
using System.Security.Cryptography;

namespace EventSourcing.Ledger;

/// <summary>
/// SHA-256 of a mark, a short text and a text of any length, one after the other. Short input goes through the stack and medium
/// input through a pooled buffer. Only long input is hashed in pieces, because that needs a hashing context.
/// </summary>
internal static class PrefixedHash
{
    public const int OnStack = 1024;
    private const int InOnePiece = 64 * 1024;

    public static MerkleHash Of(byte mark, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        Span<byte> hash = stackalloc byte[MerkleHash.Length];
        var length = 1 + first.Length + second.Length;
        if (length <= OnStack)
        {
            Span<byte> input = stackalloc byte[OnStack];
            SHA256.HashData(Joined(input, mark, first, second), hash);
        }
        else if (length <= InOnePiece)
        {
            var input = ArrayPool<byte>.Shared.Rent(length);
            SHA256.HashData(Joined(input, mark, first, second), hash);
            ArrayPool<byte>.Shared.Return(input, clearArray: true); // it may contain data that is to be erased one day
        }
        else
        {
            using var pieces = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            pieces.AppendData([mark]);
            pieces.AppendData(first);
            pieces.AppendData(second);
            pieces.GetHashAndReset(hash);
        }

        return new MerkleHash(hash);
    }

    private static Span<byte> Joined(Span<byte> input, byte mark, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        input[0] = mark;
        first.CopyTo(input[1..]);
        second.CopyTo(input[(1 + first.Length)..]);
        return input[..(1 + first.Length + second.Length)];
    }
}
