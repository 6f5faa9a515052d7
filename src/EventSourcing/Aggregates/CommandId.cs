using System.Security.Cryptography;
using System.Text;

namespace EventSourcing;

/// <summary>
/// The id of a command: the same one whenever the command is repeated, and of no other command. A <see cref="Guid"/> is one; a UUIDv7 keeps
/// the ids of events in the order of time.
/// </summary>
/// <param name="Value">The id; not empty.</param>
public readonly record struct CommandId(Guid Value)
{
    private const int TimeBytes = 6;
    private const int GuidBytes = 16;
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>
    /// What the command asks for, in short: the hash of a request, for example. The first event of the command keeps it in its metadata
    /// (<see cref="EventMetadata.CommandFingerprint"/>). A command whose id is stored with another fingerprint is not a repetition, and is
    /// refused with a <see cref="CommandIdReusedException"/>. If it is <see langword="null"/> here, or with the stored event, nothing is
    /// compared: the id alone says that it is the same command.
    /// </summary>
    public string? Fingerprint { get; init; }

    /// <summary>The id of a command without a fingerprint.</summary>
    /// <param name="value">The id; not empty.</param>
    public static implicit operator CommandId(Guid value) => new(value);

    /// <summary>
    /// An id for a command that has a key and a time of its own, such as a row of an import. Deriving it again, on another machine or
    /// years later, gives the same id, so the command takes effect once. The ids are in the order of the times, which keeps insertions
    /// into the index of event ids fast. It has the layout of a UUIDv7 (RFC 9562 §5.7): 48 bits of Unix milliseconds; the random bits are
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
