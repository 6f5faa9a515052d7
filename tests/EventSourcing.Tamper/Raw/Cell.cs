using System.Buffers.Binary;
using System.Text;
using SQLitePCL;

namespace EventSourcing.Tamper;

/// <summary>A value as it is stored: its storage class and its bytes. Two are equal only if both are.</summary>
internal sealed class Cell : IEquatable<Cell>
{
    private readonly byte[] _bytes;

    private Cell(int storageClass, long number, byte[] bytes)
    {
        Class = storageClass;
        Number = number;
        _bytes = bytes;
    }

    public static Cell Null { get; } = new(raw.SQLITE_NULL, 0, []);

    /// <summary>SQLite's number for the storage class.</summary>
    public int Class { get; }

    public long Number { get; }

    public double Real => BinaryPrimitives.ReadDoubleBigEndian(_bytes);

    /// <summary>The whole number that it is equal to; 0 if it is equal to none.</summary>
    public long Whole => Class != raw.SQLITE_FLOAT ? Number : Real is > 0 and < long.MaxValue && Math.Truncate(Real).Equals(Real) ? (long)Real : 0;

    public ReadOnlySpan<byte> Bytes => _bytes;

    public byte[] ToBytes() => [.. _bytes];

    public bool IsNull => Class == raw.SQLITE_NULL;

    public static Cell Of(long number) => new(raw.SQLITE_INTEGER, number, []);

    public static Cell Of(double number)
    {
        var real = new byte[sizeof(double)];
        BinaryPrimitives.WriteDoubleBigEndian(real, number);
        return new Cell(raw.SQLITE_FLOAT, 0, real);
    }

    public static Cell Of(string text) => new(raw.SQLITE_TEXT, 0, Encoding.UTF8.GetBytes(text));

    public static Cell Of(ReadOnlySpan<byte> blob) => new(raw.SQLITE_BLOB, 0, blob.ToArray());

    public static Cell TextOf(ReadOnlySpan<byte> utf8) => new(raw.SQLITE_TEXT, 0, utf8.ToArray());

    public static Cell Read(sqlite3_stmt statement, int column)
    {
        switch (raw.sqlite3_column_type(statement, column))
        {
            case raw.SQLITE_INTEGER:
                return Of(raw.sqlite3_column_int64(statement, column));
            case raw.SQLITE_FLOAT:
                return Of(raw.sqlite3_column_double(statement, column));
            case raw.SQLITE_TEXT:
                // As a BLOB: bytes that are no UTF-8 stay what they are.
                return TextOf(raw.sqlite3_column_blob(statement, column));
            case raw.SQLITE_BLOB:
                return Of(raw.sqlite3_column_blob(statement, column));
            default:
                return Null;
        }
    }

    public void Bind(sqlite3_stmt statement, int parameter)
    {
        switch (Class)
        {
            case raw.SQLITE_INTEGER:
                raw.sqlite3_bind_int64(statement, parameter, Number);
                break;
            case raw.SQLITE_FLOAT:
                raw.sqlite3_bind_double(statement, parameter, Real);
                break;
            case raw.SQLITE_TEXT:
                raw.sqlite3_bind_text(statement, parameter, _bytes.AsSpan());
                break;
            case raw.SQLITE_BLOB:
                if (_bytes.Length == 0) raw.sqlite3_bind_zeroblob(statement, parameter, 0);
                else raw.sqlite3_bind_blob(statement, parameter, _bytes);
                break;
            default:
                raw.sqlite3_bind_null(statement, parameter);
                break;
        }
    }

    public string Text => Encoding.UTF8.GetString(_bytes);

    public bool Equals(Cell? other) => other is not null && other.Class == Class && other.Number == Number && other.Bytes.SequenceEqual(_bytes);

    public override bool Equals(object? obj) => Equals(obj as Cell);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add(Class);
        hash.Add(Number);
        hash.AddBytes(_bytes);
        return hash.ToHashCode();
    }

    public override string ToString() => Class switch
    {
        raw.SQLITE_INTEGER => Number.ToString(System.Globalization.CultureInfo.InvariantCulture),
        raw.SQLITE_TEXT => $"'{Text}'",
        raw.SQLITE_NULL => "NULL",
        _ => $"x'{Convert.ToHexStringLower(_bytes)}'",
    };
}
