using System.CommandLine;
using System.Text.Json;

namespace EventSourcing.Tool;

/// <summary><c>trace STORE CORRELATION</c></summary>
internal static class TraceCommand
{
    private const string CorrelationId = "correlationId";
    private const string CausationId = "causationId";

    public static Command Create(Evs evs)
    {
        var store = Arguments.Store();
        var which = Arguments.Text("CORRELATION", "A correlation id, or the id of an event: then its correlation.");
        var command = new Command(
            "trace", "Shows all events of one correlation as a tree of causes and effects. It reads the whole log.")
        {
            store, which,
        };
        command.SetAction((parsed, cancellationToken) =>
            RunAsync(evs.ScreenOf(parsed), evs.StoreOf(parsed, store), parsed.GetRequiredValue(which), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(Screen screen, StoreText text, string which, CancellationToken cancellationToken)
    {
        await using var store = await text.OpenToReadAsync(cancellationToken);
        var correlation = await CorrelationOfAsync(store, which, cancellationToken);
        var nodes = await FindAsync(screen, store, correlation, cancellationToken);
        if (nodes.Count == 0)
        {
            screen.Remark($"No event has the correlation '{correlation}'. 'evs event' shows that of an event.");
            return ExitCode.Done;
        }

        var byId = nodes.ToDictionary(node => node.Id.ToString(), StringComparer.OrdinalIgnoreCase);
        foreach (var node in nodes)
        {
            // An event is later than its cause; what claims otherwise stands alone, so that the tree has no circle.
            if (node.Causation is { } causation && byId.TryGetValue(causation, out var cause) && cause.Position < node.Position)
            {
                cause.Effects.Add(node);
                node.HasCause = true;
            }
        }

        foreach (var root in nodes.Where(node => !node.HasCause)) Print(screen, root, lead: "", below: "", depth: 0);
        return ExitCode.Done;
    }

    /// <summary>The correlation that the text means: that of the event with this id, or else the text itself.</summary>
    private static async Task<string> CorrelationOfAsync(EventStore store, string which, CancellationToken cancellationToken)
    {
        if (!Guid.TryParse(which, out var id) || await store.Storage.GetPositionAsync(id, cancellationToken) is not (> 0 and var position))
            return which;
        using var page = await store.Storage.ReadLogAsync(new LogRead { After = position - 1, Limit = 1 }, cancellationToken);
        return Read(page.Events[0].Metadata.Span).Correlation ?? id.ToString();
    }

    private static async Task<List<Node>> FindAsync(
        Screen screen, EventStore store, string correlation, CancellationToken cancellationToken)
    {
        var nodes = new List<Node>();
        var own = Guid.TryParse(correlation, out var id) ? id : (Guid?)null;
        var head = await store.GetHeadAsync(cancellationToken);
        var seen = 0L;
        using var progress = new ProgressLine(screen);
        await new EventSelection { AsOf = new PointInTime(Position: head) }
            .ForEachAsync(store, Visit, () => progress.Report("Reading", seen, head), cancellationToken);
        return nodes;

        void Visit(in StoredEvent stored)
        {
            seen = stored.Position;
            if (stored.Metadata.IsEmpty && stored.Id != own) return;
            var (of, causation) = Read(stored.Metadata.Span);
            if (of == correlation || (of is null && stored.Id == own)) nodes.Add(new Node(in stored, causation));
        }
    }

    private static (string? Correlation, string? Causation) Read(ReadOnlySpan<byte> metadata)
    {
        (string? Correlation, string? Causation) found = default;
        if (metadata.IsEmpty) return found;
        try
        {
            var json = new Utf8JsonReader(metadata);
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject) return found;
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                var isCorrelation = json.ValueTextEquals(CorrelationId);
                var isCausation = json.ValueTextEquals(CausationId);
                json.Read();
                if (isCorrelation && json.TokenType == JsonTokenType.String) found.Correlation = json.GetString();
                else if (isCausation && json.TokenType == JsonTokenType.String) found.Causation = json.GetString();
                else json.Skip();
            }
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException)
        {
            // Metadata that is no JSON, or has half a character in it, names no correlation.
        }

        return found;
    }

    private static void Print(Screen screen, Node node, string lead, string below, int depth)
    {
        if (screen.IsJson)
        {
            screen.Json(json =>
            {
                json.WriteStartObject();
                json.WriteNumber("depth", depth);
                json.WriteNumber("position", node.Position);
                json.WriteString("stream", node.Stream);
                json.WriteNumber("version", node.Version);
                json.WriteString("type", node.Type);
                json.WriteString("id", node.Id);
                json.WriteString("recordedAt", Format.Exact(node.RecordedAt));
                if (node.Causation is not null) json.WriteString("causationId", node.Causation);
                json.WriteEndObject();
            });
        }
        else
        {
            screen.CutLine(
                $"{lead}{Cells.OneLine(node.Type)}  {Cells.OneLine(node.Stream)} v{Format.Plain(node.Version)}  position "
                + $"{Format.Plain(node.Position)}  {Format.Instant(node.RecordedAt)}");
            if (!node.HasCause && node.Causation is { } causation)
                screen.CutLine($"{below}(caused by {Cells.OneLine(causation)}, which is no event of this correlation)");
        }

        for (var i = 0; i < node.Effects.Count; i++)
        {
            var isLast = i == node.Effects.Count - 1;
            Print(screen, node.Effects[i], below + (isLast ? "└─ " : "├─ "), below + (isLast ? "   " : "│  "), depth + 1);
        }
    }

    private sealed class Node(in StoredEvent stored, string? causation)
    {
        public long Position { get; } = stored.Position;

        public string Stream { get; } = stored.Stream;

        public long Version { get; } = stored.Version;

        public string Type { get; } = stored.Type;

        public Guid Id { get; } = stored.Id;

        public DateTimeOffset RecordedAt { get; } = stored.RecordedAt;

        public string? Causation { get; } = causation;

        public List<Node> Effects { get; } = [];

        public bool HasCause { get; set; }
    }
}
