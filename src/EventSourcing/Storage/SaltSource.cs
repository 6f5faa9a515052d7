using System.Security.Cryptography;

namespace EventSourcing.Storage;

/// <summary>
/// For storages: random salts for the commitments to events' data (<see cref="LedgerLeaf.CommitToData"/>), from the system's
/// cryptographic source. They are taken from it many at a time, because each call to it costs as much as hundreds of salts. Not
/// thread-safe.
/// </summary>
public sealed class SaltSource
{
    private readonly byte[] _salts = new byte[256 * LedgerLeaf.SaltLength];
    private int _used = 256 * LedgerLeaf.SaltLength;

    /// <summary>A new salt.</summary>
    /// <returns>Its 16 bytes, valid until the next call.</returns>
    public ReadOnlySpan<byte> Next()
    {
        if (_used == _salts.Length)
        {
            RandomNumberGenerator.Fill(_salts);
            _used = 0;
        }

        _used += LedgerLeaf.SaltLength;
        return _salts.AsSpan(_used - LedgerLeaf.SaltLength, LedgerLeaf.SaltLength);
    }
}
