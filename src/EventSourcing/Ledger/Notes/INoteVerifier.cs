namespace EventSourcing;

/// <summary>A key that is trusted to have signed what its signature fits. Implementations are thread-safe.</summary>
public interface INoteVerifier
{
    /// <summary>The key's name.</summary>
    string Name { get; }

    /// <summary>The key's id.</summary>
    uint KeyId { get; }

    /// <summary>Whether a signature is this key's, of this text.</summary>
    /// <param name="text">The text in UTF-8, with its last line feed.</param>
    /// <param name="signature">The signature, without name and key id; anything at all, as it comes from a file.</param>
    /// <returns><see langword="false"/> where it is not, whatever is wrong with it.</returns>
    bool Verify(ReadOnlySpan<byte> text, ReadOnlySpan<byte> signature);
}
