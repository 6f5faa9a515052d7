using System.Runtime.CompilerServices;
using System.Text.Json;

namespace EventSourcing;

/// <summary>The one rule for names of streams, event types and projections, and the more permissive one for tags and keys.</summary>
internal static class Names
{
    public const int MaxLength = 200;

    /// <summary>How much of the message of an app's own error is stored, and said in ours, in characters.</summary>
    private const int MaxMessageLength = 4_000;

    public static void ThrowIfInvalid(string name, string what, [CallerArgumentExpression(nameof(name))] string? parameter = null)
    {
        ArgumentNullException.ThrowIfNull(name, parameter);
        if (FlawOfName(name) is { } flaw) throw new ArgumentException(Invalid(name, what, flaw), parameter);
    }

    public static void ThrowIfInvalidKey(string key, string what, [CallerArgumentExpression(nameof(key))] string? parameter = null)
    {
        ArgumentNullException.ThrowIfNull(key, parameter);
        if (Flaw(key, controlsAllowed: true) is { } flaw) throw new ArgumentException(InvalidKey(key, what, flaw), parameter);
    }

    /// <summary>Throws if a text that may come from outside cannot be the key of a document.</summary>
    /// <exception cref="InvalidIdException">It cannot.</exception>
    public static void ThrowIfInvalidDocumentKey(string key, [CallerArgumentExpression(nameof(key))] string? parameter = null)
    {
        ArgumentNullException.ThrowIfNull(key, parameter);
        if (Flaw(key, controlsAllowed: true) is { } flaw)
            throw new InvalidIdException(InvalidKey(key, "A document's key", flaw), parameter!);
    }

    /// <summary>Whether a stream, event type or projection may have the name.</summary>
    public static bool IsValid(string name) => FlawOfName(name) is null;

    /// <summary>What is wrong with the name of a stream, event type or projection; null if nothing is.</summary>
    public static string? FlawOfName(string name) => Flaw(name, controlsAllowed: false);

    /// <summary>The message about a name that is not valid.</summary>
    public static string Invalid(string name, string what, string flaw, int max = MaxLength) =>
        $"{what} must be 1–{max} characters of text without control characters or lone surrogates; '{Printable(name)}' {flaw}.";

    /// <summary>The text with everything escaped that could harm a log or terminal, and cut if it is too long.</summary>
    public static string Printable(string text)
    {
        var shown = text.Length > MaxLength ? text[..MaxLength] : text;
        if (Flaw(shown, controlsAllowed: false) is not null)
        {
            shown =
                string.Concat(shown.Select((c, i) => char.IsControl(c) || IsLoneSurrogate(shown, i) ? $"\\u{(int)c:X4}" : c.ToString()));
        }

        return text.Length > MaxLength ? shown + "…" : shown;
    }

    /// <summary>
    /// The message of an error that may be of the app's own class: that may have none, throw when it is asked for it, or have one as long
    /// as what it is about.
    /// </summary>
    public static string MessageOf(Exception failure)
    {
        string? message;
        try
        {
            message = failure.Message;
        }
        catch (Exception)
        {
            // Whatever it is, it must not take the place of the error that is reported.
            message = null;
        }

        if (string.IsNullOrEmpty(message)) return $"There was an error without a message ({failure.GetType()}).";
        if (message.Length <= MaxMessageLength) return message;
        var end = char.IsHighSurrogate(message[MaxMessageLength - 1]) ? MaxMessageLength - 1 : MaxMessageLength;
        return message[..end] + "…";
    }

    /// <summary>A foreign message as a sentence among ours: a full stop is added if it has none.</summary>
    public static string Sentence(string message) =>
        message.TrimEnd() is { Length: > 0 } text && text[^1] is not ('.' or '!' or '?' or ':' or '…') ? text + "." : message;

    /// <summary>
    /// The message of an error as sentences among ours: on one line, and without the name of a parameter, which is none of the caller's,
    /// or the path in JSON, which is said apart.
    /// </summary>
    public static string Sentence(Exception failure)
    {
        var message = MessageOf(failure);
        if (failure is ArgumentException { ParamName: { Length: > 0 } parameter })
            message = message.Replace($" (Parameter '{parameter}')", "", StringComparison.Ordinal);
        if (failure is JsonException { Path: { } path } && message.IndexOf($" Path: {path}", StringComparison.Ordinal) is > 0 and var end)
            message = message[..end];
        return message.AsSpan().IndexOfAny('\r', '\n') < 0
            ? Sentence(message)
            : string.Join(
                ' ', message.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(Sentence));
    }

    /// <summary>What is wrong with a text of any length; null if nothing is.</summary>
    public static string? TextFlaw(string text)
    {
        if (!text.AsSpan().ContainsAnyExceptInRange('\u0001', '\uD7FF')) return null; // nearly every text, at the speed of vectors
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\0') return $"has U+0000 at index {i}";
            if (IsLoneSurrogate(text, i)) return $"has a lone surrogate at index {i}";
        }

        return null;
    }

    private static string InvalidKey(string key, string what, string flaw) =>
        $"{what} must be 1–{MaxLength} characters of text without U+0000 or lone surrogates; '{Printable(key)}' {flaw}.";

    private static string? Flaw(string text, bool controlsAllowed)
    {
        if (text.Length == 0) return "is empty";
        if (text.Length > MaxLength) return $"has {text.Length}";
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c is >= ' ' and < '\u007F') continue;
            if (controlsAllowed ? c == '\0' : char.IsControl(c)) return $"has U+{(int)c:X4} at index {i}";
            if (IsLoneSurrogate(text, i)) return $"has a lone surrogate at index {i}";
        }

        return null;
    }

    private static bool IsLoneSurrogate(string text, int i) =>
        char.IsHighSurrogate(text[i])
            ? i + 1 == text.Length || !char.IsLowSurrogate(text[i + 1])
            : char.IsLowSurrogate(text[i]) && (i == 0 || !char.IsHighSurrogate(text[i - 1]));
}
