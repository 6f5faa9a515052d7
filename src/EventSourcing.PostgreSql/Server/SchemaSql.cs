using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace EventSourcing;

/// <summary>
/// The SQL that makes a store in a schema. Every name is qualified: a temporary table comes first in the search path, whatever that
/// says, so an unqualified name could be somebody else's table.
/// </summary>
internal sealed class SchemaSql
{
    /// <summary>The mark in the table <c>store</c> by which a schema is recognised as a store.</summary>
    public const string Application = "EventSourcing.NET log";

    /// <summary>The version of the layout below. Raise it with every change, and add the step from the previous version.</summary>
    public const int Version = 1;

    /// <summary>SQLSTATE of an append outside of READ COMMITTED.</summary>
    public const string WrongIsolation = "ES001";

    /// <summary>SQLSTATE of a COMMIT that SQL of the app has issued.</summary>
    public const string CommitRefused = "ES002";

    /// <summary>SQLSTATE of a change of what is append-only.</summary>
    public const string ChangeRefused = "ES003";

    /// <summary>SQLSTATE of a write to a store that has moved.</summary>
    public const string Moved = "ES004";

    /// <summary>SQLSTATE of an import that finds another head than the one it was made for.</summary>
    public const string HeadChanged = "ES005";

    /// <summary>How the message of a write to a store that has moved begins; the place follows.</summary>
    public const string MovedMessage = "the store has moved to ";

    /// <summary>The tables that are only appended to.</summary>
    public static readonly string[] AppendOnlyTables = ["streams", "event_types", "events", "event_tags", "ledger_tiles"];

    /// <summary>All tables of a store, without those of read models.</summary>
    public static readonly string[] Tables = ["store", .. AppendOnlyTables, "event_type_counts", "read_models", "read_model_aliases",
        "commit_gate"];

    /// <summary>The indexes by which the server refuses what would be there twice.</summary>
    public static readonly string[] UniqueIndexes =
        ["events_pkey", "events_by_id", "events_by_stream", "streams_pkey", "streams_by_name", "event_types_pkey", "event_types_by_name"];

    /// <summary>All functions of a store.</summary>
    public static readonly string[] Functions =
        ["append_events", "import_rows", "intern_types", "erase_payloads", "refuse_change", "refuse_commit",
            "refuse_move", "json_of", "text_of", "tags_of"];

    private readonly string _s;

    public SchemaSql(string schema)
    {
        Schema = schema;
        _s = Identifier.Quote(schema);
        LockKey = KeyOf("log", schema);
        ModelsKey = KeyOf("models", schema);
    }

    /// <summary>The schema's name.</summary>
    public string Schema { get; }

    /// <summary>The name, quoted for SQL.</summary>
    public string Quoted => _s;

    /// <summary>
    /// The key of the advisory lock that orders appends. It is made from the schema's name when the store is made and then kept: two
    /// stores that share a key wait for each other, which is correct, if slow.
    /// </summary>
    public long LockKey { get; }

    /// <summary>The key of the advisory lock of read models.</summary>
    public long ModelsKey { get; }

    /// <summary>The key of the advisory lock under which the store is made.</summary>
    public long CreationKey => KeyOf("creation", Schema);

    /// <summary>All statements that make the store in a schema that exists, in an order in which they can be run.</summary>
    public IEnumerable<string> Statements =>
        [.. TableStatements, .. new FunctionSql(this).Statements, .. TriggerStatements, .. PrivilegeStatements, MarkStatement];

    /// <summary>A text of the server's, without the name of this schema and the key of its lock: the same for all stores.</summary>
    public string WithoutSchema(string text) => text.Replace(LockKey.ToString(CultureInfo.InvariantCulture), "?", StringComparison.Ordinal)
        .Replace(_s + ".", "", StringComparison.Ordinal).Replace(Schema + ".", "", StringComparison.Ordinal);

    /// <summary>The script for people.</summary>
    public string Script()
    {
        var script = new StringBuilder();
        script.Append(CultureInfo.InvariantCulture,
            $"-- Makes an event store in the schema {_s} (EventSourcing.PostgreSql, schema version {Version}).\n");
        script.Append("-- Run it with psql as the role that is to own the store. It is one transaction: it does everything or nothing.\n");
        script.Append("-- The role of an app then needs (replace app by its name):\n");
        foreach (var grant in GrantsFor("app")) script.Append(CultureInfo.InvariantCulture, $"--   {grant};\n");
        script.Append("BEGIN;\n\n");
        script.Append(CultureInfo.InvariantCulture, $"CREATE SCHEMA IF NOT EXISTS {_s};\n\n");
        foreach (var statement in Statements) script.Append(statement).Append(";\n\n");
        return script.Append("COMMIT;\n").ToString();
    }

    /// <summary>What a role needs that appends, reads and keeps read models, and does not own the store.</summary>
    public IEnumerable<string> GrantsFor(string role) =>
    [
        $"GRANT USAGE, CREATE ON SCHEMA {_s} TO {role}",
        $"GRANT SELECT ON ALL TABLES IN SCHEMA {_s} TO {role}",
        $"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {_s} TO {role}",
        $"GRANT INSERT ON {_s}.ledger_tiles TO {role}",
        $"GRANT INSERT, UPDATE ON {_s}.event_type_counts TO {role}",
        $"GRANT INSERT, UPDATE, DELETE ON {_s}.read_models, {_s}.read_model_aliases, {_s}.commit_gate TO {role}",
    ];

    private static long KeyOf(string purpose, string schema) =>
        BitConverter.ToInt64(SHA256.HashData(Encoding.UTF8.GetBytes($"EventSourcing.NET/{purpose}/{schema}"))) & long.MaxValue;

    // Columns of eight bytes come first, so that no padding is stored. No foreign keys: each would be a look-up per row under the
    // lock, for what the function guarantees anyway.
    private IEnumerable<string> TableStatements =>
    [
        $"""
        CREATE TABLE {_s}.store (
            one boolean PRIMARY KEY DEFAULT true CHECK (one),
            application text NOT NULL,
            version int NOT NULL,
            id uuid NOT NULL,
            lock_key bigint NOT NULL,
            models_key bigint NOT NULL)
        """,
        $"""
        CREATE TABLE {_s}.streams (
            id bigint PRIMARY KEY,
            name text COLLATE "C" NOT NULL,
            CONSTRAINT streams_by_name UNIQUE (name))
        """,
        $"""
        CREATE TABLE {_s}.event_types (
            id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            name text COLLATE "C" NOT NULL,
            CONSTRAINT event_types_by_name UNIQUE (name))
        """,
        $"""
        CREATE TABLE {_s}.events (
            position bigint PRIMARY KEY,
            stream bigint NOT NULL,
            version bigint NOT NULL,
            recorded bigint NOT NULL,
            id uuid NOT NULL,
            type int NOT NULL,
            seal bytea NOT NULL CHECK (octet_length(seal) IN (16, 32)),
            data bytea NOT NULL,
            metadata bytea,
            tags text COLLATE "C",
            CONSTRAINT events_by_stream UNIQUE (stream, version),
            CONSTRAINT events_by_id UNIQUE (id))
        """,
        $"CREATE INDEX events_by_type ON {_s}.events (type, position)",
        $"""
        CREATE TABLE {_s}.event_tags (
            tag text COLLATE "C" NOT NULL,
            position bigint NOT NULL,
            type int NOT NULL,
            PRIMARY KEY (tag, position))
        """,
        $"""
        CREATE TABLE {_s}.ledger_tiles (
            level int NOT NULL,
            number bigint NOT NULL,
            hash bytea NOT NULL CHECK (octet_length(hash) = 32),
            marks bytea CHECK (octet_length(marks) = 512),
            PRIMARY KEY (level, number))
        """,
        $"""
        CREATE TABLE {_s}.event_type_counts (
            type int PRIMARY KEY,
            position bigint NOT NULL,
            count bigint NOT NULL)
        """,
        $"""
        CREATE TABLE {_s}.read_models (
            id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            name text COLLATE "C" NOT NULL,
            fields text NOT NULL,
            CONSTRAINT read_models_by_name UNIQUE (name))
        """,
        $"""
        CREATE TABLE {_s}.read_model_aliases (
            alias text COLLATE "C" PRIMARY KEY,
            model int NOT NULL,
            view_name text NOT NULL)
        """,
        $"CREATE TABLE {_s}.commit_gate (tx xid8 NOT NULL)",

        // lz4 is there from PostgreSQL 14 on, if the server was built with it. What is stored reads the same either way.
        $"""
        DO $do$ BEGIN
            EXECUTE 'ALTER TABLE {_s.Replace("'", "''", StringComparison.Ordinal)}.events ALTER COLUMN data SET COMPRESSION lz4';
        EXCEPTION WHEN OTHERS THEN NULL; END $do$
        """,
        $"ALTER TABLE {_s}.events SET (autovacuum_vacuum_insert_scale_factor = 0.05, toast_tuple_target = 4080)",
    ];

    // ALWAYS: otherwise a session with session_replication_role = replica would not fire them.
    private IEnumerable<string> TriggerStatements =>
    [
        .. AppendOnlyTables.SelectMany(table => (string[])
        [
            $"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {_s}.{table} FOR EACH ROW EXECUTE FUNCTION {_s}.refuse_change()",
            $"ALTER TABLE {_s}.{table} ENABLE ALWAYS TRIGGER append_only",
            $"CREATE TRIGGER not_truncated BEFORE TRUNCATE ON {_s}.{table} FOR EACH STATEMENT EXECUTE FUNCTION {_s}.refuse_change()",
            $"ALTER TABLE {_s}.{table} ENABLE ALWAYS TRIGGER not_truncated",
        ]),
        $"CREATE CONSTRAINT TRIGGER gate AFTER INSERT ON {_s}.commit_gate DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION "
        + $"{_s}.refuse_commit()",
        $"ALTER TABLE {_s}.commit_gate ENABLE ALWAYS TRIGGER gate",
    ];

    private IEnumerable<string> PrivilegeStatements =>
    [
        $"REVOKE ALL ON FUNCTION {_s}.append_events(bigint, bigint[], bigint[], bigint[], text[], text[], bigint[], int[], bigint[], "
        + "bigint[], uuid[], int[], bytea[], bytea[], bytea[], text[], bigint) FROM PUBLIC",
        $"REVOKE ALL ON FUNCTION {_s}.import_rows(bigint, bigint[], text[], text[], bigint[], int[], bigint[], bigint[], bigint[], "
        + "uuid[], int[], bytea[], bytea[], bytea[], text[]) FROM PUBLIC",
        $"REVOKE ALL ON FUNCTION {_s}.intern_types(text[]) FROM PUBLIC",
        $"REVOKE ALL ON FUNCTION {_s}.erase_payloads(bigint[], bytea[]) FROM PUBLIC",
    ];

    private string MarkStatement => string.Create(
        CultureInfo.InvariantCulture,
        $"INSERT INTO {_s}.store (application, version, id, lock_key, models_key) "
        + $"VALUES ('{Application}', {Version}, gen_random_uuid(), {LockKey}, {ModelsKey})");
}
