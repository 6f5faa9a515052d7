namespace EventSourcing.Tamper.Tests;

/// <summary>
/// A short run of each part of the tamper suite. The long ones are a command of their own: see the suite's README.
/// </summary>
public sealed class TamperTests
{
    private const int Seed = 20_240_607;

    [Fact]
    public async Task Edits_of_every_kind_are_found_against_kept_checkpoints()
    {
        var tallies = await EditSuite.RunAsync(5 * EditKinds.All.Count, Seed, events: 700);

        foreach (var tally in tallies) tally.IsGood.Should().BeTrue("{0}: {1} missed, {2} misplaced, {3} wrong: {4}", tally.Name, tally.Missed, tally.Misplaced, tally.Wrong, string.Join(Environment.NewLine, tally.Notes));
        tallies.Sum(tally => tally.Found).Should().BeGreaterThan(150);
        tallies.Sum(tally => tally.SilentWithout).Should().BePositive("the checkpoints carry the proof: without them a tree that was made anew covers a change");
    }

    [Fact]
    public async Task Flipped_bits_of_the_file_are_reported_where_they_change_anything()
    {
        using var folder = new WorkFolder();
        var cases = await BitCases.CreateAsync(folder, events: 260, Seed);

        var tally = await RunAsync(cases, folder, every: 1511);

        tally.Of(FaultOutcome.Reported).Should().BePositive();
        tally.Of(FaultOutcome.Harmless).Should().BePositive();
    }

    [Fact]
    public async Task Faults_of_the_log_are_reported_where_they_lose_an_event()
    {
        using var folder = new WorkFolder();
        var cases = await WalCases.CreateAsync(folder, Seed, bitEvery: 9973, bitOffset: 5);

        var tally = await RunAsync(cases, folder, every: 3);

        tally.Of(FaultOutcome.Reported).Should().BePositive();
    }

    private static async Task<FaultTally> RunAsync(FaultCases cases, WorkFolder folder, int every)
    {
        var tally = new FaultTally();
        await new FaultRunner(cases, folder, tally).RunAsync(Enumerable.Range(0, (int)(cases.Count / every)).Select(i => (long)i * every));
        tally.IsGood.Should().BeTrue("of {0} cases {1} were missed, {2} came to an error that is not typed, {3} hung, {4} changed the file: {5}", tally.Total, tally.Of(FaultOutcome.Missed), tally.Of(FaultOutcome.Untyped), tally.Of(FaultOutcome.Hung), tally.Of(FaultOutcome.Written), string.Join(Environment.NewLine, tally.Notes));
        return tally;
    }
}
