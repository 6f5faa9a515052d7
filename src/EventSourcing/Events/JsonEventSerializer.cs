using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace EventSourcing;

/// <summary>
/// Events to JSON and back, by <see cref="EventTypes"/> only: no type name from the store is ever resolved. Thread-safe.
/// </summary>
internal sealed class JsonEventSerializer
{
    private readonly Dictionary<Type, JsonTypeInfo> _infoByType = [];
    private readonly Dictionary<string, EventDecoder> _decoders = new(StringComparer.Ordinal);
    private readonly Lazy<string> _fingerprint;

    public JsonEventSerializer(EventTypes types, JsonSerializerOptions? options)
    {
        Types = types;
        Options = options is null ? DefaultOptions() : OwnCopyOf(options);
        EventOptions = options is null ? StrictCopyOf(Options) : Options;
        Options.MakeReadOnly();
        EventOptions.MakeReadOnly();
        NodeOptions = new JsonNodeOptions { PropertyNameCaseInsensitive = EventOptions.PropertyNameCaseInsensitive };
        DocumentOptions = new JsonDocumentOptions { AllowTrailingCommas = EventOptions.AllowTrailingCommas, CommentHandling = EventOptions.ReadCommentHandling, MaxDepth = EventOptions.MaxDepth };

        // Resolving here makes a type that JSON cannot handle an error at start-up, not at the first append.
        foreach (var type in types.All) _infoByType.Add(type.ClrType, EventOptions.GetTypeInfo(type.ClrType));
        foreach (var (name, shape) in types.Shapes) _decoders.Add(name, new EventDecoder(shape, this));

        // Asked for only where there are snapshots, so start-up does not pay for it.
        _fingerprint = new Lazy<string>(() => string.Join('\n', types.Shapes.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key} → {string.Join(", ", pair.Value.Results.Select(Describe))}")));

        string Describe(EventType type) => $"{type.StoredName} {type.ClrType} {JsonShape.Of(_infoByType[type.ClrType])}";
    }

    public EventTypes Types { get; }

    /// <summary>For documents.</summary>
    public JsonSerializerOptions Options { get; }

    /// <summary>For events.</summary>
    public JsonSerializerOptions EventOptions { get; }

    public JsonNodeOptions NodeOptions { get; }

    public JsonDocumentOptions DocumentOptions { get; }

    /// <summary>Changes whenever stored events may be read otherwise: the names, what they mean, and the shapes of the types.</summary>
    public string Fingerprint => _fingerprint.Value;

    /// <exception cref="ArgumentException">The type is not listed, or the event could not be read again as JSON has it.</exception>
    public EventType Serialize(Utf8JsonWriter json, object payload)
    {
        var type = Types.Get(payload.GetType());
        try
        {
            JsonSerializer.Serialize(json, payload, _infoByType[type.ClrType]);
        }
        catch (JsonException flaw)
        {
            throw new ArgumentException($"An event '{type.StoredName}' cannot be written: {Names.Sentence(flaw.Message)} Nothing was written.", nameof(payload), flaw);
        }

        return type;
    }

    /// <summary>What decodes events of a stored name; null where the name is not listed, so that the caller decides what that means.</summary>
    public EventDecoder? Find(string storedName) => _decoders.GetValueOrDefault(storedName);

    public JsonTypeInfo InfoOf(EventType type) => _infoByType[type.ClrType];

    /// <summary>A copy, which the app can no longer change; without a resolver it gets the one that reflects, as everywhere in .NET.</summary>
    private static JsonSerializerOptions OwnCopyOf(JsonSerializerOptions options)
    {
        var copy = new JsonSerializerOptions(options);
        copy.TypeInfoResolver ??= DefaultOptions().TypeInfoResolver;
        return copy;
    }

    /// <summary>
    /// Events are facts: one that lacks something, or has null where its type has none, is an error and not a default
    /// that nobody has chosen. Documents may lack what a new version of the app has added, until they are rebuilt.
    /// </summary>
    private static JsonSerializerOptions StrictCopyOf(JsonSerializerOptions options) =>
        new(options) { RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true };

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
