using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace EventSourcing.Tool;

/// <summary>Writes JSON values, each on a line of its own.</summary>
[SuppressMessage("Reliability", "CA1001", Justification = "The writer of JSON writes into memory and holds nothing else.")]
internal sealed class JsonLines(Utf8Writer output)
{
    private readonly ArrayBufferWriter<byte> _bytes = new();

    /// <summary>The line that is being written.</summary>
    public Utf8JsonWriter Line => field ??= new Utf8JsonWriter(
        _bytes, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });

    /// <summary>Ends the line.</summary>
    public void End()
    {
        Line.Flush();
        _bytes.Write("\n"u8);
        output.WriteUtf8(_bytes.WrittenSpan);
        _bytes.ResetWrittenCount();
        Line.Reset();
    }
}
