namespace EventSourcing.Ledger;

/// <summary>
/// A note or proof is well formed, but what it says cannot be trusted: no trusted key has signed it, a signature by a trusted
/// key is wrong, it belongs to another log, or the proof does not lead to the signed root.
/// </summary>
public sealed class LedgerVerificationException : EventSourcingException
{
    internal LedgerVerificationException(string what, string reason)
        : base($"{what} cannot be trusted: {reason} Treat what it claims as unproven.")
    {
        What = what;
        Reason = reason;
    }

    /// <summary>What was verified, with its article: <c>The signed note</c>.</summary>
    public string What { get; }

    /// <summary>Why it cannot be trusted, as a sentence.</summary>
    public string Reason { get; }
}
