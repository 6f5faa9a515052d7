namespace Banking;

/// <summary>What an import has come to so far.</summary>
internal sealed class ImportReport
{
    public long LinesRead { get; set; }

    public long Imported { get; set; }

    public long AlreadyPresent { get; set; }

    public long Adjustments { get; set; }

    public long Bad { get; set; }

    public long Events { get; set; }

    /// <summary>The bank's day up to which the lines are in the store.</summary>
    public DateOnly Day { get; set; }

    public bool WasInterrupted { get; set; }
}

/// <summary>A line that was left out, and why.</summary>
internal sealed record BadLine(int Number, string Reason);
