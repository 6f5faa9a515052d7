namespace EventSourcing.Tamper;

internal sealed record Paid(int Amount, string Note);

internal sealed record Named(string Name);

/// <summary>Nobody folds it, so its payload can be erased and nothing else changes.</summary>
internal sealed record Remarked(string Text);

/// <summary>An aggregate with snapshots.</summary>
[Snapshots(4)]
internal sealed partial class Account : Aggregate
{
    public int Balance { get; private set; }

    public string Name { get; private set; } = "";

    public void Pay(int amount, string note) => Raise(new Paid(amount, note));

    public void Call(string name) => Raise(new Named(name));

    private void Apply(Paid e) => Balance = unchecked(Balance + e.Amount);

    private void Apply(Named e) => Name = e.Name;
}

/// <summary>A document of each stream, with a field of each kind.</summary>
internal sealed record Sum(long Total, string? Name, double Mean, int Count);

/// <summary>Folds after the append.</summary>
internal sealed class Sums : Projection<Sum>
{
    public static readonly DocumentField<Sum, long> Total = new("total", sum => sum.Total);
    public static readonly DocumentField<Sum, string?> Label = new("name", sum => sum.Name);
    public static readonly DocumentField<Sum, double> Mean = new("mean", sum => sum.Mean);

    public Sums()
    {
        On<Paid>((sum, e) => SumOf(sum, e));
        On<Named>((sum, e) => (sum ?? new Sum(0, null, 0, 0)) with { Name = e.Name });
    }

    public override IReadOnlyList<DocumentField<Sum>> Fields => [Total, Label, Mean];

    public static Sum SumOf(Sum? sum, Paid e)
    {
        var (total, count) = (unchecked((sum?.Total ?? 0) + e.Amount), (sum?.Count ?? 0) + 1);
        return new Sum(total, sum?.Name, (double)total / count, count);
    }
}

/// <summary>Folds within the append.</summary>
internal sealed class Totals : Projection<Sum>
{
    public static readonly DocumentField<Sum, long> Total = new("total", sum => sum.Total);

    public Totals() => On<Paid>((sum, e) => Sums.SumOf(sum, e));

    public override IReadOnlyList<DocumentField<Sum>> Fields => [Total];
}

/// <summary>Keeps a table of the app's own.</summary>
internal sealed class Payments : TableProjection
{
    private const string Table = "payments";

    public Payments()
        : base(Table) => On<Paid>((tables, e, recorded, token) => tables.ExecuteAsync(
            $"INSERT INTO {tables[Table]} (position, amount) VALUES ($1, $2)", [recorded.Position, e.Amount], token));

    protected override ValueTask CreateAsync(ProjectionTables tables, CancellationToken cancellationToken) =>
        tables.ExecuteAsync($"CREATE TABLE {tables[Table]} (position INTEGER PRIMARY KEY, amount INTEGER NOT NULL)", [], cancellationToken);
}

/// <summary>Fails on some events, so that they are parked.</summary>
internal sealed class Letters : Reactor
{
    public Letters() => On<Named>((e, _, _) =>
        e.Name.StartsWith("bad", StringComparison.Ordinal) ? throw new NotSupportedException("no such letter") : Task.CompletedTask);

    public override StartFrom Start => StartFrom.Beginning;
}
