namespace EventSourcing;

/// <summary>Reads the Merkle tree of a store: leaves from the events, tiles and frontier from <see cref="SavedTree"/>.</summary>
internal sealed class SqliteLedger(SqliteEventStorage storage, StoreFile file, NameCache names, TimeSpan busyTimeout)
    : ILedgerStorage, IDisposable
{
    private static readonly TimeSpan PauseBeforeRetry = TimeSpan.FromMilliseconds(5);

    /// <summary>The auditor of a verification that has read a page and not yet the next one.</summary>
    private LedgerAuditor? _auditor;
    private volatile bool _disposed;

    public ValueTask<MerkleFrontier> GetFrontierAsync(CancellationToken cancellationToken = default) =>
        storage.ReadAsync(
            names,
            static (database, names) => SavedTree.Read(database, names, LogReader.ReadHead(database), out _).Frontier,
            cancellationToken);

    public async ValueTask ReadAsync(int level, long first, Memory<MerkleHash> hashes, CancellationToken cancellationToken = default)
    {
        LedgerRange.ThrowIfInvalid(level, first, hashes.Length, await storage.GetHeadAsync(cancellationToken).ConfigureAwait(false));
        await storage.ReadAsync(
            (names, level, first, hashes),
            static (database, of) =>
            {
                if (of.level == 0) SavedTree.ReadLeaves(database, of.names, of.first, of.hashes.Span);
                else SavedTree.ReadTiles(database, of.level, of.first, of.hashes.Span);
                return true;
            },
            cancellationToken).ConfigureAwait(false);
    }

    public ValueTask SyncAsync(CancellationToken cancellationToken = default)
    {
        storage.ThrowIfReadOnly("see to it that what was read is on the disk");
        return storage.SyncAsync(cancellationToken);
    }

    public async ValueTask<LedgerAudit> AuditAsync(
        long after, int limit = EventPage.DefaultLimit, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(after);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        ObjectDisposedException.ThrowIf(_disposed, typeof(SqliteEventStorage));
        cancellationToken.ThrowIfCancellationRequested();
        var auditor = Interlocked.Exchange(ref _auditor, null);
        if (auditor is not null && (after == 0 || auditor.Next != after))
        {
            auditor.Dispose();
            auditor = null;
        }

        if (auditor is null) await MakeStoreAsync(cancellationToken).ConfigureAwait(false);
        return await AuditAsync(
            () => ReadPage(Interlocked.Exchange(ref auditor, null), after, limit),
            failure => Unreadable(after, failure),
            cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<IReadOnlyList<LedgerFinding>> AuditStructureAsync(bool isWhole, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, typeof(SqliteEventStorage));
        cancellationToken.ThrowIfCancellationRequested();
        await MakeStoreAsync(cancellationToken).ConfigureAwait(false);

        // The whole check takes as long as reading the file does, so it must not block the caller's thread.
        if (isWhole) await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        return await AuditAsync<IReadOnlyList<LedgerFinding>>(
            () =>
            {
                using var database = file.OpenForAudit();
                using var interruption = cancellationToken.Register(static database => ((Database)database!).Interrupt(), database);
                return Current(() => new StructureAudit(database, file).Run(isWhole), () => database.IsOutdated);
            },
            failure => [AuditFindings.Damage(failure)],
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Closes the connection of a verification that is between two pages: the next page opens another.</summary>
    public void CloseIdle() => Interlocked.Exchange(ref _auditor, null)?.Dispose();

    public void Dispose()
    {
        _disposed = true;
        Interlocked.Exchange(ref _auditor, null)?.Dispose();
    }

    /// <summary>Makes a new file a store, and upgrades one of an older version. Any damage is left for the audit to find.</summary>
    private async ValueTask MakeStoreAsync(CancellationToken cancellationToken)
    {
        try
        {
            await storage.GetHeadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (EventSourcingException refusal) when (refusal is not StoreBusyException)
        {
        }
    }

    /// <summary>Tries until no other process is making, recovering or closing the file.</summary>
    private async ValueTask<T> AuditAsync<T>(Func<T> audit, Func<SqliteFailure, T> whereDamaged, CancellationToken cancellationToken)
    {
        if (SynchronizationContext.Current is not null) await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        for (var began = Environment.TickCount64; ;)
        {
            try
            {
                return audit();
            }
            catch (SqliteFailure failure) when (failure.IsDamage)
            {
                return whereDamaged(failure);
            }
            catch (SqliteFailure failure)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (!failure.IsBusy) throw failure.ToTyped(storage.Path, whileCommitting: false);
                var waited = TimeSpan.FromMilliseconds(Environment.TickCount64 - began);
                if (waited >= busyTimeout) throw new StoreBusyException(storage.Path, waited, failure);
            }

            await Task.Delay(PauseBeforeRetry, cancellationToken).ConfigureAwait(false);
        }
    }

    private LedgerAudit ReadPage(LedgerAuditor? auditor, long after, int limit)
    {
        auditor ??= new LedgerAuditor(file.OpenForAudit(), after);
        try
        {
            var reader = auditor;
            var page = Current(() => reader.Read(limit), () => reader.IsOutdated);
            if (!page.Events.IsEnd) auditor = Interlocked.Exchange(ref _auditor, auditor);
            return page;
        }
        finally
        {
            auditor?.Dispose();
            if (_disposed) Interlocked.Exchange(ref _auditor, null)?.Dispose();
        }
    }

    /// <summary>What was read, if it counts.</summary>
    /// <exception cref="SqliteFailure">Another process may have changed the file meanwhile: it is busy.</exception>
    private static T Current<T>(Func<T> read, Func<bool> isOutdated)
    {
        try
        {
            var result = read();
            if (!isOutdated()) return result;
        }
        catch (Exception) when (isOutdated())
        {
            // A failed read does not count either.
        }

        throw StoreFile.Outdated();
    }

    private static LedgerAudit Unreadable(long after, SqliteFailure failure)
    {
        var page = new EventPage();
        page.Complete(after, isEnd: true, after);
        return new LedgerAudit(page, [AuditFindings.Damage(failure)], default);
    }
}
