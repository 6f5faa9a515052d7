namespace EventSourcing;

/// <summary>
/// Recomputes the state that a store derives from its log, and compares it: snapshots by replay, read models of documents by
/// folding the log. Nothing is written, and memory stays bounded.
/// </summary>
internal sealed class DerivedVerifier(EventStore store, IEventStorage storage, LedgerVerification options)
{
    /// <summary>Snapshots are large, and each is replayed: few are kept at a time.</summary>
    private const int SnapshotsOfPage = 32;

    /// <summary>How often a snapshot is read again if it was replaced meanwhile.</summary>
    private const int MaxTries = 5;

    private readonly FindingList _findings = new();
    private readonly List<DerivedState> _states = [];
    private bool _isLogSound;

    /// <summary>Whether an error says that the store could not be reached, and nothing of what it holds.</summary>
    public static bool IsOfAccess(Exception failure) =>
        failure is StoreBusyException or StorageFailedException or IncompatibleStoreException { LacksRight: true };

    /// <summary>The report of the log, extended by the findings on derived state.</summary>
    public async ValueTask<LedgerReport> AddToAsync(LedgerReport report, CancellationToken cancellationToken)
    {
        _isLogSound = report.IsSound;
        foreach (var snapshots in options.Snapshots) _states.Add(await VerifyAsync(snapshots, cancellationToken).ConfigureAwait(false));
        foreach (var projection in options.ReadModels)
        {
            var verifier = new ReadModelVerifier(
                new DerivedSource(store, storage, new ComparisonJson(store.Json)), projection, _findings, options.MaxBytesOfDocuments);
            _states.Add(await verifier.RunAsync(cancellationToken).ConfigureAwait(false));
        }

        await AddOthersAsync(cancellationToken).ConfigureAwait(false);
        return report with
        {
            Findings = [.. report.Findings, .. _findings.InOrder()],
            FurtherFindings = report.FurtherFindings + _findings.Unlisted,
            Derived = _states,
        };
    }

    private async ValueTask<DerivedState> VerifyAsync(SnapshotsOf snapshots, CancellationToken cancellationToken)
    {
        var source = new DerivedSource(store, storage, new ComparisonJson(store.Json));
        var model = SnapshotCache.ModelOf(snapshots.Category);
        var (compared, stale) = (0L, 0L);
        try
        {
            for (var query = new DocumentQuery { Limit = SnapshotsOfPage }; ;)
            {
                var page = await storage.ReadModels.QueryAsync(model, query, cancellationToken).ConfigureAwait(false);
                foreach (var document in page)
                {
                    var verdict = await JudgeAsync(source, snapshots, model, document, cancellationToken).ConfigureAwait(false);
                    if (verdict.IsCompared) compared++;
                    if (verdict.IsOfAnotherFold) stale++;
                    if (verdict.Flaw is { } flaw)
                        Add(
                            LedgerFindingKind.SnapshotMismatch,
                            verdict.Position,
                            document.Key,
                            model,
                            document.Key,
                            $"The snapshot of the stream '{Names.Printable(document.Key)}' does not follow from the log: {flaw}.");
                }

                if (page.Count < SnapshotsOfPage) break;
                query = query with { After = new DocumentCursor(default, page[^1].Key) };
            }
        }
        catch (EventSourcingException damage) when (!IsOfAccess(damage))
        {
            Add(
                LedgerFindingKind.SnapshotMismatch,
                0,
                null,
                model,
                null,
                $"The snapshots of '{snapshots.Category}' cannot be read: {damage.Message}");
            return new DerivedState(DerivedStateKind.Snapshots, snapshots.Category, false, compared, "they cannot be read");
        }

        return new DerivedState(
            DerivedStateKind.Snapshots,
            snapshots.Category,
            true,
            compared,
            stale == 0 ? "" : $"{stale} of another fold or shape, which no load by this code uses");
    }

    private async ValueTask<SnapshotVerdict> JudgeAsync(
        DerivedSource source, SnapshotsOf snapshots, string model, StoredDocument document, CancellationToken cancellationToken)
    {
        var bytes = document.Data.ToArray();
        for (var tries = 1; ; tries++)
        {
            SnapshotVerdict verdict;
            try
            {
                verdict = await snapshots.JudgeAsync(source, document.Key, bytes, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception flaw) when (flaw is not OperationCanceledException && !IsOfAccess(flaw))
            {
                // The app's own code folds the state, and the stored data may be anything.
                verdict = SnapshotVerdict.Wrong(0, $"the stream cannot be replayed ({flaw.Message.TrimEnd('.')})");
            }

            if (verdict.Flaw is null || tries == MaxTries) return verdict;

            // It may have been replaced since it was read, or events of the stream may have been erased.
            var now = (await storage.ReadModels.LoadAsync(model, [document.Key], cancellationToken).ConfigureAwait(false))[0];
            if (now is null) return SnapshotVerdict.Passed;
            if (now.AsSpan().SequenceEqual(bytes)) return verdict;
            bytes = now;
        }
    }

    /// <summary>Lists the state that the store keeps but whose code was not given.</summary>
    private async ValueTask AddOthersAsync(CancellationToken cancellationToken)
    {
        await foreach (var document in AllAsync(SnapshotCache.Directory, cancellationToken).ConfigureAwait(false))
        {
            if (options.Snapshots.All(snapshots => snapshots.Category != document.Key))
                _states.Add(new DerivedState(
                    DerivedStateKind.Snapshots, document.Key, false, 0, "not named in LedgerVerification.Snapshots"));
        }

        await foreach (var document in AllAsync(ControlDocuments.Directory, cancellationToken).ConfigureAwait(false))
        {
            if (options.ReadModels.Any(projection => projection.Name == document.Key)) continue;
            var hasTables = HasTables(document);
            if (!hasTables && !await HasDocumentsAsync(document.Key, cancellationToken).ConfigureAwait(false))
                continue; // a reactor, or empty
            _states.Add(new DerivedState(
                hasTables ? DerivedStateKind.Tables : DerivedStateKind.Documents,
                document.Key,
                false,
                0,
                "not named in LedgerVerification.ReadModels"));
        }
    }

    private bool HasTables(StoredDocument document)
    {
        try
        {
            return RecordJson.Read<DirectoryRecord>(
                ControlDocuments.Directory, document.Key, document.Data.Span).ActiveGeneration?.Tables is { Count: > 0 };
        }
        catch (ReadModelDamagedException flaw)
        {
            Add(
                LedgerFindingKind.ReadModelMismatch,
                0,
                null,
                ControlDocuments.Directory,
                document.Key,
                $"The record of the projection '{Names.Printable(document.Key)}' cannot be read: {flaw.Message}");
            return false;
        }
    }

    private async ValueTask<bool> HasDocumentsAsync(string alias, CancellationToken cancellationToken)
    {
        try
        {
            return (await storage.ReadModels.QueryAsync(
                alias, new DocumentQuery { Limit = 1 }, cancellationToken).ConfigureAwait(false)).Count > 0;
        }
        catch (Exception damage)
            when (damage is ArgumentException or EventSourcingException && !IsOfAccess(damage))
        {
            return true;
        }
    }

    private async IAsyncEnumerable<StoredDocument> AllAsync(
        string model, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var query = new DocumentQuery(); ;)
        {
            IReadOnlyList<StoredDocument> page;
            try
            {
                page = await storage.ReadModels.QueryAsync(model, query, cancellationToken).ConfigureAwait(false);
            }
            catch (EventSourcingException damage) when (!IsOfAccess(damage))
            {
                // That a store is refused as a whole was already reported.
                if (_isLogSound)
                    Add(
                        LedgerFindingKind.ReadModelMismatch,
                        0,
                        null,
                        model,
                        null,
                        $"The documents of '{model}' cannot be read: {damage.Message}");
                yield break;
            }

            foreach (var document in page) yield return document;
            if (page.Count < query.Limit) yield break;
            query = query with { After = new DocumentCursor(default, page[^1].Key) };
        }
    }

    private void Add(LedgerFindingKind kind, long position, string? stream, string model, string? document, string description) =>
        _findings.Add(new LedgerFinding(kind, position, position, stream, description) { ReadModel = model, Document = document });
}
