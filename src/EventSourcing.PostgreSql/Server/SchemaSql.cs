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

    /// <summary>How the message of such a write begins; the place follows.</summary>
    public const string MovedMessage = "the store has moved to ";

    /// <summary>The tables that are only appended to.</summary>
    public static readonly string[] AppendOnlyTables = ["streams", "event_types", "events", "event_tags", "ledger_tiles"];

    /// <summary>All tables of a store, without those of read models.</summary>
    public static readonly string[] Tables = ["store", .. AppendOnlyTables, "event_type_counts", "read_models", "read_model_aliases",
        "commit_gate"];

    /// <summary>All functions of a store.</summary>
    public static readonly string[] Functions =
        ["append_events", "import_events", "intern_types", "erase_payloads", "refuse_change", "refuse_commit",
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
        [.. TableStatements, .. FunctionStatements, .. TriggerStatements, .. PrivilegeStatements, MarkStatement];

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

    // The lock is taken by a statement of its own: under READ COMMITTED the next statement then sees all that was committed before.
    // In one statement, the snapshot would be taken before the lock is granted. Operators and functions are qualified, because a
    // caller's search path could put others before them. The other functions set the path; these must not, since a level of settings
    // of their own would end with them, and what they set must hold until the commit. Lists are unnested side by side in a SELECT: as
    // functions in FROM, each would be written to a store of tuples of its own first, which takes as long as the rest of the insert.
    // One event without tags in a stream that exists, which is most appends, goes without lists: the same checks in a statement that
    // takes half the time.
    private IEnumerable<string> FunctionStatements =>
    [
        string.Create(CultureInfo.InvariantCulture, $"""
        CREATE FUNCTION {_s}.append_events(
            bigint, bigint[], bigint[], bigint[], text[], text[], bigint[], int[], bigint[], bigint[], uuid[], int[], bytea[], bytea[], bytea[], text[], bigint,
            OUT o_head bigint, OUT o_recorded bigint) LANGUAGE plpgsql VOLATILE SECURITY DEFINER AS $fn$
        BEGIN
            IF pg_catalog.current_setting('transaction_isolation') OPERATOR(pg_catalog.<>) 'read committed' THEN
                RAISE EXCEPTION USING ERRCODE = '{WrongIsolation}', MESSAGE = 'appends need READ COMMITTED';
            END IF;
            IF pg_catalog.current_setting('synchronous_commit') OPERATOR(pg_catalog.=) ANY (ARRAY['off', 'local']) THEN
                PERFORM pg_catalog.set_config('synchronous_commit', 'on', true);
            END IF;
            PERFORM pg_catalog.pg_advisory_xact_lock({LockKey});
            IF pg_catalog.cardinality($9) OPERATOR(pg_catalog.=) 1 AND pg_catalog.cardinality($2) OPERATOR(pg_catalog.=) 1
                    AND pg_catalog.cardinality($5) OPERATOR(pg_catalog.=) 0 AND pg_catalog.cardinality($6) OPERATOR(pg_catalog.=) 0 THEN
                INSERT INTO {_s}.events (position, stream, version, recorded, id, type, seal, data, metadata, tags)
                SELECT h.position OPERATOR(pg_catalog.+) 1, $9[1], $10[1], greatest(h.recorded, $1), $11[1], $12[1], $13[1], $14[1], $15[1], $16[1]
                FROM (SELECT position, recorded FROM {_s}.events ORDER BY position DESC LIMIT 1) h
                WHERE (SELECT e.version FROM {_s}.events e WHERE e.stream OPERATOR(pg_catalog.=) $2[1] ORDER BY e.version DESC LIMIT 1) OPERATOR(pg_catalog.=) $3[1]
                    AND ($17 OPERATOR(pg_catalog.<) 0 OR $17 OPERATOR(pg_catalog.=) h.position)
                RETURNING position OPERATOR(pg_catalog.-) 1, recorded INTO o_head, o_recorded;
                RETURN;
            END IF;
            WITH h AS MATERIALIZED (SELECT position, recorded FROM {_s}.events ORDER BY position DESC LIMIT 1)
            , ok AS MATERIALIZED (
                SELECT coalesce((SELECT position FROM h), 0) AS head, greatest(coalesce((SELECT recorded FROM h), 0), $1) AS recorded
                WHERE NOT EXISTS (
                        SELECT 1 FROM (SELECT pg_catalog.unnest($2) AS id, pg_catalog.unnest($3) AS v) t
                        WHERE coalesce((SELECT e.version FROM {_s}.events e WHERE e.stream OPERATOR(pg_catalog.=) t.id ORDER BY e.version DESC LIMIT 1), 0) OPERATOR(pg_catalog.<>) t.v)
                    AND NOT EXISTS (SELECT 1 FROM {_s}.streams WHERE name OPERATOR(pg_catalog.=) ANY ($5))
                    AND ($17 OPERATOR(pg_catalog.<) 0 OR $17 OPERATOR(pg_catalog.=) coalesce((SELECT position FROM h), 0)))
            , s AS (
                INSERT INTO {_s}.streams (id, name)
                SELECT ok.head OPERATOR(pg_catalog.+) u.o, u.n
                FROM (SELECT pg_catalog.unnest($4) AS o, pg_catalog.unnest($5) AS n) u, ok WHERE u.o OPERATOR(pg_catalog.>) 0)
            , t AS (
                INSERT INTO {_s}.event_tags (tag, position, type)
                SELECT u.a, ok.head OPERATOR(pg_catalog.+) u.b, u.c
                FROM (SELECT pg_catalog.unnest($6) AS a, pg_catalog.unnest($7) AS b, pg_catalog.unnest($8) AS c) u, ok)
            , e AS (
                INSERT INTO {_s}.events (position, stream, version, recorded, id, type, seal, data, metadata, tags)
                SELECT ok.head OPERATOR(pg_catalog.+) u.o, CASE WHEN u.s OPERATOR(pg_catalog.>) 0 THEN u.s ELSE ok.head OPERATOR(pg_catalog.-) u.s END, u.v, ok.recorded, u.i, u.t, u.se, u.d, u.m, u.tg
                FROM (SELECT pg_catalog.generate_subscripts($9, 1) AS o, pg_catalog.unnest($9) AS s, pg_catalog.unnest($10) AS v, pg_catalog.unnest($11) AS i,
                    pg_catalog.unnest($12) AS t, pg_catalog.unnest($13) AS se, pg_catalog.unnest($14) AS d, pg_catalog.unnest($15) AS m, pg_catalog.unnest($16) AS tg) u, ok)
            SELECT ok.head, ok.recorded INTO o_head, o_recorded FROM ok;
        END $fn$
        """),
        string.Create(CultureInfo.InvariantCulture, $"""
        CREATE FUNCTION {_s}.import_events(
            bigint, bigint[], text[], text[], bigint[], int[], bigint[], bigint[], bigint[], uuid[], int[], bytea[], bytea[], bytea[], text[], OUT o_head bigint)
            LANGUAGE plpgsql VOLATILE SECURITY DEFINER AS $fn$
        BEGIN
            IF pg_catalog.current_setting('transaction_isolation') OPERATOR(pg_catalog.<>) 'read committed' THEN
                RAISE EXCEPTION USING ERRCODE = '{WrongIsolation}', MESSAGE = 'imports need READ COMMITTED';
            END IF;
            IF pg_catalog.current_setting('synchronous_commit') OPERATOR(pg_catalog.=) ANY (ARRAY['off', 'local']) THEN
                PERFORM pg_catalog.set_config('synchronous_commit', 'on', true);
            END IF;
            PERFORM pg_catalog.pg_advisory_xact_lock({LockKey});
            WITH ok AS MATERIALIZED (
                SELECT $1 AS head WHERE $1 OPERATOR(pg_catalog.=) coalesce((SELECT position FROM {_s}.events ORDER BY position DESC LIMIT 1), 0))
            , s AS (
                INSERT INTO {_s}.streams (id, name)
                SELECT u.i, u.n FROM (SELECT pg_catalog.unnest($2) AS i, pg_catalog.unnest($3) AS n) u, ok)
            , t AS (
                INSERT INTO {_s}.event_tags (tag, position, type)
                SELECT u.a, u.b, u.c FROM (SELECT pg_catalog.unnest($4) AS a, pg_catalog.unnest($5) AS b, pg_catalog.unnest($6) AS c) u, ok)
            , e AS (
                INSERT INTO {_s}.events (position, stream, version, recorded, id, type, seal, data, metadata, tags)
                SELECT ok.head OPERATOR(pg_catalog.+) u.o, u.s, u.v, u.r, u.i, u.t, u.se, u.d, u.m, u.tg
                FROM (SELECT pg_catalog.generate_subscripts($7, 1) AS o, pg_catalog.unnest($7) AS s, pg_catalog.unnest($8) AS v, pg_catalog.unnest($9) AS r,
                    pg_catalog.unnest($10) AS i, pg_catalog.unnest($11) AS t, pg_catalog.unnest($12) AS se, pg_catalog.unnest($13) AS d,
                    pg_catalog.unnest($14) AS m, pg_catalog.unnest($15) AS tg) u, ok)
            SELECT ok.head INTO o_head FROM ok;
        END $fn$
        """),
        $"""
        CREATE FUNCTION {_s}.intern_types(text[]) RETURNS TABLE (o_id int, o_name text) LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fn$
        BEGIN
            INSERT INTO {_s}.event_types (name) SELECT n FROM pg_catalog.unnest($1) n
                WHERE NOT EXISTS (SELECT 1 FROM {_s}.event_types t WHERE t.name OPERATOR(pg_catalog.=) n)
                ON CONFLICT DO NOTHING;
            RETURN QUERY SELECT t.id, t.name::text FROM {_s}.event_types t WHERE t.name OPERATOR(pg_catalog.=) ANY ($1);
        END $fn$
        """,
        $"""
        CREATE FUNCTION {_s}.erase_payloads(bigint[], bytea[]) RETURNS void LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fn$
            UPDATE {_s}.events e SET seal = u.c, data = ''
            FROM unnest($1, $2) u(p, c)
            WHERE e.position OPERATOR(pg_catalog.=) u.p AND pg_catalog.octet_length(e.seal) OPERATOR(pg_catalog.=) 16
        $fn$
        """,
        $"""
        CREATE FUNCTION {_s}.refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
        BEGIN
            IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'events' THEN
                IF octet_length(OLD.seal) = 16 AND octet_length(NEW.seal) = 32 AND octet_length(NEW.data) = 0
                    AND (NEW.position, NEW.stream, NEW.version, NEW.recorded, NEW.id, NEW.type) = (OLD.position, OLD.stream, OLD.version, OLD.recorded, OLD.id, OLD.type)
                    AND NEW.metadata IS NOT DISTINCT FROM OLD.metadata AND NEW.tags IS NOT DISTINCT FROM OLD.tags THEN
                    RETURN NEW;
                END IF;
            END IF;
            RAISE EXCEPTION USING ERRCODE = '{ChangeRefused}', MESSAGE = 'the log is append-only: ' || lower(TG_OP) || ' on ' || TG_TABLE_NAME || ' was refused';
        END $fn$
        """,
        $"""
        CREATE FUNCTION {_s}.refuse_commit() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
        BEGIN
            IF current_setting('eventsourcing.may_commit', true) IS DISTINCT FROM NEW.tx::text THEN
                RAISE EXCEPTION USING ERRCODE = '{CommitRefused}', MESSAGE = 'SQL of the app may not commit the transaction of the store';
            END IF;
            RETURN NULL;
        END $fn$
        """,
        $"""
        CREATE FUNCTION {_s}.refuse_move() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
        BEGIN
            RAISE EXCEPTION USING ERRCODE = '{Moved}', MESSAGE = '{MovedMessage}' || TG_ARGV[0];
        END $fn$
        """,
        $"""
        CREATE FUNCTION {_s}.json_of(bytea) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $fn$
        BEGIN
            RETURN convert_from($1, 'UTF8')::jsonb;
        EXCEPTION WHEN OTHERS THEN
            RETURN NULL;
        END $fn$
        """,
        $"""
        CREATE FUNCTION {_s}.text_of(bytea) RETURNS text LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $fn$
        BEGIN
            RETURN convert_from($1, 'UTF8');
        EXCEPTION WHEN OTHERS THEN
            RETURN NULL;
        END $fn$
        """,
        $"""
        CREATE FUNCTION {_s}.tags_of(text) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $fn$
        BEGIN
            RETURN $1::jsonb;
        EXCEPTION WHEN OTHERS THEN
            RETURN NULL;
        END $fn$
        """,

        // Ticks are 100 ns since the year 1; 62135596800 s lie between that and 1970. timestamptz has microseconds.
        $"""
        CREATE VIEW {_s}.event_log AS
        SELECT e.position,
            s.name AS stream,
            e.version,
            t.name AS type,
            timestamptz 'epoch' + ((e.recorded - 621355968000000000) / 10) * interval '1 microsecond' AS recorded_at,
            CASE octet_length(e.seal) WHEN 16 THEN {_s}.json_of(e.data) END AS data,
            {_s}.json_of(e.metadata) AS metadata,
            {_s}.tags_of(e.tags) AS tags,
            e.id
        FROM {_s}.events e
        JOIN {_s}.streams s ON s.id = e.stream
        JOIN {_s}.event_types t ON t.id = e.type
        """,
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
        $"REVOKE ALL ON FUNCTION {_s}.import_events(bigint, bigint[], text[], text[], bigint[], int[], bigint[], bigint[], bigint[], "
        + "uuid[], int[], bytea[], bytea[], bytea[], text[]) FROM PUBLIC",
        $"REVOKE ALL ON FUNCTION {_s}.intern_types(text[]) FROM PUBLIC",
        $"REVOKE ALL ON FUNCTION {_s}.erase_payloads(bigint[], bytea[]) FROM PUBLIC",
    ];

    private string MarkStatement => string.Create(
        CultureInfo.InvariantCulture,
        $"INSERT INTO {_s}.store (application, version, id, lock_key, models_key) "
        + $"VALUES ('{Application}', {Version}, gen_random_uuid(), {LockKey}, {ModelsKey})");
}
