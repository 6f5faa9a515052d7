using EventSourcing;

namespace Banking;

/// <summary>
/// Brings a bank's transactions into the store. It keeps no progress of its own: whether a line is new is known from the
/// stored events of its account. So an import that was killed is simply started again.
/// </summary>
internal sealed class Importer(EventStore store, ImportClock clock, IImportDisplay display)
{
    // A line makes three events at most: opened, booked, adjusted. That limits how many lines fit into one append.
    private const int MaxEventsPerLine = 3;
    private readonly int _maxLinesPerAppend = Math.Max(1, store.Storage.Options.Limits.MaxEventsPerAppend / MaxEventsPerLine);

    // The accounts that were loaded. They have all their events up to _head.
    private readonly Dictionary<string, Account> _accounts = new(StringComparer.Ordinal);
    private readonly ImportReport _report = new();
    private long _head;
    private DateOnly _lastRecorded;

    /// <summary>Imports a file day by day. All lines of a day are one atomic append over all their accounts.</summary>
    /// <exception cref="EventSourcingException">The store failed; what was imported before is stored.</exception>
    public async Task<ImportReport> RunAsync(TransactionFile file, CancellationToken cancellationToken)
    {
        var batch = new List<TransactionLine>();
        DateOnly? day = null;
        try
        {
            await LookAtLogAsync(cancellationToken);
            await foreach (var line in file.ReadAsync(cancellationToken))
            {
                var date = line.Transaction?.Date ?? day;
                if ((day is not null && date != day) || batch.Count == _maxLinesPerAppend) await CommitAsync();
                if (line.Transaction is not null && date < _report.Day)
                {
                    batch.Add(line with { Transaction = null, Problem = $"the date {date:O} is before {_report.Day:O}, the date of an earlier line" });
                    continue;
                }

                batch.Add(line);
                day = date;
            }

            await CommitAsync();
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            _report.WasInterrupted = true;
        }

        return _report;

        async Task CommitAsync()
        {
            await ImportAsync(batch, day, cancellationToken);
            display.Show(_report, file.Progress);
            batch.Clear();
            day = null;
        }
    }

    private async Task ImportAsync(List<TransactionLine> lines, DateOnly? day, CancellationToken cancellationToken)
    {
        if (day is { } today) clock.SetDay(today);
        for (var conflicts = 0; conflicts <= store.Options.MaxConflictRetries; conflicts++)
        {
            var decision = await DecideAsync(lines, cancellationToken);
            if (await TryCommitAsync(decision, cancellationToken))
            {
                Count(lines, day, decision);
                return;
            }

            // Another process writes to the store, perhaps another import of the same file. Nothing was written. So the accounts
            // are loaded afresh, and it is decided again. The random pause keeps the two from meeting again.
            await Task.Delay(Random.Shared.Next(1, 50), cancellationToken);
            await LookAtLogAsync(cancellationToken);
        }

        throw new CannotRunException("Another process writes to the database all the time. What was imported is stored; run the import again later.");
    }

    /// <summary>Books the lines on their accounts; nothing is written yet.</summary>
    private async Task<Decision> DecideAsync(List<TransactionLine> lines, CancellationToken cancellationToken)
    {
        var decision = new Decision();
        foreach (var line in lines)
        {
            if (line.Transaction is not { } transaction)
            {
                decision.Bad.Add(new BadLine(line.Number, line.Problem!));
                continue;
            }

            var account = await AccountAsync(transaction.AccountId, cancellationToken);
            if (transaction.Date < _lastRecorded && !account.HasBooked(transaction.Id))
            {
                // Time in the store does not go backwards: the event would be recorded under a later date.
                decision.Bad.Add(new BadLine(line.Number, $"the date {transaction.Date:O} is before {_lastRecorded:O}, the last one in the store"));
                continue;
            }

            try
            {
                if (!account.TakeOver(transaction)) decision.AlreadyPresent++;
                else decision.Touched.Add(account);
            }
            catch (BookingRefusedException refused)
            {
                decision.Bad.Add(new BadLine(line.Number, refused.Reason));
            }
        }

        return decision;
    }

    /// <summary>Appends what was decided, unless somebody else has written since then. If so, the decision may no longer hold.</summary>
    private async Task<bool> TryCommitAsync(Decision decision, CancellationToken cancellationToken)
    {
        // To leave a line out is a decision too, even if it is the only one. So the head must still be the same.
        if (decision.Touched.Count == 0) return decision.Bad.Count == 0 || await store.GetHeadAsync(cancellationToken) == _head;
        foreach (var events in decision.Touched.Select(account => account.UncommittedEvents))
        {
            decision.Imported += events.Count(e => e is MoneyDeposited or MoneyWithdrawn);
            decision.Adjustments += events.Count(e => e is RoundingAdjusted);
            decision.Events += events.Count;
        }

        try
        {
            // The versions guard the accounts that are written to. The condition guards everything else that the decision depends on:
            // the accounts of lines that are left out, and that the store has no event of a later date.
            var result = await store.SaveAsync([.. decision.Touched], conditions: [new AppendCondition(EventQuery.All, _head)], cancellationToken: cancellationToken);
            _head = result.Position;
            return true;
        }
        catch (Exception e) when (e is WrongExpectedVersionException or AppendConditionFailedException)
        {
            return false;
        }
    }

    private void Count(List<TransactionLine> lines, DateOnly? day, Decision decision)
    {
        _report.LinesRead += lines.Count;
        _report.Imported += decision.Imported;
        _report.AlreadyPresent += decision.AlreadyPresent;
        _report.Adjustments += decision.Adjustments;
        _report.Events += decision.Events;
        _report.Bad += decision.Bad.Count;
        foreach (var bad in decision.Bad) display.Show(bad);
        if (day is not { } today) return;
        if (decision.Imported + decision.AlreadyPresent > 0) _report.Day = today;
        if (decision.Imported > 0) _lastRecorded = today;
    }

    private async Task<Account> AccountAsync(string id, CancellationToken cancellationToken)
    {
        if (_accounts.TryGetValue(id, out var account)) return account;
        var handle = store.Aggregate<Account>(id);
        account = await handle.FindAsync(cancellationToken: cancellationToken) ?? handle.New();
        _accounts.Add(id, account);
        return account;
    }

    /// <summary>Forgets all accounts, and reads the head of the log and its last date.</summary>
    private async Task LookAtLogAsync(CancellationToken cancellationToken)
    {
        _accounts.Clear();
        var last = await store.ReadLogAsync(new LogReadOptions { Direction = ReadDirection.Backwards, Limit = 1 }, cancellationToken).FirstOrDefaultAsync(cancellationToken);
        _head = last?.Position ?? 0;
        _lastRecorded = last is null ? DateOnly.MinValue : DateOnly.FromDateTime(last.RecordedAt.UtcDateTime);
    }

    /// <summary>What was decided about some lines.</summary>
    private sealed class Decision
    {
        /// <summary>The accounts with events to append.</summary>
        public HashSet<Account> Touched { get; } = [];

        public List<BadLine> Bad { get; } = [];

        public long AlreadyPresent { get; set; }

        public long Imported { get; set; }

        public long Adjustments { get; set; }

        public long Events { get; set; }
    }
}
