using System.Security.Cryptography;

namespace EventSourcing;

/// <summary>
/// The salts of an append's events and the commitments made with them: all of the events' leaves that takes long and does
/// not depend on where they will stand. Made on the caller's thread, so not under the write lock.
/// </summary>
internal readonly struct EventSeals
{
    private readonly byte[] _salts;
    private readonly MerkleHash[] _commitments;

    public EventSeals(AppendRequest request)
    {
        var count = request.EventCount;
        _salts = new byte[count * LedgerLeaf.SaltLength];
        _commitments = new MerkleHash[count * 2];
        RandomNumberGenerator.Fill(_salts);
        var n = 0;
        for (var w = 0; w < request.Writes.Count; w++)
        {
            var events = request.Writes[w].Events;
            for (var i = 0; i < events.Count; i++, n++)
            {
                var e = events[i];
                _commitments[2 * n] = LedgerLeaf.CommitToData(SaltOf(n), e.Data.Span);
                _commitments[(2 * n) + 1] = LedgerLeaf.CommitToMetadata(e.Metadata.Span);
            }
        }
    }

    /// <summary>The salt of the event that has this number in the append, from 0.</summary>
    public ReadOnlySpan<byte> SaltOf(int number) => _salts.AsSpan(number * LedgerLeaf.SaltLength, LedgerLeaf.SaltLength);

    public ref readonly MerkleHash DataCommitmentOf(int number) => ref _commitments[2 * number];

    public ref readonly MerkleHash MetadataCommitmentOf(int number) => ref _commitments[(2 * number) + 1];
}
