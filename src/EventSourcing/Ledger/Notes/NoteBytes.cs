using System.Text;

namespace EventSourcing.Ledger;

/// <summary>The UTF-8 of foreign texts, of bounded length.</summary>
internal static class NoteBytes
{
    public static byte[] Of(string what, string text, int maxBytes = SignedNote.MaxBytes)
    {
        if (text.Length > maxBytes)
            throw new LedgerFormatException(what, "line 1", $"it has {text.Length} characters, and the limit is {maxBytes} bytes");
        try
        {
            return StrictText.Utf8.GetBytes(text);
        }
        catch (EncoderFallbackException invalid)
        {
            throw new LedgerFormatException(what, "line 1", $"it has a lone surrogate at index {invalid.Index}, and so is no text");
        }
    }
}
