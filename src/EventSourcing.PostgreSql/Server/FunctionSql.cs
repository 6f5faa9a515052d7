using System.Globalization;

namespace EventSourcing;

/// <summary>The functions of a store, those of its triggers, and the view for people.</summary>
internal sealed class FunctionSql(SchemaSql sql)
{
    // Messages, as expressions of SQL.
    private const string ChangeMessage = "'the log is append-only: ' || lower(TG_OP) || ' on ' || TG_TABLE_NAME || ' was refused'";
    private const string CommitMessage = "'SQL of the app may not commit the transaction of the store'";

    /// <summary>
    /// The id of an event's stream. A stream that is made by the append gets the position of its first event; its rows have the number
    /// of that event in the append, as a negative number.
    /// </summary>
    private const string StreamId = "CASE WHEN u.s OPERATOR(pg_catalog.>) 0 THEN u.s ELSE ok.head OPERATOR(pg_catalog.-) u.s END";

    private readonly string _s = sql.Quoted;

    private string Head => $"coalesce((SELECT position FROM {_s}.events ORDER BY position DESC LIMIT 1), 0)";

    // The lock is taken by a statement of its own: under READ COMMITTED the next statement then sees all that was committed before.
    // In one statement, the snapshot would be taken before the lock is granted. Operators and functions are qualified, because a
    // caller's search path could put others before them. The other functions set the path; these must not, since a level of settings
    // of their own would end with them, and what they set must hold until the commit. Lists are unnested side by side in a SELECT: as
    // functions in FROM, each would be written to a store of tuples of its own first, which takes as long as the rest of the insert.
    // One event without tags in a stream that exists, which is most appends, goes without lists: the same checks in a statement that
    // takes half the time.
    /// <summary>The statements that make them, in an order in which they can be run.</summary>
    public IEnumerable<string> Statements =>
    [
        string.Create(CultureInfo.InvariantCulture, $"""
        CREATE FUNCTION {_s}.append_events(
            bigint, bigint[], bigint[], bigint[], text[], text[], bigint[], int[], bigint[], bigint[],
            uuid[], int[], bytea[], bytea[], bytea[], text[], bigint,
            OUT o_head bigint, OUT o_recorded bigint) LANGUAGE plpgsql VOLATILE SECURITY DEFINER AS $fn$
        BEGIN
            IF pg_catalog.current_setting('transaction_isolation') OPERATOR(pg_catalog.<>) 'read committed' THEN
                RAISE EXCEPTION USING ERRCODE = '{SchemaSql.WrongIsolation}', MESSAGE = 'appends need READ COMMITTED';
            END IF;
            IF pg_catalog.current_setting('synchronous_commit') OPERATOR(pg_catalog.=) ANY (ARRAY['off', 'local']) THEN
                PERFORM pg_catalog.set_config('synchronous_commit', 'on', true);
            END IF;
            PERFORM pg_catalog.pg_advisory_xact_lock({sql.LockKey});
            IF pg_catalog.cardinality($9) OPERATOR(pg_catalog.=) 1 AND pg_catalog.cardinality($2) OPERATOR(pg_catalog.=) 1
                    AND pg_catalog.cardinality($5) OPERATOR(pg_catalog.=) 0 AND pg_catalog.cardinality($6) OPERATOR(pg_catalog.=) 0 THEN
                INSERT INTO {_s}.events (position, stream, version, recorded, id, type, seal, data, metadata, tags)
                SELECT h.position OPERATOR(pg_catalog.+) 1, $9[1], $10[1], greatest(h.recorded, $1), {FirstOf(11, 16)}
                FROM (SELECT position, recorded FROM {_s}.events ORDER BY position DESC LIMIT 1) h
                WHERE {VersionOf("$2[1]")} OPERATOR(pg_catalog.=) $3[1]
                    AND ($17 OPERATOR(pg_catalog.<) 0 OR $17 OPERATOR(pg_catalog.=) h.position)
                RETURNING position OPERATOR(pg_catalog.-) 1, recorded INTO o_head, o_recorded;
                RETURN;
            END IF;
            WITH h AS MATERIALIZED (SELECT position, recorded FROM {_s}.events ORDER BY position DESC LIMIT 1)
            , ok AS MATERIALIZED (
                SELECT coalesce((SELECT position FROM h), 0) AS head, greatest(coalesce((SELECT recorded FROM h), 0), $1) AS recorded
                WHERE NOT EXISTS (
                        SELECT 1 FROM (SELECT {Unnested(2, "id", "v")}) t
                        WHERE coalesce({VersionOf("t.id")}, 0) OPERATOR(pg_catalog.<>) t.v)
                    AND NOT EXISTS (SELECT 1 FROM {_s}.streams WHERE name OPERATOR(pg_catalog.=) ANY ($5))
                    AND ($17 OPERATOR(pg_catalog.<) 0 OR $17 OPERATOR(pg_catalog.=) coalesce((SELECT position FROM h), 0)))
            , s AS (
                INSERT INTO {_s}.streams (id, name)
                SELECT ok.head OPERATOR(pg_catalog.+) u.o, u.n
                FROM (SELECT {Unnested(4, "o", "n")}) u, ok WHERE u.o OPERATOR(pg_catalog.>) 0)
            , t AS (
                INSERT INTO {_s}.event_tags (tag, position, type)
                SELECT u.a, ok.head OPERATOR(pg_catalog.+) u.b, u.c
                FROM (SELECT {Unnested(6, "a", "b", "c")}) u, ok)
            , e AS (
                INSERT INTO {_s}.events (position, stream, version, recorded, id, type, seal, data, metadata, tags)
                SELECT ok.head OPERATOR(pg_catalog.+) u.o, {StreamId}, u.v, ok.recorded, u.i, u.t, u.se, u.d, u.m, u.tg
                FROM (SELECT pg_catalog.generate_subscripts($9, 1) AS o, {Unnested(9, "s", "v", "i")},
                    {Unnested(12, "t", "se", "d", "m", "tg")}) u, ok)
            SELECT ok.head, ok.recorded INTO o_head, o_recorded FROM ok;
        END $fn$
        """),
        string.Create(CultureInfo.InvariantCulture, $"""
        CREATE FUNCTION {_s}.import_rows(
            bigint, bigint[], text[], text[], bigint[], int[], bigint[], bigint[], bigint[],
            uuid[], int[], bytea[], bytea[], bytea[], text[], OUT o_head bigint)
            LANGUAGE plpgsql VOLATILE SECURITY DEFINER AS $fn$
        BEGIN
            IF pg_catalog.current_setting('transaction_isolation') OPERATOR(pg_catalog.<>) 'read committed' THEN
                RAISE EXCEPTION USING ERRCODE = '{SchemaSql.WrongIsolation}', MESSAGE = 'imports need READ COMMITTED';
            END IF;
            IF pg_catalog.current_setting('synchronous_commit') OPERATOR(pg_catalog.=) ANY (ARRAY['off', 'local']) THEN
                PERFORM pg_catalog.set_config('synchronous_commit', 'on', true);
            END IF;
            PERFORM pg_catalog.pg_advisory_xact_lock({sql.LockKey});
            WITH ok AS MATERIALIZED (
                SELECT $1 AS head WHERE $1 OPERATOR(pg_catalog.=) {Head})
            , s AS (
                INSERT INTO {_s}.streams (id, name)
                SELECT u.i, u.n FROM (SELECT {Unnested(2, "i", "n")}) u, ok)
            , t AS (
                INSERT INTO {_s}.event_tags (tag, position, type)
                SELECT u.a, u.b, u.c FROM (SELECT {Unnested(4, "a", "b", "c")}) u, ok)
            , e AS (
                INSERT INTO {_s}.events (position, stream, version, recorded, id, type, seal, data, metadata, tags)
                SELECT ok.head OPERATOR(pg_catalog.+) u.o, u.s, u.v, u.r, u.i, u.t, u.se, u.d, u.m, u.tg
                FROM (SELECT pg_catalog.generate_subscripts($7, 1) AS o, {Unnested(7, "s", "v", "r")},
                    {Unnested(10, "i", "t", "se", "d")},
                    {Unnested(14, "m", "tg")}) u, ok)
            SELECT ok.head INTO o_head FROM ok;
            IF o_head IS NULL THEN
                RAISE EXCEPTION USING ERRCODE = '{SchemaSql.HeadChanged}', MESSAGE = 'the head has changed';
            END IF;
        END $fn$
        """),
        $"""
        CREATE FUNCTION {_s}.intern_types(text[]) RETURNS TABLE (o_id int, o_name text)
            LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fn$
        BEGIN
            INSERT INTO {_s}.event_types (name) SELECT n FROM pg_catalog.unnest($1) n
                WHERE NOT EXISTS (SELECT 1 FROM {_s}.event_types t WHERE t.name OPERATOR(pg_catalog.=) n)
                ON CONFLICT DO NOTHING;
            RETURN QUERY SELECT t.id, t.name::text FROM {_s}.event_types t WHERE t.name OPERATOR(pg_catalog.=) ANY ($1);
        END $fn$
        """,
        $"""
        CREATE FUNCTION {_s}.erase_payloads(bigint[], bytea[]) RETURNS void
            LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fn$
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
                    AND {KeptOf("NEW")} = {KeptOf("OLD")}
                    AND NEW.metadata IS NOT DISTINCT FROM OLD.metadata AND NEW.tags IS NOT DISTINCT FROM OLD.tags THEN
                    RETURN NEW;
                END IF;
            END IF;
            RAISE EXCEPTION USING ERRCODE = '{SchemaSql.ChangeRefused}', MESSAGE = {ChangeMessage};
        END $fn$
        """,
        $"""
        CREATE FUNCTION {_s}.refuse_commit() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
        BEGIN
            IF current_setting('eventsourcing.may_commit', true) IS DISTINCT FROM NEW.tx::text THEN
                RAISE EXCEPTION USING ERRCODE = '{SchemaSql.CommitRefused}', MESSAGE = {CommitMessage};
            END IF;
            RETURN NULL;
        END $fn$
        """,
        $"""
        CREATE FUNCTION {_s}.refuse_move() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $fn$
        BEGIN
            RAISE EXCEPTION USING ERRCODE = '{SchemaSql.Moved}', MESSAGE = '{SchemaSql.MovedMessage}' || TG_ARGV[0];
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

    private string VersionOf(string stream) =>
        $"(SELECT e.version FROM {_s}.events e WHERE e.stream OPERATOR(pg_catalog.=) {stream} ORDER BY e.version DESC LIMIT 1)";

    /// <summary>Parameters that are lists, from one on, as columns of these names.</summary>
    private static string Unnested(int first, params string[] names) => string.Join(", ", names.Select((name, i) =>
        string.Create(CultureInfo.InvariantCulture, $"pg_catalog.unnest(${first + i}) AS {name}")));

    /// <summary>The first elements of the parameters from one to another.</summary>
    private static string FirstOf(int first, int last) => string.Join(", ", Enumerable.Range(first, last - first + 1).Select(i =>
        string.Create(CultureInfo.InvariantCulture, $"${i}[1]")));

    /// <summary>What an erasure does not change.</summary>
    private static string KeptOf(string row) =>
        $"({row}.position, {row}.stream, {row}.version, {row}.recorded, {row}.id, {row}.type)";
}
