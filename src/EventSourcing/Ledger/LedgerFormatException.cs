namespace EventSourcing.Ledger;

/// <summary>
/// Bytes or a text that should be a leaf, a proof, a checkpoint or a note are not: damaged, of a newer version, or something
/// else. The parsers of the ledger throw nothing else, whatever the input.
/// </summary>
public sealed class LedgerFormatException : EventSourcingException
{
    internal LedgerFormatException(string what, string where, string flaw)
        : base(
            $"This is not {what}: {flaw} ({where}). Get it again from where it came from, or use a version of this library that knows "
            + "its format.")
    {
        What = what;
        Where = where;
        Flaw = flaw;
    }

    /// <summary>What it should have been, with its article: <c>a signed note</c>.</summary>
    public string What { get; }

    /// <summary>
    /// The place of the flaw: <c>byte 12</c> of a binary form, counted from 0, or <c>line 3</c> of a text, counted from 1.
    /// </summary>
    public string Where { get; }

    /// <summary>What is wrong there.</summary>
    public string Flaw { get; }
}
