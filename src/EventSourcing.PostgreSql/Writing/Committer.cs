using System.Globalization;
using Npgsql;

namespace EventSourcing;

/// <summary>
/// Commits groups of appends on a connection of its own. A group is decided on what this process believes of its streams, and the
/// server's function writes it only if the beliefs hold: one round trip. Otherwise it takes the lock first, reads the facts and
/// decides on those: two round trips. Only the leader of the <see cref="GroupCommit{TWork}"/> uses it.
/// </summary>
internal sealed class Committer : IGroupWriter<AppendWork>, IAsyncDisposable
{
    /// <summary>How many groups look their ids up first after one met a stored id: an import that is run again meets many.</summary>
    private const int GroupsAfterRepetition = 16;

    /// <summary>For how long conditions are checked under the lock after another process has written, in milliseconds.</summary>
    private const int OthersWriteFor = 200;

    private const int Repetitions = 3;

    /// <summary>The era of conditions that nobody has looked at.</summary>
    public const int NoEra = -1;

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
    private readonly InlineReadModels _inline;
    private readonly GroupRows _rows = new();
    private readonly RecentEvents _recent = new();
    private readonly GroupFacts _facts;
    private readonly FactReader _factReader;
    private readonly WriteConnection _writer;
    private readonly LedgerHasher _hasher = new();
    private readonly List<AppendWork> _sure = [];
    private readonly List<AppendWork> _unsure = [];
    private long _head = -1;
    private long _othersWroteAt = long.MinValue / 2;
    private int _lookForRepetitions;
    private volatile int _era;
    private bool _isAnyStored; // whether the last decisions found an append that is stored already

    public Committer(
        StoreServer server, PostgresEventStorageOptions options, StoreNames names, StreamEnds ends, TileKeeper tiles, HeadSignal signal,
            LogReader reader, ReadModelTables tables, UserCode userCode)
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
        _facts = new GroupFacts(_rows, _recent);
        _writer = new WriteConnection(server, options, _rows);
        _inline = new InlineReadModels(server, _writer, tables, reader, userCode);
        _factReader = new FactReader(_sql, _facts, server.Name);
    }

    /// <summary>Changes when the server may be another one, which need not have all that was committed.</summary>
    public int Era => _era;

    /// <inheritdoc/>
    /// <remarks>It waits for the server asynchronously, so that it does not go on on the thread of a caller.</remarks>
    public bool MayKeepThread => true;

    /// <inheritdoc/>
    public ValueTask<Obstacle?> CommitNextAsync(WriteQueue<AppendWork> queue, int attempt)
    {
        queue.TakeGroup();
        return CommitAsync(queue.Group);
    }

    /// <inheritdoc/>
    public void StepDown()
    {
    }

    private async ValueTask<Obstacle?> CommitAsync(List<AppendWork> group)
    {
        var wasConnected = _writer.IsConnected;
        for (var attempt = 1; ; attempt++)
        {
            group.RemoveAll(work => !work.IsTaken); // those that an earlier attempt has completed
            if (group.Count == 0) return null;
            try
            {
                if (await _writer.ConnectAsync().ConfigureAwait(false)) ForgetWhatMayBeLost();
                foreach (var work in group) await work.ScoutAgainAsync(_era, _reader, _writer.Connection).ConfigureAwait(false);
                if (group[0].IsAlone) await CommitAloneAsync(group[0]).ConfigureAwait(false);
                else await CommitTogetherAsync(group).ConfigureAwait(false);
                return null;
            }
            catch (Exception failure) when (Failure.IsLockTimeout(failure))
            {
                await _writer.RollbackAsync().ConfigureAwait(false);
                return new Obstacle(TimeSpan.Zero, (_, waited) => new StoreBusyException(_server.Name, waited, failure));
            }
            catch (Exception failure) when (Failure.IsToBeRepeated(failure) || Failure.IsStoredId(failure))
            {
                await _writer.RollbackAsync().ConfigureAwait(false);
                if (Failure.IsStoredId(failure)) _lookForRepetitions = GroupsAfterRepetition;
                if (attempt > Repetitions) throw new StoreBusyException(_server.Name, TimeSpan.Zero, failure);
                foreach (var work in group) work.ForgetRefusal();
            }
            catch (Exception failure) when (Failure.IsOfMove(failure))
            {
                await _writer.RollbackAsync().ConfigureAwait(false);
                _lookForRepetitions = GroupsAfterRepetition;
                var moved = _server.Typed(failure);
                if (await MovedGroup.EndAsync(group, attempt, moved, CommitAsync).ConfigureAwait(false) is { } end) return end.Obstacle;
            }
            catch (Exception failure) when (attempt == 1 && Failure.IsOfStatement(failure))
            {
                await _writer.CloseAsync(isLost: false).ConfigureAwait(false); // SQL of the app may have deallocated the statement
            }
            catch (Exception failure) when (attempt == 1 && group[0].IsAlone && Failure.IsOfTable(failure))
            {
                // Another process has made a read model anew, and what was remembered of its table is wrong.
                await _writer.RollbackAsync().ConfigureAwait(false);
                _tables.Clear();
            }
            catch (Exception failure) when (Failure.IsOfConnection(failure) || Failure.IsOfStandby(failure)
                || Failure.IsTooManyConnections(failure))
            {
                await _writer.CloseAsync(isLost: true).ConfigureAwait(false);
                foreach (var work in group) work.ForgetRefusal();
                if (wasConnected)
                {
                    // A new connection may lead to a server that answers. It is tried at once: the failure may have come after so long that
                    // everybody's time is up.
                    wasConnected = false;
                    attempt = 0;
                    continue;
                }

                return new Obstacle(PauseWhileUnreachable, (_, _) => _server.Typed(failure));
            }
            catch (Exception failure)
            {
                await _writer.RollbackAsync().ConfigureAwait(false);
                throw _server.Typed(failure);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _writer.DisposeAsync().ConfigureAwait(false);
        _hasher.Dispose();
    }

    private long Now => _options.TimeProvider.GetUtcNow().UtcTicks;

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

        if (unknown is not null) await _factReader.ReadEndsAsync(_writer.Connection, unknown).ConfigureAwait(false);

        // What the group appends comes after all that is known of the log, be it from this process's own appends or from a look for a
        // condition. With conditions the group is written only if that is the head.
        _facts.StoredHead = Math.Max(Math.Max(_head, _rows.ExpectedHead), 0);
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
            work.Outcome = decision.Outcome;
            _rows.Add(work.Request, _facts.EndOf, _names);
            _sure.Add(work);
        }

        if (!hasConditions) _rows.ExpectedHead = -1;
    }

    /// <summary>Takes the lock, reads the facts, decides, and writes.</summary>
    private async ValueTask CommitUnderLockAsync(List<AppendWork> group)
    {
        Begin(isCertain: true);
        var batch = _writer.BatchFor(group);
        await using (batch.ConfigureAwait(false))
        {
            var results = BeginUnderLock(batch, withModels: false);
            await _factReader.ReadAsync(batch, results, group).ConfigureAwait(false);
        }

        foreach (var work in group) Decide(work);
        if (_rows.Count == 0)
        {
            await EndWithoutRowsAsync(group).ConfigureAwait(false);
        }
        else
        {
            await AppendAndCommitAsync(group, erasable: [], last: null).ConfigureAwait(false);
        }

        foreach (var work in group) work.Complete();
    }

    /// <summary>An erasure, an import, or an append with read models: it has a transaction of its own, in which code of the app may take part.</summary>
    private async ValueTask CommitAloneAsync(AppendWork work)
    {
        await InternTypesAsync([work]).ConfigureAwait(false);
        Begin(isCertain: true);
        // Events that bring their places are new as a rule. If an id is stored all the same, its index says so, and all is decided anew.
        var looksForIds = work.Import is not { HasPlaces: true } || work.IsOutcomeUnknown || _lookForRepetitions > 0;
        var batch = _writer.BatchFor([work]);
        await using (batch.ConfigureAwait(false))
        {
            var results = BeginUnderLock(batch, withModels: work.Request.ReadModels is not null);
            await _factReader.ReadAsync(batch, results, [work], looksForIds).ConfigureAwait(false);
        }

        if (work.Import is { } import)
        {
            _lookForRepetitions = Math.Max(0, _lookForRepetitions - 1);
            await ImportAsync(work, import, looksForIds).ConfigureAwait(false);
            return;
        }

        var decision = Decide(work, isToAdd: false);
        if (!decision.IsToWrite)
        {
            await EndWithoutRowsAsync([work]).ConfigureAwait(false);
            work.Complete();
            return;
        }

        // An earlier attempt had this lock before it could commit. It has ended, and was not committed.
        work.SettleOutcome();
        var preview = work.Request.ReadModels is null ? null : decision.Preview(work.Request);
        _rows.Add(work.Request, _facts.EndOf, _names);
        var last = _writer.BatchFor([work]);
        await using (last.ConfigureAwait(false))
        {
            var hasAppSql = false;
            if (preview is not null)
            {
                var refusal = await _inline.ChangeAsync(work, preview, last).ConfigureAwait(false);
                hasAppSql = refusal.HasAppSql;
                if (refusal.Error is { } error)
                {
                    await _writer.RollbackAsync(closes: hasAppSql).ConfigureAwait(false);
                    work.Fail(error);
                    return;
                }
            }

            await AppendAndCommitAsync([work], work.Request.Erase, last).ConfigureAwait(false);
            work.Complete();
            if (hasAppSql) await _writer.ResetAfterAppAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Decides on an import, and writes it.</summary>
    private async ValueTask ImportAsync(AppendWork work, ImportRequest import, bool looksForIds)
    {
        var count = import.Events.Count;
        if (work.IsOutcomeUnknown && _facts.TryFind(import.Events[^1].Id, out var stored))
        {
            // An earlier attempt has stored it, of which this process did not hear.
            work.Outcome = new AppendResult([], stored.Position - count + 1, stored.Position, wasAlreadyStored: false);
            _isAnyStored = true;
        }
        else if (ImportDecision.RefusalOf(import, _facts, Time(_rows.Now), looksForIds) is { } refusal)
        {
            work.Refuse(refusal);
        }
        else
        {
            work.SettleOutcome(); // as of any append that has a transaction of its own
            var head = _facts.StoredHead;
            _rows.Add(work.Request, _facts.EndOf, _names, import);
            foreach (var position in work.Request.Erase)
            {
                if (position > head) _rows.Erase((int)(position - head - 1));
            }

            work.Outcome = new AppendResult([], head + 1, head + count, wasAlreadyStored: false);
            await AppendAndCommitAsync([work], work.Request.Erase, last: null).ConfigureAwait(false);
            work.Complete();
            return;
        }

        await EndWithoutRowsAsync([work]).ConfigureAwait(false);
        work.Complete();
    }

    private void Begin(bool isCertain)
    {
        _rows.Clear();
        _facts.Clear();
        _facts.IsCertain = isCertain;
        _isAnyStored = false;
        _rows.Now = Now;
    }

    private AppendDecision Decide(AppendWork work, bool isToAdd = true)
    {
        _facts.Begin(work);
        var decision = AppendDecision.Of(work.Request, _facts, Time(_rows.Now));
        if (decision.Refusal is { } refusal) work.Refuse(refusal);
        work.Outcome = decision.Outcome;
        _isAnyStored |= work.Outcome is { WasAlreadyStored: true };

        // What an earlier attempt wrote, of which this process did not hear, is no repetition by the caller.
        if (work is { IsOutcomeUnknown: true, Outcome: { WasAlreadyStored: true } stored })
            work.Outcome = new AppendResult(stored.Streams, stored.FirstPosition, stored.Position, wasAlreadyStored: false);
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
            batch.Add(_writer.Settings(isLocal: true));
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
        GroupPlace? place;
        try
        {
            place = _options.ThroughPooler ? await TryAppendThroughPoolerAsync().ConfigureAwait(false)
                : await TryAppendDirectlyAsync().ConfigureAwait(false);
        }
        catch (Exception failure) when (Failure.IsOfConnection(failure))
        {
            foreach (var work in _sure) work.LoseOutcome(_server.Name);
            throw;
        }

        if (place is not null) await ConfirmAsync(_sure).ConfigureAwait(false);
        return place;
    }

    private async ValueTask<GroupPlace?> TryAppendDirectlyAsync()
    {
        _rows.Refresh(_writer.Append.Parameters);
        _writer.Append.CommandTimeout = _writer.SecondsFor(_sure);
        var executing = _writer.Append.ExecuteReaderAsync();
        var leaves = _rows.CommitToContent(_hasher); // while the server works
        var reader = await executing.ConfigureAwait(false);
        await using (reader.ConfigureAwait(false)) return await ReadPlaceAsync(reader, leaves).ConfigureAwait(false);
    }

    private async ValueTask<GroupPlace?> TryAppendThroughPoolerAsync()
    {
        var batch = _writer.BatchFor(_sure);
        await using (batch.ConfigureAwait(false))
        {
            batch.Add("BEGIN ISOLATION LEVEL READ COMMITTED");
            batch.Add(_writer.Settings(isLocal: true));
            _rows.AddParametersTo(batch.Add(_writer.AppendSql).Parameters);
            batch.Add("COMMIT");
            var leaves = _rows.CommitToContent(_hasher);
            var reader = await batch.ExecuteReaderAsync().ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                await reader.NextResultAsync().ConfigureAwait(false);
                return await ReadPlaceAsync(reader, leaves).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Writes the rows under the lock that is held, erases, and commits.</summary>
    private async ValueTask AppendAndCommitAsync(List<AppendWork> group, IReadOnlyList<long> erasable, NpgsqlBatch? last)
    {
        _rows.ExpectedHead = _facts.StoredHead;
        _rows.Complete();
        var batch = last ?? _writer.BatchFor(group);
        await using (batch.ConfigureAwait(false))
        {
            var results = 0;
            for (var i = 0; i < batch.BatchCommands.Count; i++)
                results += batch.BatchCommands[i].CommandText.StartsWith("SELECT", StringComparison.Ordinal) ? 1 : 0;
            var statements = 1;
            if (group[0].Import is null) _rows.AddParametersTo(batch.Add(_writer.AppendSql).Parameters);
            else statements = _rows.AddImportTo(batch, _writer.ImportSql);
            ErasableEvent[] toErase = [.. erasable.Select(_facts.ErasableAt).OfType<ErasableEvent>().Where(e => e.Commitment is not null)];
            if (toErase.Length > 0)
                batch.Add($"SELECT {_sql.Quoted}.erase_payloads($1, $2)").With((long[])[.. toErase.Select(e => e.Position)])
                    .With((byte[]?[])[.. toErase.Select(e => e.Commitment)]);
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
                    while (--statements > 0 && place is not null)
                    {
                        await reader.NextResultAsync().ConfigureAwait(false);
                        if (!await reader.ReadAsync().ConfigureAwait(false)) place = null;
                    }
                }
            }
            catch (Exception failure) when (Failure.IsOfConnection(failure) && !Failure.IsOfHolder(failure))
            {
                foreach (var work in group.FindAll(work => work.Refusal is null)) work.LoseOutcome(_server.Name);
                throw;
            }

            if (place is not { } found || found.Head != _facts.StoredHead)
                throw new StoreCorruptedException(_server.Name,
                    "the log has changed while its lock was held, so something writes to the store without its lock.");
            await ConfirmAsync(group).ConfigureAwait(false);
            Committed(found, group);
        }
    }

    private static async ValueTask<GroupPlace?> ReadPlaceAsync(NpgsqlDataReader reader, AppendedLeaf[] leaves) =>
        await reader.ReadAsync().ConfigureAwait(false) ? new GroupPlace(reader.GetInt64(0), reader.GetInt64(1), leaves) : null;

    /// <summary>
    /// Ends a transaction in which nothing is to be written. What was found stored may be on the primary alone: whoever stored it may not
    /// have waited for the standby, or was another process. So the standby is waited for before a caller is told.
    /// </summary>
    private async ValueTask EndWithoutRowsAsync(List<AppendWork> group)
    {
        if (!_isAnyStored)
        {
            await _writer.RollbackAsync().ConfigureAwait(false);
            return;
        }

        // Through the same connection, since another one may lead to a server that lacks what was found. If it fails, all is decided anew.
        await _writer.Connection.ExecuteAsync("ROLLBACK", CancellationToken.None).ConfigureAwait(false);
        _writer.Standby.Owe();
        await ConfirmAsync(group).ConfigureAwait(false);
    }

    /// <summary>
    /// Waits for the synchronous standby if that is owed. If that fails, the outcome is unknown: the group is committed on the primary,
    /// and a failover could lose it.
    /// </summary>
    private async ValueTask ConfirmAsync(List<AppendWork> group)
    {
        if (!_writer.Standby.IsOwed) return;
        try
        {
            if (await _writer.Standby.TryPayAsync(_writer.Connection).ConfigureAwait(false)) return;
        }
        catch (Exception failure) when (Failure.IsOfConnection(failure))
        {
            foreach (var work in group.FindAll(work => work is { Outcome.WasAlreadyStored: false, Refusal: null }))
                work.LoseOutcome(_server.Name);
            throw;
        }
        catch (Exception failure)
        {
            throw StandbyConfirmation.Unconfirmed(_server.Name, failure);
        }

        foreach (var work in group.FindAll(work => work.Refusal is null)) work.Fail(StandbyConfirmation.Unconfirmed(_server.Name));
    }

    /// <summary>
    /// Forgets what this process has committed without acknowledging it: another server has taken the place of the one that had it, and
    /// gives its positions and numbers to others. What was acknowledged or read is there, or the storage serves nothing any more.
    /// </summary>
    private void ForgetWhatMayBeLost()
    {
        _era++;
        _head = -1;
        _recent.Clear();
        _ends.Clear();
        _names.Clear();
        _tables.Clear();
        _tiles.Forget();
    }

    /// <summary>Takes note of what was committed. The positions of the decision are counted from a head that was believed.</summary>
    private void Committed(in GroupPlace place, List<AppendWork>? group = null)
    {
        if (_head >= 0 && place.Head != _head) _othersWroteAt = Environment.TickCount64;
        var shift = place.Head - _facts.StoredHead;
        if (shift != 0)
        {
            foreach (var work in group ?? _sure)
                work.Outcome = new AppendResult(work.Outcome!.Streams, work.Outcome.FirstPosition + shift, work.Outcome.Position + shift,
                    wasAlreadyStored: false);
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
        _tiles.Add(place.Head, place.Recorded, place.Leaves);
        if (_writer.Standby.IsOwed) return; // the callers were not told that it is stored, and it may yet be lost
        _server.Seen.Learn(_head, _rows.Events[^1].Event.Id);
        _signal.Advance(_head);
    }

    private async ValueTask InternTypesAsync(List<AppendWork> group)
    {
        if (AppendWork.TypesUnknownTo(_names, group) is { } unknown)
            await _names.InternAsync(_writer.Connection, [.. unknown]).ConfigureAwait(false);
    }

    private static DateTimeOffset Time(long ticks) => new(ticks, TimeSpan.Zero);
}
