namespace EventSourcing.Ledger;

/// <summary>
/// A key that signs notes: the seam for keys kept elsewhere, in a hardware module or a key service.
/// <see cref="EcdsaNoteSigner"/> signs with .NET's own cryptography. Implementations are thread-safe.
/// </summary>
public interface INoteSigner
{
    /// <summary>The key's name: not empty, without spaces and <c>+</c>; for a log's own key best the log's origin.</summary>
    string Name { get; }

    /// <summary>The key's id: together with the name it identifies the key and algorithm of a signature.</summary>
    uint KeyId { get; }

    /// <summary>Signs a note's text.</summary>
    /// <param name="text">The text in UTF-8, with its last line feed.</param>
    /// <param name="cancellationToken">Abandons the signing.</param>
    /// <returns>The signature, without name and key id; not empty.</returns>
    ValueTask<byte[]> SignAsync(ReadOnlyMemory<byte> text, CancellationToken cancellationToken = default);
}
