using Npgsql;

namespace EventSourcing;

/// <summary>An append waiting to be committed.</summary>
/// <param name="request">What is to be appended.</param>
/// <param name="scouted">What is known of its conditions, each by its index; null if it has none.</param>
/// <param name="era">The committer's <see cref="Committer.Era"/> before they were looked at.</param>
/// <param name="cancellationToken">Cancels it while it waits.</param>
internal sealed class AppendWork(AppendRequest request, ScoutedCondition[]? scouted, int era, CancellationToken cancellationToken)
    : QueuedWrite
{
    /// <summary>How many bytes weigh as much as an event: 10,000 of these, which a group may have, are 64 MiB.</summary>
    private const int BytesOfWeight = 6_710;

    /// <summary>
    /// What an append with read models weighs at least: each takes some round trips under the lock, so a group has at most 32.
    /// </summary>
    private const int WeightOfInline = 312;

    // Callers continue on other threads: the thread that commits must go on to serve other callers.
    private readonly TaskCompletionSource<AppendResult> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string? _unknownIn;

    public AppendRequest Request => request;

    /// <summary>The import that the request was made of, if it is one.</summary>
    public ImportRequest? Import { get; private init; }

    public ScoutedCondition[]? Scouted => scouted;

    public CancellationToken Token => cancellationToken;

    /// <summary>
    /// Looks at its conditions anew if that was done in another era. It is done before the lock is taken, so that others do not wait while
    /// a long log is looked through.
    /// </summary>
    public async ValueTask ScoutAgainAsync(int now, LogReader reader, NpgsqlConnection connection)
    {
        if (scouted is null || era == now) return;
        Array.Clear(scouted);
        for (var i = 0; i < scouted.Length; i++)
            scouted[i] = await reader.FirstMatchAsync(connection, request.Conditions[i], CancellationToken.None).ConfigureAwait(false);
        era = now;
    }

    /// <summary>The context of the caller, for its code within the append.</summary>
    public ExecutionContext? Context { get; } = request.ReadModels is null ? null : ExecutionContext.Capture();

    public Task<AppendResult> Task => _completion.Task;

    /// <summary>The result, once there is one.</summary>
    public AppendResult? Outcome { get; set; }

    /// <summary>
    /// Whether an attempt has failed in such a way that it may have been committed. Of one without a transaction of its own that stays so
    /// until there is a result: what was sent may reach the server after the append was looked up.
    /// </summary>
    public bool IsOutcomeUnknown => _unknownIn is not null;

    /// <summary>Says that an attempt may have been committed.</summary>
    /// <param name="store">The store, for the message of a later failure.</param>
    public void LoseOutcome(string store) => _unknownIn = store;

    /// <summary>Says that no attempt was committed, nor can be any more.</summary>
    public void SettleOutcome() => _unknownIn = null;

    /// <summary>An erasure and an import have a transaction of their own.</summary>
    public override bool IsAlone => request.Erase.Count > 0 || Import is not null;

    /// <summary>Whether read models of the app change within it. It shares a transaction only with others like it.</summary>
    public bool IsInline => request.ReadModels is not null && !IsAlone;

    public override bool MayJoin(QueuedWrite other) =>
        base.MayJoin(other) && other is AppendWork append && append.IsInline == IsInline;

    /// <summary>Of events and of bytes: with the limit of a group, it takes up to 64 MiB, or a single append.</summary>
    public override int Weight { get; } = (int)Math.Min(int.MaxValue / 2, Math.Max(
        request.ReadModels is null ? 0 : WeightOfInline,
        Math.Max(request.EventCount + request.Erase.Count, AppendSize.Of(request) / BytesOfWeight)));

    /// <summary>An import, as the rows that an append of its events would write.</summary>
    public static AppendWork Of(ImportRequest import, CancellationToken cancellationToken)
    {
        var writes = new List<StreamWrite>();
        for (var i = 0; i < import.Events.Count;)
        {
            var (stream, events) = (import.Events[i].Stream, new List<NewEvent>());
            for (; i < import.Events.Count && import.Events[i].Stream == stream; i++)
            {
                var e = import.Events[i];
                events.Add(new NewEvent(e.Id, e.Type, e.Data) { Metadata = e.Metadata, Tags = e.Tags });
            }

            writes.Add(new StreamWrite(stream, ExpectedVersion.Any, events));
        }

        var request = new AppendRequest(writes) { Erase = [.. import.PositionsToErase()] };
        return new AppendWork(request, scouted: null, era: 0, cancellationToken) { Import = import };
    }

    /// <summary>The types of a group's events that have no number yet; null if there are none.</summary>
    public static HashSet<string>? TypesUnknownTo(StoreNames names, List<AppendWork> group)
    {
        HashSet<string>? unknown = null;
        foreach (var work in group)
        {
            for (var w = 0; w < work.Request.Writes.Count; w++)
            {
                var events = work.Request.Writes[w].Events;
                for (var i = 0; i < events.Count; i++)
                {
                    if (!names.TryGetType(events[i].Type, out _))
                        (unknown ??= new HashSet<string>(StringComparer.Ordinal)).Add(events[i].Type);
                }
            }
        }

        return unknown;
    }

    protected override CancellationToken Cancellation => cancellationToken;

    protected override bool IsCancellable => !IsOutcomeUnknown;

    /// <summary>
    /// A failure to look an append up says nothing of whether it was written. That the store has lost events is told as it is.
    /// </summary>
    protected override Exception ErrorFor(Exception failure)
    {
        if (_unknownIn is null || failure is StoreRolledBackException or StorageFailedException { OutcomeIsUnknown: true }) return failure;
        var cause = failure is StorageFailedException or StoreBusyException ? failure.InnerException : null;
        return new StorageFailedException(_unknownIn, outcomeIsUnknown: true, cause ?? failure);
    }

    protected override void SetCompleted() => _completion.TrySetResult(Outcome!);

    protected override void SetFailed(Exception failure) => _completion.TrySetException(failure);

    protected override void SetCanceled(CancellationToken cancellationToken) => _completion.TrySetCanceled(cancellationToken);
}
