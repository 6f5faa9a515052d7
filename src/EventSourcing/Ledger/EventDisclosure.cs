using System.Buffers.Binary;

namespace EventSourcing.Ledger;

/// <summary>
/// An event for someone who does not have the store: its leaf and, if disclosed, the content that the leaf's commitments stand
/// for. The content is checked against the leaf; that the leaf is in a log must be shown by a proof. Immutable.
/// </summary>
/// <remarks>
/// <para>As bytes, numbers big-endian:</para>
/// <code>
/// 4       45 44 31 00, "ED1" and a zero: the format and its version
/// 4 + n   the leaf: length, then the bytes of <see cref="LedgerLeaf"/>
/// 1       1 if metadata follows, 2 if salt and data follow, 3 if both do, else 0
/// 4 + n   metadata as stored, if disclosed: length, then the bytes
/// 16      salt, if data is disclosed
/// 4 + n   data as stored, if disclosed: length, then the bytes
/// </code>
/// </remarks>
public sealed class EventDisclosure
{
    private const string What = "an event with its leaf";
    private const byte HasMetadata = 1;
    private const byte HasData = 2;

    /// <summary>Creates a disclosure from its parts.</summary>
    /// <param name="leaf">Its leaf.</param>
    /// <param name="metadata">Its metadata as stored, empty if it has none; <see langword="null"/> to not disclose it.</param>
    /// <param name="salt">
    /// The salt of its data; <see langword="null"/> to disclose neither salt nor data, as for an event whose data was erased.
    /// </param>
    /// <param name="data">Its data as stored.</param>
    /// <exception cref="ArgumentException">
    /// The leaf commits to other metadata or other data, or only one of salt and data is given.
    /// </exception>
    public EventDisclosure(
        in LedgerLeaf leaf, ReadOnlyMemory<byte>? metadata = null, ReadOnlyMemory<byte>? salt = null, ReadOnlyMemory<byte>? data = null)
    {
        if (salt is null != data is null) throw new ArgumentException("Salt and data are told together or not at all.", nameof(salt));
        if (FlawOf(leaf, metadata, salt, data) is { } flaw)
            throw new ArgumentException($"The event at position {leaf.Position}: {flaw}.", nameof(leaf));
        Leaf = leaf;
        Metadata = Copy(metadata);
        Salt = Copy(salt);
        Data = Copy(data);
    }

    /// <summary>The event's leaf in the tree.</summary>
    public LedgerLeaf Leaf { get; }

    /// <summary>The metadata as stored, empty if the event has none; <see langword="null"/> if it is not disclosed.</summary>
    public ReadOnlyMemory<byte>? Metadata { get; }

    /// <summary>The salt of the data; <see langword="null"/> if the data is not disclosed.</summary>
    public ReadOnlyMemory<byte>? Salt { get; }

    /// <summary>The data as stored; <see langword="null"/> if it is not disclosed, or was erased.</summary>
    public ReadOnlyMemory<byte>? Data { get; }

    private static ReadOnlySpan<byte> Tag => "ED1\0"u8;

    /// <summary>Reads the event of a proof file, and checks that it is in the log.</summary>
    /// <param name="proof">The file, whose <see cref="TlogProof.Extra"/> is an event, as <c>EventProof.ToTlogProof</c> makes it.</param>
    /// <param name="origin">The log's name.</param>
    /// <param name="verifiers">The keys that you trust to speak for that log.</param>
    /// <returns>The event; the checkpoint's signature proves everything it discloses.</returns>
    /// <exception cref="LedgerVerificationException">
    /// The event is not proven to be in the log, or not at the place that it names.
    /// </exception>
    /// <exception cref="LedgerFormatException">The file contains no event, or content that its leaf does not commit to.</exception>
    public static EventDisclosure Open(TlogProof proof, string origin, params IReadOnlyList<INoteVerifier> verifiers)
    {
        ArgumentNullException.ThrowIfNull(proof);
        var disclosure = Parse(proof.Extra);
        proof.Verify(disclosure.Leaf.ToBytes(), origin, verifiers);
        return disclosure.Leaf.Position == proof.Inclusion.Index + 1
            ? disclosure
            : throw new LedgerVerificationException(
                "The tlog-proof",
                $"it has an event of position {disclosure.Leaf.Position} as leaf {proof.Inclusion.Index}, where only position "
                + $"{proof.Inclusion.Index + 1} can be.");
    }

    /// <summary>Reads what <see cref="ToBytes"/> has written.</summary>
    /// <param name="bytes">All its bytes.</param>
    /// <returns>The event. It is not verified yet.</returns>
    /// <exception cref="LedgerFormatException">
    /// The bytes are not such an event, or its leaf does not commit to the content beside it.
    /// </exception>
    public static EventDisclosure Parse(ReadOnlySpan<byte> bytes)
    {
        var reader = new ByteReader(What, bytes);
        reader.Tag(Tag);
        var leaf = LedgerLeaf.Parse(reader.Take(reader.Count("the length of the leaf", bytesEach: 1), "the leaf"));
        var told = reader.Take(1, "what is told")[0];
        if (told > (HasMetadata | HasData)) throw reader.Flaw($"what is told is {told}, not 0 to 3");
        ReadOnlyMemory<byte>? metadata = null, salt = null, data = null;
        if ((told & HasMetadata) != 0)
            metadata = reader.Take(reader.Count("the length of the metadata", bytesEach: 1), "the metadata").ToArray();
        if ((told & HasData) != 0)
        {
            salt = reader.Take(LedgerLeaf.SaltLength, "the salt").ToArray();
            data = reader.Take(reader.Count("the length of the data", bytesEach: 1), "the data").ToArray();
        }

        reader.End();
        return FlawOf(leaf, metadata, salt, data) is { } flaw ? throw reader.Flaw(flaw) : new EventDisclosure(leaf, metadata, salt, data);
    }

    /// <summary>The event as bytes.</summary>
    /// <returns>The bytes that the type's remarks describe.</returns>
    public byte[] ToBytes()
    {
        var leaf = Leaf.ToBytes();
        var bytes = new List<byte>(64 + leaf.Length + (Metadata?.Length ?? 0) + (Data?.Length ?? 0));
        bytes.AddRange(Tag);
        WriteWithLength(bytes, leaf);
        bytes.Add((byte)((Metadata is null ? 0 : HasMetadata) | (Data is null ? 0 : HasData)));
        if (Metadata is { } metadata) WriteWithLength(bytes, metadata.Span);
        if (Salt is { } salt) bytes.AddRange(salt.Span);
        if (Data is { } data) WriteWithLength(bytes, data.Span);
        return [.. bytes];
    }

    private static string? FlawOf(
        in LedgerLeaf leaf, ReadOnlyMemory<byte>? metadata, ReadOnlyMemory<byte>? salt, ReadOnlyMemory<byte>? data) =>
        metadata is { } m && LedgerLeaf.CommitToMetadata(m.Span) != leaf.MetadataCommitment ? "the metadata is not what the leaf commits to"
        : salt is { } s
            && data is { } d
            && LedgerLeaf.CommitToData(s.Span, d.Span) != leaf.DataCommitment ? "salt and data are not what the leaf commits to"
        : null;

    /// <summary>A copy, or null: converting a null array would make an empty memory out of it.</summary>
    private static ReadOnlyMemory<byte>? Copy(ReadOnlyMemory<byte>? content) =>
        content is { } bytes ? bytes.ToArray() : default(ReadOnlyMemory<byte>?);

    private static void WriteWithLength(List<byte> bytes, ReadOnlySpan<byte> content)
    {
        Span<byte> length = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteInt32BigEndian(length, content.Length);
        bytes.AddRange(length);
        bytes.AddRange(content);
    }
}
