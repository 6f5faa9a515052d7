using System.Security.Cryptography;

namespace EventSourcing.Ledger;

/// <summary>
/// Computes the hashes of a ledger one after the other. They equal those of <see cref="LedgerLeaf"/> and
/// <see cref="MerkleTree"/>, but take about a quarter less time: the cryptographic library is set up once, not for each hash.
/// Not thread-safe.
/// </summary>
public sealed class LedgerHasher : IDisposable
{
    /// <summary>The longest metadata whose commitment is kept.</summary>
    private const int MaxKept = 512;

    private readonly IncrementalHash _sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _node = new byte[1 + (2 * MerkleHash.Length)];
    private readonly byte[] _metadata = new byte[MaxKept];
    private byte[] _input = new byte[512];
    private int _metadataLength;
    private MerkleHash _metadataCommitment;

    /// <summary>See <see cref="LedgerLeaf.CommitToData"/>.</summary>
    /// <param name="salt">16 random bytes, never used for another event.</param>
    /// <param name="data">The data, as stored.</param>
    /// <returns>The commitment.</returns>
    /// <exception cref="ArgumentException">The salt does not have 16 bytes.</exception>
    public MerkleHash CommitToData(ReadOnlySpan<byte> salt, ReadOnlySpan<byte> data)
    {
        LedgerLeaf.ThrowIfNoSalt(salt);
        _input[0] = LedgerLeaf.DataMark;
        salt.CopyTo(_input.AsSpan(1));
        return Hash(1 + LedgerLeaf.SaltLength, data);
    }

    /// <summary>
    /// See <see cref="LedgerLeaf.CommitToMetadata"/>. Events one after the other often have equal metadata, which is hashed once.
    /// </summary>
    /// <param name="metadata">The metadata, as stored; empty if there is none.</param>
    /// <returns>The commitment.</returns>
    public MerkleHash CommitToMetadata(ReadOnlySpan<byte> metadata)
    {
        if (metadata.IsEmpty) return LedgerLeaf.CommitToMetadata(metadata);
        if (metadata.SequenceEqual(_metadata.AsSpan(0, _metadataLength))) return _metadataCommitment;
        _input[0] = LedgerLeaf.MetadataMark;
        var commitment = Hash(1, metadata);
        if (metadata.TryCopyTo(_metadata)) (_metadataLength, _metadataCommitment) = (metadata.Length, commitment);
        return commitment;
    }

    /// <summary>See <see cref="LedgerLeaf.Hash"/>.</summary>
    /// <param name="leaf">The leaf.</param>
    /// <returns>Its hash in the tree.</returns>
    /// <exception cref="ArgumentException">Position or version is below 1, or a text cannot be encoded as UTF-8.</exception>
    public MerkleHash HashLeaf(in LedgerLeaf leaf)
    {
        if (_input.Length < 1 + leaf.MaxLength()) _input = new byte[1 + leaf.MaxLength()];
        _input[0] = MerkleTree.LeafMark;
        _sha256.AppendData(_input.AsSpan(0, 1 + leaf.WriteTo(_input.AsSpan(1))));
        return Finish();
    }

    /// <summary>See <see cref="MerkleTree.HashNode"/>.</summary>
    /// <param name="left">The hash to its left.</param>
    /// <param name="right">The hash to its right.</param>
    /// <returns>The node's hash.</returns>
    public MerkleHash HashNode(in MerkleHash left, in MerkleHash right)
    {
        _node[0] = MerkleTree.NodeMark;
        left.Bytes.CopyTo(_node.AsSpan(1));
        right.Bytes.CopyTo(_node.AsSpan(1 + MerkleHash.Length));
        _sha256.AppendData(_node);
        return Finish();
    }

    /// <inheritdoc/>
    public void Dispose() => _sha256.Dispose();

    /// <summary>The hash of the first bytes of the input, and of more.</summary>
    private MerkleHash Hash(int length, ReadOnlySpan<byte> more)
    {
        if (more.TryCopyTo(_input.AsSpan(length)))
        {
            _sha256.AppendData(_input.AsSpan(0, length + more.Length)); // one call, because each has a fixed cost
        }
        else
        {
            _sha256.AppendData(_input.AsSpan(0, length));
            _sha256.AppendData(more);
        }

        return Finish();
    }

    private MerkleHash Finish()
    {
        Span<byte> hash = stackalloc byte[MerkleHash.Length];
        _sha256.GetHashAndReset(hash);
        return new MerkleHash(hash);
    }
}
