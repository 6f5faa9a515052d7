using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace EventSourcing.Tool;

/// <summary>Writes JSON values, each on a line of its own.</summary>
[SuppressMessage("Reliability", "CA1001", Justification = "The writer of JSON writes into memory and holds nothing else.")]
internal sealed class JsonLines(TextWriter output)
{
    private readonly ArrayBufferWriter<byte> _bytes = new();
    private char[] _chars = [];

    /// <summary>The line that is being written.</summary>
    public Utf8JsonWriter Line => field ??= new Utf8JsonWriter(
        _bytes, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });

    /// <summary>Ends the line.</summary>
    public void End()
    {
        Line.Flush();
        _bytes.Write("\n"u8);
        if (_chars.Length < _bytes.WrittenCount) _chars = new char[Math.Max(4096, _bytes.WrittenCount * 2)];
        var length = Encoding.UTF8.GetChars(_bytes.WrittenSpan, _chars);
        output.Write(_chars.AsSpan(0, length));
        _bytes.ResetWrittenCount();
        Line.Reset();
    }
}
