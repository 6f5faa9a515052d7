using SQLitePCL;

namespace EventSourcing.Tamper;

/// <summary>
/// What somebody has who can write to the file: SQLite itself, with nothing of the library in between. Like the sqlite3
/// shell, it leaves checkpoints of the write-ahead log to SQLite. Not thread-safe.
/// </summary>
internal sealed class Shell : IDisposable
{
    private readonly sqlite3 _handle;

    static Shell() => Batteries_V2.Init();

    public Shell(string path)
    {
        var code = raw.sqlite3_open_v2(path, out _handle, raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_NOMUTEX, null);
        if (code == raw.SQLITE_OK) return;
        _handle?.Dispose();
        throw new ShellException($"opening: {raw.sqlite3_errstr(code).utf8_to_string()}");
    }

    /// <summary>SQLite's own version.</summary>
    public static string Version => raw.sqlite3_libversion().utf8_to_string();

    public void Run(string sql, params ReadOnlySpan<Cell> parameters)
    {
        if (parameters.IsEmpty)
        {
            if (raw.sqlite3_exec(_handle, sql) != raw.SQLITE_OK) throw Failure(sql);
            return;
        }

        Read(sql, static _ => 0, parameters);
    }

    public List<T> Read<T>(string sql, Func<sqlite3_stmt, T> row, params ReadOnlySpan<Cell> parameters)
    {
        if (raw.sqlite3_prepare_v2(_handle, sql, out var statement) != raw.SQLITE_OK) throw Failure(sql);
        using (statement)
        {
            for (var i = 0; i < parameters.Length; i++) parameters[i].Bind(statement, i + 1);
            var rows = new List<T>();
            while (true)
            {
                var code = raw.sqlite3_step(statement);
                if (code == raw.SQLITE_DONE) return rows;
                if (code != raw.SQLITE_ROW) throw Failure(sql);
                rows.Add(row(statement));
            }
        }
    }

    public List<Cell[]> Rows(string sql, params ReadOnlySpan<Cell> parameters) => Read(sql, Cells, parameters);

    public long Number(string sql, params ReadOnlySpan<Cell> parameters) => Rows(sql, parameters) is [var row, ..] ? row[0].Number : 0;

    /// <summary>How many rows the last statement has changed.</summary>
    public int Changes => raw.sqlite3_changes(_handle);

    /// <summary>Leaves the write-ahead log as it is when this, the last connection, is closed.</summary>
    public void KeepLogOnClose()
    {
        const int NoCheckpointOnClose = 1006;
        if (raw.sqlite3_db_config(_handle, NoCheckpointOnClose, 1, out var isSet) != raw.SQLITE_OK || isSet != 1) throw Failure("SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE");
    }

    public void Dispose() => _handle.Dispose();

    private static Cell[] Cells(sqlite3_stmt statement)
    {
        var cells = new Cell[raw.sqlite3_column_count(statement)];
        for (var i = 0; i < cells.Length; i++) cells[i] = Cell.Read(statement, i);
        return cells;
    }

    private ShellException Failure(string sql) => new($"{raw.sqlite3_errmsg(_handle).utf8_to_string()} in: {sql}");
}

/// <summary>SQLite has refused what the shell asked for.</summary>
internal sealed class ShellException(string message) : Exception(message);
