using Xunit.Abstractions;

namespace EventSourcing.Tests.Concurrency;

/// <summary>
/// Histories of real races on a storage, each checked for linearizability. EVENTSOURCING_HISTORIES says how many, for
/// long runs.
/// </summary>
public abstract class LinearizabilityTests(ITestOutputHelper output)
{
    /// <summary>How many histories make up a usual run.</summary>
    protected abstract int UsualHistories { get; }

    [Fact]
    [Trait("Speed", "Slow")]
    public Task Race_on_one_handle_is_linearizable() => CheckAsync(Open, Effort.Histories(UsualHistories));

    [Fact]
    public async Task Race_on_a_storage_that_checks_before_it_locks_is_found_out()
    {
        string? fault = null;
        var histories = 0;
        for (; fault is null && histories < 100; histories++)
        {
            await using var racy = new ChecksBeforeTheLock(Open());
            fault = (await History.RecordAsync([racy], histories)).FindFault();
        }

        fault.Should().NotBeNull("guards checked before the lock do not guard");
        output.WriteLine($"Found in history {histories}: {fault!.Split('\n')[0]}");
    }

    /// <summary>Opens a new, empty storage.</summary>
    protected abstract IEventStorage Open();

    protected Task CheckAsync(Func<IEventStorage> open, int histories) => CheckAsync(() => [open()], histories);

    protected async Task CheckAsync(Func<IReadOnlyList<IEventStorage>> open, int histories)
    {
        var (overlaps, outcomes) = (0, new List<Outcome>());
        for (var seed = 0; seed < histories; seed++)
        {
            var handles = open();
            var history = await History.RecordAsync(handles, seed);
            foreach (var handle in handles) await handle.DisposeAsync();
            history.FindFault().Should().BeNull("of history {0}", seed);
            overlaps += history.Overlaps;
            outcomes.AddRange(history.Operations.Select(o => o.Operation.Outcome));
        }

        var counts = outcomes.CountBy(outcome => outcome).ToDictionary();
        output.WriteLine($"{histories} histories, {overlaps} operations that overlapped others; {string.Join(", ", counts.OrderBy(c => c.Key).Select(c => $"{c.Key} {c.Value}"))}.");
        overlaps.Should().BePositive("histories without overlaps prove nothing");
        counts.Keys.Should().Contain([Outcome.Read, Outcome.Stored, Outcome.Repeated, Outcome.Conflict, Outcome.Duplicate]);
    }
}
