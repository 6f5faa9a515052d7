using System.Globalization;
using Npgsql;

namespace EventSourcing;

/// <summary>
/// Checks everything around the events: the store's mark, its definitions as compared with those of a store that is made for the
/// comparison on the same server and rolled back, the tiles of the tree, and the tables beside the events. Each part is checked on its
/// own, so that damage of one does not hide the findings of others.
/// </summary>
internal sealed class StructureAudit(NpgsqlConnection connection, StoreServer server, bool isReadOnly)
{
    /// <summary>The most findings of one part.</summary>
    private const int MaxFindings = 1_000;

    /// <summary>
    /// How many complete tiles may be missing at the end: those on their way of all processes, and those of processes that died.
    /// </summary>
    private const long MaxMissingTiles = 64;

    private readonly string _s = server.Sql.Quoted;
    private readonly List<LedgerFinding> _findings = [];

    /// <summary>Whether an error says that something stored cannot be read.</summary>
    public static bool IsDamage(Exception failure) => failure is InvalidCastException
        || (failure is PostgresException server && (server.SqlState is "XX001" or "XX002" || Failure.IsOfTable(server)));

    /// <summary>What such an error says, as a sentence.</summary>
    public static string Described(Exception failure) => failure is PostgresException server
        ? $"the server says '{server.MessageText}'."
        : $"a value is missing, or of another type ({failure.Message.TrimEnd('.')}).";

    public async ValueTask<IReadOnlyList<LedgerFinding>> RunAsync(bool isWhole, CancellationToken cancellationToken)
    {
        await CheckAsync(() => CheckMarkAsync(cancellationToken)).ConfigureAwait(false);
        await CheckAsync(() => CheckDefinitionsAsync(cancellationToken)).ConfigureAwait(false);
        await CheckAsync(() => CheckPositionsAsync(cancellationToken)).ConfigureAwait(false);
        if (!isWhole) return _findings;
        await CheckAsync(() => CheckTilesAsync(cancellationToken)).ConfigureAwait(false);
        await CheckAsync(() => CheckNamesAsync(cancellationToken)).ConfigureAwait(false);
        await CheckAsync(() => CheckTagsAsync(cancellationToken)).ConfigureAwait(false);
        await CheckAsync(() => CheckTypeCountsAsync(cancellationToken)).ConfigureAwait(false);
        await CheckAsync(() => CheckUniqueAsync(cancellationToken)).ConfigureAwait(false);
        return _findings;
    }

    private async ValueTask CheckAsync(Func<ValueTask> part)
    {
        try
        {
            await part().ConfigureAwait(false);
        }
        catch (Exception failure) when (IsDamage(failure))
        {
            Add(LedgerFindingKind.StructureDamaged, $"A part of the store cannot be read: {Described(failure)}");
        }
    }

    private void Add(LedgerFindingKind kind, string description, long position = 0, long upTo = 0) =>
        _findings.Add(new LedgerFinding(kind, position, Math.Max(position, upTo), null, description));

    private ValueTask CheckMarkAsync(CancellationToken cancellationToken) => EachAsync(
        $"SELECT application, version::text, lock_key::text, models_key::text FROM {_s}.store",
        row =>
        {
            if (row.GetString(0) != SchemaSql.Application)
                Add(LedgerFindingKind.SchemaChanged, $"The store's mark is '{row.GetString(0)}', not '{SchemaSql.Application}'.");
            if (row.GetString(1) != SchemaSql.Version.ToString(CultureInfo.InvariantCulture))
                Add(LedgerFindingKind.SchemaChanged, $"The store's version is {row.GetString(1)}, not {SchemaSql.Version}.");
        },
        cancellationToken);

    /// <summary>
    /// Compares the definitions with those of a new store. The texts differ between versions of the server, so that store is made on the
    /// same server, in a schema that is rolled back. A storage that only reads, and a role that may not make a schema, compare with what is
    /// known without the server: then another condition of a check and another text of the view are not found.
    /// </summary>
    private async ValueTask CheckDefinitionsAsync(CancellationToken cancellationToken)
    {
        var definitions = new StoreDefinitions(connection, server);
        var actual = await definitions.ReadAsync(server.Sql, cancellationToken).ConfigureAwait(false);
        foreach (var (kind, name) in actual.Keys.Where(key =>
            key.Kind is "rule" or "row security" or "disabled trigger" or "child" or "invalid index"))
            Add(LedgerFindingKind.SchemaChanged, $"The store has a {kind} '{name}' that it was not made with; somebody has added it.");
        Dictionary<(string Kind, string Name), string?> expected;
        if (!isReadOnly && await definitions.ReadNewAsync(cancellationToken).ConfigureAwait(false) is { } pristine)
        {
            expected = pristine.ToDictionary(pair => pair.Key, pair => (string?)pair.Value);
        }
        else
        {
            expected = KnownDefinitions.Of(server.Sql);
            foreach (var key in actual.Keys.ToList()) actual[key] = KnownDefinitions.Plain(actual[key]);
        }

        foreach (var ((kind, name), definition) in expected)
        {
            if (!actual.TryGetValue((kind, name), out var found))
                Add(LedgerFindingKind.SchemaChanged, $"The schema has no {kind} '{name}'; somebody has removed it.");
            else if (definition is not null && found != definition)
                Add(LedgerFindingKind.SchemaChanged,
                    $"The definition of the {kind} '{name}' is not the one it was made with; somebody has changed it.");
        }

        foreach (var (kind, name) in actual.Keys.Except(expected.Keys).Where(key => key.Kind is "trigger" or "column" or "constraint"
            && !key.Name.StartsWith("event_log.", StringComparison.Ordinal) && !IsMoveMark(actual[key])))
            Add(LedgerFindingKind.SchemaChanged, $"The store has a {kind} '{name}' that is not its own; somebody has added it.");
    }

    /// <summary>Whether a trigger is the mark of a store that has moved: it refuses, by a function of the store.</summary>
    private static bool IsMoveMark(string definition) =>
        definition.StartsWith($"CREATE TRIGGER {MoveMark.Name} BEFORE ", StringComparison.Ordinal)
        && definition.Contains(" FOR EACH STATEMENT EXECUTE FUNCTION refuse_move('", StringComparison.Ordinal);

    private ValueTask CheckPositionsAsync(CancellationToken cancellationToken) => EachAsync(
        $"SELECT position FROM {_s}.events WHERE position < 1 ORDER BY position LIMIT {MaxFindings}",
        row => _findings.Add(RowFindings.BelowTheFirst(row.GetInt64(0))),
        cancellationToken);

    private async ValueTask CheckTilesAsync(CancellationToken cancellationToken)
    {
        long head = 0, stored = 0, last = -1;
        await EachAsync($"SELECT coalesce(max(position), 0) FROM {_s}.events", row => head = row.GetInt64(0),
            cancellationToken).ConfigureAwait(false);
        await EachAsync(
            $"SELECT level, number, marks IS NOT NULL FROM {_s}.ledger_tiles ORDER BY level, number",
            row =>
            {
                var (level, number) = (row.GetInt32(0), row.GetInt64(1));
                if (level is < 1 or >= sizeof(long) || number < 0 || number >= head >> (8 * level))
                    Add(LedgerFindingKind.TreeMismatch,
                        string.Create(CultureInfo.InvariantCulture,
                        $"There is a stored hash {number} of level {level}, which a log of {head} events does not have."));
                if (level != 1) return;
                for (var missing = last + 1; missing < number && _findings.Count < MaxFindings; missing++)
                    AddMissing(missing, "The stored hash");
                if (!row.GetBoolean(2)) AddMissing(number, "The marks");
                (stored, last) = (stored + 1, number);
            },
            cancellationToken).ConfigureAwait(false);
        if ((head >> 8) - last - 1 > MaxMissingTiles)
            Add(LedgerFindingKind.TreeMismatch,
                $"The stored tree has {stored} tiles, and the log {head} events: it can only lack the last {MaxMissingTiles} tiles.",
                ((last + 1) * MerkleTree.TileWidth) + 1, head);

        void AddMissing(long tile, string what) => Add(
            LedgerFindingKind.TreeMismatch, $"{what} of tile {tile} of the leaves is missing.", (tile * MerkleTree.TileWidth) + 1,
                (tile + 1) * MerkleTree.TileWidth);
    }

    /// <summary>
    /// Names that the library would not write, and streams without an event. A type may have none: its append was refused.
    /// </summary>
    private async ValueTask CheckNamesAsync(CancellationToken cancellationToken)
    {
        await EachAsync($"SELECT id, name FROM {_s}.streams", row =>
            CheckName("streams", row.GetInt64(0), row.GetString(1), NameRules.ThrowIfInvalidStream),
            cancellationToken).ConfigureAwait(false);
        await EachAsync($"SELECT id::bigint, name FROM {_s}.event_types", row =>
            CheckName("event_types", row.GetInt64(0), row.GetString(1), NameRules.ThrowIfInvalidType),
            cancellationToken).ConfigureAwait(false);
        await EachAsync(
            $"SELECT s.id, s.name FROM {_s}.streams s WHERE NOT EXISTS (SELECT 1 FROM {_s}.events e WHERE e.stream = s.id) "
            + $"LIMIT {MaxFindings}",
            row => _findings.Add(RowFindings.UnusedName("streams", row.GetInt64(0), row.GetString(1))),
            cancellationToken).ConfigureAwait(false);
    }

    private void CheckName(string table, long id, string name, Action<string> throwIfInvalid)
    {
        try
        {
            throwIfInvalid(name);
        }
        catch (ArgumentException) when (_findings.Count < MaxFindings)
        {
            _findings.Add(RowFindings.InvalidName(table, id));
        }
        catch (ArgumentException)
        {
            // There are enough findings.
        }
    }

    /// <summary>The check of the events finds missing tags in the table; this one finds tags that no event has.</summary>
    private ValueTask CheckTagsAsync(CancellationToken cancellationToken) => EachAsync(
        $"""
        SELECT t.tag, t.position FROM {_s}.event_tags t LEFT JOIN {_s}.events e ON e.position = t.position
        WHERE e.type IS DISTINCT FROM t.type OR NOT coalesce({_s}.tags_of(e.tags) ? t.tag, false) LIMIT {MaxFindings}
        """,
        row =>
        {
            var position = row.GetInt64(1);
            _findings.Add(RowFindings.TagOfNoEvent(
                row.GetString(0), position.ToString(CultureInfo.InvariantCulture), Math.Max(position, 0)));
        },
        cancellationToken);

    private ValueTask CheckTypeCountsAsync(CancellationToken cancellationToken) => EachAsync(
        TypeCounts.RowsThatAreWrong(server.Sql),
        row => _findings.Add(RowFindings.WrongCount(row.GetString(0), row.GetString(1), row.GetString(2))),
        cancellationToken);

    /// <summary>
    /// Looks for ids and versions that are there twice, past the indexes that are to prevent that: an index may be damaged.
    /// </summary>
    private async ValueTask CheckUniqueAsync(CancellationToken cancellationToken)
    {
        await EachAsync(
            $"SELECT min(e.position), max(e.position) FROM {_s}.events e GROUP BY e.id HAVING count(*) > 1 LIMIT {MaxFindings}",
            row => Add(LedgerFindingKind.IndexMismatch,
                $"The events at positions {row.GetInt64(0)} and {row.GetInt64(1)} have the same id.", row.GetInt64(0), row.GetInt64(1)),
            cancellationToken).ConfigureAwait(false);
        await EachAsync(
            $"SELECT min(e.position), max(e.position) FROM {_s}.events e GROUP BY e.stream, e.version HAVING count(*) > 1 "
            + $"LIMIT {MaxFindings}",
            row => Add(LedgerFindingKind.IndexMismatch,
                $"The events at positions {row.GetInt64(0)} and {row.GetInt64(1)} have the same stream and version.", row.GetInt64(0),
                row.GetInt64(1)),
            cancellationToken).ConfigureAwait(false);
    }

    private ValueTask EachAsync(string sql, Action<NpgsqlDataReader> add, CancellationToken cancellationToken) =>
        StoreDefinitions.EachAsync(connection, sql, add, cancellationToken);
}
