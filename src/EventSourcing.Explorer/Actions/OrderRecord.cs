namespace EventSourcing.Explorer;

/// <summary>An order that somebody gave in the explorer.</summary>
internal sealed record OrderRecord(
    DateTimeOffset At, string By, string Order, string Projection, string Subject, string Reason, string Outcome);
