using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace EventSourcing.Benchmarks;

/// <summary>
/// The floor for the banking sample's import: the same file read, the same rows inserted as JSON events into SQLite with
/// the same durability, one transaction for each day, and nothing else: no aggregates, no checks, no read models.
/// </summary>
internal static class RawImport
{
    public static void Run(string file)
    {
        var folder = Directory.CreateTempSubdirectory("es-import-");
        try
        {
            using var connection = new SqliteConnection($"Data Source={Path.Combine(folder.FullName, "raw.db")};Pooling=False");
            connection.Open();
            var db = connection.Handle!;
            raw.sqlite3_exec(db, """
                PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
                CREATE TABLE events (position INTEGER PRIMARY KEY, account TEXT NOT NULL, version INTEGER NOT NULL, type TEXT NOT NULL, id BLOB NOT NULL UNIQUE,
                    recorded INTEGER NOT NULL, data BLOB NOT NULL, UNIQUE (account, version));
                """);
            raw.sqlite3_prepare_v2(db, "INSERT INTO events (account, version, type, id, recorded, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6)", out var insert);
            using var statement = insert;
            var clock = Stopwatch.StartNew();
            var versions = new Dictionary<string, long>();
            var (day, rows, days) = ("", 0, 0);
            foreach (var line in File.ReadLines(file).Skip(1))
            {
                var cells = line.Split(',');
                if (cells[2] != day)
                {
                    if (days++ > 0) raw.sqlite3_exec(db, "COMMIT");
                    raw.sqlite3_exec(db, "BEGIN IMMEDIATE");
                    day = cells[2];
                }

                var version = versions[cells[1]] = versions.GetValueOrDefault(cells[1]) + 1;
                var booking = new Booking(long.Parse(cells[0], CultureInfo.InvariantCulture), cells[4], decimal.Parse(cells[5], CultureInfo.InvariantCulture));
                raw.sqlite3_bind_text(statement, 1, cells[1]);
                raw.sqlite3_bind_int64(statement, 2, version);
                raw.sqlite3_bind_text(statement, 3, cells[3]);
                raw.sqlite3_bind_blob(statement, 4, Guid.CreateVersion7().ToByteArray(bigEndian: true));
                raw.sqlite3_bind_int64(statement, 5, DateTime.Parse(day, CultureInfo.InvariantCulture).Ticks);
                raw.sqlite3_bind_blob(statement, 6, JsonSerializer.SerializeToUtf8Bytes(booking, BookingJson.Default.Booking));
                if (raw.sqlite3_step(statement) != raw.SQLITE_DONE) throw new InvalidOperationException(raw.sqlite3_errmsg(db).utf8_to_string());
                raw.sqlite3_reset(statement);
                rows++;
            }

            raw.sqlite3_exec(db, "COMMIT");
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"hand-written loop: {rows} rows in {days} transactions, {clock.Elapsed.TotalSeconds:0.00} s, {rows / clock.Elapsed.TotalSeconds:0} rows/s"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}

internal sealed record Booking(long TransactionId, string Operation, decimal Amount);

[JsonSerializable(typeof(Booking))]
internal sealed partial class BookingJson : JsonSerializerContext;
