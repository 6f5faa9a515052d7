namespace EventSourcing.Storage;

/// <summary>
/// Orders text by Unicode code point, which is the order of its UTF-8 bytes, and thus that of databases. It differs from
/// ordinal order of UTF-16 only in that surrogate pairs sort after U+E000–U+FFFF.
/// </summary>
internal sealed class CodePointComparer : IComparer<string>
{
    public static CodePointComparer Instance { get; } = new();

    public int Compare(string? x, string? y)
    {
        if (x is null || y is null) return (x is null ? 0 : 1) - (y is null ? 0 : 1);
        var length = Math.Min(x.Length, y.Length);
        for (var i = 0; i < length; i++)
        {
            if (x[i] != y[i]) return Weight(x[i]) - Weight(y[i]);
        }

        return x.Length - y.Length;
    }

    private static int Weight(char c) => char.IsSurrogate(c) ? c + 0x10000 : c;
}
