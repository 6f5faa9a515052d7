namespace EventSourcing.Ledger;

/// <summary>Reads lines, each of which must end in a line feed, and reports the line in which a text is wrong.</summary>
internal ref struct LineReader(string what, ReadOnlySpan<byte> text, int linesBefore = 0)
{
    private readonly string _what = what;
    private ReadOnlySpan<byte> _rest = text;
    private int _line = linesBefore;

    public readonly bool IsAtEnd => _rest.IsEmpty;

    /// <summary>The part that has not been read.</summary>
    public readonly ReadOnlySpan<byte> Rest => _rest;

    public ReadOnlySpan<byte> Next(string name)
    {
        _line++;
        var end = _rest.IndexOf((byte)'\n');
        if (end < 0) throw Flaw(_rest.IsEmpty ? $"it ends before {name}" : $"{name} does not end in a line feed");
        var line = _rest[..end];
        _rest = _rest[(end + 1)..];
        return line;
    }

    public readonly LedgerFormatException Flaw(string flaw) => new(_what, $"line {_line}", flaw);
}
