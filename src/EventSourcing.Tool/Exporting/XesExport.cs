using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Xml;

namespace EventSourcing.Tool;

/// <summary>
/// Events as XES (IEEE 1849), the format of event logs for process mining: a trace for each case, in the order of the cases' first events
/// or of the streams' names, each with its events in the order of the log. If a case is not a stream, the positions of its events are kept
/// in memory, 8 bytes for each.
/// </summary>
internal sealed class XesExport(
    EventStore store, EventSelection selection, XesMapping mapping, TextWriter output, Screen screen, ProgressLine progress)
{
    private const string Namespace = "http://www.xes-standard.org/";
    private static readonly (string Name, string Prefix)[] Extensions =
        [("Concept", "concept"), ("Time", "time"), ("Organizational", "org"), ("Lifecycle", "lifecycle")];
    private readonly long _head = selection.AsOf!.Position!.Value;
    private long _written;
    private long _withoutTime;

    public async Task<long> RunAsync(CancellationToken cancellationToken)
    {
        using (var xml = XmlWriter.Create(
            output,
            new XmlWriterSettings { Indent = true, IndentChars = " ", NewLineChars = "\n", CloseOutput = false, CheckCharacters = false }))
        {
            WriteStart(xml);
            if (mapping.Case.IsStream) await WriteStreamsAsync(xml, cancellationToken);
            else await WriteCasesAsync(xml, cancellationToken);
            xml.WriteEndElement();
            xml.WriteEndDocument();
        }

        output.Write('\n');
        if (_withoutTime > 0)
            screen.Remark($"{Format.Count(_withoutTime, "event")} without such a time have the time at which they were recorded.");
        return _written;
    }

    private static void WriteStart(XmlWriter xml)
    {
        xml.WriteStartDocument();
        xml.WriteStartElement("log", Namespace);
        xml.WriteAttributeString("xes.version", "1849-2016");
        xml.WriteAttributeString("xes.features", "");
        foreach (var (name, prefix) in Extensions)
        {
            xml.WriteStartElement("extension", Namespace);
            xml.WriteAttributeString("name", name);
            xml.WriteAttributeString("prefix", prefix);
            xml.WriteAttributeString("uri", $"{Namespace}{prefix}.xesext");
            xml.WriteEndElement();
        }

        xml.WriteStartElement("global", Namespace);
        xml.WriteAttributeString("scope", "trace");
        Attribute(xml, "string", "concept:name", "");
        xml.WriteEndElement();
        xml.WriteStartElement("global", Namespace);
        xml.WriteAttributeString("scope", "event");
        Attribute(xml, "string", "concept:name", "");
        Attribute(xml, "date", "time:timestamp", Timestamp(DateTimeOffset.UnixEpoch));
        Attribute(xml, "string", "lifecycle:transition", "complete");
        xml.WriteEndElement();
        xml.WriteStartElement("classifier", Namespace);
        xml.WriteAttributeString("name", "Activity");
        xml.WriteAttributeString("keys", "concept:name");
        xml.WriteEndElement();
    }

    private async Task WriteStreamsAsync(XmlWriter xml, CancellationToken cancellationToken)
    {
        await foreach (var stream in store.Catalog.ListStreamsAsync(cancellationToken: cancellationToken))
        {
            var isOpen = false;
            await (selection with { Stream = stream.Name, WithSeals = false }).ForEachAsync(
                store,
                (in StoredEvent stored) =>
                {
                    if (!isOpen) StartTrace(xml, stream.Name);
                    isOpen = true;
                    Write(xml, in stored);
                },
                () => progress.Report("Exporting", _written, _head),
                cancellationToken);
            if (isOpen) xml.WriteEndElement();
        }
    }

    private async Task WriteCasesAsync(XmlWriter xml, CancellationToken cancellationToken)
    {
        var cases = new Dictionary<string, List<long>>(StringComparer.Ordinal);
        var without = 0L;
        var seen = 0L;
        await selection.ForEachAsync(store, Assign, () => progress.Report("Grouping", seen, _head), cancellationToken);
        var total = cases.Values.Sum(positions => (long)positions.Count);
        foreach (var (name, positions) in cases)
        {
            StartTrace(xml, name);
            foreach (var position in positions)
            {
                using var page = await store.Storage.ReadLogAsync(new LogRead { After = position - 1, Limit = 1 }, cancellationToken);
                Write(xml, in page.Events[0]);
            }

            xml.WriteEndElement();
            progress.Report("Exporting", _written, total);
        }

        if (without > 0) screen.Remark($"{Format.Count(without, "event")} without such a case left out.");

        void Assign(in StoredEvent stored)
        {
            seen = stored.Position;
            var isAssigned = false;
            foreach (var value in mapping.Case.ValuesOf(in stored))
            {
                isAssigned = true;
                if (!cases.TryGetValue(value, out var positions)) cases.Add(value, positions = []);
                positions.Add(stored.Position);
            }

            if (!isAssigned) without++;
        }
    }

    private static void StartTrace(XmlWriter xml, string name)
    {
        xml.WriteStartElement("trace", Namespace);
        Attribute(xml, "string", "concept:name", name);
    }

    private void Write(XmlWriter xml, in StoredEvent stored)
    {
        xml.WriteStartElement("event", Namespace);
        Attribute(xml, "string", "concept:name", mapping.Activity.ValuesOf(in stored).FirstOrDefault() ?? stored.Type);
        Attribute(xml, "date", "time:timestamp", Timestamp(TimeOf(in stored)));
        Attribute(xml, "string", "lifecycle:transition", "complete");
        if (mapping.Resource?.ValuesOf(in stored).FirstOrDefault() is { } resource) Attribute(xml, "string", "org:resource", resource);
        Attribute(xml, "int", "position", Format.Plain(stored.Position));
        Attribute(xml, "string", "stream", stored.Stream);
        Attribute(xml, "string", "type", stored.Type);
        if (!stored.IsErased) WriteMembers(xml, stored.Data);
        xml.WriteEndElement();
        _written++;
    }

    private DateTimeOffset TimeOf(in StoredEvent stored)
    {
        if (mapping.Time is not { } time) return stored.RecordedAt;
        if (DateTimeOffset.TryParse(
            time.ValuesOf(in stored).FirstOrDefault(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at))
            return at;
        _withoutTime++;
        return stored.RecordedAt;
    }

    /// <summary>The members of the data, each as an attribute of its kind; what is not a single value as its JSON.</summary>
    private static void WriteMembers(XmlWriter xml, ReadOnlyMemory<byte> data)
    {
        try
        {
            using var document = JsonDocument.Parse(data);
            if (document.RootElement.ValueKind != JsonValueKind.Object) return;
            foreach (var member in document.RootElement.EnumerateObject())
            {
                var key = "data:" + JsonTexts.NameOf(member);
                switch (member.Value.ValueKind)
                {
                    case JsonValueKind.Null: break;
                    case JsonValueKind.True or JsonValueKind.False: Attribute(xml, "boolean", key, member.Value.GetRawText()); break;
                    case JsonValueKind.Number when member.Value.TryGetInt64(out _):
                        Attribute(xml, "int", key, member.Value.GetRawText());
                        break;
                    case JsonValueKind.Number: Attribute(xml, "float", key, member.Value.GetRawText()); break;
                    case JsonValueKind.String: Attribute(xml, "string", key, JsonTexts.TextOf(member.Value)); break;
                    default: Attribute(xml, "string", key, member.Value.GetRawText()); break;
                }
            }
        }
        catch (JsonException)
        {
            // Data that is no JSON has no members.
        }
    }

    private static void Attribute(XmlWriter xml, string kind, string key, string value)
    {
        xml.WriteStartElement(kind, Namespace);
        xml.WriteAttributeString("key", Legal(key));
        xml.WriteAttributeString("value", Legal(value));
        xml.WriteEndElement();
    }

    /// <summary>XML has no way to write some characters, not even as references.</summary>
    private static string Legal(string text)
    {
        if (text.All(XmlConvert.IsXmlChar)) return text;
        var legal = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
            legal.Append(rune.Value is < 0x20 and not ('\t' or '\n' or '\r') or 0xFFFE or 0xFFFF ? "\uFFFD" : rune.ToString());
        return legal.ToString();
    }

    private static string Timestamp(DateTimeOffset instant) =>
        instant.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'+00:00'", CultureInfo.InvariantCulture);
}
