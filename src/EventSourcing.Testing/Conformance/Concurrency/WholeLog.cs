namespace EventSourcing.Testing;

/// <summary>Checks a log after appends at the same time.</summary>
internal static class WholeLog
{
    public const int Rounds = 20;

    /// <summary>Positions and versions run from 1 without a gap, and no id occurs twice.</summary>
    public static async Task<List<SeenEvent>> ExpectWholeLogAsync(StoreUnderTest store, int count)
    {
        var log = await store.LogAsync();
        Expect.Sequence([.. Enumerable.Range(1, count).Select(n => (long)n)], [.. log.Select(e => e.Position)], "the positions of the log");
        foreach (var stream in log.GroupBy(e => e.Stream))
        {
            Expect.Sequence(
                [.. Enumerable.Range(1, stream.Count()).Select(n => (long)n)],
                [.. stream.Select(e => e.Version)],
                $"the versions of '{stream.Key}' along the log");
            Expect.Sequence([.. stream], await store.StreamAsync(stream.Key), $"stream '{stream.Key}'");
        }

        Expect.Equal(count, log.Select(e => e.Id).Distinct().Count(), "the number of different ids");
        Expect.Equal(count, await store.HeadAsync(), "the head");
        return log;
    }
}
