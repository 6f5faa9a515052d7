namespace EventSourcing.Storage;

/// <summary>An event as a storage returns it. Its memory belongs to the page and is valid until that is disposed.</summary>
public readonly struct StoredEvent
{
    /// <summary>The position in the log, from 1.</summary>
    public required long Position { get; init; }

    /// <summary>The stream's name.</summary>
    public required string Stream { get; init; }

    /// <summary>The version within the stream, from 1.</summary>
    public required long Version { get; init; }

    /// <summary>The event's id.</summary>
    public required Guid Id { get; init; }

    /// <summary>The stored name of the event's type.</summary>
    public required string Type { get; init; }

    /// <summary>When it was recorded, UTC.</summary>
    public required DateTimeOffset RecordedAt { get; init; }

    /// <summary>The payload.</summary>
    public required ReadOnlyMemory<byte> Data { get; init; }

    /// <summary>The metadata; empty if there is none.</summary>
    public ReadOnlyMemory<byte> Metadata { get; init; }

    /// <summary>
    /// The salt of the event's commitment to its data, 16 bytes; once the payload is erased, the commitment itself, 32 bytes.
    /// Only present in reads of the log that ask for it (<see cref="LogRead.WithSeals"/>); empty in others.
    /// </summary>
    public ReadOnlyMemory<byte> Seal { get; init; }

    /// <summary>Whether the payload was erased: <see cref="Data"/> is empty then.</summary>
    public bool IsErased { get; init; }

    /// <summary>The tags, without repeats, in the order in which they were given.</summary>
    public required IReadOnlyList<string> Tags { get; init; }

    /// <summary>The event's leaf in the tree, computed from this event.</summary>
    /// <returns>The leaf.</returns>
    /// <exception cref="ArgumentException">The event was read without its seal.</exception>
    public LedgerLeaf ToLeaf() => ToLeaf(
        IsErased ? new MerkleHash(Seal.Span) : LedgerLeaf.CommitToData(Seal.Span, Data.Span), LedgerLeaf.CommitToMetadata(Metadata.Span));

    /// <summary>The hash of the event's leaf, equal to that of <see cref="ToLeaf()"/>, for callers that compute many.</summary>
    /// <param name="hasher">Computes the hashes.</param>
    /// <returns>The hash.</returns>
    /// <exception cref="ArgumentException">The event was read without its seal.</exception>
    public MerkleHash HashLeaf(LedgerHasher hasher) => hasher.HashLeaf(ToLeaf(
        IsErased ? new MerkleHash(Seal.Span) : hasher.CommitToData(Seal.Span, Data.Span), hasher.CommitToMetadata(Metadata.Span)));

    private LedgerLeaf ToLeaf(in MerkleHash dataCommitment, in MerkleHash metadataCommitment) => new()
    {
        Position = Position,
        Version = Version,
        RecordedAt = RecordedAt,
        Id = Id,
        Stream = Stream,
        Type = Type,
        Tags = Tags,
        DataCommitment = dataCommitment,
        MetadataCommitment = metadataCommitment,
    };
}
