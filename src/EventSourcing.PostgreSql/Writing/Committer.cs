namespace EventSourcing;

/// <summary>
/// Commits groups of appends on a connection of its own. A group is first decided on what this process believes about its streams. The
/// server's function writes it only if these beliefs are true, which takes one round trip. If they are not, the committer takes the lock,
/// reads the facts and decides on those, which takes two. Only the leader of the <see cref="GroupCommit{TWork}"/> uses this class.
/// </summary>
internal sealed class Committer : IGroupWriter<AppendWork>, IAsyncDisposable
{
    /// <summary>
    /// After a group has met a stored id, this many groups look their ids up first: an import that is run again meets many stored ids.
    /// </summary>
    private const int GroupsAfterRepetition = 16;

    private const int Repetitions = 3;

    /// <summary>How many appends with read models are committed alone after one of them has failed with its group.</summary>
    private const int AloneAfterFailure = 64;

    /// <summary>The same after one that runs SQL of the app: its code was run in vain, and the next one is probably like it.</summary>
    private const int AloneAfterAppSql = 10_000;

    /// <summary>The era of conditions that were not checked before the append was queued.</summary>
    public const int NoEra = -1;

    private static readonly TimeSpan PauseWhileUnreachable = TimeSpan.FromMilliseconds(100);

    private readonly StoreServer _server;
    private readonly StreamEnds _ends;
    private readonly LogReader _reader;
    private readonly ReadModelTables _tables;
    private readonly GroupRows _rows = new();
    private readonly KnownLog _known;
    private readonly WriteConnection _writer;
    private readonly GroupDecider _decider;
    private readonly RowWriter _rowWriter;
    private readonly LoneCommit _lone;
    private readonly InlineGroup _inlineGroup;
    private int _lookForRepetitions;
    private int _inlineAlone;

    public Committer(
        StoreServer server, PostgresEventStorageOptions options, StoreNames names, StreamEnds ends, TileKeeper tiles, HeadSignal signal,
            LogReader reader, ReadModelTables tables, UserCode userCode)
    {
        _server = server;
        _ends = ends;
        _reader = reader;
        _tables = tables;
        _known = new KnownLog(server, names, ends, tiles, signal, tables, _rows);
        _writer = new WriteConnection(server, options, _rows);
        _decider = new GroupDecider(server.Sql, options, names, ends, _known, _rows, _writer, server.Name);
        _rowWriter = new RowWriter(server, options, _writer, _rows, _decider, _known);
        var inline = new InlineReadModels(server, _writer, tables, reader, userCode);
        _lone = new LoneCommit(_writer, _rows, _decider, _rowWriter, inline, names);
        _inlineGroup = new InlineGroup(_writer, _rows, _decider, _rowWriter, inline, names);
    }

    /// <summary>Changes when the server may be another one, which may lack what was committed before.</summary>
    public int Era => _known.Era;

    /// <inheritdoc/>
    /// <remarks>The wait for the server is asynchronous, so what follows it never runs on the thread of a caller.</remarks>
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
            group.RemoveAll(work => !work.IsTaken); // an earlier attempt has completed these
            if (group.Count == 0) return null;
            try
            {
                if (await _writer.ConnectAsync().ConfigureAwait(false)) _known.ForgetWhatMayBeLost();
                foreach (var work in group) await work.ScoutAgainAsync(_known.Era, _reader, _writer.Connection).ConfigureAwait(false);
                if (group[0].IsAlone) await CommitAloneAsync(group[0]).ConfigureAwait(false);
                else if (group[0].IsInline) await CommitInlineAsync(group).ConfigureAwait(false);
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
                // SQL of the app may have deallocated the statements. The driver takes those that it has prepared for prepared as long as
                // the session lasts, so the session must end.
                _server.DropIdle();
                await _writer.CloseAsync(isLost: false).ConfigureAwait(false);
            }
            catch (Exception failure) when (attempt == 1 && (group[0].IsAlone || group[0].IsInline) && Failure.IsOfTable(failure))
            {
                // Another process has made a read model anew, so what this process remembers of its table is wrong, and what was prepared.
                _server.DropIdle();
                await _writer.CloseAsync(isLost: false).ConfigureAwait(false);
                _tables.Clear();
            }
            catch (Exception failure) when (Failure.IsOfConnection(failure) || Failure.IsOfStandby(failure)
                || Failure.IsTooManyConnections(failure))
            {
                await _writer.CloseAsync(isLost: true).ConfigureAwait(false);
                foreach (var work in group) work.ForgetRefusal();
                if (group.Count > 1 && group[0].IsInline) _inlineAlone = AloneAfterFailure; // the code of one may have taken too long
                if (wasConnected)
                {
                    // A new connection may lead to a server that answers. Try one at once: the failure may have come so late that all
                    // callers have no time left to wait.
                    wasConnected = false;
                    attempt = 0;
                    continue;
                }

                return new Obstacle(PauseWhileUnreachable, (_, _) => _server.Typed(failure));
            }
            catch (Exception) when (group.Count > 1 && group[0].IsInline)
            {
                // One of them has failed in such a way that the transaction has ended. Alone, each gets its own result.
                await _writer.RollbackAsync().ConfigureAwait(false);
                foreach (var work in group) work.ForgetRefusal();
                return await CommitEachAsync(group).ConfigureAwait(false);
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
        _rowWriter.Dispose();
    }

    /// <summary>Commits appends of several callers in one transaction.</summary>
    private async ValueTask CommitTogetherAsync(List<AppendWork> group)
    {
        await _decider.InternTypesAsync(group).ConfigureAwait(false);
        if (_lookForRepetitions > 0 || group.Exists(work => work.IsOutcomeUnknown))
        {
            _lookForRepetitions = Math.Max(0, _lookForRepetitions - 1);
            await CommitUnderLockAsync(group).ConfigureAwait(false);
            return;
        }

        await _decider.DecideOnBeliefsAsync(group).ConfigureAwait(false);
        if (_decider.Sure.Count > 0)
        {
            if (await _rowWriter.TryAppendAsync(_decider.Sure).ConfigureAwait(false))
            {
                foreach (var work in _decider.Sure) work.Complete();
            }
            else
            {
                foreach (var stream in _rows.Streams.Keys) _ends.Forget(stream);
                _decider.Unsure.Clear();
                _decider.Unsure.AddRange(group);
            }
        }

        if (_decider.Unsure.Count > 0) await CommitUnderLockAsync([.. _decider.Unsure]).ConfigureAwait(false);
    }

    /// <summary>Takes the lock, reads the facts, decides, and writes.</summary>
    private async ValueTask CommitUnderLockAsync(List<AppendWork> group)
    {
        _decider.Begin(isCertain: true);
        var batch = _writer.BatchFor(group);
        await using (batch.ConfigureAwait(false))
        {
            var results = _rowWriter.BeginUnderLock(batch, withModels: false);
            await _decider.Reader.ReadAsync(batch, results, group).ConfigureAwait(false);
        }

        foreach (var work in group) _decider.Decide(work);
        if (_rows.Count == 0)
        {
            await _rowWriter.EndWithoutRowsAsync(group).ConfigureAwait(false);
        }
        else
        {
            await _rowWriter.AppendAndCommitAsync(group, erasable: [], last: null).ConfigureAwait(false);
        }

        foreach (var work in group) work.Complete();
    }

    /// <summary>Commits appends with read models, together as far as that is possible.</summary>
    private async ValueTask CommitInlineAsync(List<AppendWork> group)
    {
        for (var done = 0; done < group.Count;)
        {
            if (group.Count - done == 1 || _inlineAlone > 0)
            {
                await CommitAloneAsync(group[done]).ConfigureAwait(false);
                done++;
                _inlineAlone = Math.Max(0, _inlineAlone - 1);
                continue;
            }

            var (count, isNextAlone) = await _inlineGroup.CommitAsync(group.GetRange(done, group.Count - done)).ConfigureAwait(false);
            done += count;
            if (isNextAlone) _inlineAlone = AloneAfterAppSql;
        }
    }

    /// <summary>Commits each append of a group in a transaction of its own; what one fails with is told to its caller alone.</summary>
    private async ValueTask<Obstacle?> CommitEachAsync(List<AppendWork> group)
    {
        foreach (var work in group.FindAll(work => work.IsTaken))
        {
            try
            {
                if (await CommitAsync([work]).ConfigureAwait(false) is { } obstacle) return obstacle;
            }
            catch (Exception failure)
            {
                work.Fail(failure);
            }
        }

        return null;
    }

    /// <summary>Commits an append in a transaction of its own.</summary>
    private async ValueTask CommitAloneAsync(AppendWork work)
    {
        var looksForIds = _lookForRepetitions > 0;
        if (work.Import is not null) _lookForRepetitions = Math.Max(0, _lookForRepetitions - 1);
        await _lone.CommitAsync(work, looksForIds).ConfigureAwait(false);
    }
}
