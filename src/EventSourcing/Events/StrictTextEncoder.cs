using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;

namespace EventSourcing;

/// <summary>
/// Escapes as another encoder does, but refuses invalid text: JSON would store U+FFFD instead, so that the text read is not the
/// text written. Text that needs no escaping costs one more call. Thread-safe.
/// </summary>
internal sealed unsafe class StrictTextEncoder(JavaScriptEncoder inner) : JavaScriptEncoder
{
    public override int MaxOutputCharactersPerInputCharacter => inner.MaxOutputCharactersPerInputCharacter;

    public override bool WillEncode(int unicodeScalar) => inner.WillEncode(unicodeScalar);

    /// <exception cref="JsonException">The text has a lone surrogate.</exception>
    public override int FindFirstCharacterToEncode(char* text, int textLength)
    {
        // No encoder leaves a lone surrogate unescaped.
        var first = inner.FindFirstCharacterToEncode(text, textLength);
        if (first >= 0) ThrowIfNotText(new ReadOnlySpan<char>(text, textLength), first);
        return first;
    }

    /// <exception cref="JsonException">The text is not valid UTF-8.</exception>
    public override int FindFirstCharacterToEncodeUtf8(ReadOnlySpan<byte> utf8Text)
    {
        var first = inner.FindFirstCharacterToEncodeUtf8(utf8Text);
        if (first >= 0 && !Utf8.IsValid(utf8Text[first..])) throw new JsonException("It has a text that is not valid UTF-8.");
        return first;
    }

    public override bool TryEncodeUnicodeScalar(int unicodeScalar, char* buffer, int bufferLength, out int numberOfCharactersWritten) =>
        inner.TryEncodeUnicodeScalar(unicodeScalar, buffer, bufferLength, out numberOfCharactersWritten);

    public override OperationStatus Encode(
        ReadOnlySpan<char> source, Span<char> destination, out int charsConsumed, out int charsWritten, bool isFinalBlock = true) =>
        inner.Encode(source, destination, out charsConsumed, out charsWritten, isFinalBlock);

    public override OperationStatus EncodeUtf8(
        ReadOnlySpan<byte> utf8Source, Span<byte> utf8Destination, out int bytesConsumed, out int bytesWritten, bool isFinalBlock = true) =>
        inner.EncodeUtf8(utf8Source, utf8Destination, out bytesConsumed, out bytesWritten, isFinalBlock);

    private static void ThrowIfNotText(ReadOnlySpan<char> text, int from)
    {
        for (var i = from; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i])) continue;
            var isPair = char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]);
            if (!isPair) throw new JsonException($"It has a text with a lone surrogate, U+{(int)text[i]:X4} at index {i}.");
            i++;
        }
    }
}
