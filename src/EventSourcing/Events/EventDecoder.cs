using System.Text.Json;
using System.Text.Json.Nodes;

namespace EventSourcing;

/// <summary>
/// Turns the JSON of one stored name into the current event, or into several. Whether there is anything to upcast is known
/// beforehand, so that upcasters add no cost to an event of the current shape.
/// </summary>
internal sealed class EventDecoder
{
    private readonly StoredShape _shape;
    private readonly EventJson? _direct;
    private readonly JsonEventSerializer _serializer;

    public EventDecoder(StoredShape shape, JsonEventSerializer serializer)
    {
        _shape = shape;
        _serializer = serializer;
        if (shape.Step is null) _direct = serializer.JsonOf(shape.Type!);
        CurrentName = shape.Results is [var only] ? only.Name : shape.Name;
    }

    /// <summary>The event's current name, unless an upcaster splits it.</summary>
    public string CurrentName { get; }

    /// <summary>The current types that events of the name may become.</summary>
    public EventType[] Results => _shape.Results;

    /// <exception cref="NotSupportedException">JSON cannot handle the type.</exception>
    /// <exception cref="JsonException">The bytes do not make such an event.</exception>
    /// <exception cref="UpcastFailedException">An upcaster failed on it.</exception>
    public Parts<object> Decode(ReadOnlySpan<byte> utf8Json) =>
        _direct is null ? Upcast(utf8Json) : new Parts<object>(JsonSerializer.Deserialize(utf8Json, _direct.Info) ?? throw NullStored());

    private Parts<object> Upcast(ReadOnlySpan<byte> utf8Json)
    {
        object? current = null; // null until it is parsed, then its JSON or an event
        var shape = _shape;
        for (; shape.Step is { } step; shape = shape.Next!)
        {
            var old = step.OldType is null ? ToJson(current, utf8Json, shape) : ToEvent(current, utf8Json, shape);
            var result = _serializer.AppCode is { } appCode
                ? appCode.Call("an upcaster", (step, old), static of => of.step.Upcast(of.old))
                : step.Upcast(old);
            if (step.Splits) return new Parts<object>((object[])result);
            current = result;
        }

        return new Parts<object>(ToEvent(current, utf8Json, shape));
    }

    private JsonObject ToJson(object? current, ReadOnlySpan<byte> utf8Json, StoredShape shape) =>
        (current switch
        {
            null => JsonNode.Parse(utf8Json, _serializer.NodeOptions, _serializer.DocumentOptions),
            JsonObject json => json,
            _ => JsonSerializer.SerializeToNode(current, _serializer.JsonOf(shape.Type!).Info),
        }) as JsonObject ?? throw new JsonException($"It is not a JSON object, which {shape.Step} takes.");

    private object ToEvent(object? current, ReadOnlySpan<byte> utf8Json, StoredShape shape) => current switch
    {
        null => JsonSerializer.Deserialize(utf8Json, _serializer.JsonOf(shape.Type!).Info),
        JsonObject json => JsonSerializer.Deserialize(json, _serializer.JsonOf(shape.Type!).Info),
        _ => current,
    } ?? throw NullStored();

    private static JsonException NullStored() => new("The stored JSON is null.");
}
