using System.Numerics;
using System.Security.Cryptography;
using System.Text;

namespace EventSourcing.Ledger;

/// <summary>
/// Verifies Ed25519 signatures (RFC 8032): type 1 of C2SP signed notes, that of most logs and witnesses. The key id is the
/// first 4 bytes of the SHA-256 of name, line feed, 0x01 and key. Immutable and thread-safe.
/// </summary>
/// <remarks>
/// <para>Written in managed code, because .NET has no Ed25519. It does not run in constant time and need not: all its input is
/// public. A signer would have to, so there is none here: bring one through <see cref="INoteSigner"/>, or sign with
/// <see cref="EcdsaNoteSigner"/>.</para>
/// <para>Strict: a signature has 64 bytes, its number S is below the order of the group, its point R is encoded in the one
/// canonical way, and S·B = R + k·A holds without multiplying by the cofactor. A key is a point in canonical encoding. The eight
/// points of small order are refused, as one signature would fit many texts under them.</para>
/// </remarks>
public sealed class Ed25519NoteVerifier : INoteVerifier
{
    /// <summary>The length of a public key in bytes.</summary>
    public const int KeyLength = 32;

    private readonly byte[] _key;
    private readonly EdwardsPoint _negatedKey;

    private Ed25519NoteVerifier(string name, byte[] key, in EdwardsPoint point)
    {
        Name = name;
        _key = key;
        _negatedKey = point.Negate();
        KeyId = NoteKey.IdOf([.. Encoding.UTF8.GetBytes(name), (byte)'\n', NoteKey.Ed25519, .. key]);
    }

    /// <summary>Takes a public key.</summary>
    /// <param name="name">The key's name: not empty, without spaces and <c>+</c>.</param>
    /// <param name="key">The key's 32 bytes, as RFC 8032 encodes them.</param>
    /// <exception cref="ArgumentException">The name is bad, or the bytes are not a key that this type accepts.</exception>
    public Ed25519NoteVerifier(string name, ReadOnlySpan<byte> key)
        : this(name, key.ToArray(), PointOf(name, key))
    {
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public uint KeyId { get; }

    /// <inheritdoc/>
    public bool Verify(ReadOnlySpan<byte> text, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != 2 * KeyLength) return false;
        var r = signature[..KeyLength];
        var s = new BigInteger(signature[KeyLength..], isUnsigned: true);
        if (s >= EdwardsPoint.Order) return false;
        Span<byte> expected = stackalloc byte[KeyLength];
        EdwardsPoint.Sum(s, EdwardsPoint.Base, Challenge(r, _key, text), _negatedKey).Encode(expected);
        return expected.SequenceEqual(r);
    }

    /// <summary>The key as text, to be read by <see cref="NoteKey.Parse"/>.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => NoteKey.Write(this, NoteKey.Ed25519, _key);

    internal static Ed25519NoteVerifier? Read(string name, ReadOnlySpan<byte> key) =>
        EdwardsPoint.TryDecode(key, out var point) && !point.IsOfSmallOrder() ? new Ed25519NoteVerifier(name, key.ToArray(), point) : null;

    /// <summary>The number that binds a signature to key and text: SHA-512(R ‖ key ‖ text), below the order.</summary>
    internal static BigInteger Challenge(ReadOnlySpan<byte> r, ReadOnlySpan<byte> key, ReadOnlySpan<byte> text)
    {
        Span<byte> hash = stackalloc byte[SHA512.HashSizeInBytes];
        SHA512.HashData([.. r, .. key, .. text], hash);
        return new BigInteger(hash, isUnsigned: true) % EdwardsPoint.Order;
    }

    private static EdwardsPoint PointOf(string name, ReadOnlySpan<byte> key)
    {
        NoteKey.ThrowIfNoName(name);
        return EdwardsPoint.TryDecode(key, out var point) && !point.IsOfSmallOrder()
            ? point
            : throw new ArgumentException(
                "The bytes are not a public key of Ed25519: 32 of them, a point in canonical encoding, not of small order.", nameof(key));
    }
}
