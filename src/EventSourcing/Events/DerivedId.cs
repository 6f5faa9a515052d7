using System.Security.Cryptography;
using System.Text;

namespace EventSourcing;

/// <summary>
/// Ids derived from their purpose, so that a repetition arrives at the same ids: the first 16 bytes of a SHA-256, marked as a
/// UUID of version 8 (RFC 9562 §5.8).
/// </summary>
internal static class DerivedId
{
    private const int TimeBytes = 6;

    /// <summary>
    /// The id. If it derives from a UUIDv7, it begins with the same time: then it is appended to the unique index on ids, like
    /// other new ids.
    /// </summary>
    public static Guid Of(string purpose, Guid origin = default)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(purpose), hash);
        if (origin.Version == 7)
        {
            Span<byte> bytes = stackalloc byte[16];
            origin.TryWriteBytes(bytes, bigEndian: true, out _);
            bytes[..TimeBytes].CopyTo(hash);
        }

        hash[6] = (byte)((hash[6] & 0x0F) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash[..16], bigEndian: true);
    }
}
