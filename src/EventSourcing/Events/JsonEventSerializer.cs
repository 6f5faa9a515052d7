using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace EventSourcing;

/// <summary>
/// Events to JSON and back, by <see cref="EventTypes"/> only: no type name from the store is ever resolved. Thread-safe.
/// </summary>
internal sealed class JsonEventSerializer
{
    /// <summary>The parameter by which a caller has given the events.</summary>
    public const string EventsParameter = "events";

    /// <summary>A buffer that a large document has grown beyond this is left to the garbage collector.</summary>
    private const int MaxKeptBytes = 1024 * 1024;

    private readonly JsonSerializerOptions? _given;
    private readonly JsonSerializerOptions? _generated;
    private readonly Dictionary<Type, EventJson> _byType;
    private readonly Dictionary<string, EventDecoder> _decoders;
    private readonly ConcurrentDictionary<Type, JsonProof> _documentProofs = new();
    private JsonWriterOptions? _eventOutput;
    private JsonOutput? _spareOutput;

    public JsonEventSerializer(EventTypes types, JsonSerializerOptions? options)
    {
        Types = types;
        if (options is null)
        {
            DefaultJson.ThrowIfSwitchedOff();
        }
        else
        {
            if (FlawOf(options) is { } flaw) throw new ArgumentException($"The options in EventStoreOptions.Json {flaw}", nameof(options));
            _given = OwnCopyOf(options, new DateTimeJson(), new UriJson());
            if (options is { Converters.Count: 0, TypeInfoResolver: not (null or DefaultJsonTypeInfoResolver) })
                _generated = OwnCopyOf(options);
        }

        _byType = new Dictionary<Type, EventJson>(types.All.Count);
        _decoders = new Dictionary<string, EventDecoder>(types.Shapes.Count, StringComparer.Ordinal);
        foreach (var type in types.All) _byType.Add(type.ClrType, new EventJson(type, this));
        foreach (var (name, shape) in types.Shapes) _decoders.Add(name, new EventDecoder(shape, this));
    }

    public EventTypes Types { get; }

    /// <summary>Runs the upcasters for a store, if there is one.</summary>
    public AppCode? AppCode { get; init; }

    /// <summary>For documents.</summary>
    public JsonSerializerOptions Options => _given ?? DefaultJson.Documents;

    /// <summary>For events.</summary>
    public JsonSerializerOptions EventOptions => _given ?? DefaultJson.Events;

    /// <summary>How events are written.</summary>
    public JsonWriterOptions EventOutput => _eventOutput ??= JsonOutput.OptionsFor(EventOptions);

    public JsonNodeOptions NodeOptions => new() { PropertyNameCaseInsensitive = EventOptions.PropertyNameCaseInsensitive };

    public JsonDocumentOptions DocumentOptions => new()
    {
        AllowTrailingCommas = EventOptions.AllowTrailingCommas,
        CommentHandling = EventOptions.ReadCommentHandling,
        MaxDepth = EventOptions.MaxDepth,
    };

    /// <summary>
    /// Changes whenever stored events may be read differently: with the names, what they mean, and the shapes of the types.
    /// Computed on first use, so only if there are snapshots.
    /// </summary>
    public string Fingerprint => field ??= string.Join('\n', Types.Shapes.OrderBy(pair => pair.Key, StringComparer.Ordinal)
        .Select(pair => $"{pair.Key} → {string.Join(", ", pair.Value.Results.Select(Describe))}"));

    /// <summary>How JSON handles an event's type.</summary>
    /// <exception cref="NotSupportedException">JSON cannot handle it.</exception>
    /// <exception cref="InvalidOperationException">Its members contradict each other.</exception>
    public JsonTypeInfo InfoOfEvents(Type type) => InfoOf(type, EventOptions);

    /// <summary>How JSON handles a document's type.</summary>
    /// <exception cref="NotSupportedException">JSON cannot handle it.</exception>
    /// <exception cref="InvalidOperationException">Its members contradict each other.</exception>
    public JsonTypeInfo InfoOfDocuments(Type type) => InfoOf(type, Options);

    /// <exception cref="ArgumentException">The type is not listed, or its JSON could not be read back as the same event.</exception>
    /// <exception cref="NotSupportedException">JSON cannot handle the type, or that of a member.</exception>
    public EventJson Serialize(Utf8JsonWriter json, object payload)
    {
        if (!_byType.TryGetValue(payload.GetType(), out var known)) throw EventTypes.NotListed(payload.GetType());
        try
        {
            JsonSerializer.Serialize(json, payload, known.Info);
        }
        catch (NotSupportedException flaw)
        {
            throw new NotSupportedException(NotWritten(known.Type, Names.Sentence(flaw)), flaw);
        }
        catch (Exception flaw)
        {
            // Any exception: the event's own members and converters run in there.
            if (JsonTypeCheck.FlawOf(known.Info, out _, out _) is { } ofType)
                throw new NotSupportedException(NotWritten(known.Type, Names.Sentence($"in {known.Type.ClrType}, {ofType}")), flaw);
            throw new ArgumentException(NotWritten(known.Type, Reason(flaw, payload, known.Info, EventOutput)), EventsParameter, flaw);
        }

        return known;
    }

    /// <summary>What in documents of a type would not be read back, as a clause; null if nothing was found.</summary>
    public string? FlawOfDocuments(JsonTypeInfo info) => ProofOf(info).FlawOfType();

    /// <summary>A document as it is stored. If its type was not proven yet, it is proven to read back as written.</summary>
    /// <exception cref="ArgumentException">This document cannot be written, or would not be read back.</exception>
    /// <exception cref="NotSupportedException">No document of the type would be read back.</exception>
    public byte[] WriteDocument<TDocument>(TDocument document, JsonTypeInfo<TDocument> info)
        where TDocument : class
    {
        if (document.GetType() != typeof(TDocument) && info is { Kind: JsonTypeInfoKind.Object, PolymorphismOptions: null })
            throw new ArgumentException(
                $"A document of {document.GetType()} would be read back as {typeof(TDocument)}. Seal that type, "
                + "or say by [JsonDerivedType] what it may be.",
                nameof(document));
        var output = Interlocked.Exchange(ref _spareOutput, null) ?? new JsonOutput(JsonOutput.LaidOutFor(info.Options));
        try
        {
            var json = output.Begin();
            JsonSerializer.Serialize(json, document, info);
            json.Flush();
        }
        catch (NotSupportedException flaw)
        {
            throw new NotSupportedException($"A document {typeof(TDocument)} cannot be written: {Names.Sentence(flaw)}", flaw);
        }
        catch (Exception flaw)
        {
            // Any exception: the document's own members and converters run in there.
            if (FlawOfDocuments(info) is { } ofType)
                throw new NotSupportedException($"A document {typeof(TDocument)} cannot be written: {Names.Sentence(ofType)}", flaw);
            throw new ArgumentException(
                $"A document {typeof(TDocument)} cannot be written: {Reason(flaw, document, info, JsonOutput.OptionsFor(info.Options))}",
                nameof(document),
                flaw);
        }

        var bytes = output.Written.ToArray();
        if (output.Capacity <= MaxKeptBytes) Volatile.Write(ref _spareOutput, output);
        var proof = ProofOf(info);
        if (!proof.IsDone && proof.FlawOf(document, bytes, out var isOfType) is { } lost)
        {
            var message = $"A document {typeof(TDocument)} would not be read back as it is written. {lost}";
            throw isOfType ? new NotSupportedException(message) : new ArgumentException(message, nameof(document));
        }

        return bytes;
    }

    /// <summary>
    /// The decoder for events of a stored name; null if the name is not listed, so that the caller decides what that means.
    /// </summary>
    public EventDecoder? Find(string storedName) => _decoders.GetValueOrDefault(storedName);

    public EventJson JsonOf(EventType type) => _byType[type.ClrType];

    private static string NotWritten(EventType type, string reason) =>
        $"An event '{type.StoredName}' cannot be written: {reason} Nothing was written.";

    /// <summary>Why a value cannot be written, and which member of it.</summary>
    private static string Reason(Exception flaw, object value, JsonTypeInfo info, JsonWriterOptions writer)
    {
        var (path, why) = JsonMembers.Unwritable(value, info, writer);
        if (path == "$" && flaw is JsonException { Path: { } known }) path = JsonSearch.Shortened(known);
        why ??= Names.Sentence(flaw is JsonException && flaw.InnerException is InvalidOperationException inner ? inner : flaw);
        return path == "$" ? why : $"at {path}: {why}";
    }

    /// <summary>
    /// If the options have a converter, System.Text.Json writes no type by the code that was generated for it, which is faster. So types
    /// that are written alike without ours do without it.
    /// </summary>
    private JsonTypeInfo InfoOf(Type type, JsonSerializerOptions options)
    {
        if (_generated?.GetTypeInfo(type) is not { } info) return options.GetTypeInfo(type);
        return DateTimeJson.IsOfUseFor(info) ? options.GetTypeInfo(type) : info;
    }

    private JsonProof ProofOf(JsonTypeInfo info) =>
        _documentProofs.GetOrAdd(
            info.Type, static (_, info) => new JsonProof(info, JsonOutput.LaidOutFor(info.Options), isOfDocuments: true), info);

    /// <summary>
    /// What in options makes JSON write what it does not read back. That would be found out only with a value that it concerns, long after
    /// the first events.
    /// </summary>
    private static string? FlawOf(JsonSerializerOptions options) =>
        options.DictionaryKeyPolicy is not null
            ? "have a DictionaryKeyPolicy, by which keys are written, but not read: a dictionary would come back with other keys. "
                + "Set it to null, on a copy of the options if they serve elsewhere."
        : JsonTypeCheck.IsOneWay(options.NumberHandling)
            ? "write numbers as text and do not read numbers from text. "
                + "Add JsonNumberHandling.AllowReadingFromString to their NumberHandling."
        : options.ReferenceHandler == ReferenceHandler.IgnoreCycles
            ? "have ReferenceHandler.IgnoreCycles, which writes null in the place of an object that contains itself. "
                + "Set their ReferenceHandler to null, so that such an object is refused, or to Preserve, which keeps it."
        : null;

    /// <summary>
    /// A copy, which the app can no longer change. Without a resolver it gets the reflecting one, as everywhere in .NET.
    /// </summary>
    private static JsonSerializerOptions OwnCopyOf(JsonSerializerOptions options, params ReadOnlySpan<JsonConverter> converters)
    {
        var copy = new JsonSerializerOptions(options);

        // At the end: if the app has a converter for the same type, that one is used.
        foreach (var converter in converters) copy.Converters.Add(converter);
        copy.TypeInfoResolver ??= DefaultJson.Documents.TypeInfoResolver;

        // An upcaster may add "$type" at any place among the members.
        copy.AllowOutOfOrderMetadataProperties = true;
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
            // A stream that is read cannot contain such an event, so no snapshot depends on it.
            return $"{type.StoredName} {type.ClrType}";
        }
    }
}
