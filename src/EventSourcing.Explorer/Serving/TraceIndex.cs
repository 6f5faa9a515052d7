using System.Text.Json;

namespace EventSourcing.Explorer;

/// <summary>What <see cref="EventTraces"/> has stored, if the app runs it. It is read as stored, so the tool can read it too.</summary>
internal static class TraceIndex
{
    /// <summary>Whether the store has the read model.</summary>
    public static async Task<bool> ExistsAsync(EventStore store, CancellationToken cancellationToken)
    {
        var models = await store.Catalog.ListReadModelsAsync(cancellationToken).ConfigureAwait(false);
        return models.Any(model => model.Aliases.Contains(EventTraces.ReadModelName)
            && model.Definition.Fields.Any(field => field is { Name: "correlation", Kind: FieldKind.Text })
            && model.Definition.Fields.Any(field => field is { Name: "causation", Kind: FieldKind.Text }));
    }

    /// <summary>The events that an event has caused; null if nobody keeps them.</summary>
    public static async Task<IReadOnlyList<TraceEvent>?> EffectsAsync(
        EventStore store, Guid id, int limit, CancellationToken cancellationToken) =>
        await ExistsAsync(store, cancellationToken).ConfigureAwait(false)
            ? await FindAsync(store, "causation", id.ToString(), limit, cancellationToken).ConfigureAwait(false)
            : null;

    /// <summary>The first events of a conversation, in the order of the log.</summary>
    public static async Task<IReadOnlyList<TraceEvent>> FindAsync(
        EventStore store, string field, string value, int limit, CancellationToken cancellationToken)
    {
        var query = new DocumentQuery
        {
            Conditions = [new FieldCondition(field, FieldComparison.Equal, new FieldValue(value))],
            OrderBy = "position",
            Limit = limit,
        };
        var found = await store.Storage.ReadModels.QueryAsync(EventTraces.ReadModelName, query, cancellationToken).ConfigureAwait(false);
        var events = new List<TraceEvent>();
        foreach (var document in found)
        {
            if (Read(document.Data, store.Json) is { } trace) events.Add(TraceEvent.Of(trace));
        }

        return events;
    }

    /// <summary>A document; its members are named by the options of the app that wrote it.</summary>
    private static EventTrace? Read(ReadOnlyMemory<byte> document, JsonSerializerOptions written)
    {
        var json = JsonElement.Parse(document.Span);
        JsonElement? Member(string name) => json.EnumerateObject()
            .Where(
                member => member.NameEquals(written.PropertyNamingPolicy?.ConvertName(name) ?? name)
                    || member.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            .Select(member => (JsonElement?)member.Value).FirstOrDefault();
        string? Text(string name) => Member(name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;
        return Member("Position") is { ValueKind: JsonValueKind.Number } position
            && Member("Version") is { ValueKind: JsonValueKind.Number } version
            && Guid.TryParse(Text("Id"), out var id) && Text("Stream") is { } stream && Text("Type") is { } type
            && Member("RecordedAt") is { } at && at.TryGetDateTimeOffset(out var recorded)
            ? new EventTrace(id, position.GetInt64(), stream, version.GetInt64(), type, recorded, Text("Correlation"), Text("Causation"))
            : null;
    }
}
