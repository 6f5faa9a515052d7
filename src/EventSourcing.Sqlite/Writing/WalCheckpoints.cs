using System.Globalization;

namespace EventSourcing;

/// <summary>
/// Moves the write-ahead log into the database file, when the log is long or holds erased payloads, so that the next write begins it
/// anew.
/// </summary>
/// <remarks>
/// SQLite before 3.51.3 can lose committed data when a checkpoint runs beside a commit (sqlite.org/wal.html#walresetbug). Therefore no
/// connection checkpoints by itself; the library does so while it holds the write lock, when no process can commit. Readers
/// of this process wait meanwhile; readers of other processes get some time to finish their page. A log that holds erased
/// payloads is moved at once, and cut off. If others are in the way, a later commit tries again.
/// </remarks>
internal sealed class WalCheckpoints(StoreFile file, int pagesBetween) : IDisposable
{
    private const int PagesBeforeNextTry = 250;
    private const int Tries = 10;
    private const int PageBytes = 4096;
    private const int HeaderBytesOfLog = 32;
    private const int HeaderBytesOfFrame = 24;
    private const int MillisecondsBetweenTriesToClean = 200;

    /// <summary>The length in bytes to which the write-ahead log is cut back when it begins anew.</summary>
    public const int LogLimit = 64 * 1024 * 1024;

    private Database? _connection;
    private int _pages;
    private long _triedToCleanAt = long.MinValue / 2;

    /// <summary>Whether the write-ahead log may still hold copies of payloads that were erased.</summary>
    public bool HoldsErased { get; private set; }

    private bool IsToBeCleaned => HoldsErased && Environment.TickCount64 - _triedToCleanAt >= MillisecondsBetweenTriesToClean;

    /// <summary>Looks at the log that a new connection of the writer finds.</summary>
    public void Look(Database writer)
    {
        // What other processes have left in the log counts: if processes live only briefly, or open and close beside others,
        // none of them would write enough for a checkpoint, and the log would grow for ever. Only the length is read: opening
        // the file would drop SQLite's locks.
        var log = new FileInfo(file.Place.LogPath);
        _pages = log.Exists ? (int)Math.Min(log.Length / PageBytes, int.MaxValue) : 0;

        // The process that erased payloads may have died before the log was emptied.
        HoldsErased |= _pages > 0
            && writer.Read($"SELECT count(*) FROM streams WHERE name = '{PayloadsErased.StreamName}'") > 0;
    }

    /// <summary>Payloads are erased in the current transaction, so that the log will hold copies of them.</summary>
    public void WillHoldErased()
    {
        HoldsErased = true;
        _triedToCleanAt = long.MinValue / 2;
    }

    /// <summary>Whether the log is to be moved now. Called after each commit.</summary>
    public bool IsDue(Database writer)
    {
        _pages += writer.TakePagesWritten();
        return _pages >= pagesBetween || IsToBeCleaned;
    }

    /// <summary>
    /// Moves the log, while no connection of this process reads. If it throws, the writer's connection may hold the lock.
    /// </summary>
    /// <param name="writer">The writer's connection, which takes the write lock meanwhile.</param>
    public async ValueTask MoveAsync(Database writer)
    {
        var isToBeCleaned = IsToBeCleaned;
        try
        {
            writer.Prepare("BEGIN IMMEDIATE").Run();
            _connection ??= file.OpenForReading();
            var isDone = false;
            for (var i = 0; i < Tries && _connection is not null && !isDone; i++)
            {
                if (i > 0) await Task.Delay(1).ConfigureAwait(false);
                isDone = _connection.CheckpointPassively();
            }

            var wait = isDone ? 0 : pagesBetween - PagesBeforeNextTry;
            _pages = isToBeCleaned && !isDone ? Math.Min(_pages, wait) : wait;
            writer.Rollback();
            if (isDone && HoldsErased) CutOff(writer);
        }
        catch
        {
            _pages = pagesBetween - PagesBeforeNextTry;
            throw;
        }
        finally
        {
            if (isToBeCleaned) _triedToCleanAt = Environment.TickCount64;
        }
    }

    public void Dispose()
    {
        _connection?.Dispose();
        _connection = null;
    }

    /// <summary>
    /// Begins the log anew by a commit that changes nothing, and cuts off the old content. SQLite does so when all of the log
    /// is in the file and nothing reads from it; the file's length tells whether it did.
    /// </summary>
    private void CutOff(Database writer)
    {
        writer.Execute("PRAGMA journal_size_limit = 0; BEGIN IMMEDIATE");
        Schema.RewriteMark(writer);
        writer.Execute(string.Create(CultureInfo.InvariantCulture, $"COMMIT; PRAGMA journal_size_limit = {LogLimit}"));

        // An erasure fills more than two pages of the log; this commit fills one.
        var length = HeaderBytesOfLog + (2 * (HeaderBytesOfFrame + writer.Read("PRAGMA page_size")));
        HoldsErased = new FileInfo(file.Place.LogPath) is { Exists: true } log && log.Length > length;
    }
}
