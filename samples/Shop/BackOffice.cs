using EventSourcing;
using EventSourcing.Operations;

namespace Shop;

/// <summary>Runs the projections and the order process of the shop. They may run in a process of their own.</summary>
internal sealed class BackOffice : IAsyncDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);
    private readonly ShopStore _shop;
    private readonly RunningReactors _reactors;

    private BackOffice(ShopStore shop, RunningProjections projections, RunningReactors reactors)
    {
        _shop = shop;
        Projections = projections;
        _reactors = reactors;
    }

    public RunningProjections Projections { get; }

    /// <summary>Completes as soon as the projections or the order process end, and fails if they have failed.</summary>
    public Task Completion => Task.WhenAny(Projections.Completion, _reactors.Completion).Unwrap();

    public static async Task<BackOffice> StartAsync(ShopStore shop, IPaymentProvider provider)
    {
        var reactors = await shop.Events.StartReactorsAsync(OrderProcess.Options, new OrderProcess(shop.Events, provider));
        return new BackOffice(shop, shop.Events.StartProjections(shop.Projections), reactors);
    }

    /// <summary>The status of each projection, and then that of the order process.</summary>
    public async Task<IReadOnlyList<ProjectionStatus>> GetStatusAsync(CancellationToken cancellationToken) =>
        [.. await Projections.GetStatusAsync(cancellationToken), .. await _reactors.GetStatusAsync(cancellationToken)];

    /// <summary>
    /// Waits until the projections and the order process run here. Before that, it must be seen that the process that ran them is gone,
    /// and what they need must be loaded.
    /// </summary>
    public async Task TakeOverAsync(CancellationToken cancellationToken)
    {
        while ((await GetStatusAsync(cancellationToken)).Any(status => status.State is not (ProjectionState.CatchingUp or ProjectionState.Live)))
        {
            if (Completion.IsCompleted) await Completion;
            await Task.Delay(Poll, cancellationToken);
        }
    }

    /// <summary>Waits until every order is confirmed or cancelled, and every read model knows that.</summary>
    public async Task SettleAsync(CancellationToken cancellationToken)
    {
        while (!IsSettled(await GetStatusAsync(cancellationToken)))
        {
            if (Completion.IsCompleted) await Completion;
            await Task.Delay(Poll, cancellationToken);
        }
    }

    /// <summary>The same for a back office that runs in another process.</summary>
    public static async Task SettleElsewhereAsync(ShopStore shop, CancellationToken cancellationToken)
    {
        var all = shop.Projections.Count + 1;
        while (await shop.Events.ProjectionAdmin().GetStatusAsync(cancellationToken) is var statuses && !(statuses.Count == all && IsSettled(statuses))) await Task.Delay(Poll, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _reactors.DisposeAsync();
        await Projections.DisposeAsync();
    }

    /// <summary>
    /// Whether all are level with the log and nothing waits to be tried again. The order process writes events itself, so all must be
    /// level with the same head.
    /// </summary>
    private static bool IsSettled(IReadOnlyList<ProjectionStatus> all)
    {
        var head = all.Max(status => status.Head);
        return all.All(status => status.Position >= head && status.Parked == 0);
    }
}
