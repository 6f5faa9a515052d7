using System.Numerics;
using System.Security.Cryptography;

namespace EventSourcing.Ledger.Interop;

/// <summary>
/// Signs by Ed25519 for tests, so that verifiers which know nothing else have something to verify. Its time tells of the key to
/// whoever can measure it: not for keys that protect anything.
/// </summary>
public sealed class Ed25519NoteSigner : INoteSigner
{
    private readonly BigInteger _secret;
    private readonly byte[] _prefix;
    private readonly byte[] _publicKey = new byte[Ed25519NoteVerifier.KeyLength];

    public Ed25519NoteSigner(string name, ReadOnlySpan<byte> seed)
    {
        var hash = SHA512.HashData(seed);
        hash[0] &= 248;
        hash[31] = (byte)(hash[31] & 63 | 64);
        _secret = new BigInteger(hash.AsSpan(0, 32), isUnsigned: true);
        _prefix = hash[32..];
        TimesBase(_secret, _publicKey);
        Verifier = new Ed25519NoteVerifier(name, _publicKey);
    }

    public string Name => Verifier.Name;

    public uint KeyId => Verifier.KeyId;

    public Ed25519NoteVerifier Verifier { get; }

    public ReadOnlySpan<byte> PublicKey => _publicKey;

    public byte[] Sign(ReadOnlySpan<byte> text)
    {
        var signature = new byte[64];
        var nonce = new BigInteger(SHA512.HashData([.. _prefix, .. text]), isUnsigned: true) % EdwardsPoint.Order;
        TimesBase(nonce, signature);
        var s = (nonce + Ed25519NoteVerifier.Challenge(signature.AsSpan(0, 32), _publicKey, text) * _secret) % EdwardsPoint.Order;
        s.TryWriteBytes(signature.AsSpan(32), out _, isUnsigned: true);
        return signature;
    }

    public ValueTask<byte[]> SignAsync(ReadOnlyMemory<byte> text, CancellationToken cancellationToken = default) => ValueTask.FromResult(Sign(text.Span));

    private static void TimesBase(BigInteger number, Span<byte> point) =>
        EdwardsPoint.Sum(number, EdwardsPoint.Base, BigInteger.Zero, EdwardsPoint.Identity).Encode(point);
}
