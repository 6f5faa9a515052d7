namespace EventSourcing;

/// <summary>An append that changes read models in its own transaction.</summary>
internal sealed class InlineAppendWork(
    AppendRequest request, ScoutedCondition[]? scouted, UserCode userCode, CancellationToken cancellationToken)
    : AppendWork(request, scouted)
{
    private readonly AppendRequest _request = request;
    private readonly ExecutionContext? _context = ExecutionContext.Capture();

    public override bool IsAsync => true;

    /// <summary>The ids are always looked up: the app's code must not see an append that turns out to be a repetition.</summary>
    public override bool Check(LogEnd log, bool lookForRepetition) => base.Check(log, lookForRepetition: true);

    /// <summary>
    /// Runs before the events are inserted, so that a refusal has no inserted events to undo, neither in the file nor in what
    /// the writer knows.
    /// </summary>
    public override async ValueTask PrepareAsync(LogEnd log)
    {
        var transaction = new AppendTransaction(log, Decision.Preview(_request));
        ReadModelCommit commit;
        try
        {
            commit = await userCode.RunAsync(
                _context,
                UserCode.Kind.Write,
                (Project: _request.ReadModels!, Transaction: transaction, Token: cancellationToken),
                static of => of.Project(of.Transaction, of.Token)).ConfigureAwait(false);
        }
        finally
        {
            transaction.Dispose();
        }

        // If the database has failed, that failure counts, however the app's code handled it.
        if (transaction.Failure is { } failure) throw failure;
        ArgumentNullException.ThrowIfNull(commit);
        commit.Validate();
        var changes = new ReadModelChanges(commit);
        changes.Check(log);
        await changes.WriteAsync(log, userCode, _context, cancellationToken).ConfigureAwait(false);
    }
}
