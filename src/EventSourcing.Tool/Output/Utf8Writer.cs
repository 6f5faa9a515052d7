using System.Globalization;
using System.Text;

namespace EventSourcing.Tool;

/// <summary>
/// Writes text as UTF-8, and bytes that are UTF-8 already, in the order in which they come. It is buffered. Disposing it flushes, and
/// leaves the stream open.
/// </summary>
internal sealed class Utf8Writer : TextWriter
{
    private const int BufferLength = 128 * 1024;

    /// <summary>What must be free for a character to be encoded: its bytes, and those of half of a surrogate pair before it.</summary>
    private const int LongestCharacter = 8;
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);
    private readonly Stream _stream;
    private readonly Encoder _encoder = Utf8.GetEncoder();
    private readonly byte[] _buffer = new byte[BufferLength];
    private int _used;

    public Utf8Writer(Stream stream)
        : base(CultureInfo.InvariantCulture)
    {
        _stream = stream;
        NewLine = "\n";
    }

    public override Encoding Encoding => Utf8;

    public override void Write(char value) => Write([value]);

    public override void Write(string? value) => Write(value.AsSpan());

    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    public override void Write(ReadOnlySpan<char> buffer)
    {
        while (!buffer.IsEmpty)
        {
            if (BufferLength - _used < LongestCharacter) WriteOut();
            _encoder.Convert(buffer, _buffer.AsSpan(_used), flush: false, out var read, out var written, out _);
            buffer = buffer[read..];
            _used += written;
        }
    }

    /// <summary>Writes bytes that are UTF-8.</summary>
    public void WriteUtf8(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > BufferLength - _used) WriteOut();
        if (bytes.Length > BufferLength)
        {
            _stream.Write(bytes);
            return;
        }

        bytes.CopyTo(_buffer.AsSpan(_used));
        _used += bytes.Length;
    }

    public override void Flush()
    {
        WriteOut();
        _stream.Flush();
    }

    public override async Task FlushAsync()
    {
        var length = _used;
        _used = 0;
        await _stream.WriteAsync(_buffer.AsMemory(0, length));
        await _stream.FlushAsync();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) Flush();
        base.Dispose(disposing);
    }

    private void WriteOut()
    {
        // What cannot be written is not tried again: whoever read has gone, or the disk is full.
        var length = _used;
        _used = 0;
        _stream.Write(_buffer, 0, length);
    }
}
