using Microsoft.Extensions.DependencyInjection;

namespace EventSourcing;

/// <summary>The scopes of a store's reactors: one for each reactor that is started, and one for each delivery.</summary>
internal sealed class ReactorScopes(IServiceProvider services, List<RegisteredSubscriber<Reactor>> registered) : IAsyncDisposable
{
    private readonly List<IAsyncDisposable> _scopes = [];

    /// <summary>The reactors as they are started, in the order in which they were registered.</summary>
    public IReadOnlyList<Reactor> Started { get; private set; } = [];

    /// <summary>
    /// Makes the reactors that say what they handle. They handle nothing themselves, so a scope has only to last as long as its reactor
    /// runs.
    /// </summary>
    public IReadOnlyList<Reactor> Create()
    {
        var reactors = new List<Reactor>(registered.Count);
        foreach (var one in registered)
        {
            var scope = services.CreateAsyncScope();
            _scopes.Add(scope);
            reactors.Add(one.Create(scope.ServiceProvider));
        }

        return Started = reactors;
    }

    /// <summary>Makes the reactor that handles one delivery, in a scope that ends with the delivery.</summary>
    public DeliveryScope BeginDelivery(Reactor started)
    {
        var index = 0;
        while (!ReferenceEquals(Started[index], started)) index++;
        var scope = services.CreateAsyncScope();
        try
        {
            return new DeliveryScope(registered[index].Create(scope.ServiceProvider), scope);
        }
        catch
        {
            scope.Dispose();
            throw;
        }
    }

    /// <summary>Ends the scopes of the reactors that were started. May be called twice.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var scope in _scopes) await scope.DisposeAsync().ConfigureAwait(false);
        _scopes.Clear();
    }
}
