using System.Data.Common;
using System.Text;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Tests;

/// <summary>Events and requests where a test does not care which.</summary>
internal static class Some
{
    /// <summary>Long enough that reaching it means never.</summary>
    public static readonly TimeSpan Never = TimeSpan.FromSeconds(60);

    public static NewEvent Event(string type = "something", string data = "{}", Guid? id = null, params string[] tags) =>
        new(id ?? Guid.CreateVersion7(), type, Encoding.UTF8.GetBytes(data)) { Tags = tags };

    public static AppendRequest Append(string stream, ExpectedVersion expected, params NewEvent[] events) =>
        new([new StreamWrite(stream, expected, events.Length > 0 ? events : [Event()])]);

    public static async Task<List<(long Position, string Stream, long Version, Guid Id, string Data)>> LogOf(IEventStorage storage)
    {
        var log = new List<(long, string, long, Guid, string)>();
        for (var read = new LogRead(); ;)
        {
            using var page = await storage.ReadLogAsync(read);
            foreach (var e in page.Events) log.Add((e.Position, e.Stream, e.Version, e.Id, Encoding.UTF8.GetString(e.Data.Span)));
            if (page.IsEnd) return log;
            read = read with { After = page.Next };
        }
    }

    /// <summary>A connection as any other application would open it.</summary>
    public static SqliteConnection ForeignConnection(string path)
    {
        var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        return connection;
    }

    public static object? Run(this DbConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }

    /// <summary>Runs SQL as somebody would who knows how to get past a trigger and leave no trace of that.</summary>
    public static void RunPast(this DbConnection connection, string trigger, string sql)
    {
        var definition = (string)connection.Run($"SELECT sql FROM sqlite_master WHERE name = '{trigger}'")!;
        connection.Run($"BEGIN; DROP TRIGGER {trigger}; {sql}; {definition}; COMMIT");
    }

    /// <summary>Changes what the triggers and rules guard, and puts them back.</summary>
    public static void RunPastTriggers(this SqliteConnection connection, string change)
    {
        var triggers = new List<(string Name, string Sql)>();
        using (var command = connection.CreateCommand())
        {
            command.CommandText = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'";
            using var reader = command.ExecuteReader();
            while (reader.Read()) triggers.Add((reader.GetString(0), reader.GetString(1)));
        }

        connection.Run("PRAGMA ignore_check_constraints = 1; BEGIN");
        foreach (var (name, _) in triggers) connection.Run($"DROP TRIGGER {name}");
        connection.Run(change);
        foreach (var (_, sql) in triggers) connection.Run(sql);
        connection.Run("COMMIT");
    }

    /// <summary>SQL that has the database refuse to insert events with some data: indexing them is an error.</summary>
    public static string IndexThatFailsFor(string data) =>
        $"CREATE INDEX fail ON events (CASE WHEN data = CAST('{data}' AS BLOB) THEN json('{{') END)";

    /// <summary>Another connection gets the write lock at once.</summary>
    public static void ExpectFree(string path)
    {
        using var foreign = ForeignConnection(path);
        FluentActions.Invoking(() => foreign.Run("BEGIN IMMEDIATE; ROLLBACK")).Should().NotThrow("the write lock is free");
    }
}
