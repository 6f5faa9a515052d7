namespace EventSourcing.Explorer.Tests.Bank;

public sealed record Statement(int Lines);

/// <summary>Fails on a booking whose reference it cannot make a line of.</summary>
public sealed partial class Statements : Projection<Statement>
{
    Statement Apply(Statement? statement, MoneyDeposited e) => Line(statement, e.Reference);
    Statement Apply(Statement? statement, MoneyWithdrawn e) => Line(statement, e.Reference);

    Statement? Apply(Statement? statement, ErasedEvent _) => statement;

    private static Statement Line(Statement? statement, string reference) => reference.StartsWith('?')
        ? throw new FormatException($"The reference '{reference}' is none that a statement can have.")
        : new Statement((statement?.Lines ?? 0) + 1);
}
