using System.Text;

namespace EventSourcing.Testing;

/// <summary>An event as a case saw it: a copy that compares by content and outlives its page.</summary>
internal sealed record SeenEvent(
    long Position,
    string Stream,
    long Version,
    Guid Id,
    string Type,
    DateTimeOffset RecordedAt,
    TimeSpan Offset,
    string Data,
    string Metadata,
    string Tags,
    bool IsErased = false)
{
    /// <summary>Tags cannot contain this character, so joined tags compare like lists.</summary>
    private const char TagSeparator = '\0';

    public static SeenEvent Of(in StoredEvent e) => new(
        e.Position,
        e.Stream,
        e.Version,
        e.Id,
        e.Type,
        e.RecordedAt,
        e.RecordedAt.Offset,
        Text(e.Data.Span),
        Text(e.Metadata.Span),
        Join(e.Tags),
        e.IsErased);

    /// <summary>Bytes as text, one character each, so that no byte is lost and messages are readable.</summary>
    public static string Text(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    public static string Join(IEnumerable<string> tags) => string.Join(TagSeparator, tags);

    public override string ToString() =>
        $"#{Position} {Stream}@{Version} {Type} id {Id} at {RecordedAt:O}, data '{Short(Data)}', metadata '{Short(Metadata)}', "
        + $"tags [{Tags.Replace(TagSeparator, ',')}]{(IsErased ? ", erased" : "")}";

    private static string Short(string text) => text.Length <= 60 ? text : $"{text[..60]}… ({text.Length} bytes)";
}
