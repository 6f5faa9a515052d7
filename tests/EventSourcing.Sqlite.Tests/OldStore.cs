using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Tests;

/// <summary>Files as earlier versions of the package made them.</summary>
internal static class OldStore
{
    /// <summary>Schema version 1, to the letter: files with it are out there.</summary>
    private const string Version1 = """
        CREATE TABLE streams (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE);
        CREATE TABLE event_types (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE);
        CREATE TABLE events (
            position INTEGER PRIMARY KEY,
            stream INTEGER NOT NULL,
            version INTEGER NOT NULL,
            type INTEGER NOT NULL,
            id BLOB NOT NULL CHECK (length(id) = 16),
            recorded INTEGER NOT NULL,
            data BLOB NOT NULL CHECK (typeof(data) = 'blob'),
            metadata BLOB,
            tags TEXT);
        CREATE UNIQUE INDEX events_by_stream ON events (stream, version);
        CREATE UNIQUE INDEX events_by_id ON events (id);
        CREATE INDEX events_by_type ON events (type);
        CREATE TABLE event_tags (
            tag TEXT NOT NULL,
            position INTEGER NOT NULL,
            type INTEGER NOT NULL,
            PRIMARY KEY (tag, position)) WITHOUT ROWID;
        CREATE TABLE read_models (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            fields TEXT NOT NULL);
        CREATE TABLE read_model_aliases (
            alias TEXT PRIMARY KEY,
            model INTEGER NOT NULL,
            view_name TEXT NOT NULL) WITHOUT ROWID;
        CREATE TRIGGER streams_refuse_update BEFORE UPDATE ON streams BEGIN SELECT raise(ABORT, 'the event log is append-only: UPDATE on streams is refused'); END;
        CREATE TRIGGER streams_refuse_delete BEFORE DELETE ON streams BEGIN SELECT raise(ABORT, 'the event log is append-only: DELETE on streams is refused'); END;
        CREATE TRIGGER event_types_refuse_update BEFORE UPDATE ON event_types BEGIN SELECT raise(ABORT, 'the event log is append-only: UPDATE on event_types is refused'); END;
        CREATE TRIGGER event_types_refuse_delete BEFORE DELETE ON event_types BEGIN SELECT raise(ABORT, 'the event log is append-only: DELETE on event_types is refused'); END;
        CREATE TRIGGER events_refuse_update BEFORE UPDATE ON events BEGIN SELECT raise(ABORT, 'the event log is append-only: UPDATE on events is refused'); END;
        CREATE TRIGGER events_refuse_delete BEFORE DELETE ON events BEGIN SELECT raise(ABORT, 'the event log is append-only: DELETE on events is refused'); END;
        CREATE TRIGGER event_tags_refuse_update BEFORE UPDATE ON event_tags BEGIN SELECT raise(ABORT, 'the event log is append-only: UPDATE on event_tags is refused'); END;
        CREATE TRIGGER event_tags_refuse_delete BEFORE DELETE ON event_tags BEGIN SELECT raise(ABORT, 'the event log is append-only: DELETE on event_tags is refused'); END;
        CREATE VIEW event_log AS
        SELECT e.position,
            s.name AS stream,
            e.version,
            t.name AS type,
            strftime('%Y-%m-%dT%H:%M:%S', e.recorded / 10000000 - 62135596800, 'unixepoch') || printf('.%07dZ', e.recorded % 10000000) AS recorded_at,
            CAST(e.data AS TEXT) AS data,
            CAST(e.metadata AS TEXT) AS metadata,
            e.tags,
            lower(substr(hex(e.id), 1, 8) || '-' || substr(hex(e.id), 9, 4) || '-' || substr(hex(e.id), 13, 4) || '-' || substr(hex(e.id), 17, 4) || '-' || substr(hex(e.id), 21)) AS id
        FROM events e
        JOIN streams s ON s.id = e.stream
        JOIN event_types t ON t.id = e.type;
        """;

    /// <summary>A file of version 1 with all that a store of today has in it: events, read models, and what the app has made.</summary>
    public static void MakeVersion1Of(string todays, string path)
    {
        using var connection = Some.ForeignConnection(path);
        connection.Run("PRAGMA journal_mode = WAL");
        connection.Run(Version1);
        connection.Run($"ATTACH '{todays}' AS today");
        connection.Run("BEGIN");
        foreach (var table in (string[])["streams", "event_types", "event_tags", "read_models", "read_model_aliases"]) connection.Run($"INSERT INTO {table} SELECT * FROM today.{table}");
        connection.Run("INSERT INTO events SELECT position, stream, version, type, id, recorded, data, metadata, tags FROM today.events ORDER BY position");
        var others = connection.Rows("SELECT type, name, sql FROM today.sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'ledger%' AND name NOT IN (SELECT name FROM main.sqlite_master) ORDER BY rowid");
        foreach (var (type, name, sql) in others)
        {
            connection.Run(sql);
            if (type == "table") connection.Run($"INSERT INTO main.\"{name}\" SELECT * FROM today.\"{name}\"");
        }

        connection.Run("COMMIT");
        connection.Run($"DETACH today; PRAGMA application_id = {0x45534E4C}; PRAGMA user_version = 1");
    }

    private static List<(string, string, string)> Rows(this SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var rows = new List<(string, string, string)>();
        while (reader.Read()) rows.Add((reader.GetString(0), reader.GetString(1), reader.GetString(2)));
        return rows;
    }
}
