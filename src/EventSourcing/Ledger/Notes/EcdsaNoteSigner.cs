using System.Security.Cryptography;

namespace EventSourcing.Ledger;

/// <summary>
/// Signs notes by ECDSA over P-256 with SHA-256, by .NET's own cryptography: type 2 of C2SP signed notes. Thread-safe, as long
/// as no other code uses the key at the same time. The key still belongs to the caller, which disposes it.
/// </summary>
public sealed class EcdsaNoteSigner : INoteSigner
{
    private readonly ECDsa _key;
    private readonly Lock _gate = new(); // ECDsa does not promise to be thread-safe

    /// <summary>Creates a signer.</summary>
    /// <param name="name">The key's name: not empty, without spaces and <c>+</c>; for a log's own key best the log's origin.</param>
    /// <param name="key">The private key, on P-256.</param>
    /// <exception cref="ArgumentException">The name is bad, or the key is on another curve.</exception>
    public EcdsaNoteSigner(string name, ECDsa key)
    {
        Verifier = new EcdsaNoteVerifier(name, key);
        _key = key;
    }

    /// <inheritdoc/>
    public string Name => Verifier.Name;

    /// <inheritdoc/>
    public uint KeyId => Verifier.KeyId;

    /// <summary>The public key, which verifiers need: give them its <see cref="EcdsaNoteVerifier.ToString"/>.</summary>
    public EcdsaNoteVerifier Verifier { get; }

    /// <inheritdoc/>
    public ValueTask<byte[]> SignAsync(ReadOnlyMemory<byte> text, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate) return ValueTask.FromResult(_key.SignData(text.Span, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
    }
}
