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
    /// <summary>
    /// The first 16 bytes of a SHA-256 are enough to detect damage. They need not prevent forgery: whoever can forge a snapshot can write
    /// to the log too.
    /// </summary>
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
    /// What replaces a snapshot if payloads of its stream were erased. It differs each time, so that a load that began before the erasure
    /// can be distinguished from one that began after it.
    /// </summary>
    /// <param name="position">The position of the erasure's record.</param>
    public static byte[] WriteTombstone(long position) =>
        [.. Tombstone, .. Encoding.ASCII.GetBytes(position.ToString(CultureInfo.InvariantCulture))];

    /// <summary>Whether a document is a tombstone, which replaces a snapshot.</summary>
    public static bool IsTombstone(byte[]? document) => document is not null && document.AsSpan().StartsWith(Tombstone);

    /// <summary>The position of the record of the last erasure that a document knows of; 0 if it knows of none.</summary>
    public static long ErasedAt(byte[]? document)
    {
        if (IsTombstone(document))
            return long.TryParse(document.AsSpan(Tombstone.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var at) ? at : -1;
        return document is not null && TryRead(document, out var snapshot) ? snapshot.Header.ErasedAt : 0;
    }

    /// <summary>Whether a document may be used for a read. The stream is not looked at.</summary>
    /// <param name="document">The document, or null if there is none.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="fingerprint">The fingerprint of the current fold.</param>
    /// <param name="read">The read; the snapshot must be within its bounds.</param>
    /// <param name="snapshot">The snapshot, if it may be used.</param>
    /// <returns>Why it may not be used; or that it is used, unless the stream contradicts it.</returns>
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

    /// <summary>Whether the stored document makes another one for the same stream and fold superfluous.</summary>
    public static bool IsAtLeast(byte[]? document, SnapshotHeader header) =>
        document is not null && TryRead(document, out var found)
        && found.Header.Format == header.Format && found.Header.Fingerprint == header.Fingerprint && found.Header.Stream == header.Stream
        && found.Header.Version >= header.Version;

    /// <summary>A new state, as of the header's version.</summary>
    /// <exception cref="JsonException">
    /// The state does not read everything that was written. Any other exception may be thrown too.
    /// </exception>
    public TState Restore<TState>(StateFold<TState> fold, JsonSerializerOptions json)
    {
        var state = ReadState(fold, _state.Span, json);
        fold.StandAt(state, Header.Version, Header.Position);
        return state;
    }

    public static TState ReadState<TState>(StateFold<TState> fold, ReadOnlySpan<byte> bytes, JsonSerializerOptions json)
    {
        // The maximum depth and the leniency come from the store's options, since the state was written with them.
        var reader = new Utf8JsonReader(bytes, new JsonReaderOptions
        {
            MaxDepth = json.MaxDepth,
            CommentHandling = json.ReadCommentHandling,
            AllowTrailingCommas = json.AllowTrailingCommas,
        });
        if (!reader.Read()) throw new JsonException("There is no state.");
        var state = fold.ReadState(ref reader, json);
        return reader.BytesConsumed == bytes.Length
            ? state
            : throw new JsonException($"The state was read up to byte {reader.BytesConsumed} of {bytes.Length}.");
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
