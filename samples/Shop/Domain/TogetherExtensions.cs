using EventSourcing;

namespace Shop;

/// <summary>What <c>UpdateAsync</c> is for one aggregate, for several that change at one stroke.</summary>
internal static class TogetherExtensions
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(10);

    /// <summary>
    /// Appends what some aggregates raise in one commit. On a conflict all is loaded and decided again, until it is
    /// stored or a rule forbids it: of those in conflict one always gets through, so that ends.
    /// </summary>
    /// <param name="act">Loads the aggregates, acts on them and returns them; none where there is nothing to do.</param>
    /// <param name="conflict">Is told of each conflict.</param>
    public static async Task UpdateTogetherAsync(
        this EventStore store, Func<Task<IReadOnlyList<Aggregate>>> act, EventMetadata? metadata = null, Action? conflict = null, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            var aggregates = await act();
            if (aggregates.Count == 0) return;
            try
            {
                await store.SaveAsync(aggregates, metadata, cancellationToken: cancellationToken);
                return;
            }
            catch (WrongExpectedVersionException)
            {
                conflict?.Invoke();

                // Those who collided would collide again if they came back at the same moment.
                await Task.Delay(LongestPause * Random.Shared.NextDouble(), cancellationToken);
            }
        }
    }
}
