using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace EventSourcing;

/// <summary>
/// A writer of JSON and its buffer. It refuses what its options could not read back: values nested deeper than they allow, and
/// invalid text. Belongs to one caller at a time.
/// </summary>
internal sealed class JsonOutput(JsonWriterOptions options) : IDisposable
{
    private const int DefaultMaxDepth = 64;

    private readonly ArrayBufferWriter<byte> _buffer = new(512);
    private Utf8JsonWriter? _writer;

    public int Capacity => _buffer.Capacity;

    public ReadOnlySpan<byte> Written => _buffer.WrittenSpan;

    /// <summary>How to write JSON that these options can read.</summary>
    public static JsonWriterOptions OptionsFor(JsonSerializerOptions json) => new()
    {
        Encoder = new StrictTextEncoder(json.Encoder ?? JavaScriptEncoder.Default),
        MaxDepth = MaxDepthOf(json),
        SkipValidation = true,
    };

    /// <summary>The same, with the layout that the options say.</summary>
    public static JsonWriterOptions LaidOutFor(JsonSerializerOptions json) => OptionsFor(json) with
    {
        Indented = json.WriteIndented,
        IndentCharacter = json.IndentCharacter,
        IndentSize = json.IndentSize,
        NewLine = json.NewLine,
    };

    /// <summary>How deep values may be nested; 0 in the options means the default of System.Text.Json.</summary>
    public static int MaxDepthOf(JsonSerializerOptions json) => json.MaxDepth == 0 ? DefaultMaxDepth : json.MaxDepth;

    /// <summary>An empty writer; its output is available once it is flushed.</summary>
    public Utf8JsonWriter Begin()
    {
        _buffer.ResetWrittenCount();
        if (_writer is null) _writer = new Utf8JsonWriter(_buffer, options);
        else _writer.Reset();
        return _writer;
    }

    public void Dispose() => _writer?.Dispose();
}
