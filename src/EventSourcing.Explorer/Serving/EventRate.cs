using System.Collections.Concurrent;

namespace EventSourcing.Explorer;

/// <summary>How many events were recorded between two instants.</summary>
internal sealed record RateBucket(DateTimeOffset From, DateTimeOffset To, long Count);

/// <summary>The events of all time in parts of equal length.</summary>
internal sealed record RateModel(string Unit, IReadOnlyList<RateBucket> Buckets);

/// <summary>
/// Counts events by time. Stamps never go backwards, so the position at an instant is found by bisection, and stays what it is once the
/// instant has passed: each is looked up once. Thread-safe.
/// </summary>
internal sealed class EventRate
{
    private const int MostBuckets = 56;
    private const int MostKept = 10_000;

    private static readonly (string Name, TimeSpan Length)[] Units =
    [
        ("second", TimeSpan.FromSeconds(1)), ("10 seconds", TimeSpan.FromSeconds(10)), ("minute", TimeSpan.FromMinutes(1)),
        ("5 minutes", TimeSpan.FromMinutes(5)),
        ("20 minutes", TimeSpan.FromMinutes(20)), ("hour", TimeSpan.FromHours(1)), ("4 hours", TimeSpan.FromHours(4)),
        ("day", TimeSpan.FromDays(1)),
        ("3 days", TimeSpan.FromDays(3)), ("week", TimeSpan.FromDays(7)), ("2 weeks", TimeSpan.FromDays(14)),
        ("8 weeks", TimeSpan.FromDays(56)),
        ("half year", TimeSpan.FromDays(182)), ("5 years", TimeSpan.FromDays(1826)),
    ];

    private readonly ConcurrentDictionary<long, long> _positions = new();

    /// <summary>The rate from the first event to the last; null if there is none.</summary>
    public async Task<RateModel?> ReadAsync(
        IEventStorage storage, DateTimeOffset first, DateTimeOffset last, long head, CancellationToken cancellationToken)
    {
        if (head == 0) return null;
        var span = last - first;
        var unit = Units.FirstOrDefault(unit => span.Ticks / unit.Length.Ticks < MostBuckets, Units[^1]);
        var length = unit.Length.Ticks;
        if (_positions.Count > MostKept) _positions.Clear();
        var buckets = new List<RateBucket>();
        var before = 0L;
        for (var from = first.UtcTicks / length * length; from <= last.UtcTicks && from <= DateTime.MaxValue.Ticks - length; from += length)
        {
            var to = from + length;
            var reached = to > last.UtcTicks
                ? head
                : await PositionBeforeAsync(storage, to, before, head, cancellationToken).ConfigureAwait(false);
            buckets.Add(new RateBucket(new DateTimeOffset(from, TimeSpan.Zero), new DateTimeOffset(to, TimeSpan.Zero), reached - before));
            before = reached;
        }

        return new RateModel(unit.Name, buckets);
    }

    /// <summary>The last position that was recorded before an instant, which a later event has passed.</summary>
    private async ValueTask<long> PositionBeforeAsync(
        IEventStorage storage, long ticks, long low, long high, CancellationToken cancellationToken)
    {
        if (_positions.TryGetValue(ticks, out var known)) return known;
        while (low < high)
        {
            var middle = high - ((high - low) / 2);
            using var page = await storage.ReadLogAsync(SingleEventPage.At(middle), cancellationToken).ConfigureAwait(false);
            if (page.Count > 0 && page.Events[0].RecordedAt.UtcTicks < ticks) low = middle;
            else high = middle - 1;
        }

        return _positions[ticks] = low;
    }
}
