namespace EventSourcing.Tests.Projections;

public class EarlyFailureTests
{
    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Fail_before_anybody_waits_for_it_is_told_all_the_same()
    {
        // Many more at once than there are cores, so that some of those who look are held up just before they do.
        await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(async () =>
        {
            for (var round = 0; round < 150; round++)
            {
                await using var store = Bank.Open(new NoRuns());
                var all = Enumerable.Range(0, 8).Select(n => store.StartProjections(new Named($"b{n}"))).ToList();
                foreach (var running in all)
                {
                    var failure = await Record.ExceptionAsync(() => running.Completion.WaitAsync(TimeSpan.FromSeconds(30)));
                    failure.Should().BeOfType<NotSupportedException>();
                }
            }
        })));
    }

    private sealed class Named(string name) : Balances
    {
        public override string Name => name;
    }

    /// <summary>Cannot say where a run stands, so that each ends as soon as it is started.</summary>
    private sealed class NoRuns() : Testing.ReadModelFaults.FaultyReadModels(new EventStorageOptions())
    {
        public override ValueTask<IReadOnlyList<byte[]?>> LoadAsync(string model, IReadOnlyList<string> keys, CancellationToken cancellationToken = default) =>
            model == "$runs" ? throw new NotSupportedException("no runs here") : base.LoadAsync(model, keys, cancellationToken);
    }
}
