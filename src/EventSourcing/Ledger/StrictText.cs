using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace EventSourcing.Ledger;

/// <summary>
/// The parts of the text formats, each with exactly one form: text is accepted only if it would have been written the same.
/// </summary>
internal static class StrictText
{
    /// <summary>UTF-8 that refuses invalid text instead of replacing it.</summary>
    public static UTF8Encoding Utf8 { get; } = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Whether a text is valid in a note: UTF-8, no control characters but line feeds.</summary>
    public static bool IsNoteText(ReadOnlySpan<byte> utf8)
    {
        foreach (var b in utf8)
        {
            if (b < ' ' && b != '\n') return false;
        }

        return System.Text.Unicode.Utf8.IsValid(utf8);
    }

    /// <summary>Whether a text may be a line of a note: not empty, no control characters.</summary>
    public static bool IsLine(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] < ' ') return false;
        }

        return text.Length > 0 && Names.TextFlaw(text) is null;
    }

    public static bool IsKeyName(string name)
    {
        foreach (var c in name)
        {
            if (c == '+' || char.IsWhiteSpace(c)) return false;
        }

        return IsLine(name);
    }

    /// <summary>Reads the only accepted Base64 form of some bytes: padded, without spaces, and with zeros in the unused bits.</summary>
    public static bool TryBase64(ReadOnlySpan<byte> text, out byte[] bytes)
    {
        bytes = [];
        if (text.IsEmpty || text.Length % 4 != 0) return false;
        var decoded = new byte[text.Length / 4 * 3];
        if (Base64.DecodeFromUtf8(text, decoded, out _, out var length) != OperationStatus.Done) return false;
        var again = new byte[text.Length];
        if (Base64.EncodeToUtf8(decoded.AsSpan(0, length), again, out _, out var written) != OperationStatus.Done
            || !text.SequenceEqual(again.AsSpan(0, written)))
        {
            return false;
        }

        bytes = decoded[..length];
        return true;
    }

    public static bool TryHash(ReadOnlySpan<byte> text, out MerkleHash hash)
    {
        var isHash = TryBase64(text, out var bytes) && bytes.Length == MerkleHash.Length;
        hash = isHash ? new MerkleHash(bytes) : default;
        return isHash;
    }

    /// <summary>A number in decimal digits, without sign and leading zeros.</summary>
    public static bool TryNumber(ReadOnlySpan<byte> text, out long number)
    {
        number = 0;
        if (text.IsEmpty || text.ContainsAnyExceptInRange((byte)'0', (byte)'9') || (text[0] == '0' && text.Length > 1)) return false;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    public static string Base64Of(in MerkleHash hash) => Convert.ToBase64String(hash.Bytes);
}
