using System.Globalization;
using Npgsql;

namespace EventSourcing;

/// <summary>
/// Commits groups of appends on a connection of its own. A group is decided on what this process believes of its streams, and the
/// server's function writes it only if the beliefs hold: one round trip. Otherwise it takes the lock first, reads the facts and
/// decides on those: two round trips. Only the leader of the <see cref="GroupCommit{TWork}"/> uses it.
/// </summary>
internal sealed class Committer : IAsyncDisposable
{
    /// <summary>
    /// How long one attempt waits for the lock, in milliseconds. Between attempts, writes can be cancelled and expire.
    /// </summary>
    private const int LockSlice = 1_000;

    /// <summary>How many groups look their ids up first after one met a stored id: an import that is run again meets many.</summary>
    private const int GroupsAfterRepetition = 16;

    /// <summary>For how long conditions are checked under the lock after another process has written, in milliseconds.</summary>
    private const int OthersWriteFor = 200;

    private const int Repetitions = 3;
    private static readonly TimeSpan PauseWhileUnreachable = TimeSpan.FromMilliseconds(100);

    private readonly StoreServer _server;
    private readonly SchemaSql _sql;
    private readonly PostgresEventStorageOptions _options;
    private readonly StoreNames _names;
    private readonly StreamEnds _ends;
    private readonly TileKeeper _tiles;
    private readonly HeadSignal _signal;
    private readonly LogReader _reader;
    private readonly ReadModelTables _tables;
    private readonly UserCode _userCode;
    private readonly GroupRows _rows = new();
    private readonly RecentEvents _recent = new();
    private readonly GroupFacts _facts;
    private readonly LedgerHasher _hasher = new();
    private readonly List<AppendWork> _sure = [];
    private readonly List<AppendWork> _unsure = [];
    private NpgsqlConnection? _connection;
    private NpgsqlCommand? _append;
    private long _head = -1;
    private (long Position, Guid Id) _lastOwn;
    private long _othersWroteAt = long.MinValue / 2;
    private int _lookForRepetitions;
    private bool _isOnlyLocal;

    public Committer(
        StoreServer server, PostgresEventStorageOptions options, StoreNames names, StreamEnds ends, TileKeeper tiles, HeadSignal signal, LogReader reader, ReadModelTables tables, UserCode userCode)
    {
        _server = server;
        _sql = server.Sql;
        _options = options;
        _names = names;
        _ends = ends;
        _tiles = tiles;
        _signal = signal;
        _reader = reader;
        _tables = tables;
        _userCode = userCode;
        _facts = new GroupFacts(_rows, _recent);
    }

    /// <summary>Commits a group: see <see cref="GroupCommit{TWork}"/>.</summary>
    public async ValueTask<Obstacle?> CommitAsync(List<AppendWork> group)
    {
        for (var attempt = 1; ; attempt++)
        {
            group.RemoveAll(work => !work.IsTaken); // those that an earlier attempt has completed
            if (group.Count == 0) return null;
            try
            {
                await ConnectAsync().ConfigureAwait(false);
                if (group[0].IsAlone) await CommitAloneAsync(group[0]).ConfigureAwait(false);
                else await CommitTogetherAsync(group).ConfigureAwait(false);
                return null;
            }
            catch (Exception failure) when (Failure.IsLockTimeout(failure))
            {
                await RollbackAsync().ConfigureAwait(false);
                return new Obstacle(TimeSpan.Zero, (_, waited) => new StoreBusyException(_server.Name, waited, failure));
            }
            catch (Exception failure) when (Failure.IsToBeRepeated(failure) || Failure.IsStoredId(failure))
            {
                await RollbackAsync().ConfigureAwait(false);
                if (Failure.IsStoredId(failure)) _lookForRepetitions = GroupsAfterRepetition;
                if (attempt > Repetitions) throw new StoreBusyException(_server.Name, TimeSpan.Zero, failure);
                foreach (var work in group) work.ForgetRefusal();
            }
            catch (Exception failure) when (Failure.IsOfConnection(failure) || Failure.IsOfStandby(failure) || Failure.IsTooManyConnections(failure))
            {
                await CloseAsync().ConfigureAwait(false);
                foreach (var work in group) work.ForgetRefusal();
                return new Obstacle(PauseWhileUnreachable, (work, _) => _server.Typed(failure, ((AppendWork)work).IsOutcomeUnknown));
            }
            catch (Exception failure)
            {
                await RollbackAsync().ConfigureAwait(false);
                throw _server.Typed(failure);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync().ConfigureAwait(false);
        _hasher.Dispose();
    }

    private long Now => _options.TimeProvider.GetUtcNow().UtcTicks;

    private async ValueTask ConnectAsync()
    {
        if (_connection is { FullState: System.Data.ConnectionState.Open }) return;
        await CloseAsync().ConfigureAwait(false);
        var connection = await _server.ConnectToWriteAsync(CancellationToken.None).ConfigureAwait(false);
        _connection = connection;
        await _server.VerifyAsync(connection, CancellationToken.None).ConfigureAwait(false);
        connection.Notice += (_, notice) => _isOnlyLocal |= notice.Notice.SqlState == "01000" && notice.Notice.Routine == "SyncRepWaitForLSN";
        await SetAsync(connection).ConfigureAwait(false);
        await ThrowIfRolledBackAsync(connection).ConfigureAwait(false);
        _append = new NpgsqlCommand(AppendSql, connection) { CommandTimeout = 0 };
        _rows.AddParametersTo(_append.Parameters);
        if (!_options.ThroughPooler) await _append.PrepareAsync().ConfigureAwait(false);
    }

    private string AppendSql => $"SELECT o_head, o_recorded FROM {_sql.Quoted}.append_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) WHERE o_head IS NOT NULL";

    private string Settings(bool isLocal) => string.Create(CultureInfo.InvariantCulture, $"""
        SELECT set_config('lock_timeout', '{Math.Min(LockSlice, CommitSettings.LockTimeout(_options.BusyTimeout))}', {isLocal}), set_config('statement_timeout', '0', {isLocal}),
            set_config('idle_in_transaction_session_timeout', '{(long)_options.HolderTimeout.TotalMilliseconds}', {isLocal}),
            set_config('synchronous_commit', CASE WHEN current_setting('synchronous_commit') IN ('off', 'local') THEN 'on' ELSE current_setting('synchronous_commit') END, {isLocal})
        """);

    /// <summary>Makes the settings of the session. Behind a pooler there is no session, so each transaction makes its own.</summary>
    private async ValueTask SetAsync(NpgsqlConnection connection)
    {
        if (_options.ThroughPooler) return;
        await connection.ExecuteAsync(
            Settings(isLocal: false) + ", set_config('default_transaction_isolation', 'read committed', false), set_config('plan_cache_mode', 'force_generic_plan', false)", CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>
    /// Checks, on a new connection, that the last event that this process has appended is still there. After a failover to a replica
    /// that lacks it, nothing is appended to what would be another history.
    /// </summary>
    private async ValueTask ThrowIfRolledBackAsync(NpgsqlConnection connection)
    {
        if (_lastOwn.Position == 0) return;
        var batch = new NpgsqlBatch(connection);
        await using (batch.ConfigureAwait(false))
        {
            batch.Add($"SELECT e.id FROM {_sql.Quoted}.events e WHERE e.position = $1").With(_lastOwn.Position);
            if (await batch.ExecuteScalarAsync().ConfigureAwait(false) is Guid id && id == _lastOwn.Id) return;
        }

        throw new StoreCorruptedException(_server.Name, string.Create(
            CultureInfo.InvariantCulture,
            $"the event {_lastOwn.Id} that was stored at position {_lastOwn.Position} is gone. The server was restored to an older state, or a replica without it has become the primary. Nothing is appended to that history until the storage is opened anew."));
    }

    /// <summary>Appends of several callers in one transaction.</summary>
    private async ValueTask CommitTogetherAsync(List<AppendWork> group)
    {
        await InternTypesAsync(group).ConfigureAwait(false);
        if (_lookForRepetitions > 0 || group.Exists(work => work.IsOutcomeUnknown))
        {
            _lookForRepetitions = Math.Max(0, _lookForRepetitions - 1);
            await CommitUnderLockAsync(group).ConfigureAwait(false);
            return;
        }

        await DecideOnBeliefsAsync(group).ConfigureAwait(false);
        if (_sure.Count > 0)
        {
            if (await TryAppendAsync().ConfigureAwait(false) is { } place)
            {
                Committed(place);
                foreach (var work in _sure) work.Complete();
            }
            else
            {
                foreach (var stream in _rows.Streams.Keys) _ends.Forget(stream);
                _unsure.Clear();
                _unsure.AddRange(group);
            }
        }

        if (_unsure.Count > 0) await CommitUnderLockAsync([.. _unsure]).ConfigureAwait(false);
    }

    /// <summary>
    /// Decides each append of the group on what is believed. An append that would be refused is put off: a refusal must rest on facts.
    /// </summary>
    private async ValueTask DecideOnBeliefsAsync(List<AppendWork> group)
    {
        Begin(isCertain: false);
        _sure.Clear();
        _unsure.Clear();
        List<string>? unknown = null;
        foreach (var work in group)
        {
            for (var w = 0; w < work.Request.Writes.Count; w++)
            {
                var (stream, expected, _) = work.Request.Writes[w];
                if (_ends.TryGet(stream, out var end)) _facts.Add(stream, end);
                else if (expected == ExpectedVersion.Any || !expected.IsMetBy(0)) (unknown ??= []).Add(stream);
            }

            if (work.Scouted is not { } scouted) continue;
            _recent.IsUsed = true;
            foreach (var known in scouted) _rows.ExpectedHead = Math.Max(_rows.ExpectedHead, Math.Max(known.UpTo, _head));
        }

        if (unknown is not null) await LoadEndsAsync(unknown).ConfigureAwait(false);
        _facts.StoredHead = Math.Max(_head, 0);
        var othersWrite = Environment.TickCount64 - _othersWroteAt < OthersWriteFor;
        var hasConditions = false;
        foreach (var work in group)
        {
            _facts.Begin(work);
            if ((work.Scouted is not null && othersWrite) || _rows.HasAnyOf(work.Request))
            {
                _unsure.Add(work);
                continue;
            }

            var decision = AppendDecision.Of(work.Request, _facts, Time(_rows.Now), looksForRepetition: false);
            if (!decision.IsToWrite || _facts.IsUnsure)
            {
                _unsure.Add(work);
                continue;
            }

            hasConditions |= work.Scouted is not null;
            work.Result = decision.Outcome;
            _rows.Add(work.Request, _facts.EndOf, _names);
            _sure.Add(work);
        }

        if (!hasConditions) _rows.ExpectedHead = -1;
    }

    /// <summary>Takes the lock, reads the facts, decides, and writes.</summary>
    private async ValueTask CommitUnderLockAsync(List<AppendWork> group)
    {
        Begin(isCertain: true);
        var batch = new NpgsqlBatch(_connection) { Timeout = 0 };
        await using (batch.ConfigureAwait(false))
        {
            var results = BeginUnderLock(batch, withModels: false);
            await ReadFactsAsync(batch, results, group).ConfigureAwait(false);
        }

        foreach (var work in group) Decide(work);
        if (_rows.Count == 0)
        {
            await RollbackAsync().ConfigureAwait(false);
        }
        else
        {
            await AppendAndCommitAsync(group, erasable: [], last: null).ConfigureAwait(false);
        }

        foreach (var work in group) work.Complete();
    }

    /// <summary>An erasure, or an append with read models: code of the app may take part, so it has a transaction of its own.</summary>
    private async ValueTask CommitAloneAsync(AppendWork work)
    {
        await InternTypesAsync([work]).ConfigureAwait(false);
        Begin(isCertain: true);
        var batch = new NpgsqlBatch(_connection) { Timeout = 0 };
        await using (batch.ConfigureAwait(false))
        {
            var results = BeginUnderLock(batch, withModels: work.Request.ReadModels is not null);
            await ReadFactsAsync(batch, results, [work]).ConfigureAwait(false);
        }

        var decision = Decide(work, isToAdd: false);
        if (!decision.IsToWrite)
        {
            await RollbackAsync().ConfigureAwait(false);
            work.Complete();
            return;
        }

        var preview = work.Request.ReadModels is null ? null : decision.Preview(work.Request);
        _rows.Add(work.Request, _facts.EndOf, _names);
        var last = new NpgsqlBatch(_connection) { Timeout = 0 };
        await using (last.ConfigureAwait(false))
        {
            var hasAppSql = false;
            if (preview is not null)
            {
                var refusal = await ChangeReadModelsAsync(work, preview, last).ConfigureAwait(false);
                hasAppSql = refusal.HasAppSql;
                if (refusal.Error is { } error)
                {
                    await RollbackAsync(closes: hasAppSql).ConfigureAwait(false);
                    work.Fail(error);
                    return;
                }
            }

            await AppendAndCommitAsync([work], work.Request.Erase, last).ConfigureAwait(false);
            work.Complete();
            if (hasAppSql) await ResetAfterAppAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Runs the app's code, and writes what it wants written; returns its refusal, if there is one.</summary>
    private async ValueTask<(Exception? Error, bool HasAppSql)> ChangeReadModelsAsync(AppendWork work, IReadOnlyList<StoredEvent> preview, NpgsqlBatch last)
    {
        var hasAppSql = false;
        var transaction = new AppendTransaction(_connection!, preview, _tables, _reader, _server);
        try
        {
            ReadModelCommit commit;
            try
            {
                commit = await _userCode.RunAsync(
                    work.Context,
                    UserCode.Kind.Write,
                    (Project: work.Request.ReadModels!, Transaction: transaction, work.Token),
                    static of => of.Project(of.Transaction, of.Token)).ConfigureAwait(false);
            }
            finally
            {
                await transaction.EndAsync().ConfigureAwait(false);
            }

            if (transaction.ServerFailure is { } server) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(server);
            ArgumentNullException.ThrowIfNull(commit);
            commit.Validate();
            var changes = new ReadModelChanges(commit, _server, _tables, _userCode);
            var batch = new NpgsqlBatch(_connection) { Timeout = 0 };
            await using (batch.ConfigureAwait(false)) await changes.CheckAsync(batch, 0, CancellationToken.None).ConfigureAwait(false);
            hasAppSql = changes.HasTables;
            await changes.WriteAsync(_connection!, last, work.Context, work.Token).ConfigureAwait(false);
            return (null, hasAppSql);
        }
        catch (Exception failure) when (transaction.ServerFailure is null && !ReadModelChanges.IsOfServer(failure))
        {
            if (failure is PostgresException && !hasAppSql) failure = _server.Typed(failure);
            return (failure, hasAppSql);
        }
    }

    private void Begin(bool isCertain)
    {
        _rows.Clear();
        _facts.Clear();
        _facts.IsCertain = isCertain;
        _rows.Now = Now;
    }

    private AppendDecision Decide(AppendWork work, bool isToAdd = true)
    {
        _facts.Begin(work);
        var decision = AppendDecision.Of(work.Request, _facts, Time(_rows.Now));
        if (decision.Refusal is { } refusal) work.Refuse(refusal);
        work.Result = decision.Outcome;

        // What an earlier attempt wrote, of which this process did not hear, is no repetition by the caller.
        if (work is { IsOutcomeUnknown: true, Result: { WasAlreadyStored: true } stored })
            work.Result = new AppendResult(stored.Streams, stored.FirstPosition, stored.Position, wasAlreadyStored: false);
        if (isToAdd && decision.IsToWrite) _rows.Add(work.Request, _facts.EndOf, _names);
        return decision;
    }

    /// <summary>Begins the transaction and takes the lock, by statements of their own: the next one sees all that was committed before.</summary>
    private int BeginUnderLock(NpgsqlBatch batch, bool withModels)
    {
        batch.Add("BEGIN ISOLATION LEVEL READ COMMITTED");
        var results = 1;
        if (_options.ThroughPooler)
        {
            batch.Add(Settings(isLocal: true));
            results++;
        }

        batch.Add(string.Create(CultureInfo.InvariantCulture, $"SELECT pg_advisory_xact_lock({_server.Mark.LockKey})"));
        if (!withModels) return results;

        // Exclusive: several appends lock documents in any order, and a deadlock under the lock of the log would stop every writer.
        batch.Add(CommitSettings.LockSql(_server.Mark, isExclusive: true));
        return results + 1;
    }

    /// <summary>Writes the rows without the lock, if all that is believed holds: the place of the group, or null if it does not hold.</summary>
    private async ValueTask<GroupPlace?> TryAppendAsync()
    {
        _rows.Complete();
        if (_options.ThroughPooler) return await TryAppendThroughPoolerAsync().ConfigureAwait(false);
        _rows.Refresh(_append!.Parameters);
        GroupPlace? place;
        try
        {
            var executing = _append.ExecuteReaderAsync();
            var leaves = _rows.CommitToContent(_hasher); // while the server works
            var reader = await executing.ConfigureAwait(false);
            await using (reader.ConfigureAwait(false)) place = await ReadPlaceAsync(reader, leaves).ConfigureAwait(false);
        }
        catch (Exception failure) when (Failure.IsOfConnection(failure))
        {
            foreach (var work in _sure) work.IsOutcomeUnknown = true;
            throw;
        }

        if (place is not null) await AwaitStandbyAsync(_sure).ConfigureAwait(false);
        return place;
    }

    private async ValueTask<GroupPlace?> TryAppendThroughPoolerAsync()
    {
        var batch = new NpgsqlBatch(_connection) { Timeout = 0 };
        await using (batch.ConfigureAwait(false))
        {
            batch.Add("BEGIN ISOLATION LEVEL READ COMMITTED");
            batch.Add(Settings(isLocal: true));
            _rows.AddParametersTo(batch.Add(AppendSql).Parameters);
            batch.Add("COMMIT");
            try
            {
                var leaves = _rows.CommitToContent(_hasher);
                var reader = await batch.ExecuteReaderAsync().ConfigureAwait(false);
                await using (reader.ConfigureAwait(false))
                {
                    await reader.NextResultAsync().ConfigureAwait(false);
                    return await ReadPlaceAsync(reader, leaves).ConfigureAwait(false);
                }
            }
            catch (Exception failure) when (Failure.IsOfConnection(failure))
            {
                foreach (var work in _sure) work.IsOutcomeUnknown = true;
                throw;
            }
        }
    }

    /// <summary>Writes the rows under the lock that is held, erases, and commits.</summary>
    private async ValueTask AppendAndCommitAsync(List<AppendWork> group, IReadOnlyList<long> erasable, NpgsqlBatch? last)
    {
        _rows.ExpectedHead = _facts.StoredHead;
        _rows.Complete();
        var batch = last ?? new NpgsqlBatch(_connection) { Timeout = 0 };
        await using (batch.ConfigureAwait(false))
        {
            var results = 0;
            for (var i = 0; i < batch.BatchCommands.Count; i++) results += batch.BatchCommands[i].CommandText.StartsWith("SELECT", StringComparison.Ordinal) ? 1 : 0;
            _rows.AddParametersTo(batch.Add(AppendSql).Parameters);
            ErasableEvent[] toErase = [.. erasable.Select(position => _facts.ErasableAt(position)!.Value).Where(e => e.Commitment is not null)];
            if (toErase.Length > 0)
                batch.Add($"SELECT {_sql.Quoted}.erase_payloads($1, $2)").With((long[])[.. toErase.Select(e => e.Position)]).With((byte[]?[])[.. toErase.Select(e => e.Commitment)]);
            batch.Add("COMMIT");
            GroupPlace? place;
            try
            {
                var executing = batch.ExecuteReaderAsync();
                var leaves = _rows.CommitToContent(_hasher);
                var reader = await executing.ConfigureAwait(false);
                await using (reader.ConfigureAwait(false))
                {
                    for (var i = 0; i < results; i++) await reader.NextResultAsync().ConfigureAwait(false);
                    place = await ReadPlaceAsync(reader, leaves).ConfigureAwait(false);
                }
            }
            catch (Exception failure) when (Failure.IsOfConnection(failure) && !Failure.IsOfHolder(failure))
            {
                foreach (var work in group) work.IsOutcomeUnknown |= work.Refusal is null;
                throw;
            }

            if (place is not { } found || found.Head != _facts.StoredHead)
                throw new StoreCorruptedException(_server.Name, "the log has changed while its lock was held, so something writes to the store without its lock.");
            await AwaitStandbyAsync(group).ConfigureAwait(false);
            Committed(found, group);
        }
    }

    private static async ValueTask<GroupPlace?> ReadPlaceAsync(NpgsqlDataReader reader, AppendedLeaf[] leaves) =>
        await reader.ReadAsync().ConfigureAwait(false) ? new GroupPlace(reader.GetInt64(0), reader.GetInt64(1), leaves) : null;

    /// <summary>
    /// If the wait for a synchronous standby was cancelled, the commit is there on the primary alone, and a failover could lose it.
    /// Another commit that waits for the standby covers it.
    /// </summary>
    private async ValueTask AwaitStandbyAsync(List<AppendWork> group)
    {
        for (var i = 0; _isOnlyLocal && i < Repetitions; i++)
        {
            _isOnlyLocal = false;
            await _connection!.ExecuteAsync("SELECT pg_logical_emit_message(true, 'eventsourcing', '')", CancellationToken.None).ConfigureAwait(false);
        }

        if (!_isOnlyLocal) return;
        _isOnlyLocal = false;
        var failure = new InvalidOperationException("The server committed without waiting for its synchronous standby, because the wait was cancelled.");
        foreach (var work in group.FindAll(work => work.Refusal is null)) work.Fail(new StorageFailedException(_server.Name, outcomeIsUnknown: true, failure));
    }

    /// <summary>Takes note of what was committed. The positions of the decision are counted from a head that was believed.</summary>
    private void Committed(in GroupPlace place, List<AppendWork>? group = null)
    {
        if (_head >= 0 && place.Head != _head) _othersWroteAt = Environment.TickCount64;
        var shift = place.Head - _facts.StoredHead;
        if (shift != 0)
        {
            foreach (var work in group ?? _sure)
                work.Result = new AppendResult(work.Result!.Streams, work.Result.FirstPosition + shift, work.Result.Position + shift, wasAlreadyStored: false);
        }

        foreach (var (name, stream) in _rows.Streams)
        {
            var id = stream.End.Id > 0 ? stream.End.Id : stream.FirstOrdinal > 0 ? place.Head + stream.FirstOrdinal : 0;
            if (id == 0) continue;
            _ends.Learn(name, new StreamEnd(id, stream.Version));
            _names.AddStream(id, name);
        }

        _recent.Add(place.Head, _rows.Events);
        _head = place.Head + _rows.Count;
        _lastOwn = (_head, _rows.Events[^1].Event.Id);
        _tiles.Add(place.Head, place.Recorded, place.Leaves);
        _signal.Advance(_head);
    }

    private async ValueTask InternTypesAsync(List<AppendWork> group)
    {
        HashSet<string>? unknown = null;
        foreach (var work in group)
        {
            for (var w = 0; w < work.Request.Writes.Count; w++)
            {
                var events = work.Request.Writes[w].Events;
                for (var i = 0; i < events.Count; i++)
                {
                    if (!_names.TryGetType(events[i].Type, out _)) (unknown ??= new HashSet<string>(StringComparer.Ordinal)).Add(events[i].Type);
                }
            }
        }

        if (unknown is not null) await _names.InternAsync(_connection!, [.. unknown]).ConfigureAwait(false);
    }

    private string EndsSql => $"""
        SELECT s.name, s.id, (SELECT e.version FROM {_sql.Quoted}.events e WHERE e.stream = s.id ORDER BY e.version DESC LIMIT 1)
        FROM {_sql.Quoted}.streams s WHERE s.name = ANY ($1)
        """;

    private async ValueTask LoadEndsAsync(List<string> streams)
    {
        var batch = new NpgsqlBatch(_connection) { Timeout = 0 };
        await using (batch.ConfigureAwait(false))
        {
            batch.Add(EndsSql).With((string[])[.. streams.Distinct(StringComparer.Ordinal)]);
            var reader = await batch.ExecuteReaderAsync().ConfigureAwait(false);
            await using (reader.ConfigureAwait(false)) await ReadEndsAsync(reader).ConfigureAwait(false);
        }
    }

    private async ValueTask ReadEndsAsync(NpgsqlDataReader reader)
    {
        while (await reader.ReadAsync().ConfigureAwait(false))
        {
            if (reader.IsDBNull(2)) throw new StoreCorruptedException(_server.Name, $"the stream '{reader.GetString(0)}' has no event.");
            _facts.Add(reader.GetString(0), new StreamEnd(reader.GetInt64(1), reader.GetInt64(2)));
        }
    }

    /// <summary>Reads, under the lock, everything that the decisions on a group may need: one round trip.</summary>
    private async ValueTask ReadFactsAsync(NpgsqlBatch batch, int results, List<AppendWork> group)
    {
        batch.Add($"SELECT e.position, e.recorded FROM {_sql.Quoted}.events e ORDER BY e.position DESC LIMIT 1");
        batch.Add(EndsSql).With((string[])[.. group.SelectMany(work => work.Request.Writes).Select(write => write.Stream).Distinct(StringComparer.Ordinal)]);
        batch.Add($"""
            SELECT e.position, s.name, e.version, e.id, y.name, e.recorded, octet_length(e.seal), e.data, e.tags
            FROM {_sql.Quoted}.events e JOIN {_sql.Quoted}.streams s ON s.id = e.stream JOIN {_sql.Quoted}.event_types y ON y.id = e.type WHERE e.id = ANY ($1)
            """).With((Guid[])[.. group.SelectMany(work => work.Request.Writes).SelectMany(write => write.Events).Select(e => e.Id)]);
        batch.Add($"SELECT e.position, y.name, e.seal, e.data FROM {_sql.Quoted}.events e JOIN {_sql.Quoted}.event_types y ON y.id = e.type WHERE e.position = ANY ($1)")
            .With((long[])[.. group.SelectMany(work => work.Request.Erase)]);
        var conditions = new List<(AppendRequest Request, int Index)>();
        foreach (var work in group)
        {
            for (var i = 0; i < work.Request.Conditions.Count; i++)
            {
                if (work.Scouted![i].Match > 0) continue;
                conditions.Add((work.Request, i));
                var filter = FilterSql.ForShortRange(_sql, work.Request.Conditions[i].Query);
                var command = batch.Add($"""
                    SELECT e.position FROM {_sql.Quoted}.events e JOIN {_sql.Quoted}.streams s ON s.id = e.stream JOIN {_sql.Quoted}.event_types y ON y.id = e.type
                    WHERE e.position > $1 AND e.position <= $2 AND ({filter.Condition}) ORDER BY e.position LIMIT $3
                    """).With(Math.Max(work.Request.Conditions[i].After, work.Scouted![i].UpTo)).With(long.MaxValue).With(1L);
                filter.Bind(command);
            }
        }

        var reader = await batch.ExecuteReaderAsync().ConfigureAwait(false);
        await using (reader.ConfigureAwait(false))
        {
            for (var i = 0; i < results; i++) await reader.NextResultAsync().ConfigureAwait(false);
            (_facts.StoredHead, _facts.LastTicks) = await reader.ReadAsync().ConfigureAwait(false) ? (reader.GetInt64(0), reader.GetInt64(1)) : (0, 0);
            await reader.NextResultAsync().ConfigureAwait(false);
            await ReadEndsAsync(reader).ConfigureAwait(false);
            await reader.NextResultAsync().ConfigureAwait(false);
            while (await reader.ReadAsync().ConfigureAwait(false)) _facts.Add(StoredAt(reader));
            await reader.NextResultAsync().ConfigureAwait(false);
            while (await reader.ReadAsync().ConfigureAwait(false)) _facts.Add(ErasableAt(reader));
            foreach (var (request, index) in conditions)
            {
                await reader.NextResultAsync().ConfigureAwait(false);
                if (await reader.ReadAsync().ConfigureAwait(false)) _facts.Add(request, index, reader.GetInt64(0));
            }
        }

        if (_facts.LastTicks < 0 || _facts.LastTicks > DateTimeOffset.MaxValue.Ticks)
            throw new StoreCorruptedException(_server.Name, string.Create(CultureInfo.InvariantCulture, $"the event at position {_facts.StoredHead} was recorded at {_facts.LastTicks} ticks, which is no instant."));
    }

    private static StoredEvent StoredAt(NpgsqlDataReader row)
    {
        var data = row.GetFieldValue<byte[]>(7);
        return new StoredEvent
        {
            Position = row.GetInt64(0),
            Stream = row.GetString(1),
            Version = row.GetInt64(2),
            Id = row.GetGuid(3),
            Type = row.GetString(4),
            RecordedAt = Time(row.GetInt64(5)),
            IsErased = row.GetInt32(6) == MerkleHash.Length,
            Data = data,
            Tags = row.IsDBNull(8) ? [] : TagList.Read(System.Text.Encoding.UTF8.GetBytes(row.GetString(8))),
        };
    }

    private static ErasableEvent ErasableAt(NpgsqlDataReader row)
    {
        var seal = row.GetFieldValue<byte[]>(2);
        var commitment = seal.Length == LedgerLeaf.SaltLength ? LedgerLeaf.CommitToData(seal, row.GetFieldValue<byte[]>(3)).Bytes.ToArray() : null;
        return new ErasableEvent(row.GetInt64(0), row.GetString(1) != PayloadsErased.TypeName, commitment);
    }

    private static DateTimeOffset Time(long ticks) => new(ticks, TimeSpan.Zero);

    /// <summary>What the app's SQL has left on the connection is gone afterwards: settings, temporary tables, subscriptions.</summary>
    private async ValueTask ResetAfterAppAsync()
    {
        try
        {
            await _connection!.ExecuteAsync("RESET ALL; DISCARD TEMP; CLOSE ALL; UNLISTEN *", CancellationToken.None).ConfigureAwait(false);
            await SetAsync(_connection!).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is NpgsqlException or InvalidOperationException)
        {
            await CloseAsync().ConfigureAwait(false); // the append is committed, and the next one connects anew
        }
    }

    private async ValueTask RollbackAsync(bool closes = false)
    {
        if (_connection is null) return;
        try
        {
            if (!closes && _connection.FullState == System.Data.ConnectionState.Open)
            {
                await _connection.ExecuteAsync("ROLLBACK", CancellationToken.None).ConfigureAwait(false);
                return;
            }
        }
        catch (Exception failure) when (failure is NpgsqlException or InvalidOperationException)
        {
            // Closing the connection rolls back too.
        }

        await CloseAsync().ConfigureAwait(false);
    }

    private async ValueTask CloseAsync()
    {
        var (connection, append) = (_connection, _append);
        (_connection, _append) = (null, null);
        if (append is not null) await append.DisposeAsync().ConfigureAwait(false);
        if (connection is not null) await connection.DisposeAsync().ConfigureAwait(false);
    }
}

/// <summary>Where a group was written.</summary>
/// <param name="Head">The head of the log before it.</param>
/// <param name="Recorded">When it was recorded, in ticks.</param>
/// <param name="Leaves">What the leaves of its events are made of.</param>
internal readonly record struct GroupPlace(long Head, long Recorded, AppendedLeaf[] Leaves);
