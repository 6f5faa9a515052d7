using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace EventSourcing.Ledger;

/// <summary>
/// Public keys as text, in the form that tools for signed notes exchange: the name, <c>+</c>, the key id as 8 hexadecimal
/// digits, <c>+</c>, and, in Base64, a byte for the algorithm followed by the key.
/// </summary>
public static class NoteKey
{
    internal const byte Ed25519 = 1;
    internal const byte Ecdsa = 2;
    private const string What = "the text of a public key";
    private const int IdDigits = 2 * sizeof(uint);
    private const int MaxLength = 4096;

    /// <summary>Reads a public key: Ed25519 (algorithm 1) or ECDSA over P-256 (algorithm 2).</summary>
    /// <param name="key">The text.</param>
    /// <returns>The key; its <see cref="object.ToString"/> returns the same text again.</returns>
    /// <exception cref="LedgerFormatException">The text is not such a key, or its id does not fit the key.</exception>
    public static INoteVerifier Parse(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (key.Length > MaxLength) throw Flaw($"it has {key.Length} characters, and the limit is {MaxLength}");
        var afterName = key.IndexOf('+', StringComparison.Ordinal);
        if (afterName < 0 || key.Length < afterName + IdDigits + 2 || key[afterName + 1 + IdDigits] != '+')
            throw Flaw("it is not a name, a key id of 8 digits and a key, with '+' between each");
        var name = key[..afterName];
        if (!StrictText.IsKeyName(name)) throw Flaw("the name is empty or holds spaces or control characters");
        var digits = key.AsSpan(afterName + 1, IdDigits);
        if (!IsHexadecimal(digits)) throw Flaw("the key id is not 8 hexadecimal digits in lower case");
        var base64 = key[(afterName + IdDigits + 2)..];
        if (!Ascii.IsValid(base64) || !StrictText.TryBase64(Encoding.ASCII.GetBytes(base64), out var content))
            throw Flaw("the key is not Base64");
        INoteVerifier verifier = content[0] switch
        {
            Ed25519 => Ed25519NoteVerifier.Read(name, content.AsSpan(1)) ?? throw Flaw("the key is not one of Ed25519"),
            Ecdsa => EcdsaNoteVerifier.Read(name, content.AsSpan(1)) ?? throw Flaw("the key is not one of ECDSA over P-256"),
            _ => throw Flaw($"the algorithm {content[0]} is not known"),
        };
        return verifier.KeyId == uint.Parse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)
            ? verifier
            : throw Flaw($"the key id is not that of the key, {verifier.KeyId:x8}");
    }

    internal static string Write(INoteVerifier verifier, byte algorithm, ReadOnlySpan<byte> key) =>
        $"{verifier.Name}+{verifier.KeyId:x8}+{Convert.ToBase64String([algorithm, .. key])}";

    /// <summary>The first 4 bytes of a hash, as a number.</summary>
    internal static uint IdOf(ReadOnlySpan<byte> hashed) => BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(hashed));

    internal static void ThrowIfNoName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!StrictText.IsKeyName(name))
            throw new ArgumentException($"A key's name is text without spaces and '+'; '{Names.Printable(name)}' is not.", nameof(name));
    }

    private static bool IsHexadecimal(ReadOnlySpan<char> digits)
    {
        foreach (var digit in digits)
        {
            if (!char.IsAsciiHexDigitLower(digit)) return false;
        }

        return true;
    }

    private static LedgerFormatException Flaw(string flaw) => new(What, "line 1", flaw);
}
