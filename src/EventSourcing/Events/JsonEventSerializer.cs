using System.Text.Json;
using System.Text.Json.Nodes;

namespace EventSourcing;

/// <summary>
/// Events to JSON and back, by <see cref="EventTypes"/> only: no type name from the store is ever resolved. Thread-safe.
/// </summary>
internal sealed class JsonEventSerializer
{
    private readonly JsonSerializerOptions? _given;
    private readonly Dictionary<Type, EventJson> _byType;
    private readonly Dictionary<string, EventDecoder> _decoders;

    public JsonEventSerializer(EventTypes types, JsonSerializerOptions? options)
    {
        Types = types;
        if (options is null) DefaultJson.ThrowIfSwitchedOff();
        else _given = OwnCopyOf(options);
        _byType = new Dictionary<Type, EventJson>(types.All.Count);
        _decoders = new Dictionary<string, EventDecoder>(types.Shapes.Count, StringComparer.Ordinal);
        foreach (var type in types.All) _byType.Add(type.ClrType, new EventJson(type, this));
        foreach (var (name, shape) in types.Shapes) _decoders.Add(name, new EventDecoder(shape, this));
    }

    public EventTypes Types { get; }

    /// <summary>The store for which upcasters run, if there is one.</summary>
    public AppCode? AppCode { get; init; }

    /// <summary>For documents.</summary>
    public JsonSerializerOptions Options => _given ?? DefaultJson.Documents;

    /// <summary>For events.</summary>
    public JsonSerializerOptions EventOptions => _given ?? DefaultJson.Events;

    public JsonNodeOptions NodeOptions => new() { PropertyNameCaseInsensitive = EventOptions.PropertyNameCaseInsensitive };

    public JsonDocumentOptions DocumentOptions => new() { AllowTrailingCommas = EventOptions.AllowTrailingCommas, CommentHandling = EventOptions.ReadCommentHandling, MaxDepth = EventOptions.MaxDepth };

    /// <summary>
    /// Changes whenever stored events may be read otherwise: the names, what they mean, and the shapes of the types. Made
    /// when it is first asked for, which is only where there are snapshots.
    /// </summary>
    public string Fingerprint => field ??= string.Join('\n', Types.Shapes.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key} → {string.Join(", ", pair.Value.Results.Select(Describe))}"));

    /// <exception cref="ArgumentException">The type is not listed, or the event could not be read again as JSON has it.</exception>
    /// <exception cref="NotSupportedException">JSON cannot handle the type, or that of a member.</exception>
    public EventType Serialize(Utf8JsonWriter json, object payload)
    {
        if (!_byType.TryGetValue(payload.GetType(), out var known)) throw EventTypes.NotListed(payload.GetType());
        try
        {
            JsonSerializer.Serialize(json, payload, known.Info);
        }
        catch (JsonException flaw)
        {
            throw new ArgumentException(NotWritten(known.Type, flaw), nameof(payload), flaw);
        }
        catch (NotSupportedException flaw)
        {
            throw new NotSupportedException(NotWritten(known.Type, flaw), flaw);
        }

        return known.Type;
    }

    /// <summary>What decodes events of a stored name; null where the name is not listed, so that the caller decides what that means.</summary>
    public EventDecoder? Find(string storedName) => _decoders.GetValueOrDefault(storedName);

    public EventJson JsonOf(EventType type) => _byType[type.ClrType];

    private static string NotWritten(EventType type, Exception flaw) => $"An event '{type.StoredName}' cannot be written: {Names.Sentence(flaw.Message)} Nothing was written.";

    /// <summary>A copy, which the app can no longer change; without a resolver it gets the one that reflects, as everywhere in .NET.</summary>
    private static JsonSerializerOptions OwnCopyOf(JsonSerializerOptions options)
    {
        var copy = new JsonSerializerOptions(options);
        copy.TypeInfoResolver ??= DefaultJson.Documents.TypeInfoResolver;
        copy.MakeReadOnly();
        return copy;
    }

    private string Describe(EventType type)
    {
        try
        {
            return $"{type.StoredName} {type.ClrType} {JsonShape.Of(JsonOf(type).Info)}";
        }
        catch (NotSupportedException)
        {
            // No such event can be in a stream that is read, so no snapshot depends on it.
            return $"{type.StoredName} {type.ClrType}";
        }
    }
}
