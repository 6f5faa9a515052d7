namespace EventSourcing.Ledger;

/// <summary>A public key whose signatures are trusted. Implementations are thread-safe.</summary>
public interface INoteVerifier
{
    /// <summary>The key's name.</summary>
    string Name { get; }

    /// <summary>The key's id.</summary>
    uint KeyId { get; }

    /// <summary>Whether a signature was made by this key over this text.</summary>
    /// <param name="text">The text in UTF-8, with its last line feed.</param>
    /// <param name="signature">The signature, without name and key id; it may be any bytes, because it comes from a file.</param>
    /// <returns><see langword="false"/> if it was not, whatever is wrong with it.</returns>
    bool Verify(ReadOnlySpan<byte> text, ReadOnlySpan<byte> signature);
}
