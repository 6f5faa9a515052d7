using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text;
using System.Text.Unicode;

namespace EventSourcing;

/// <summary>
/// Writes a place in the order of a query as text, and reads such a text. The text is the Base64Url of: a version, the field's name (empty
/// if the order is that of the keys), the kind of the value (0 if it is missing), the value, the key. Each name, text and key follows its
/// length. Every place has exactly one text.
/// </summary>
internal static class CursorText
{
    private const byte Version = 1;
    private const byte Missing = 0;

    public static string Write(string? field, DocumentCursor place)
    {
        var bytes = new ArrayBufferWriter<byte>();
        bytes.Write([Version]);
        WriteText(bytes, field ?? "");
        bytes.Write([(byte)(place.Value.Kind ?? Missing)]);
        if (place.Value.Kind == FieldKind.Text) WriteText(bytes, place.Value.Text);
        else if (place.Value.Kind is { } kind)
            WriteNumber(
                bytes, kind == FieldKind.WholeNumber ? place.Value.WholeNumber : BitConverter.DoubleToInt64Bits(place.Value.Number));
        WriteText(bytes, place.Key);
        return Base64Url.EncodeToString(bytes.WrittenSpan);
    }

    /// <exception cref="FormatException">The text was not made by <see cref="Write"/>.</exception>
    public static (string? Field, DocumentCursor Place) Parse(string text)
    {
        var bytes = new byte[Base64Url.GetMaxDecodedLength(text.Length)];
        if (Base64Url.DecodeFromChars(text, bytes, out _, out var length) != OperationStatus.Done) throw NoCursor();
        var reader = new Reader(bytes.AsSpan(0, length));
        if (reader.Byte() != Version) throw NoCursor();
        var field = reader.Text();
        var kind = reader.Byte();
        try
        {
            FieldValue value = kind switch
            {
                Missing => default,
                (byte)FieldKind.WholeNumber => new FieldValue(reader.Number()),
                (byte)FieldKind.Number => new FieldValue(BitConverter.Int64BitsToDouble(reader.Number())),
                (byte)FieldKind.Text => new FieldValue(reader.Text()),
                _ => throw NoCursor(),
            };
            var key = reader.Text();
            StoredDocument.ThrowIfInvalidKey(key);
            if (field.Length == 0 && kind != Missing) throw NoCursor();

            // Everything that differs from the one text of this place is refused: spaces, padding, stray bits, minus zero, trailing bytes.
            var place = new DocumentCursor(value, key);
            return Write(field, place) == text ? (field.Length == 0 ? null : field, place) : throw NoCursor();
        }
        catch (ArgumentException)
        {
            // The number is NaN, the text contains U+0000, or the key is not valid.
            throw NoCursor();
        }
    }

    private static void WriteText(ArrayBufferWriter<byte> bytes, string text)
    {
        var length = Encoding.UTF8.GetByteCount(text);
        for (var rest = length; ; rest >>= 7)
        {
            bytes.Write([(byte)(rest < 0x80 ? rest : (rest & 0x7F) | 0x80)]);
            if (rest < 0x80) break;
        }

        Encoding.UTF8.GetBytes(text, bytes);
    }

    private static void WriteNumber(ArrayBufferWriter<byte> bytes, long number)
    {
        BinaryPrimitives.WriteInt64BigEndian(bytes.GetSpan(sizeof(long)), number);
        bytes.Advance(sizeof(long));
    }

    private static FormatException NoCursor() =>
        new("The text is not a cursor of this library, or a part of it is missing. Give back a document's Cursor unchanged.");

    private ref struct Reader(ReadOnlySpan<byte> bytes)
    {
        private ReadOnlySpan<byte> _rest = bytes;

        public byte Byte() => Bytes(1)[0];

        public long Number() => BinaryPrimitives.ReadInt64BigEndian(Bytes(sizeof(long)));

        public string Text()
        {
            var utf8 = Bytes(Length());
            return Utf8.IsValid(utf8) ? Encoding.UTF8.GetString(utf8) : throw NoCursor();
        }

        private int Length()
        {
            var length = 0;
            for (var shift = 0; shift < 28; shift += 7)
            {
                var part = Byte();
                length |= (part & 0x7F) << shift;
                if (part < 0x80) return length;
            }

            throw NoCursor();
        }

        private ReadOnlySpan<byte> Bytes(int count)
        {
            if (count > _rest.Length) throw NoCursor();
            var taken = _rest[..count];
            _rest = _rest[count..];
            return taken;
        }
    }
}
