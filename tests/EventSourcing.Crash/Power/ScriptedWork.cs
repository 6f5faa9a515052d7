using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace EventSourcing.Crash;

/// <summary>
/// Appends the same sequence for the same seed, closing and opening the store again on the way, and marks each
/// acknowledgement in the journal. Run once more on the same store, it repeats every append with the same ids.
/// </summary>
internal sealed class ScriptedWork(Marks marks)
{
    public async Task RunAsync(string path, int seed, int count, int pages)
    {
        var random = new Random(seed);
        Workload[] callers = [.. Enumerable.Range(0, 3).Select(i => new Workload((seed * 31) + i, FormattableString.Invariant($"own-{i}"), bigPercent: pages < 1000 ? 5 : 1))];
        for (var done = 0; done < count;)
        {
            await using var storage = new SqliteEventStorage(path, new SqliteEventStorageOptions { CheckpointPages = pages });
            for (var left = random.Next(5, 40); left > 0 && done < count; left--)
            {
                var together = random.Next(4) == 0 ? callers.Length : 1;
                await Task.WhenAll(callers.Take(together).Select(caller => AppendAsync(storage, caller.Next())));
                done += together;
            }
        }
    }

    private async Task AppendAsync(SqliteEventStorage storage, Batch batch) =>
        marks.Write(Acknowledgement.Of(batch, await storage.AppendAsync(batch.Request)));
}

/// <summary>
/// The control: the same kind of work by hand, with less durability than the library allows. It is there to show that
/// the harness sees the loss.
/// </summary>
internal static class RawWriter
{
    public static void Run(Marks marks, string path, int seed, int count, string synchronous)
    {
        var workload = new Workload(seed, "raw", bigPercent: 5);
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        Execute(connection, $"PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous}; PRAGMA wal_autocheckpoint = 30;");
        Execute(connection, "CREATE TABLE events (position INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, data BLOB NOT NULL)");
        var position = 0L;
        for (var i = 0; i < count; i++)
        {
            var batch = workload.Next();
            Execute(connection, "BEGIN IMMEDIATE");
            var first = position + 1;
            foreach (var e in batch.Request.Writes.SelectMany(w => w.Events))
            {
                using var insert = connection.CreateCommand();
                insert.CommandText = "INSERT INTO events VALUES ($position, $id, $data)";
                insert.Parameters.AddWithValue("$position", ++position);
                insert.Parameters.AddWithValue("$id", e.Id.ToByteArray(bigEndian: true));
                insert.Parameters.AddWithValue("$data", e.Data.ToArray());
                insert.ExecuteNonQuery();
            }

            Execute(connection, "COMMIT");
            marks.Write(new Acknowledgement(batch.Id, batch.Count, first, position));
        }
    }

    /// <summary>What is left of it in an image.</summary>
    public static void Check(Tally tally, string path, IReadOnlyCollection<Acknowledgement> acknowledged, string when)
    {
        try
        {
            using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
            connection.Open();
            var missing = 0L;
            foreach (var a in acknowledged)
            {
                using var select = connection.CreateCommand();
                select.CommandText = "SELECT count(*) FROM events WHERE position BETWEEN $first AND $last";
                select.Parameters.AddWithValue("$first", a.First);
                select.Parameters.AddWithValue("$last", a.Last);
                missing += a.Count - (long)select.ExecuteScalar()!;
            }

            if (missing > 0) tally.AddLost(missing, when);
            using var check = connection.CreateCommand();
            check.CommandText = "PRAGMA integrity_check(1)";
            if (check.ExecuteScalar() is not "ok") tally.AddUnexplained($"{when}: the file is damaged");
        }
        catch (SqliteException e) when (e.SqliteErrorCode == raw.SQLITE_ERROR)
        {
            tally.AddLost(acknowledged.Sum(a => (long)a.Count), $"{when}: not even the table is there ({e.Message})");
        }
        catch (SqliteException e)
        {
            tally.AddUnexplained($"{when}: {e.Message}");
        }
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
