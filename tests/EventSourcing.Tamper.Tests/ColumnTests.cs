namespace EventSourcing.Tamper.Tests;

/// <summary>A short run of the suite that puts hostile values into every column.</summary>
public sealed class ColumnTests
{
    private const int Values = 120;

    [Fact]
    public async Task Hostile_values_in_any_column_are_findings_or_typed_refusals()
    {
        using var folder = new WorkFolder();
        var suite = await ColumnSuite.CreateAsync(folder);
        var random = new Random(20_240_607);

        // Some of each column, so that none is left out.
        var groups = suite.Cases.Index()
            .GroupBy(of => of.Item.Group, of => of.Index, (_, numbers) => numbers.ToArray()).ToList();
        await suite.RunAsync([.. groups.SelectMany(group => random.GetItems(group, 1 + (Values / groups.Count))).Distinct()], atOnce: 4);

        suite.IsGood.Should().BeTrue("of all cases the bad ones are: {0}", string.Join(Environment.NewLine, suite.Tally.Notes));
        suite.Tally.Of(FaultOutcome.Reported).Should().BeGreaterThan(Values / 2);
    }
}
