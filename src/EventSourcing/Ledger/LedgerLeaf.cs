using System.Buffers;
using System.Buffers.Binary;

namespace EventSourcing.Ledger;

/// <summary>
/// An event as the tree records it. A leaf has everything that is stored of the event, except that it has only commitments to the data and
/// the metadata. So data can be erased without affecting any proof. Every event has exactly one form as bytes, and no two events share one.
/// </summary>
/// <remarks>
/// <para>The bytes of a leaf follow. Numbers are big-endian. Texts are in UTF-8 and exactly as stored.</para>
/// <code>
/// 4       45 53 31 00, "ES1" and a zero: the format and its version
/// 8       position in the log, from 1
/// 8       version in the stream, from 1
/// 8       recorded at: ticks of 100 ns since 0001-01-01T00:00:00Z
/// 16      event id, in the order of its text form (RFC 9562)
/// 4 + n   stream: length, then text
/// 4 + n   event type as stored: length, then text
/// 4       number of tags, then for each, in the order in which they are stored:
///   4 + n   tag: length, then text
/// 32      commitment to the data: SHA-256(02 ‖ salt of 16 bytes ‖ data)
/// 32      commitment to the metadata: SHA-256(03 ‖ metadata)
/// </code>
/// <para>Tags are in the order in which they were given, because a storage returns them in that order. If they were sorted, the leaf would
/// not show a change of their order, and every verifier would have to sort text in the same way.</para>
/// <para>The salt is random and is stored beside the data. Once both are gone, the commitment reveals nothing about the data,
/// not even by trying all likely values. Metadata has no salt, because it is never erased.</para>
/// </remarks>
public readonly struct LedgerLeaf
{
    /// <summary>The length of a salt in bytes.</summary>
    public const int SaltLength = 16;

    private const string What = "a leaf of the ledger";
    private const int FixedLength = 4 + 3 * sizeof(ulong) + IdLength + 3 * sizeof(uint) + 2 * MerkleHash.Length;
    private const int IdLength = 16;
    internal const byte DataMark = 2;
    internal const byte MetadataMark = 3;

    /// <summary>The position in the log, from 1. The leaf's index in the tree is one less.</summary>
    public required long Position { get; init; }

    /// <summary>The version within the stream, from 1.</summary>
    public required long Version { get; init; }

    /// <summary>When the event was recorded. Leaves contain the instant, not the offset.</summary>
    public required DateTimeOffset RecordedAt { get; init; }

    /// <summary>The event's id.</summary>
    public required Guid Id { get; init; }

    /// <summary>The stream's name.</summary>
    public required string Stream { get; init; }

    /// <summary>The stored name of the event's type.</summary>
    public required string Type { get; init; }

    /// <summary>The tags, in the order in which they are stored.</summary>
    public required IReadOnlyList<string> Tags { get; init; }

    /// <summary>The result of <see cref="CommitToData"/> for the data.</summary>
    public required MerkleHash DataCommitment { get; init; }

    /// <summary>The result of <see cref="CommitToMetadata"/> for the metadata.</summary>
    public required MerkleHash MetadataCommitment { get; init; }

    private static ReadOnlySpan<byte> Tag => "ES1\0"u8;

    private static MerkleHash NoMetadata { get; } = PrefixedHash.Of(MetadataMark, [], []);

    /// <summary>The commitment to an event's data: SHA-256(0x02 ‖ salt ‖ data).</summary>
    /// <param name="salt">16 random bytes, never used for another event.</param>
    /// <param name="data">The data, as stored.</param>
    /// <returns>The commitment.</returns>
    /// <exception cref="ArgumentException">The salt does not have 16 bytes.</exception>
    public static MerkleHash CommitToData(ReadOnlySpan<byte> salt, ReadOnlySpan<byte> data)
    {
        ThrowIfNoSalt(salt);
        return PrefixedHash.Of(DataMark, salt, data);
    }

    /// <summary>The commitment to an event's metadata: SHA-256(0x03 ‖ metadata).</summary>
    /// <param name="metadata">The metadata, as stored; empty if there is none.</param>
    /// <returns>The commitment.</returns>
    public static MerkleHash CommitToMetadata(ReadOnlySpan<byte> metadata) =>
        metadata.IsEmpty ? NoMetadata : PrefixedHash.Of(MetadataMark, [], metadata);

    /// <summary>Reads the bytes of a leaf.</summary>
    /// <param name="bytes">All its bytes.</param>
    /// <returns>The leaf; its <see cref="ToBytes"/> returns the same bytes again.</returns>
    /// <exception cref="LedgerFormatException">The bytes are not a leaf.</exception>
    public static LedgerLeaf Parse(ReadOnlySpan<byte> bytes)
    {
        var reader = new ByteReader(What, bytes);
        reader.Tag(Tag);
        var leaf = new LedgerLeaf
        {
            Position = reader.Number("the position", atLeast: 1),
            Version = reader.Number("the version", atLeast: 1),
            RecordedAt = new DateTimeOffset(
                reader.Number("the instant of recording", atLeast: 0, atMost: DateTimeOffset.MaxValue.Ticks), TimeSpan.Zero),
            Id = new Guid(reader.Take(IdLength, "the event's id"), bigEndian: true),
            Stream = reader.Text("the stream"),
            Type = reader.Text("the event's type"),
            Tags = TagsFrom(ref reader),
            DataCommitment = reader.Hash("the commitment to the data"),
            MetadataCommitment = reader.Hash("the commitment to the metadata"),
        };
        reader.End();
        return leaf;
    }

    /// <summary>The leaf's bytes.</summary>
    /// <returns>The bytes that the type's remarks describe.</returns>
    /// <exception cref="ArgumentException">Position or version is below 1, or a text cannot be encoded as UTF-8.</exception>
    public byte[] ToBytes()
    {
        var bytes = new byte[MaxLength()];
        return bytes[..WriteTo(bytes)];
    }

    /// <summary>The leaf's hash in the tree, SHA-256(0x00 ‖ bytes), without allocating the bytes.</summary>
    /// <returns>The hash.</returns>
    /// <exception cref="ArgumentException">Position or version is below 1, or a text cannot be encoded as UTF-8.</exception>
    public MerkleHash Hash()
    {
        var length = MaxLength();
        if (length <= PrefixedHash.OnStack - 1)
        {
            Span<byte> bytes = stackalloc byte[PrefixedHash.OnStack];
            return MerkleTree.HashLeaf(bytes[..WriteTo(bytes)]);
        }

        var rented = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            return MerkleTree.HashLeaf(rented.AsSpan(0, WriteTo(rented)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    internal static void ThrowIfNoSalt(ReadOnlySpan<byte> salt)
    {
        if (salt.Length != SaltLength)
            throw new ArgumentException($"A salt has {SaltLength} bytes; this one has {salt.Length}.", nameof(salt));
    }

    private static string[] TagsFrom(ref ByteReader reader)
    {
        var tags = new string[reader.Count("the number of tags", bytesEach: sizeof(uint))];
        for (var i = 0; i < tags.Length; i++) tags[i] = reader.Text("a tag");
        return tags;
    }

    /// <summary>
    /// The most bytes that the leaf may have. The exact length of the texts in UTF-8 is known only when they are written.
    /// </summary>
    internal int MaxLength()
    {
        var characters = Stream.Length + Type.Length;
        for (var i = 0; i < Tags.Count; i++) characters += Tags[i].Length;
        return FixedLength + Tags.Count * sizeof(uint) + characters * 3;
    }

    internal int WriteTo(Span<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Position, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(Version, 1);
        Tag.CopyTo(bytes);
        BinaryPrimitives.WriteInt64BigEndian(bytes[4..], Position);
        BinaryPrimitives.WriteInt64BigEndian(bytes[12..], Version);
        BinaryPrimitives.WriteInt64BigEndian(bytes[20..], RecordedAt.UtcTicks);
        Id.TryWriteBytes(bytes[28..], bigEndian: true, out _);
        var length = 28 + IdLength;
        WriteText(bytes, ref length, Stream);
        WriteText(bytes, ref length, Type);
        BinaryPrimitives.WriteInt32BigEndian(bytes[length..], Tags.Count);
        length += sizeof(uint);
        for (var i = 0; i < Tags.Count; i++) WriteText(bytes, ref length, Tags[i]);
        DataCommitment.Bytes.CopyTo(bytes[length..]);
        MetadataCommitment.Bytes.CopyTo(bytes[(length + MerkleHash.Length)..]);
        return length + 2 * MerkleHash.Length;
    }

    private static void WriteText(Span<byte> bytes, ref int length, string text)
    {
        var count = StrictText.Utf8.GetBytes(text, bytes[(length + sizeof(uint))..]);
        BinaryPrimitives.WriteInt32BigEndian(bytes[length..], count);
        length += sizeof(uint) + count;
    }
}
