using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace EventSourcing;

/// <summary>
/// Events to JSON and back, by <see cref="EventTypes"/> only: no type name from the store is ever resolved. Thread-safe.
/// </summary>
internal sealed class JsonEventSerializer
{
    private readonly Dictionary<Type, JsonTypeInfo> _infoByType = [];
    private readonly Dictionary<string, JsonTypeInfo> _infoByName = new(StringComparer.Ordinal);
    private readonly JsonSerializerOptions _options;
    private readonly Lazy<string> _fingerprint;

    public JsonEventSerializer(EventTypes types, JsonSerializerOptions? options)
    {
        Types = types;
        _options = options is null ? DefaultOptions() : OwnCopyOf(options);
        _options.MakeReadOnly();
        foreach (var type in types.All)
        {
            // Resolving here makes a type that JSON cannot handle an error at start-up, not at the first append.
            var info = _options.GetTypeInfo(type.ClrType);
            _infoByType.Add(type.ClrType, info);
            _infoByName.Add(type.Name, info);
        }

        // Asked for only where there are snapshots, so start-up does not pay for it.
        _fingerprint = new Lazy<string>(() => string.Join('\n', _infoByName.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key} {JsonShape.Of(pair.Value)}").Prepend(types.Fingerprint)));
    }

    public EventTypes Types { get; }

    public JsonSerializerOptions Options => _options;

    /// <summary>Changes whenever stored events may be read otherwise: the names, what they mean, and the shapes of the types.</summary>
    public string Fingerprint => _fingerprint.Value;

    public EventType Serialize(Utf8JsonWriter json, object payload)
    {
        var type = Types.Get(payload.GetType());
        JsonSerializer.Serialize(json, payload, _infoByType[type.ClrType]);
        return type;
    }

    /// <summary>The event of a stored name; null where the name is not listed, so that the caller decides what that means.</summary>
    /// <exception cref="JsonException">The bytes do not make an event of that name.</exception>
    public object? Deserialize(string type, ReadOnlySpan<byte> utf8Json) => _infoByName.TryGetValue(type, out var info)
        ? JsonSerializer.Deserialize(utf8Json, info) ?? throw new JsonException("The stored JSON is null.")
        : null;

    /// <summary>A copy, which the app can no longer change; without a resolver it gets the one that reflects, as everywhere in .NET.</summary>
    private static JsonSerializerOptions OwnCopyOf(JsonSerializerOptions options)
    {
        var copy = new JsonSerializerOptions(options);
        copy.TypeInfoResolver ??= DefaultOptions().TypeInfoResolver;
        return copy;
    }

    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Only where reflection-based JSON is enabled, which trimmed apps switch off; EventType.Of keeps the members of the types themselves.")]
    [UnconditionalSuppressMessage("AOT", "IL3050", Justification = "As above: with reflection switched off, the app's own options bring source-generated contexts.")]
    private static JsonSerializerOptions DefaultOptions()
    {
        if (!JsonSerializer.IsReflectionEnabledByDefault)
            throw new InvalidOperationException("Reflection-based JSON is switched off in this app (JsonSerializerIsReflectionEnabledByDefault). Give EventStoreOptions.Json options with a source-generated JsonSerializerContext.");

        return new JsonSerializerOptions(JsonSerializerDefaults.Web)
        {
            // What Web relaxes for browsers, a log should not: one property has one spelling, a number is a number.
            PropertyNameCaseInsensitive = false,
            NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.Strict,
            // The bytes go into a database, not into HTML: text stays readable there.
            Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
        };
    }
}
