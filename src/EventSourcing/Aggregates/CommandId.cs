using System.Security.Cryptography;
using System.Text;

namespace EventSourcing;

/// <summary>
/// Ids for commands that have a key and a time of their own, such as the rows of an import. Deriving the id again, on another machine or
/// years later, gives the same id, so the command takes effect once. The ids are in the order of the times, which keeps insertions into the
/// index of event ids fast.
/// </summary>
public static class CommandId
{
    private const int TimeBytes = 6;
    private const int GuidBytes = 16;
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>
    /// The id of a command. It has the layout of a UUIDv7 (RFC 9562 §5.7): 48 bits of Unix milliseconds; the random bits are
    /// those of the name-based UUID of RFC 9562, appendix B.2: the SHA-256 of the scope's 16 bytes and the key in UTF-8.
    /// </summary>
    /// <param name="time">When the command's cause happened, from 1970 on. Fractions of a millisecond are ignored.</param>
    /// <param name="key">Distinguishes the command from all others of its scope, e.g. <c>loans.csv:4711</c>: not empty.</param>
    /// <param name="scope">What the key belongs to, if the same key may mean different commands, e.g. an id of the import's kind.</param>
    /// <returns>The id. Commands of one millisecond are in no particular order.</returns>
    /// <exception cref="ArgumentException">The key is empty or has half of a surrogate pair.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The time is before 1970.</exception>
    public static Guid Derive(DateTimeOffset time, string key, Guid scope = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        var milliseconds = time.ToUnixTimeMilliseconds();
        if (milliseconds < 0)
            throw new ArgumentOutOfRangeException(nameof(time), time, "The time is before 1970, for which there is no time-ordered id.");
        var name = new byte[GuidBytes + Utf8.GetByteCount(key)];
        scope.TryWriteBytes(name, bigEndian: true, out _);
        Utf8.GetBytes(key, name.AsSpan(GuidBytes));

        Span<byte> id = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(name, id);
        for (var i = 0; i < TimeBytes; i++) id[i] = (byte)(milliseconds >> (8 * (TimeBytes - 1 - i)));
        id[6] = (byte)((id[6] & 0x0F) | 0x70);
        id[8] = (byte)((id[8] & 0x3F) | 0x80);
        return new Guid(id[..GuidBytes], bigEndian: true);
    }
}
