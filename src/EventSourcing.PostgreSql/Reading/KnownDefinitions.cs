namespace EventSourcing;

/// <summary>
/// What a store is made with, told without making one: for a storage that only reads, and for a role that may not make a schema. It says
/// what the server tells in the same words in every version. Of a check and of the view it says only that they are there.
/// </summary>
internal static class KnownDefinitions
{
    /// <summary>
    /// The columns: the type, <c>!</c> if it is not null, the collation if the type has one, and <c>a</c> if numbers are always generated.
    /// </summary>
    private static readonly (string Table, string Columns)[] ColumnsOf =
    [
        ("store", "one boolean!, application text! default, version integer!, id uuid!, lock_key bigint!, models_key bigint!"),
        ("streams", "id bigint!, name text! C"),
        ("event_types", "id integer! - a, name text! C"),
        ("events", "position bigint!, stream bigint!, version bigint!, recorded bigint!, id uuid!, type integer!, seal bytea!, "
            + "data bytea!, metadata bytea, tags text C"),
        ("event_tags", "tag text! C, position bigint!, type integer!"),
        ("ledger_tiles", "level integer!, number bigint!, hash bytea!, marks bytea"),
        ("event_type_counts", "type integer!, position bigint!, count bigint!"),
        ("read_models", "id integer! - a, name text! C, fields text! default"),
        ("read_model_aliases", "alias text! C, model integer!, view_name text! default"),
        ("commit_gate", "tx xid8!"),
    ];

    private static readonly (string Table, string Name, string Columns)[] Keys =
    [
        ("store", "store_pkey", "one"),
        ("streams", "streams_pkey", "id"),
        ("event_types", "event_types_pkey", "id"),
        ("events", "events_pkey", "position"),
        ("event_tags", "event_tags_pkey", "tag, position"),
        ("ledger_tiles", "ledger_tiles_pkey", "level, number"),
        ("event_type_counts", "event_type_counts_pkey", "type"),
        ("read_models", "read_models_pkey", "id"),
        ("read_model_aliases", "read_model_aliases_pkey", "alias"),
        ("streams", "streams_by_name", "name"),
        ("event_types", "event_types_by_name", "name"),
        ("events", "events_by_stream", "stream, version"),
        ("events", "events_by_id", "id"),
        ("read_models", "read_models_by_name", "name"),
    ];

    /// <summary>Constraints of which only the name is compared: the server tells their condition in words of its version.</summary>
    private static readonly string[] Named =
    [
        "store.store_one_check", "events.events_seal_check", "ledger_tiles.ledger_tiles_hash_check",
        "ledger_tiles.ledger_tiles_marks_check", "commit_gate.gate",
    ];

    /// <summary>The definitions by what they are of, as <see cref="Plain"/> has them; null if only the name counts.</summary>
    public static Dictionary<(string Kind, string Name), string?> Of(SchemaSql sql)
    {
        var known = new Dictionary<(string, string), string?> { [("view", "event_log")] = null };
        foreach (var (table, columns) in ColumnsOf)
        {
            known.Add(("table", table), "r p"); // an ordinary one, whose rows are as durable as the server
            foreach (var column in columns.Split(", "))
            {
                string[] words = [.. column.Split(' '), "-", ""];
                var (type, collation, generated) = (words[1].TrimEnd('!'), words[2], words.Length > 5 ? words[3] : "");
                known.Add(("column", $"{table}.{words[0]}"), $"{type} {(words[1] == type ? "false" : "true")} {collation} {generated}");
            }
        }

        foreach (var (table, name, columns) in Keys)
        {
            var isPrimary = name.EndsWith("_pkey", StringComparison.Ordinal);
            known.Add(("constraint", $"{table}.{name}"), $"{(isPrimary ? "PRIMARY KEY" : "UNIQUE")} ({columns})");
            known.Add(("index", $"{table}.{name}"), $"CREATE UNIQUE INDEX {name} ON {table} USING btree ({columns})");
        }

        known.Add(("index", "events.events_by_type"), "CREATE INDEX events_by_type ON events USING btree (type, position)");
        foreach (var name in Named) known.Add(("constraint", name), null);
        foreach (var table in SchemaSql.AppendOnlyTables)
        {
            const string Refuses = "EXECUTE FUNCTION refuse_change() A";
            known.Add(
                ("trigger", $"{table}.append_only"),
                $"CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON {table} FOR EACH ROW {Refuses}");
            known.Add(
                ("trigger", $"{table}.not_truncated"),
                $"CREATE TRIGGER not_truncated BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {Refuses}");
        }

        known.Add(
            ("trigger", "commit_gate.gate"),
            "CREATE CONSTRAINT TRIGGER gate AFTER INSERT ON commit_gate DEFERRABLE INITIALLY DEFERRED FOR EACH ROW "
            + "EXECUTE FUNCTION refuse_commit() A");
        var create = $"CREATE FUNCTION {sql.Quoted}.";
        foreach (var statement in new FunctionSql(sql).Statements.Where(text => text.StartsWith(create, StringComparison.Ordinal)))
        {
            var (head, body) = (statement.Split("$fn$")[0], statement.Split("$fn$")[1]);
            var name = head[create.Length..head.IndexOf('(', create.Length)];
            var isDefiner = head.Contains("SECURITY DEFINER", StringComparison.Ordinal) ? "true" : "false";
            var volatility = head.Contains("IMMUTABLE", StringComparison.Ordinal) ? "i" : "v";
            var settings = head.Contains("SET search_path = pg_catalog, pg_temp", StringComparison.Ordinal)
                ? "search_path=pg_catalog, pg_temp" : "";
            known.Add(("function", name), null);
            known.Add(("body of the function", name), Plain(sql.WithoutSchema($"{isDefiner} {volatility} [{settings}] {body}")));
        }

        return known;
    }

    /// <summary>A definition with line feeds alone, and without the quotes that some versions put around names of columns.</summary>
    public static string Plain(string definition) =>
        definition.Replace("\"", "", StringComparison.Ordinal).Replace("\r\n", "\n", StringComparison.Ordinal);
}
