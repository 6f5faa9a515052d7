namespace EventSourcing;

/// <summary>
/// Decides the appends of a group, on what is believed or on facts that were read under the lock, and makes rows of those that are to be
/// written. Only the leader of the group commit uses it.
/// </summary>
internal sealed class GroupDecider(
    SchemaSql sql, PostgresEventStorageOptions options, StoreNames names, StreamEnds ends, KnownLog known, GroupRows rows,
    WriteConnection writer, string store)
{
    private readonly GroupFacts _facts = new(rows, known.Recent);
    private FactReader? _reader;

    /// <summary>The facts of the group.</summary>
    public GroupFacts Facts => _facts;

    /// <summary>Reads facts.</summary>
    public FactReader Reader => _reader ??= new FactReader(sql, writer, _facts, store);

    /// <summary>The appends that are written if what is believed holds.</summary>
    public List<AppendWork> Sure { get; } = [];

    /// <summary>The appends that must be decided under the lock.</summary>
    public List<AppendWork> Unsure { get; } = [];

    /// <summary>Whether the decisions since the beginning have found an append that is stored already.</summary>
    public bool IsAnyStored { get; set; }

    /// <summary>The time of the group's decisions.</summary>
    public DateTimeOffset Now => new(rows.Now, TimeSpan.Zero);

    /// <summary>Begins with a group: nothing is decided, and nothing is known.</summary>
    /// <param name="isCertain">Whether its facts will be read under the lock.</param>
    public void Begin(bool isCertain)
    {
        rows.Clear();
        _facts.Clear();
        _facts.IsCertain = isCertain;
        IsAnyStored = false;
        rows.Now = options.TimeProvider.GetUtcNow().UtcTicks;
    }

    /// <summary>Decides an append on facts.</summary>
    /// <param name="work">The append; it has its result or its error afterwards, if it is not to be written.</param>
    /// <param name="isToAdd">Whether rows are made of it at once.</param>
    public AppendDecision Decide(AppendWork work, bool isToAdd = true)
    {
        _facts.Begin(work);
        var decision = AppendDecision.Of(work.Request, _facts, Now);
        if (decision.Refusal is { } refusal) work.Refuse(refusal);
        work.Outcome = decision.Outcome;
        IsAnyStored |= work.Outcome is { WasAlreadyStored: true };

        // What an earlier attempt wrote, of which this process did not hear, is no repetition by the caller.
        if (work is { IsOutcomeUnknown: true, Outcome: { WasAlreadyStored: true } stored })
            work.Outcome = new AppendResult(stored.Streams, stored.FirstPosition, stored.Position, wasAlreadyStored: false);
        if (isToAdd && decision.IsToWrite) rows.Add(work.Request, _facts.EndOf, names);
        return decision;
    }

    /// <summary>
    /// Decides each append of the group on what is believed. An append that would be refused is put off: a refusal must rest on facts.
    /// </summary>
    public async ValueTask DecideOnBeliefsAsync(List<AppendWork> group)
    {
        Begin(isCertain: false);
        Sure.Clear();
        Unsure.Clear();
        List<string>? unknown = null;
        foreach (var work in group)
        {
            for (var w = 0; w < work.Request.Writes.Count; w++)
            {
                var (stream, expected, _) = work.Request.Writes[w];
                if (ends.TryGet(stream, out var end)) _facts.Add(stream, end);
                else if (expected == ExpectedVersion.Any || !expected.IsMetBy(0)) (unknown ??= []).Add(stream);
            }

            if (work.Scouted is not { } scouted) continue;
            known.Recent.IsUsed = true;
            foreach (var look in scouted) rows.ExpectedHead = Math.Max(rows.ExpectedHead, Math.Max(look.UpTo, known.Head));
        }

        if (unknown is not null) await Reader.ReadEndsAsync(writer.Connection, unknown).ConfigureAwait(false);

        // What the group appends comes after all that is known of the log, be it from this process's own appends or from a look for a
        // condition. With conditions the group is written only if that is the head.
        _facts.StoredHead = Math.Max(Math.Max(known.Head, rows.ExpectedHead), 0);
        var othersWrite = known.OthersWrite;
        var hasConditions = false;
        foreach (var work in group)
        {
            _facts.Begin(work);
            if ((work.Scouted is not null && othersWrite) || rows.HasAnyOf(work.Request))
            {
                Unsure.Add(work);
                continue;
            }

            var decision = AppendDecision.Of(work.Request, _facts, Now, looksForRepetition: false);
            if (!decision.IsToWrite || _facts.IsUnsure)
            {
                Unsure.Add(work);
                continue;
            }

            hasConditions |= work.Scouted is not null;
            work.Outcome = decision.Outcome;
            rows.Add(work.Request, _facts.EndOf, names);
            Sure.Add(work);
        }

        if (!hasConditions) rows.ExpectedHead = -1;
    }

    /// <summary>Gives numbers to the types that have none yet.</summary>
    public async ValueTask InternTypesAsync(List<AppendWork> group)
    {
        if (AppendWork.TypesUnknownTo(names, group) is { } unknown)
            await names.InternAsync(writer.Connection, [.. unknown]).ConfigureAwait(false);
    }
}
