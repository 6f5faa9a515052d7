using System.Security.Cryptography;

namespace EventSourcing.Ledger;

/// <summary>
/// Verifies ECDSA signatures over P-256 with SHA-256, by .NET's own cryptography: type 2 of C2SP signed notes. The key id is the
/// first 4 bytes of the SHA-256 of the key as SubjectPublicKeyInfo in DER; signatures are in DER. Immutable and thread-safe.
/// </summary>
public sealed class EcdsaNoteVerifier : INoteVerifier
{
    private readonly byte[] _key;

    private EcdsaNoteVerifier(string name, byte[] key)
    {
        Name = name;
        _key = key;
        KeyId = NoteKey.IdOf(key);
    }

    /// <summary>Takes the public part of a key.</summary>
    /// <param name="name">The key's name: not empty, without spaces and <c>+</c>.</param>
    /// <param name="key">A key on P-256; only its public part is copied, and the object itself is not kept.</param>
    /// <exception cref="ArgumentException">The name is bad, or the key is on another curve.</exception>
    public EcdsaNoteVerifier(string name, ECDsa key)
        : this(name, PublicKeyOf(name, key))
    {
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public uint KeyId { get; }

    /// <summary>
    /// The beginning of every SubjectPublicKeyInfo on P-256: the lengths, the two object identifiers, and the mark of an
    /// uncompressed point.
    /// </summary>
    private static ReadOnlySpan<byte> Start =>
    [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01,
        0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
    ];

    /// <inheritdoc/>
    public bool Verify(ReadOnlySpan<byte> text, ReadOnlySpan<byte> signature)
    {
        try
        {
            // Created anew each time, which takes microseconds: nothing is shared between threads or must be disposed.
            using var key = ECDsa.Create();
            key.ImportSubjectPublicKeyInfo(_key, out _);
            return key.VerifyData(text, signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        }
        catch (CryptographicException)
        {
            return false; // a signature so malformed that the platform throws
        }
    }

    /// <summary>The key as text, to be read by <see cref="NoteKey.Parse"/>.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => NoteKey.Write(this, NoteKey.Ecdsa, _key);

    internal static EcdsaNoteVerifier? Read(string name, ReadOnlySpan<byte> key)
    {
        if (key.Length != Start.Length + 64 || !key.StartsWith(Start)) return null;
        try
        {
            using var check = ECDsa.Create();
            check.ImportSubjectPublicKeyInfo(key, out _); // throws if the point is not on the curve
            return new EcdsaNoteVerifier(name, key.ToArray());
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private static byte[] PublicKeyOf(string name, ECDsa key)
    {
        NoteKey.ThrowIfNoName(name);
        ArgumentNullException.ThrowIfNull(key);
        var bytes = key.ExportSubjectPublicKeyInfo();
        return bytes.AsSpan().StartsWith(Start)
            ? bytes
            : throw new ArgumentException(
                "The key is not on the curve P-256. Make one by ECDsa.Create(ECCurve.NamedCurves.nistP256).", nameof(key));
    }
}
