namespace EventSourcing;

/// <summary>What an audit finds on a connection.</summary>
internal sealed class AuditFindings(Database database)
{
    /// <summary>The most findings that are reported for one part.</summary>
    public const int Max = 1_000;

    private readonly List<LedgerFinding> _all = [];

    public IReadOnlyList<LedgerFinding> All => _all;

    /// <summary>The finding for a part of the file that cannot be read.</summary>
    public static LedgerFinding Damage(SqliteFailure failure) =>
        new(LedgerFindingKind.StructureDamaged, 0, 0, null, $"A part of the file cannot be read: {failure.Sentence}");

    public void Add(LedgerFinding finding) => _all.Add(finding);

    public void AddDamage(SqliteFailure failure) => _all.Add(Damage(failure));

    public void Add(LedgerFindingKind kind, string description) => Add(kind, 0, 0, description);

    public void Add(LedgerFindingKind kind, long position, long upTo, string description) =>
        _all.Add(new LedgerFinding(kind, position, upTo, null, description));

    /// <summary>Adds a finding for each row, until there are too many to go on.</summary>
    public void Each(string sql, Action<Statement> add) => Each(sql, row =>
    {
        add(row);
        return false;
    });

    /// <summary>Checks each row, until there are too many findings to go on.</summary>
    /// <param name="sql">The rows.</param>
    /// <param name="isRight">Says whether a row is as it should be, and adds a finding if it is not.</param>
    public void Each(string sql, Func<Statement, bool> isRight)
    {
        using var rows = database.PrepareOnce(sql);
        for (var wrong = 0; wrong < Max && rows.Step();)
        {
            if (!isRight(rows)) wrong++;
        }
    }
}
