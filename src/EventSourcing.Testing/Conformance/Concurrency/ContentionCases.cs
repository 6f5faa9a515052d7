using static EventSourcing.Testing.StoreUnderTest;
using static EventSourcing.Testing.WholeLog;

namespace EventSourcing.Testing;

/// <summary>Guards are evaluated under the lock that orders commits: of several decisions on the same facts, one wins.</summary>
internal static class ContentionCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        OneWins("creating_one_stream", 8, (_, _) => Task.FromResult(0L), (store, _, round, _) =>
            Request(Write($"s{round}", ExpectedVersion.NoStream, store.Event()))),
        OneWins("appending_at_one_version", 8, (store, round) => store.VersionAsync("s"), (store, _, _, version) =>
            Request(Write("s", version, store.Event()))),
        OneWins("appending_batches_that_share_one_stream", 6, (store, round) => store.VersionAsync("shared"), (store, n, round, version) =>
            Request(Write($"own {round} {n}", ExpectedVersion.NoStream, store.Event()), Write("shared", version, store.Event()))),
        OneWins("appending_on_one_condition", 8, (store, _) => store.HeadAsync(), (store, n, _, head) =>
            Request(Write($"s{n}", ExpectedVersion.Any, store.Tagged("x"))) with { Conditions = [new(EventQuery.WithTags("x"), head)] }),
        OneWins("appending_on_the_condition_of_an_unchanged_log", 8, (store, _) => store.HeadAsync(), (store, n, _, head) =>
            Request(Write($"s{n}", ExpectedVersion.Any, store.Event())) with { Conditions = [new(EventQuery.All, head)] }),
        OneWins("claiming_one_unique_key", 8, (_, _) => Task.FromResult(0L), (store, n, round, _) =>
            Request(Write($"user-{n}-{round}", ExpectedVersion.NoStream, store.Tagged($"email:{round}"))) with
            {
                Conditions = [new(EventQuery.WithTags($"email:{round}"), 0)],
            }),
        OneWins("appending_on_conditions_that_overlap_in_one_tag", 2, (store, _) => store.HeadAsync(), (store, n, _, head) =>
            Request(Write($"s{n}", ExpectedVersion.Any, store.Tagged("x", "y"))) with
            {
                Conditions = [new(n == 0 ? EventQuery.WithTags("x") : EventQuery.WithTags("x", "y"), head)],
            }),
        OneWins("appending_on_a_type_and_on_a_tag_of_one_event", 2, (store, _) => store.HeadAsync(), (store, n, _, head) =>
            Request(Write($"s{n}", ExpectedVersion.Any, store.Event("T", tags: "x"))) with
            {
                Conditions = [new(n == 0 ? EventQuery.OfTypes("T") : EventQuery.WithTags("x"), head)],
            }),
        OneWins("entering_each_where_the_other_requires_emptiness", 2, (store, _) => store.HeadAsync(), (store, n, round, head) => n == 0
            ? Request(Write($"room-{round}", ExpectedVersion.NoStream, store.Event())) with
            {
                Conditions = [new(EventQuery.InStreams("hall-"), head)],
            }
            : Request(Write($"hall-{round}", ExpectedVersion.NoStream, store.Event())) with
            {
                Conditions = [new(EventQuery.InStreams("room-"), head)],
            }),
        OneWins("writing_each_what_the_other_checks", 2, (_, _) => Task.FromResult(0L), (store, n, round, _) => n == 0
            ? Request(Write($"a{round}", ExpectedVersion.NoStream, store.Event()), Check($"b{round}", ExpectedVersion.NoStream))
            : Request(Write($"b{round}", ExpectedVersion.NoStream, store.Event()), Check($"a{round}", ExpectedVersion.NoStream))),
    ];

    private static ConformanceCase Case(string title, Func<StoreUnderTest, Task> run) => new(title, ConformanceRule.Concurrency, run);

    /// <summary>Contenders that have all read the same facts append at once, round after round: exactly one wins each time.</summary>
    private static ConformanceCase OneWins(
        string doing,
        int contenders,
        Func<StoreUnderTest, int, Task<long>> readFacts,
        Func<StoreUnderTest, int, int, long, AppendRequest> request) =>
        Case($"Race_of_{contenders}_{doing}_lets_exactly_one_win", async store =>
        {
            var expected = 0;
            for (var round = 0; round < Rounds; round++)
            {
                var facts = await readFacts(store, round);
                var requests = Enumerable.Range(0, contenders).Select(n => request(store, n, round, facts)).ToArray();
                var results = await Race.RunAsync(contenders, n => Race.TryAsync(store.AppendAsync(requests[n])));
                Expect.Equal(1, results.Count(r => r is not null), $"the number of winners of round {round + 1}");
                expected += requests[Array.FindIndex(results, r => r is not null)].EventCount;
                Expect.Equal(expected, await store.HeadAsync(), $"the head after round {round + 1}");
            }

            await ExpectWholeLogAsync(store, expected);
        });
}
