using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text.Json;

namespace EventSourcing.Tool;

/// <summary>
/// Reads an exported log line by line, in memory for one line. Data and metadata are the very bytes that stand in the file.
/// </summary>
internal sealed class EventFileReader : IDisposable
{
    private const int BufferLength = 256 * 1024;
    private const string Stamp = "yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'";

    private readonly PipeReader _lines;
    private readonly string _path;
    private long _line;

    private static ReadOnlySpan<byte> Utf8Mark => "\ufeff"u8;

    public EventFileReader(Stream input, string path)
    {
        _path = path;
        _lines = PipeReader.Create(input, new StreamPipeReaderOptions(bufferSize: BufferLength, leaveOpen: true));
    }

    /// <summary>Reads the first line.</summary>
    /// <exception cref="ToolException">It is not that of an export of a whole log.</exception>
    public async Task<EventFileHeader> ReadHeaderAsync(CancellationToken cancellationToken)
    {
        var line = await ReadLineAsync(cancellationToken)
            ?? throw new ToolException($"'{_path}' is empty. Give a file that 'evs export' has written.");
        try
        {
            // An editor that has only shown the file may have saved it with a mark of UTF-8 before the text.
            var start = line.AsSpan().StartsWith(Utf8Mark) ? Utf8Mark.Length : 0;
            using var json = JsonDocument.Parse(line.AsMemory(start));
            var header = json.RootElement;
            if (header.GetProperty("format").GetString() != EventFile.FormatName)
                throw Flawed($"does not say the format {EventFile.FormatName}");
            if (!header.TryGetProperty("root", out var root))
                throw new ToolException(
                    $"'{_path}' has only some of the events of its log, as they were chosen by options. "
                    + "Export all of them to import them.");
            return new EventFileHeader(header.GetProperty("head").GetInt64(), new MerkleHash(root.GetBytesFromBase64()));
        }
        catch (Exception e)
            when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or ArgumentException)
        {
            throw Flawed("is not the first line of an export", e);
        }
    }

    /// <summary>Reads the next event; null at the end. Its memory is its own.</summary>
    /// <exception cref="ToolException">The line is not an event.</exception>
    public async Task<StoredEvent?> ReadAsync(CancellationToken cancellationToken)
    {
        if (await ReadLineAsync(cancellationToken) is not { } line) return null;
        try
        {
            return Parse(line);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw Flawed("is not an event as 'evs export' writes it", e);
        }
    }

    public ToolException Flawed(string flaw, Exception? cause = null) =>
        new($"Line {Format.Plain(_line)} of '{_path}' {flaw}. Nothing from there on was imported.", cause);

    public void Dispose() => _lines.Complete();

    private StoredEvent Parse(byte[] line)
    {
        var json = new Utf8JsonReader(line, new JsonReaderOptions { MaxDepth = 1001 });
        long? position = null, version = null;
        string? stream = null, type = null;
        Guid? id = null;
        DateTimeOffset? at = null;
        var tags = new List<string>();
        ReadOnlyMemory<byte> seal = default, metadata = default;
        ReadOnlyMemory<byte>? data = null;
        var isErased = false;
        json.Read();
        if (json.TokenType != JsonTokenType.StartObject) throw Flawed("is not an event");
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var name = json.GetString();
            json.Read();
            switch (name)
            {
                case "position": position = json.GetInt64(); break;
                case "version": version = json.GetInt64(); break;
                case "stream": stream = json.GetString(); break;
                case "type": type = json.GetString(); break;
                case "id": id = json.GetGuid(); break;
                case "recordedAt":
                    at = DateTimeOffset.ParseExact(json.GetString()!, Stamp, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
                    break;
                case "seal": seal = json.GetBytesFromBase64(); break;
                case "erased": isErased = json.GetBoolean(); break;
                case "tags":
                    while (json.Read() && json.TokenType != JsonTokenType.EndArray) tags.Add(json.GetString()!);
                    break;
                case "metadataBase64": metadata = json.GetBytesFromBase64(); break;
                case "dataBase64": data = json.GetBytesFromBase64(); break;
                case "metadata": metadata = Raw(ref json, line); break;
                case "data": data = Raw(ref json, line); break;
                default: throw Flawed($"has a member '{name}', which is not of an event");
            }
        }

        if (json.TokenType != JsonTokenType.EndObject) throw Flawed("is not an event");
        if (position is null || version is null || stream is null || type is null || id is null || at is null)
            throw Flawed("lacks a part of an event");
        if (seal.IsEmpty) throw Flawed("has no seal");
        if (data is null != isErased) throw Flawed(isErased ? "is erased and has data" : "has no data and is not erased");
        return new StoredEvent
        {
            Position = position.Value,
            Version = version.Value,
            Stream = stream,
            Type = type,
            Id = id.Value,
            RecordedAt = at.Value,
            Tags = tags,
            Seal = seal,
            Metadata = metadata,
            Data = data ?? default,
            IsErased = isErased,
        };
    }

    /// <summary>The bytes of a value, as they stand in the line.</summary>
    private static ReadOnlyMemory<byte> Raw(ref Utf8JsonReader json, byte[] line)
    {
        var start = (int)json.TokenStartIndex;
        json.Skip();
        return line.AsMemory(start, (int)json.BytesConsumed - start);
    }

    private async ValueTask<byte[]?> ReadLineAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await _lines.ReadAsync(cancellationToken);
            var buffer = read.Buffer;
            if (buffer.PositionOf((byte)'\n') is { } end)
            {
                var line = buffer.Slice(0, end).ToArray();
                _lines.AdvanceTo(buffer.GetPosition(1, end));
                _line++;
                return line;
            }

            if (read.IsCompleted)
            {
                var rest = buffer.ToArray();
                _lines.AdvanceTo(buffer.End);
                if (rest.Length == 0) return null;
                _line++;
                throw Flawed("is cut off: the file is not whole");
            }

            _lines.AdvanceTo(buffer.Start, buffer.End);
        }
    }
}
