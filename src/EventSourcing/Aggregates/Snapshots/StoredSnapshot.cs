using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace EventSourcing;

/// <summary>
/// A snapshot as a document. Three lines: a checksum over all that follows, the header, and the state as the aggregate or
/// JSON writes it.
/// </summary>
internal sealed class StoredSnapshot
{
    /// <summary>The first 16 bytes of a SHA-256 are enough against damage, and nobody is to be kept from forging a snapshot who can write the log.</summary>
    private const int ChecksumLength = 32;

    private const byte LineFeed = (byte)'\n';

    private static readonly byte[] Tombstone = "erased "u8.ToArray();

    private readonly ReadOnlyMemory<byte> _state;

    private StoredSnapshot(SnapshotHeader header, ReadOnlyMemory<byte> state)
    {
        Header = header;
        _state = state;
    }

    public SnapshotHeader Header { get; }

    public static byte[] Write(SnapshotHeader header, ReadOnlySpan<byte> state)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(header, SnapshotJson.Default.SnapshotHeader);
        var document = new byte[ChecksumLength + 1 + json.Length + 1 + state.Length];
        var content = document.AsSpan(ChecksumLength + 1);
        json.CopyTo(content);
        content[json.Length] = LineFeed;
        state.CopyTo(content[(json.Length + 1)..]);
        WriteChecksum(content, document);
        document[ChecksumLength] = LineFeed;
        return document;
    }

    /// <summary>
    /// What takes the place of a snapshot whose stream has had payloads erased. It is another one each time, so that a load
    /// that began before can be told from one that began after.
    /// </summary>
    /// <param name="position">The position of the erasure's record.</param>
    public static byte[] WriteTombstone(long position) => [.. Tombstone, .. Encoding.ASCII.GetBytes(position.ToString(CultureInfo.InvariantCulture))];

    /// <summary>Whether a document is one that takes the place of a snapshot.</summary>
    public static bool IsTombstone(byte[]? document) => document is not null && document.AsSpan().StartsWith(Tombstone);

    /// <summary>Whether a document may be used for a read, as far as can be told without the stream.</summary>
    /// <param name="document">The document, or null where there is none.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="fingerprint">The fingerprint of today's fold.</param>
    /// <param name="read">The read, whose bounds it must be within.</param>
    /// <param name="snapshot">The snapshot, where it may be used.</param>
    /// <returns>Why not, or that it is used unless the stream says otherwise.</returns>
    public static string Judge(byte[]? document, string stream, string fingerprint, StreamRead read, out StoredSnapshot? snapshot)
    {
        snapshot = null;
        if (document is null || IsTombstone(document)) return SnapshotOutcome.Missing;
        if (!TryRead(document, out var found)) return SnapshotOutcome.Corrupt;
        var header = found.Header;
        if (header.Stream != stream) return SnapshotOutcome.Foreign;
        if (header.Format != SnapshotHeader.CurrentFormat || header.Fingerprint != fingerprint) return SnapshotOutcome.Stale;
        if (header.Version < 1) return SnapshotOutcome.Corrupt;
        if (header.Version > read.UpTo || header.Position > read.UpToPosition) return SnapshotOutcome.Ahead;
        snapshot = found;
        return SnapshotOutcome.Used;
    }

    /// <summary>Whether a document that is there already makes another one for the same stream and fold superfluous.</summary>
    public static bool IsAtLeast(byte[]? document, SnapshotHeader header) =>
        document is not null && TryRead(document, out var found)
        && found.Header.Format == header.Format && found.Header.Fingerprint == header.Fingerprint && found.Header.Stream == header.Stream
        && found.Header.Version >= header.Version;

    /// <summary>A new state, as it was at the header's version.</summary>
    /// <exception cref="JsonException">The state does not read all of what was written. It may throw anything else too.</exception>
    public TState Restore<TState>(StateFold<TState> fold, JsonSerializerOptions json)
    {
        var state = ReadState(fold, _state.Span, json);
        fold.StandAt(state, Header.Version, Header.Position);
        return state;
    }

    public static TState ReadState<TState>(StateFold<TState> fold, ReadOnlySpan<byte> bytes, JsonSerializerOptions json)
    {
        // The store's options say how deep and how lenient: the state was written by them.
        var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { MaxDepth = json.MaxDepth, CommentHandling = json.ReadCommentHandling, AllowTrailingCommas = json.AllowTrailingCommas });
        if (!reader.Read()) throw new JsonException("There is no state.");
        var state = fold.ReadState(ref reader, json);
        return reader.BytesConsumed == bytes.Length ? state : throw new JsonException($"The state was read up to byte {reader.BytesConsumed} of {bytes.Length}.");
    }

    private static bool TryRead(ReadOnlyMemory<byte> document, [NotNullWhen(true)] out StoredSnapshot? snapshot)
    {
        snapshot = null;
        var bytes = document.Span;
        if (bytes.Length <= ChecksumLength || bytes[ChecksumLength] != LineFeed) return false;
        var content = bytes[(ChecksumLength + 1)..];
        Span<byte> checksum = stackalloc byte[ChecksumLength];
        WriteChecksum(content, checksum);
        if (!checksum.SequenceEqual(bytes[..ChecksumLength])) return false;
        var length = content.IndexOf(LineFeed);
        if (length < 0) return false;
        try
        {
            if (JsonSerializer.Deserialize(content[..length], SnapshotJson.Default.SnapshotHeader) is not { } header) return false;
            snapshot = new StoredSnapshot(header, document[(ChecksumLength + 1 + length + 1)..]);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static void WriteChecksum(ReadOnlySpan<byte> content, Span<byte> hex)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(content, hash);
        Encoding.ASCII.GetBytes(Convert.ToHexStringLower(hash[..(ChecksumLength / 2)]), hex);
    }
}
