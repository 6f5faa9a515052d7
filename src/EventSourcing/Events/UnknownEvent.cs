using System.Text;

namespace EventSourcing;

/// <summary>Stands in for an event whose name is not in the store's <see cref="EventTypes"/>, if the reader asked to see those.</summary>
/// <param name="Type">The stored name.</param>
/// <param name="Json">The stored bytes, UTF-8 JSON.</param>
public sealed record UnknownEvent(string Type, ReadOnlyMemory<byte> Json)
{
    /// <summary>The name and the JSON.</summary>
    /// <returns>For example <c>UnknownEvent { Type = money-moved, Json = {"amount":5} }</c>.</returns>
    public override string ToString() =>
        $"{nameof(UnknownEvent)} {{ {nameof(Type)} = {Type}, {nameof(Json)} = {Encoding.UTF8.GetString(Json.Span)} }}";
}
