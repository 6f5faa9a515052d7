using Npgsql;

namespace EventSourcing;

/// <summary>Reads events through a connection. Thread-safe; a connection serves one read at a time.</summary>
internal sealed class LogReader(SchemaSql sql, StoreNames names, StreamEnds ends, SeenLog seen, string store)
{
    /// <summary>How many events of the log a scan examines before it returns a page, full or not.</summary>
    private const long ScanWindow = 20_000;

    private const string Snapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

    private readonly PageFiller _filler = new(names);

    private string Head => $"SELECT h.position FROM {sql.Quoted}.events h ORDER BY h.position DESC LIMIT 1";

    /// <summary>The number and the version of a stream.</summary>
    private string EndSql =>
        $"SELECT s.id, (SELECT e.version FROM {sql.Quoted}.events e WHERE e.stream = s.id ORDER BY e.version DESC LIMIT 1) "
        + $"FROM {sql.Quoted}.streams s WHERE s.name = $1";

    /// <summary>The last event of the log: its position and its id.</summary>
    private string Last => $"SELECT h.position, h.id FROM {sql.Quoted}.events h ORDER BY h.position DESC LIMIT 1";

    public async ValueTask<long> ReadHeadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var known = seen.Position;
        long head;
        var command = new NpgsqlCommand(Last, connection);
        await using (command.ConfigureAwait(false))
        {
            var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
                head = await ReadLastAsync(reader, isRelied: true, cancellationToken).ConfigureAwait(false);
        }

        if (head < known) await seen.CheckAsync(connection, cancellationToken).ConfigureAwait(false);
        return head;
    }

    public async ValueTask<long> ReadPositionAsync(NpgsqlConnection connection, Guid id, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand($"SELECT e.position FROM {sql.Quoted}.events e WHERE e.id = $1", connection);
        await using (command.ConfigureAwait(false))
        {
            command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = id });
            return (long?)await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) ?? 0;
        }
    }

    /// <summary>
    /// Reads a page of a stream. Forwards, the version is read by the statement before, and rows beyond it are dropped: a stream only
    /// grows, so that is the snapshot of the first statement. Backwards, both statements share a snapshot.
    /// </summary>
    public async ValueTask<EventPage> ReadStreamAsync(NpgsqlConnection connection, StreamRead read, bool isWithinTransaction,
        CancellationToken cancellationToken)
    {
        var forwards = read.Direction == ReadDirection.Forwards;

        // A stream that fits into one page, as most do, has the version of its last row: one statement. Of a longer one, or of a part of
        // it, the version is read first.
        var isAlone = read is { Direction: ReadDirection.Forwards, After: 0, UpTo: long.MaxValue, UpToPosition: long.MaxValue }
            && (!ends.TryGet(read.Stream, out var known) || known.Version < read.Limit);
        var rows = _filler.RowsFor(read.Limit);
        var page = new EventPage(read.Limit);
        var batch = new NpgsqlBatch(connection);
        await using (batch.ConfigureAwait(false))
        {
            if (!forwards && !isWithinTransaction) batch.Add(Snapshot);
            if (!isAlone) batch.Add(EndSql).With(read.Stream);

            // The sum keeps the planner from walking the log by position instead of the stream by version. Without a lower bound, a row is
            // found whose version is below the first, and refused.
            var rowsSql = batch.Add($"""
                SELECT {PageBuilder.ColumnsOf(withSeals: false)} FROM {sql.Quoted}.events e
                WHERE e.stream = (SELECT s.id FROM {sql.Quoted}.streams s WHERE s.name = $1)
                    AND e.version <= $2 AND e.position + 0 <= $3{(read.After == 0 ? "" : " AND e.version > $5")}
                ORDER BY e.version{(forwards ? "" : " DESC")} LIMIT $4
                """).With(read.Stream).With(read.UpTo).With(read.UpToPosition).With(rows);
            if (read.After > 0) rowsSql.With(read.After);
            if (!forwards && !isWithinTransaction) batch.Add("COMMIT");
            try
            {
                var end = default(StreamEnd);
                Filled filled;
                using var builder = new PageBuilder(page, names, store, withSeals: false);
                var reader = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
                await using (reader.ConfigureAwait(false))
                {
                    if (!isAlone)
                    {
                        end = await ReadEndAsync(reader, read.Stream, cancellationToken).ConfigureAwait(false);
                        await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
                    }

                    var upTo = isAlone ? long.MaxValue : end.Version;
                    filled = await _filler.FillAsync(builder, page, reader, read.Limit, rows, upTo, column: 1, read.Stream,
                        cancellationToken).ConfigureAwait(false);
                }

                await builder.CompleteAsync(connection, cancellationToken).ConfigureAwait(false);
                if (page.Count > 0)
                {
                    var newest = forwards ? page.Count - 1 : 0;
                    seen.Learn(page.Events[newest].Position, page.Events[newest].Id);
                }

                var last = page.Count > 0 ? page.Events[^1].Version : 0;
                if (isAlone)
                {
                    end = filled.IsEnd ? new StreamEnd(filled.Stream, last)
                        : await ReadEndAsync(connection, read.Stream, cancellationToken).ConfigureAwait(false);
                }

                if (end.Id > 0 && !isWithinTransaction) ends.Learn(read.Stream, end);
                page.Complete(
                    forwards ? (page.Count > 0 ? last : read.After) : filled.IsEnd ? read.After : last - 1, filled.IsEnd, end.Version);
                return page;
            }
            catch
            {
                page.Dispose();
                throw;
            }
        }
    }

    private async ValueTask<StreamEnd> ReadEndAsync(NpgsqlConnection connection, string stream, CancellationToken cancellationToken)
    {
        var batch = new NpgsqlBatch(connection);
        await using (batch.ConfigureAwait(false))
        {
            batch.Add(EndSql).With(stream);
            var reader = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false)) return await ReadEndAsync(reader, stream, cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask<StreamEnd> ReadEndAsync(NpgsqlDataReader reader, string stream, CancellationToken cancellationToken)
    {
        if (!await reader.ReadAsync(cancellationToken).ConfigureAwait(false)) return default;
        var version = reader.IsDBNull(1) ? (long?)null : reader.GetInt64(1);
        if (EventValues.DamageAtEnd(stream, version) is { } damage) throw new StoreCorruptedException(store, damage);
        var end = new StreamEnd(reader.GetInt64(0), version!.Value);
        names.AddStream(end.Id, stream);
        return end;
    }

    /// <summary>
    /// Reads a page of the log. Each row also brings the head of its snapshot: what a page shows of erasures must agree with the records
    /// that it shows. Without a row, the head is that of the statement before, which cannot be further.
    /// </summary>
    public ValueTask<EventPage> ReadLogAsync(NpgsqlConnection connection, LogRead read, bool isWithinTransaction,
        CancellationToken cancellationToken) =>
        ReadLogAsync(connection, read, isWithinTransaction, isRelied: !isWithinTransaction, cancellationToken);

    /// <summary>The same, for the app or for the storage itself.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="read">What to read.</param>
    /// <param name="isWithinTransaction">Whether the connection is in a transaction.</param>
    /// <param name="isRelied">
    /// Whether the app gets to see what is read. What it has not seen may be gone after a failover without a word: what another process has
    /// committed can be read before the standby has it.
    /// </param>
    /// <param name="cancellationToken">Cancels it.</param>
    public async ValueTask<EventPage> ReadLogAsync(NpgsqlConnection connection, LogRead read, bool isWithinTransaction, bool isRelied,
        CancellationToken cancellationToken)
    {
        var filter = read.Filter.IsAll ? null
            : await FilterSql.PlanAsync(connection, sql, read.Filter, read.Direction, read.After, cancellationToken).ConfigureAwait(false);
        var forwards = read.Direction == ReadDirection.Forwards;
        var isScan = filter is { Positions: null };
        var rows = _filler.RowsFor(read.Limit);
        var page = new EventPage(read.Limit);
        var batch = new NpgsqlBatch(connection);
        await using (batch.ConfigureAwait(false))
        {
            if (!forwards && !isWithinTransaction) batch.Add(Snapshot);
            batch.Add(Last);
            var to = isScan && forwards && read.UpTo - ScanWindow > read.After ? read.After + ScanWindow : read.UpTo;
            var command = batch.Add(SqlOf(filter, forwards, read.WithSeals)).With(read.After).With(to).With(rows);
            filter?.Bind(command);
            if (!forwards && !isWithinTransaction) batch.Add("COMMIT");
            try
            {
                var known = seen.Position;
                long head;
                Filled filled;
                using var builder = new PageBuilder(page, names, store, read.WithSeals);
                var reader = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
                await using (reader.ConfigureAwait(false))
                {
                    head = await ReadLastAsync(reader, isRelied, cancellationToken).ConfigureAwait(false);
                    await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
                    filled = await _filler.FillAsync(builder, page, reader, read.Limit, rows, upTo: long.MaxValue, column: 0,
                        stream: null, cancellationToken).ConfigureAwait(false);
                    head = Math.Max(head, filled.Head);
                }

                if (head < known) await seen.CheckAsync(connection, cancellationToken).ConfigureAwait(false);
                await builder.CompleteAsync(connection, cancellationToken).ConfigureAwait(false);
                Complete(page, read, filled, head, isScan);
                return page;
            }
            catch
            {
                page.Dispose();
                throw;
            }
        }
    }

    /// <summary>
    /// The position of the first match after a position, and up to which position was looked. Long walks are done in parts, so that
    /// no snapshot is kept long.
    /// </summary>
    public async ValueTask<ScoutedCondition> FirstMatchAsync(NpgsqlConnection connection, AppendCondition condition,
        CancellationToken cancellationToken)
    {
        var (query, after) = condition;
        for (; ; )
        {
            using var page = await ReadLogAsync(connection, new LogRead { After = after, Filter = query, Limit = 1 },
                isWithinTransaction: false, isRelied: false, cancellationToken).ConfigureAwait(false);
            if (page.Count > 0) return new ScoutedCondition(page.Head, page.Events[0].Position);
            if (page.IsEnd) return new ScoutedCondition(page.Head, 0);
            after = page.Next;
        }
    }

    /// <summary>Looks for the first match of each condition of an append.</summary>
    public async ValueTask<ScoutedCondition[]> ScoutAsync(
        NpgsqlConnection connection, AppendRequest request, CancellationToken cancellationToken)
    {
        var scouted = new ScoutedCondition[request.Conditions.Count];
        for (var i = 0; i < scouted.Length; i++)
            scouted[i] = await FirstMatchAsync(connection, request.Conditions[i], cancellationToken).ConfigureAwait(false);
        return scouted;
    }

    /// <param name="reader">Stands before the row.</param>
    /// <param name="isRelied">Whether the app gets to see the log up to there.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    private async ValueTask<long> ReadLastAsync(NpgsqlDataReader reader, bool isRelied, CancellationToken cancellationToken)
    {
        if (!await reader.ReadAsync(cancellationToken).ConfigureAwait(false)) return 0;
        var head = reader.GetInt64(0);
        if (isRelied) seen.Learn(head, reader.GetGuid(1));
        return head;
    }

    private static void Complete(EventPage page, LogRead read, in Filled filled, long head, bool isScan)
    {
        var forwards = read.Direction == ReadDirection.Forwards;
        var upTo = Math.Min(read.UpTo, head);
        if (upTo <= read.After)
        {
            page.Complete(forwards ? read.After : upTo, isEnd: true, head);
        }
        else if (!filled.IsEnd)
        {
            var last = page.Events[^1].Position;
            page.Complete(forwards ? last : last - 1, isEnd: false, head);
        }
        else if (forwards)
        {
            var to = isScan && upTo - ScanWindow > read.After ? read.After + ScanWindow : upTo;
            page.Complete(to, to == upTo, head);
        }
        else
        {
            var from = isScan ? Math.Max(read.After, upTo - ScanWindow) : read.After;
            page.Complete(from, from == read.After, head);
        }
    }

    private string SqlOf(FilterSql? filter, bool forwards, bool withSeals)
    {
        var order = $"ORDER BY e.position{(forwards ? "" : " DESC")}";
        var events = $"SELECT {PageBuilder.ColumnsOf(withSeals)}, ({Head}) FROM {sql.Quoted}.events e";
        if (filter is null) return $"{events} WHERE e.position > $1 AND e.position <= $2 {order} LIMIT $3";
        if (filter.Positions is { } positions) return $"{events} WHERE e.position = ANY (ARRAY({positions})) {order}";
        var from = forwards ? "$1" : $"greatest($1, least($2, ({Head})) - {ScanWindow})";
        return $"""
            {events} JOIN {sql.Quoted}.streams s ON s.id = e.stream JOIN {sql.Quoted}.event_types y ON y.id = e.type
            WHERE e.position > {from} AND e.position <= $2 AND ({filter.Condition}) {order} LIMIT $3
            """;
    }
}

/// <summary>What is known of a condition before its append.</summary>
/// <param name="UpTo">The position up to which the log was checked.</param>
/// <param name="Match">The position of the first match; 0 if there is none up to there.</param>
internal readonly record struct ScoutedCondition(long UpTo, long Match);
