using System.Buffers.Binary;

namespace EventSourcing.Ledger;

/// <summary>
/// A number modulo p = 2^255 - 19, as five digits of 51 bits. Between operations, digits may be a little longer; each operation
/// carries what exceeds the 51 bits. Time depends on the values: for public data only.
/// </summary>
internal readonly struct Field25519 : IEquatable<Field25519>
{
    private const ulong Mask = (1UL << 51) - 1;

    private readonly ulong _0;
    private readonly ulong _1;
    private readonly ulong _2;
    private readonly ulong _3;
    private readonly ulong _4;

    public Field25519(uint value) => _0 = value;

    /// <summary>Takes digits below 2^64 and carries once, which leaves them below 2^51 + 2^18.</summary>
    private Field25519(ulong d0, ulong d1, ulong d2, ulong d3, ulong d4)
    {
        _0 = (d0 & Mask) + (d4 >> 51) * 19;
        _1 = (d1 & Mask) + (d0 >> 51);
        _2 = (d2 & Mask) + (d1 >> 51);
        _3 = (d3 & Mask) + (d2 >> 51);
        _4 = (d4 & Mask) + (d3 >> 51);
    }

    public static Field25519 Zero => default;

    public static Field25519 One { get; } = new(1);

    public bool IsZero => this == Zero;

    public bool IsOdd
    {
        get
        {
            Span<byte> bytes = stackalloc byte[32];
            Encode(bytes);
            return (bytes[0] & 1) == 1;
        }
    }

    /// <summary>2^((p-1)/4), a square root of -1; (p-1)/4 = 2^253 - 5.</summary>
    private static Field25519 RootOfMinusOne { get; } = new Field25519(2).Power(253, 5);

    public static Field25519 operator +(in Field25519 a, in Field25519 b) =>
        new(a._0 + b._0, a._1 + b._1, a._2 + b._2, a._3 + b._3, a._4 + b._4);

    public static Field25519 operator -(in Field25519 a, in Field25519 b)
    {
        // 16 p, so that no digit becomes negative.
        const ulong lowest = 16 * (Mask - 18);
        const ulong others = 16 * Mask;
        return new(a._0 + lowest - b._0, a._1 + others - b._1, a._2 + others - b._2, a._3 + others - b._3, a._4 + others - b._4);
    }

    public static Field25519 operator -(in Field25519 a) => Zero - a;

    public static Field25519 operator *(in Field25519 a, in Field25519 b)
    {
        // What exceeds 2^255 is added 19 times at the bottom.
        var (b1, b2, b3, b4) = (b._1 * 19, b._2 * 19, b._3 * 19, b._4 * 19);
        var d0 = Product(a._0, b._0) + Product(a._4, b1) + Product(a._3, b2) + Product(a._2, b3) + Product(a._1, b4);
        var d1 = Product(a._1, b._0) + Product(a._0, b._1) + Product(a._4, b2) + Product(a._3, b3) + Product(a._2, b4);
        var d2 = Product(a._2, b._0) + Product(a._1, b._1) + Product(a._0, b._2) + Product(a._4, b3) + Product(a._3, b4);
        var d3 = Product(a._3, b._0) + Product(a._2, b._1) + Product(a._1, b._2) + Product(a._0, b._3) + Product(a._4, b4);
        var d4 = Product(a._4, b._0) + Product(a._3, b._1) + Product(a._2, b._2) + Product(a._1, b._3) + Product(a._0, b._4);
        d1 += (ulong)(d0 >> 51);
        d2 += (ulong)(d1 >> 51);
        d3 += (ulong)(d2 >> 51);
        d4 += (ulong)(d3 >> 51);
        return new(((ulong)d0 & Mask) + (ulong)(d4 >> 51) * 19, (ulong)d1 & Mask, (ulong)d2 & Mask, (ulong)d3 & Mask, (ulong)d4 & Mask);
    }

    public static bool operator ==(in Field25519 a, in Field25519 b)
    {
        Span<byte> bytesOfA = stackalloc byte[32];
        Span<byte> bytesOfB = stackalloc byte[32];
        a.Encode(bytesOfA);
        b.Encode(bytesOfB);
        return bytesOfA.SequenceEqual(bytesOfB);
    }

    public static bool operator !=(in Field25519 a, in Field25519 b) => !(a == b);

    public bool Equals(Field25519 other) => this == other;

    public override bool Equals(object? obj) => obj is Field25519 other && this == other;

    public override int GetHashCode()
    {
        Span<byte> bytes = stackalloc byte[32];
        Encode(bytes);
        return BinaryPrimitives.ReadInt32LittleEndian(bytes);
    }

    /// <summary>1/a by Fermat: a^(p-2), and p - 2 = 2^255 - 21. The inverse of 0 is 0.</summary>
    public Field25519 Invert() => Power(255, 21);

    /// <summary>A square root of u/v, if there is one: RFC 8032 §5.1.3.</summary>
    public static bool TrySquareRootOfRatio(in Field25519 u, in Field25519 v, out Field25519 root)
    {
        var v3 = v * v * v;
        root = u * v3 * (u * v3 * v3 * v).Power(252, 3); // (p - 5) / 8 = 2^252 - 3
        var check = v * root * root;
        if (check == u) return true;
        root *= RootOfMinusOne;
        return check == -u;
    }

    /// <summary>Reads 32 bytes, little-endian, of a number below p.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, out Field25519 value)
    {
        var w0 = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        var w1 = BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]);
        var w2 = BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]);
        var w3 = BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]);
        value = new(w0 & Mask, (w0 >> 51 | w1 << 13) & Mask, (w1 >> 38 | w2 << 26) & Mask, (w2 >> 25 | w3 << 39) & Mask, w3 >> 12 & Mask);
        Span<byte> again = stackalloc byte[32];
        value.Encode(again);
        return bytes.SequenceEqual(again);
    }

    /// <summary>Writes the number below p as 32 bytes, little-endian.</summary>
    public void Encode(Span<byte> bytes)
    {
        // After one more carry all digits are below 2^51 + 2^13, so the number is below 2 p: it is either right or p too large.
        var r = new Field25519(_0, _1, _2, _3, _4);
        var tooLarge = r._0 + 19 >> 51;
        tooLarge = r._1 + tooLarge >> 51;
        tooLarge = r._2 + tooLarge >> 51;
        tooLarge = r._3 + tooLarge >> 51;
        tooLarge = r._4 + tooLarge >> 51;
        var d0 = r._0 + 19 * tooLarge;
        var d1 = r._1 + (d0 >> 51);
        var d2 = r._2 + (d1 >> 51);
        var d3 = r._3 + (d2 >> 51);
        var d4 = r._4 + (d3 >> 51) & Mask; // drops 2^255 if p was subtracted
        (d0, d1, d2, d3) = (d0 & Mask, d1 & Mask, d2 & Mask, d3 & Mask);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, d0 | d1 << 51);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], d1 >> 13 | d2 << 38);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[16..], d2 >> 26 | d3 << 25);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[24..], d3 >> 39 | d4 << 12);
    }

    /// <summary>This to the power of 2^bits - less, for a small <paramref name="less"/>.</summary>
    private Field25519 Power(int bits, uint less)
    {
        // 2^bits - less is all ones below 2^bits, except for its lowest bits.
        var low = (1u << 8) - less;
        var power = One;
        for (var bit = bits - 1; bit >= 0; bit--)
        {
            power *= power;
            if (bit >= 8 || (low >> bit & 1) == 1) power *= this;
        }

        return power;
    }

    private static UInt128 Product(ulong a, ulong b)
    {
        var high = Math.BigMul(a, b, out ulong low);
        return new UInt128(high, low);
    }
}
