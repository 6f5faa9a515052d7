using System.Globalization;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Crash;

/// <summary>
/// Holds the read models of a store of notes, and what its reactor was delivered, against its log: nothing left out,
/// nothing twice, and byte for byte what a live fold and a rebuild give.
/// </summary>
internal sealed class ProjectionAudit(Tally tally, string path, string posted, string when)
{
    private static readonly TimeSpan TooLong = TimeSpan.FromMinutes(2);

    /// <summary>How many events were delivered more than once.</summary>
    public long Redelivered { get; private set; }

    /// <summary>The positions of a log line of a process that appends or follows, or nothing where a kill has cut it.</summary>
    public static IEnumerable<long> Positions(IEnumerable<string> lines, string kind) => lines
        .Where(line => line.StartsWith(kind + " ", StringComparison.Ordinal) && line.EndsWith(" .", StringComparison.Ordinal))
        .Select(line => long.Parse(line.Split(' ')[^2], CultureInfo.InvariantCulture));

    /// <summary>Brings everything up to date as a new process would, and checks it.</summary>
    /// <param name="acknowledged">The highest position that an append was told.</param>
    public async Task CheckAsync(long acknowledged)
    {
        try
        {
            await using var store = Notes.Open(path);
            var log = await store.ReadLogAsync().ToListAsync();
            if (log.Count < acknowledged) tally.AddLost(acknowledged - log.Count, $"{when}: the log ends at {log.Count} and {acknowledged} was acknowledged");
            using var post = new Post(posted);
            await using var projections = store.StartProjections(new Ledger(), new Lines());
            await using (var reactors = await store.StartReactorsAsync(post))
            {
                await projections.CatchUpAsync(TooLong);
                await reactors.CatchUpAsync(TooLong);
            }

            foreach (var status in await store.ProjectionAdmin().GetStatusAsync())
            {
                if (status.Parked > 0) tally.AddUnexplained($"{when}: {status.Name} has {status.Parked} parked");
            }

            await CheckLedgerAsync(store, log);
            CheckLines(log, await LinesAsync(store));
            CheckPosted(log);
            await CheckRebuiltAsync(store, projections);
        }
        catch (Exception e) when (e is EventSourcingException or TimeoutException)
        {
            tally.AddUnexplained($"{when}: the read models are not to be brought up to date: {CallWork.Say(e)}");
        }
    }

    private async Task CheckLedgerAsync(EventStore store, List<RecordedEvent> log)
    {
        var expected = new Dictionary<string, LedgerPage>(StringComparer.Ordinal);
        foreach (var e in log)
        {
            expected[e.Stream] = (expected.GetValueOrDefault(e.Stream) ?? LedgerPage.Empty).With(e.Position, e.Version);
            expected[Ledger.Whole] = (expected.GetValueOrDefault(Ledger.Whole) ?? LedgerPage.Empty).With(e.Position, e.Position);
        }

        foreach (var (key, page) in expected)
        {
            var stored = await store.ReadModel(new Ledger()).FindAsync(key);
            if (stored == page) continue;
            var what = $"{when}: the document '{key}' says {stored} and the log {page}";
            if (stored is null || stored.Count < page.Count) tally.AddLost(page.Count - (stored?.Count ?? 0), what);
            else if (stored.Count > page.Count) tally.AddDuplicated(what);
            else tally.AddUnexplained(what);
        }

        var live = await store.ProjectAsync(new Ledger());
        var json = live.Documents.OrderBy(d => d.Key, StringComparer.Ordinal)
            .Select(d => $"{d.Key} {System.Text.Encoding.UTF8.GetString(System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(d.Value, store.Options.Json ?? System.Text.Json.JsonSerializerOptions.Web))}");
        Compare("a live fold", [.. json], await DocumentsAsync(store));
    }

    private void CheckLines(List<RecordedEvent> log, List<string> lines)
    {
        var expected = log.Select(e => $"{e.Position} {e.Stream} {e.Version} 1").ToHashSet(StringComparer.Ordinal);
        var missing = expected.Except(lines, StringComparer.Ordinal).ToList();
        foreach (var odd in lines.Where(line => !expected.Contains(line))) tally.AddDuplicated($"{when}: the table has the row {odd}");
        if (missing.Count > 0) tally.AddLost(missing.Count, $"{when}: the table has no row {missing[0]}");
    }

    /// <summary>At least once, in the order of its stream, and each time under the same id.</summary>
    private void CheckPosted(List<RecordedEvent> log)
    {
        var ids = new Dictionary<long, string>();
        var versions = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var line in File.ReadLines(posted))
        {
            if (line.Split(' ') is not ["D", var position, var stream, var version, var id, "."])
            {
                tally.AddUnexplained($"{when}: the reactor's file has the line {line}");
                continue;
            }

            var at = long.Parse(position, CultureInfo.InvariantCulture);
            if (!ids.TryAdd(at, id))
            {
                Redelivered++;
                if (ids[at] != id) tally.AddUnexplained($"{when}: position {at} was delivered as {ids[at]} and as {id}");
                continue;
            }

            var number = long.Parse(version, CultureInfo.InvariantCulture);
            var last = versions.GetValueOrDefault(stream);
            if (number != last + 1) tally.AddUnexplained($"{when}: version {number} of {stream} was delivered first after {last}");
            versions[stream] = Math.Max(last, number);
        }

        var lost = log.Where(e => !ids.ContainsKey(e.Position)).ToList();
        if (lost.Count > 0) tally.AddLost(lost.Count, $"{when}: {lost[0]} was never delivered");
    }

    private async Task CheckRebuiltAsync(EventStore store, RunningProjections projections)
    {
        var (documents, lines) = (await DocumentsAsync(store), await LinesAsync(store));
        await projections.RebuildAsync(nameof(Ledger)).WaitAsync(TooLong);
        await projections.RebuildAsync(nameof(Lines)).WaitAsync(TooLong);
        Compare("the rebuilt documents", await DocumentsAsync(store), documents);
        Compare("the rebuilt table", await LinesAsync(store), lines);
    }

    private void Compare(string what, List<string> expected, List<string> actual)
    {
        if (expected.SequenceEqual(actual, StringComparer.Ordinal)) return;
        var first = expected.Zip(actual).FirstOrDefault(pair => pair.First != pair.Second);
        tally.AddUnexplained($"{when}: {what} and the stored read model differ: {expected.Count} and {actual.Count}; {first}");
    }

    private static async Task<List<string>> DocumentsAsync(EventStore store)
    {
        var list = new List<string>();
        for (var query = new DocumentQuery(); ;)
        {
            var page = await store.Storage.ReadModels.QueryAsync(nameof(Ledger), query);
            list.AddRange(page.Select(d => $"{d.Key} {System.Text.Encoding.UTF8.GetString(d.Data.Span)}"));
            if (page.Count < query.Limit) return list;
            query = query with { After = new DocumentCursor(default, page[^1].Key) };
        }
    }

    /// <summary>All rows but for who wrote them.</summary>
    private static async Task<List<string>> LinesAsync(EventStore store) => await ((SqliteEventStorage)store.Storage).QueryAsync((connection, _) =>
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT position || ' ' || stream || ' ' || version || ' ' || times FROM {Lines.Table} ORDER BY position";
        return ValueTask.FromResult(Texts(command));
    });

    private static List<string> Texts(SqliteCommand command)
    {
        var list = new List<string>();
        using var reader = command.ExecuteReader();
        while (reader.Read()) list.Add(reader.GetString(0));
        return list;
    }
}
