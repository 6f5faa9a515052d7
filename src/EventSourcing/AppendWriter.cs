using System.Buffers;
using System.Text.Json;

namespace EventSourcing;

/// <summary>
/// Turns the objects of one append into bytes. Each is serialized once, all into one buffer that later appends reuse. Belongs to one append
/// at a time.
/// </summary>
internal sealed class AppendWriter : IDisposable
{
    /// <summary>A buffer that one large append has grown beyond this size is left to the garbage collector.</summary>
    private const int MaxKeptBytes = 1024 * 1024;

    private readonly JsonEventSerializer _serializer;
    private readonly EventIdGenerator _ids;
    private readonly ArrayBufferWriter<byte> _buffer = new(1024);
    private readonly Utf8JsonWriter _json;
    private readonly List<Written> _written = [];

    public AppendWriter(JsonEventSerializer serializer, EventIdGenerator ids)
    {
        _serializer = serializer;
        _ids = ids;
        _json = new Utf8JsonWriter(_buffer, serializer.EventOutput);
    }

    public bool IsWorthKeeping => _buffer.Capacity <= MaxKeptBytes;

    /// <summary>The bytes written since the last <see cref="Clear"/>.</summary>
    public int WrittenBytes => _buffer.WrittenCount;

    /// <summary>The request. Its memory is valid until <see cref="Clear"/>, even if more requests are written meanwhile.</summary>
    /// <param name="streams">The streams with their events.</param>
    /// <param name="metadata">The metadata of those events that have none of their own.</param>
    /// <param name="conditions">The conditions, by stored names.</param>
    /// <param name="trace">The trace that appends the events, or null.</param>
    public AppendRequest Write(
        IReadOnlyList<StreamAppend> streams, EventMetadata? metadata, IReadOnlyList<AppendCondition> conditions, string? trace)
    {
        _written.Clear();

        // By index, here and wherever an append passes: enumerating a list through its interface allocates an enumerator.
        for (var s = 0; s < streams.Count; s++)
        {
            var events = streams[s].Events;
            ArgumentNullException.ThrowIfNull(events, nameof(streams));
            for (var i = 0; i < events.Count; i++)
            {
                Add(events[i], metadata, trace);
            }
        }

        // The buffer no longer grows from here on, so its memory no longer moves.
        var bytes = _buffer.WrittenMemory;
        var writes = new StreamWrite[streams.Count];
        var next = 0;
        for (var w = 0; w < writes.Length; w++)
        {
            var events = new NewEvent[streams[w].Events.Count];
            for (var i = 0; i < events.Length; i++) events[i] = _written[next++].ToNewEvent(bytes);
            writes[w] = new StreamWrite(streams[w].Stream, streams[w].Expected, events);
        }

        return new AppendRequest(writes) { Conditions = conditions };
    }

    /// <summary>Writes one more event of an import. It was not recorded in the trace that imports it.</summary>
    public void Add(ImportedEvent imported) => Add(imported.Event, metadata: null, trace: null);

    /// <summary>The import of the events that were added since the last <see cref="Clear"/>. Its memory is valid until then.</summary>
    /// <param name="events">The same events, in the same order.</param>
    public ImportRequest ToImport(IReadOnlyList<ImportedEvent> events)
    {
        var bytes = _buffer.WrittenMemory;
        var stored = new StoredEvent[_written.Count];
        for (var i = 0; i < stored.Length; i++)
        {
            var e = _written[i].ToNewEvent(bytes);
            stored[i] = new StoredEvent
            {
                Position = 0,
                Stream = events[i].Stream,
                Version = 0,
                Id = e.Id,
                Type = e.Type,
                RecordedAt = events[i].RecordedAt,
                Data = e.Data,
                Metadata = e.Metadata,
                Tags = e.Tags,
            };
        }

        return new ImportRequest(stored);
    }

    public void Clear()
    {
        _buffer.ResetWrittenCount();
        _written.Clear();
    }

    public void Dispose() => _json.Dispose();

    private void Add(object payload, EventMetadata? metadata, string? trace) => _written.Add(payload is EventData e
        ? Write(e.Payload, e.Id, e.Metadata ?? metadata, e.Tags, trace)
        : Write(payload, id: null, metadata, tags: [], trace));

    private Written Write(object payload, Guid? id, EventMetadata? metadata, IReadOnlyList<string> tags, string? trace)
    {
        ArgumentNullException.ThrowIfNull(payload, JsonEventSerializer.EventsParameter);
        var dataStart = _buffer.WrittenCount;
        _json.Reset();
        var known = _serializer.Serialize(_json, payload);
        _json.Flush();
        if (!known.IsProven) known.Prove(payload, _buffer.WrittenSpan[dataStart..]);
        var metadataStart = _buffer.WrittenCount;
        if (trace is not null || metadata is { IsEmpty: false })
        {
            _json.Reset();
            (metadata ?? EventMetadata.None).WriteTo(_json, known.Type, trace);
            _json.Flush();
        }

        return new Written(id ?? _ids.Next(), known.Type.StoredName, tags, dataStart, metadataStart, _buffer.WrittenCount);
    }

    private readonly record struct Written(Guid Id, string Type, IReadOnlyList<string> Tags, int DataStart, int MetadataStart, int End)
    {
        public NewEvent ToNewEvent(ReadOnlyMemory<byte> bytes) =>
            new(Id, Type, bytes[DataStart..MetadataStart]) { Metadata = bytes[MetadataStart..End], Tags = Tags };
    }
}
