using System.Globalization;
using System.Numerics;

namespace EventSourcing.Ledger;

/// <summary>
/// A point of edwards25519 (RFC 8032 §5.1) in extended coordinates: x = X/Z, y = Y/Z, xy = T/Z. Time depends on the values:
/// for public data only.
/// </summary>
internal readonly struct EdwardsPoint(in Field25519 x, in Field25519 y, in Field25519 z, in Field25519 t)
{
    public const int EncodedLength = 32;

    private readonly Field25519 _x = x;
    private readonly Field25519 _y = y;
    private readonly Field25519 _z = z;
    private readonly Field25519 _t = t;

    /// <summary>The order of the group that the base point generates: 2^252 + 27742317777372353535851937790883648493.</summary>
    public static BigInteger Order { get; } = BigInteger.Pow(2, 252) + BigInteger.Parse(
        "27742317777372353535851937790883648493", CultureInfo.InvariantCulture);

    /// <summary>The curve's d = -121665/121666.</summary>
    private static Field25519 D { get; } = -new Field25519(121665) * new Field25519(121666).Invert();

    private static Field25519 TwiceD { get; } = D + D;

    public static EdwardsPoint Identity { get; } = new(Field25519.Zero, Field25519.One, Field25519.One, Field25519.Zero);

    /// <summary>The base point: y = 4/5 and x even.</summary>
    public static EdwardsPoint Base { get; } = BasePoint();

    public static EdwardsPoint operator +(in EdwardsPoint p, in EdwardsPoint q)
    {
        // The formula is complete on this curve: it also doubles, and adds the identity.
        var a = (p._y - p._x) * (q._y - q._x);
        var b = (p._y + p._x) * (q._y + q._x);
        var c = p._t * TwiceD * q._t;
        var zz = p._z * q._z;
        var d = zz + zz;
        var (e, f, g, h) = (b - a, d - c, d + c, b + a);
        return new EdwardsPoint(e * f, g * h, f * g, e * h);
    }

    public EdwardsPoint Negate() => new(-_x, _y, _z, -_t);

    /// <summary>m·P + n·Q, for numbers below 2^256 that are not negative.</summary>
    public static EdwardsPoint Sum(BigInteger m, in EdwardsPoint p, BigInteger n, in EdwardsPoint q)
    {
        var both = p + q;
        var sum = Identity;
        for (var bit = (int)Math.Max(m.GetBitLength(), n.GetBitLength()) - 1; bit >= 0; bit--)
        {
            sum += sum;
            var (inM, inN) = (!(m >> bit).IsEven, !(n >> bit).IsEven);
            if (inM && inN) sum += both;
            else if (inM) sum += p;
            else if (inN) sum += q;
        }

        return sum;
    }

    /// <summary>Whether eight times the point is the identity.</summary>
    public bool IsOfSmallOrder()
    {
        var eightfold = this + this;
        eightfold += eightfold;
        eightfold += eightfold;
        return eightfold._x.IsZero && eightfold._y == eightfold._z;
    }

    /// <summary>Reads the one canonical encoding of a point.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, out EdwardsPoint point)
    {
        point = default;
        if (bytes.Length != EncodedLength) return false;
        Span<byte> encodedY = stackalloc byte[EncodedLength];
        bytes.CopyTo(encodedY);
        encodedY[^1] &= 0x7F;
        var xIsOdd = bytes[^1] >> 7 == 1;
        if (!Field25519.TryDecode(encodedY, out var y)) return false;
        var ySquared = y * y;
        if (!Field25519.TrySquareRootOfRatio(ySquared - Field25519.One, D * ySquared + Field25519.One, out var x)) return false;
        if (x.IsZero && xIsOdd) return false;
        if (x.IsOdd != xIsOdd) x = -x;
        point = new EdwardsPoint(x, y, Field25519.One, x * y);
        return true;
    }

    public void Encode(Span<byte> bytes)
    {
        var inverse = _z.Invert();
        (_y * inverse).Encode(bytes);
        if ((_x * inverse).IsOdd) bytes[EncodedLength - 1] |= 0x80;
    }

    private static EdwardsPoint BasePoint()
    {
        Span<byte> bytes = stackalloc byte[EncodedLength];
        (new Field25519(4) * new Field25519(5).Invert()).Encode(bytes);
        return TryDecode(bytes, out var point) ? point : throw new InvalidOperationException("The base point is not on the curve.");
    }
}
