namespace EventSourcing.Ledger;

/// <summary>One signature of a note. Immutable; it proves nothing until it is verified.</summary>
public sealed class NoteSignature
{
    private readonly byte[] _signature;

    internal NoteSignature(string name, uint keyId, byte[] signature)
    {
        Name = name;
        KeyId = keyId;
        _signature = signature;
    }

    /// <summary>The name of the key that allegedly signed.</summary>
    public string Name { get; }

    /// <summary>The id of that key.</summary>
    public uint KeyId { get; }

    /// <summary>The signature's bytes, without the key id.</summary>
    public ReadOnlySpan<byte> Signature => _signature;

    /// <summary>The key that it names.</summary>
    /// <returns>For example <c>shop.example/ledger+0a1b2c3d</c>.</returns>
    public override string ToString() => $"{Name}+{KeyId:x8}";
}
