using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace EventSourcing;

/// <summary>
/// Starts and stops all stores of an app, in parallel. They are open before any other service of the host starts, and closed after all have
/// stopped.
/// </summary>
internal sealed class HostedStores(IServiceProvider services, IEnumerable<StoreRegistration> registrations) : IHostedLifecycleService
{
    private readonly IReadOnlyList<HostedStore> _stores =
        [.. registrations.Select(registration => services.GetRequiredKeyedService<HostedStore>(registration.Name))];

    public Task StartingAsync(CancellationToken cancellationToken) => AllAsync(store => store.OpenAsync(cancellationToken));

    public Task StartAsync(CancellationToken cancellationToken) => AllAsync(store => store.StartAsync(cancellationToken));

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        foreach (var store in _stores) store.BeginMeasuring();
        return Task.CompletedTask;
    }

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => AllAsync(store => store.StopAsync(cancellationToken));

    public Task StoppedAsync(CancellationToken cancellationToken) => AllAsync(store => store.CloseAsync(cancellationToken));

    private Task AllAsync(Func<HostedStore, Task> act) => Task.WhenAll(_stores.Select(act));
}
