using System.Globalization;
using Npgsql;

namespace EventSourcing;

/// <summary>
/// Writes the rows of a group, with or without the lock, and waits for the standby if that is owed. Only the leader of the group commit
/// uses it.
/// </summary>
internal sealed class RowWriter(
    StoreServer server, PostgresEventStorageOptions options, WriteConnection writer, GroupRows rows, GroupDecider decider, KnownLog known)
    : IDisposable
{
    private readonly LedgerHasher _hasher = new();

    public void Dispose() => _hasher.Dispose();

    /// <summary>
    /// Begins the transaction and takes the lock, by statements of their own: the next one sees all that was committed before.
    /// </summary>
    /// <returns>How many of the statements have results.</returns>
    public int BeginUnderLock(NpgsqlBatch batch, bool withModels)
    {
        batch.Add("BEGIN ISOLATION LEVEL READ COMMITTED");
        var results = 1;
        if (options.ThroughPooler)
        {
            batch.Add(writer.Settings(isLocal: true));
            results++;
        }

        batch.Add(string.Create(CultureInfo.InvariantCulture, $"SELECT pg_advisory_xact_lock({server.Mark.LockKey})"));
        if (!withModels) return results;

        // Exclusive: several appends lock documents in any order, and a deadlock under the lock of the log would stop every writer.
        batch.Add(CommitSettings.LockSql(server.Mark, isExclusive: true));
        return results + 1;
    }

    /// <summary>Writes the rows of a group without the lock, if all that is believed holds.</summary>
    /// <returns>Whether it holds; otherwise nothing was written.</returns>
    public async ValueTask<bool> TryAppendAsync(List<AppendWork> group)
    {
        rows.Complete();
        var single = known.IsAlone && rows.TryGetSingle(out var row)
            ? (await writer.SingleAsync().ConfigureAwait(false))?.For(row) : null;
        GroupPlace? place;
        try
        {
            place = options.ThroughPooler ? await TryAppendThroughPoolerAsync(group).ConfigureAwait(false)
                : single is not null ? await TryInsertAsync(single, group).ConfigureAwait(false)
                : await TryAppendDirectlyAsync(group).ConfigureAwait(false);
        }
        catch (Exception failure) when (Failure.IsOfConnection(failure))
        {
            foreach (var work in group) work.LoseOutcome(server.Name);
            throw;
        }

        if (place is not { } found) return false;
        await ConfirmAsync(group).ConfigureAwait(false);
        known.Committed(found, decider.Facts.StoredHead, group, isAcknowledged: !writer.Standby.IsOwed);
        return true;
    }

    private ValueTask<GroupPlace?> TryAppendDirectlyAsync(List<AppendWork> group)
    {
        rows.Refresh(writer.Append.Parameters);
        return ExecuteAsync(writer.Append, group);
    }

    private async ValueTask<GroupPlace?> TryInsertAsync(NpgsqlCommand single, List<AppendWork> group)
    {
        try
        {
            return await ExecuteAsync(single, group).ConfigureAwait(false);
        }
        catch (PostgresException failure) when (Failure.IsTakenPlace(failure))
        {
            known.OthersWrote();
            return null;
        }
    }

    private async ValueTask<GroupPlace?> ExecuteAsync(NpgsqlCommand append, List<AppendWork> group)
    {
        append.CommandTimeout = writer.SecondsFor(group);
        var executing = append.ExecuteReaderAsync();
        var leaves = rows.CommitToContent(_hasher); // while the server works
        var reader = await executing.ConfigureAwait(false);
        await using (reader.ConfigureAwait(false)) return await ReadPlaceAsync(reader, leaves).ConfigureAwait(false);
    }

    private async ValueTask<GroupPlace?> TryAppendThroughPoolerAsync(List<AppendWork> group)
    {
        var batch = writer.BatchFor(group);
        await using (batch.ConfigureAwait(false))
        {
            batch.Add("BEGIN ISOLATION LEVEL READ COMMITTED");
            batch.Add(writer.Settings(isLocal: true));
            rows.AddParametersTo(batch.Add(writer.AppendSql).Parameters);
            batch.Add("COMMIT");
            var leaves = rows.CommitToContent(_hasher);
            var reader = await batch.ExecuteReaderAsync().ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                await reader.NextResultAsync().ConfigureAwait(false);
                return await ReadPlaceAsync(reader, leaves).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Writes the rows under the lock that is held, erases, and commits.</summary>
    /// <param name="group">The appends.</param>
    /// <param name="erasable">The positions of what is to be erased.</param>
    /// <param name="last">Statements to be executed before; null if there are none.</param>
    /// <param name="mayPrepare">
    /// Whether the statements may be prepared. Not after SQL of the app, which may have deallocated what the driver takes for prepared.
    /// </param>
    public async ValueTask AppendAndCommitAsync(
        List<AppendWork> group, IReadOnlyList<long> erasable, NpgsqlBatch? last, bool mayPrepare = false)
    {
        var batch = last ?? writer.BatchFor(group);
        await using (batch.ConfigureAwait(false))
        {
            var found = await AppendUnderLockAsync(group, erasable, batch, commits: true, mayPrepare).ConfigureAwait(false);
            await ConfirmAsync(group).ConfigureAwait(false);
            known.Committed(found, decider.Facts.StoredHead, group, isAcknowledged: !writer.Standby.IsOwed);
        }
    }

    /// <summary>Writes the rows of an append under the lock that is held, after what a batch has already, and goes on.</summary>
    /// <returns>The rows, for <see cref="CommitAsync"/>.</returns>
    public async ValueTask<UncommittedRows> AppendAsync(AppendWork work, NpgsqlBatch batch) =>
        known.Kept(await AppendUnderLockAsync([work], erasable: [], batch, commits: false, mayPrepare: true).ConfigureAwait(false));

    /// <summary>Commits what was written under the lock.</summary>
    /// <param name="group">The appends, with those that are refused or stored already.</param>
    /// <param name="written">The rows, in order; at least one.</param>
    public async ValueTask CommitAsync(List<AppendWork> group, List<UncommittedRows> written)
    {
        try
        {
            await writer.Connection.ExecuteAsync("COMMIT", CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception failure) when (Failure.IsOfConnection(failure) && !Failure.IsOfHolder(failure))
        {
            foreach (var work in group.FindAll(work => work is { Outcome.WasAlreadyStored: false, Refusal: null }))
                work.LoseOutcome(server.Name);
            throw;
        }

        await ConfirmAsync(group).ConfigureAwait(false);
        foreach (var kept in written) known.Committed(kept, isAcknowledged: !writer.Standby.IsOwed);
    }

    private async ValueTask<GroupPlace> AppendUnderLockAsync(
        List<AppendWork> group, IReadOnlyList<long> erasable, NpgsqlBatch batch, bool commits, bool mayPrepare)
    {
        rows.ExpectedHead = decider.Facts.StoredHead;
        rows.Complete();
        var results = 0;
        for (var i = 0; i < batch.BatchCommands.Count; i++)
            results += batch.BatchCommands[i].CommandText.StartsWith("SELECT", StringComparison.Ordinal) ? 1 : 0;
        var statements = 1;
        if (group[0].Import is null) rows.AddParametersTo(batch.Add(writer.AppendSql).Parameters);
        else statements = rows.AddImportTo(batch, writer.ImportSql);
        ErasableEvent[] toErase =
            [.. erasable.Select(decider.Facts.ErasableAt).OfType<ErasableEvent>().Where(e => e.Commitment is not null)];
        if (toErase.Length > 0)
            batch.Add($"SELECT {server.Sql.Quoted}.erase_payloads($1, $2)").With((long[])[.. toErase.Select(e => e.Position)])
                .With((byte[]?[])[.. toErase.Select(e => e.Commitment)]);
        if (commits) batch.Add("COMMIT");
        GroupPlace? place;
        try
        {
            if (mayPrepare) await writer.PrepareAsync(batch).ConfigureAwait(false);
            var executing = batch.ExecuteReaderAsync();
            var leaves = rows.CommitToContent(_hasher);
            var reader = await executing.ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                for (var i = 0; i < results; i++) await reader.NextResultAsync().ConfigureAwait(false);
                place = await ReadPlaceAsync(reader, leaves).ConfigureAwait(false);
                while (--statements > 0) await reader.NextResultAsync().ConfigureAwait(false);
            }
        }
        catch (Exception failure) when (commits && Failure.IsOfConnection(failure) && !Failure.IsOfHolder(failure))
        {
            foreach (var work in group.FindAll(work => work.Refusal is null)) work.LoseOutcome(server.Name);
            throw;
        }

        catch (PostgresException failure) when (failure.SqlState == SchemaSql.HeadChanged)
        {
            throw WrittenWithoutLock(failure);
        }

        return place is { } found && found.Head == decider.Facts.StoredHead ? found : throw WrittenWithoutLock();
    }

    private StoreCorruptedException WrittenWithoutLock(Exception? cause = null) => new(
        server.Name, "the log has changed while its lock was held, so something writes to the store without its lock.", cause);

    private static async ValueTask<GroupPlace?> ReadPlaceAsync(NpgsqlDataReader reader, AppendedLeaf[] leaves) =>
        await reader.ReadAsync().ConfigureAwait(false) ? new GroupPlace(reader.GetInt64(0), reader.GetInt64(1), leaves) : null;

    /// <summary>
    /// Ends a transaction in which nothing is to be written. What was found stored may be on the primary alone: whoever stored it may not
    /// have waited for the standby, or was another process. So the standby is waited for before a caller is told.
    /// </summary>
    public async ValueTask EndWithoutRowsAsync(List<AppendWork> group)
    {
        if (!decider.IsAnyStored)
        {
            await writer.RollbackAsync().ConfigureAwait(false);
            return;
        }

        // Through the same connection, since another one may lead to a server that lacks what was found. If it fails, all is decided anew.
        await writer.Connection.ExecuteAsync("ROLLBACK", CancellationToken.None).ConfigureAwait(false);
        writer.Standby.Owe();
        await ConfirmAsync(group).ConfigureAwait(false);
    }

    /// <summary>
    /// Waits for the synchronous standby if that is owed. If that fails, the outcome is unknown: the group is committed on the primary,
    /// and a failover could lose it.
    /// </summary>
    private async ValueTask ConfirmAsync(List<AppendWork> group)
    {
        if (!writer.Standby.IsOwed) return;
        try
        {
            if (await writer.Standby.TryPayAsync(writer.Connection).ConfigureAwait(false)) return;
        }
        catch (Exception failure) when (Failure.IsOfConnection(failure))
        {
            foreach (var work in group.FindAll(work => work is { Outcome.WasAlreadyStored: false, Refusal: null }))
                work.LoseOutcome(server.Name);
            throw;
        }
        catch (Exception failure)
        {
            throw StandbyConfirmation.Unconfirmed(server.Name, failure);
        }

        foreach (var work in group.FindAll(work => work.Refusal is null)) work.Fail(StandbyConfirmation.Unconfirmed(server.Name));
    }
}
