using System.Diagnostics.CodeAnalysis;
using EventSourcing;
using EventSourcing.Explorer;
using Microsoft.AspNetCore.Routing;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Adds an event explorer to an app.</summary>
public static class EventExplorerExtensions
{
    /// <summary>
    /// Maps the pages of an event explorer. As long as their endpoints require no authorization, they answer only requests that come from
    /// this machine itself and through no proxy. To open the pages to others, call <c>RequireAuthorization</c> on the result. From then on,
    /// only the authorization decides who sees them. Nobody can give orders to projections unless
    /// <see cref="EventExplorerOptions.ActionPolicy"/> is set.
    /// </summary>
    /// <param name="app">The app, or a group of its routes.</param>
    /// <param name="prefix">The path of the overview; all other pages are below it.</param>
    /// <param name="configure">Says what is shown, and to whom.</param>
    /// <returns>All endpoints of the explorer. Add authorization and the like to them.</returns>
    /// <exception cref="InvalidOperationException">The app has no event store, or none under that key.</exception>
    public static RouteGroupBuilder MapEventExplorer(
        this IEndpointRouteBuilder app,
        [StringSyntax("Route")] string prefix = "/events",
        Action<EventExplorerOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(app);
        ArgumentNullException.ThrowIfNull(prefix);
        var options = new EventExplorerOptions();
        configure?.Invoke(options);
        return ExplorerEndpoints.Map(app, prefix, options);
    }
}
