using Npgsql;

namespace EventSourcing;

/// <summary>Fills pages with the rows of a statement, and knows how many rows to ask for. Thread-safe.</summary>
internal sealed class PageFiller(StoreNames names)
{
    /// <summary>
    /// The mean size of the events of the last page that was cut off for its bytes. A statement asks for no more rows than fit, since
    /// rows that were asked for are sent, wanted or not.
    /// </summary>
    private int _bytesPerEvent;

    /// <summary>How many rows to ask for, for a page of so many events.</summary>
    public long RowsFor(int limit)
    {
        var size = Volatile.Read(ref _bytesPerEvent);
        return size == 0 ? limit + 1L : Math.Min(limit + 1L, Math.Max(2, 2L * EventPage.MaxBytes / size));
    }

    /// <summary>Adds rows until there are no more, or the page is full and there is another row.</summary>
    public async ValueTask<Filled> FillAsync(
        PageBuilder builder, EventPage page, NpgsqlDataReader reader, int limit, long asked, long upTo, int column,
            string? stream, CancellationToken cancellationToken)
    {
        var (rows, head, id) = (0L, 0L, 0L);
        var isBeyond = false;
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            rows++;
            if (rows == 1 && reader.FieldCount > PageBuilder.ColumnCount) head = reader.GetInt64(PageBuilder.ColumnCount);
            if (rows == 1 && stream is not null) names.AddStream(id = reader.GetInt64(PageBuilder.StreamColumn), stream);
            if (upTo < long.MaxValue && reader.GetInt64(column) > upTo)
            {
                isBeyond = true; // committed after the first statement
                continue;
            }

            if (builder.Count == limit) return new Filled(IsEnd: false, head, id);
            if (page.CopiedBytes >= EventPage.MaxBytes)
            {
                Volatile.Write(ref _bytesPerEvent, page.CopiedBytes / builder.Count);
                return new Filled(IsEnd: false, head, id);
            }

            builder.Add(reader);
        }

        if (page.CopiedBytes < EventPage.MaxBytes / 2 && rows == asked && asked <= limit) Volatile.Write(ref _bytesPerEvent, 0);
        return new Filled(rows < asked || isBeyond, head, id);
    }
}

/// <summary>How a page was filled.</summary>
/// <param name="IsEnd">Whether there are no more rows.</param>
/// <param name="Head">The head of the log in the snapshot of the rows; 0 if it was not asked for, or there are none.</param>
/// <param name="Stream">The number of the stream that was read; 0 if there are no rows, or they are those of the log.</param>
internal readonly record struct Filled(bool IsEnd, long Head, long Stream);
