using System.Text.Json;

namespace EventSourcing;

/// <summary>
/// Facts about an event beside what happened: which conversation it belongs to, what caused it, and anything else the app puts
/// there (user, tenant, trace). Immutable. It is stored as one flat JSON object of strings.
/// </summary>
public sealed class EventMetadata
{
    private const string CorrelationKey = "correlationId";
    private const string CausationKey = "causationId";
    private const string TraceKey = "traceparent";
    private const string FingerprintKey = "commandFingerprint";
    private static readonly IReadOnlyDictionary<string, string> NoValues = new Dictionary<string, string>().AsReadOnly();

    /// <summary>Empty metadata; stored as no bytes at all.</summary>
    public static EventMetadata None { get; } = new();

    /// <summary>Identifies the conversation (request, job, saga) that the event belongs to.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>Identifies the message (event, command) that directly caused the event.</summary>
    public string? CausationId { get; init; }

    /// <summary>Further values of the app's own. The keys <c>correlationId</c> and <c>causationId</c> are reserved.</summary>
    /// <exception cref="ArgumentException">A reserved key is used, or a value is <see langword="null"/>.</exception>
    public IReadOnlyDictionary<string, string> Values
    {
        get;
        init
        {
            ArgumentNullException.ThrowIfNull(value, nameof(Values));
            if (value.FirstOrDefault(pair => pair.Value is null) is { Key: { } key })
                throw new ArgumentException(
                    $"The value '{Names.Printable(key)}' of the metadata is null. Leave it out, or give it a text.", nameof(Values));
            if (value.ContainsKey(CorrelationKey) || value.ContainsKey(CausationKey))
                throw new ArgumentException(
                    $"'{CorrelationKey}' and '{CausationKey}' are properties of the metadata, not values of it.", nameof(Values));
            field = new Dictionary<string, string>(value, StringComparer.Ordinal).AsReadOnly();
        }
    } = NoValues;

    /// <summary>
    /// The trace that appended the event, in the form of W3C trace context, or <see langword="null"/>. It is the value
    /// <c>traceparent</c>, which the store adds if the append was part of a recorded trace
    /// (<see cref="EventStoreOptions.KeepTraceContext"/>).
    /// </summary>
    public string? TraceParent => Values.GetValueOrDefault(TraceKey);

    /// <summary>
    /// What the command that appended the event asked for, in short, or <see langword="null"/>. It is the value <c>commandFingerprint</c>,
    /// which the first event of a command has if its id came with a <see cref="CommandId.Fingerprint"/>.
    /// </summary>
    public string? CommandFingerprint => Values.GetValueOrDefault(FingerprintKey);

    /// <summary>
    /// The metadata for an event that was caused by another: the same correlation (the cause's id if it has none), and the
    /// cause's id as causation.
    /// </summary>
    /// <param name="cause">The event that led to the new one.</param>
    /// <returns>The metadata.</returns>
    public static EventMetadata CausedBy(RecordedEvent cause)
    {
        ArgumentNullException.ThrowIfNull(cause);
        var id = cause.Id.ToString();
        return new EventMetadata { CorrelationId = cause.Metadata.CorrelationId ?? id, CausationId = id };
    }

    /// <summary>The same metadata with the fingerprint of a command.</summary>
    internal EventMetadata WithFingerprint(string fingerprint) => new()
    {
        CorrelationId = CorrelationId,
        CausationId = CausationId,
        Values = new Dictionary<string, string>(Values, StringComparer.Ordinal) { [FingerprintKey] = fingerprint },
    };

    internal bool IsEmpty => CorrelationId is null && CausationId is null && Values.Count == 0;

    /// <summary>Writes it for an event of a type.</summary>
    /// <param name="json">The writer.</param>
    /// <param name="type">The event's type, for errors.</param>
    /// <param name="trace">The trace that appends the event, or null. It is not written if the metadata has one already.</param>
    /// <exception cref="ArgumentException">A key or a value is not valid text.</exception>
    internal void WriteTo(Utf8JsonWriter json, EventType type, string? trace)
    {
        json.WriteStartObject();
        if (CorrelationId is not null) Write(json, CorrelationKey, CorrelationId, type);
        if (CausationId is not null) Write(json, CausationKey, CausationId, type);
        foreach (var (key, value) in Values) Write(json, key, value, type);
        if (trace is not null && !Values.ContainsKey(TraceKey)) json.WriteString(TraceKey, trace);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string key, string value, EventType type)
    {
        try
        {
            json.WriteString(key, value);
        }
        catch (JsonException flaw)
        {
            throw new ArgumentException(
                $"The metadata '{Names.Printable(key)}' of an event '{type.StoredName}' cannot be written: "
                + $"{flaw.Message} Nothing was written.",
                "metadata",
                flaw);
        }
    }

    /// <summary>Reads stored metadata. Values that are not strings (written by other tools) are kept as their JSON text.</summary>
    internal static EventMetadata Parse(ReadOnlySpan<byte> utf8Json)
    {
        if (utf8Json.IsEmpty) return None;
        try
        {
            return Read(utf8Json);
        }
        catch (InvalidOperationException flaw)
        {
            throw new JsonException($"Event metadata has a text that no string can be made of: {flaw.Message}", flaw);
        }
    }

    private static EventMetadata Read(ReadOnlySpan<byte> utf8Json)
    {
        var json = new Utf8JsonReader(utf8Json);
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject) throw new JsonException("Event metadata is not a JSON object.");
        string? correlation = null, causation = null;
        Dictionary<string, string>? values = null;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var isCorrelation = json.ValueTextEquals(CorrelationKey);
            var isCausation = !isCorrelation && json.ValueTextEquals(CausationKey);
            var key = isCorrelation || isCausation ? null : json.GetString()!;
            json.Read();
            var value = json.TokenType == JsonTokenType.String ? json.GetString()! : JsonElement.ParseValue(ref json).GetRawText();
            if (isCorrelation) correlation = value;
            else if (isCausation) causation = value;
            else (values ??= new Dictionary<string, string>(StringComparer.Ordinal))[key!] = value;
        }

        return new EventMetadata { CorrelationId = correlation, CausationId = causation, Values = values ?? NoValues };
    }
}
