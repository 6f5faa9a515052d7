using System.Text.Json;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace EventSourcing.Explorer;

/// <summary>
/// The routes of an explorer. All pages are one level below the overview, and all their links are relative, so they work behind any base
/// path and behind a proxy that takes a prefix away.
/// </summary>
internal sealed class ExplorerEndpoints
{
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
        + "base-uri 'none'; frame-ancestors 'none'";

    private static readonly (string Name, Func<PageContext, Task<Answer>> Build)[] Pages =
    [
        ("", OverviewPage.BuildAsync), ("log", LogPage.BuildAsync), ("streams", StreamsPage.BuildAsync), ("stream", StreamPage.BuildAsync),
        ("event", SingleEventPage.BuildAsync), ("trace", TracePage.BuildAsync), ("types", TypesPage.BuildAsync),
        ("projections", ProjectionsPage.BuildAsync), ("projection", ProjectionPage.BuildAsync), ("read-models", ReadModelsPage.BuildAsync),
        ("read-model", ReadModelPage.BuildAsync), ("document", DocumentPage.BuildAsync), ("ledger", LedgerPage.BuildAsync),
    ];

    private readonly EventExplorerOptions _options;
    private readonly ExplorerState _state;

    private ExplorerEndpoints(EventExplorerOptions options, CancellationToken stopping)
    {
        _options = options;
        _state = new ExplorerState(options, stopping);
    }

    /// <exception cref="InvalidOperationException">The app has no such store.</exception>
    public static RouteGroupBuilder Map(IEndpointRouteBuilder app, string prefix, EventExplorerOptions options)
    {
        ThrowIfStoreIsMissing(app.ServiceProvider, options);
        var stopping = app.ServiceProvider.GetService<IHostApplicationLifetime>()?.ApplicationStopping ?? CancellationToken.None;
        var explorer = new ExplorerEndpoints(options, stopping);
        var group = app.MapGroup(prefix);
        foreach (var (name, build) in Pages) group.MapGet($"/{name}", (RequestDelegate)(http => explorer.ShowAsync(http, name, build)));
        group.MapGet("/go", (RequestDelegate)(http => explorer.RunAsync(http, "go", page => GoToAsync(http, page))));
        group.MapGet("/live", (RequestDelegate)(http => explorer.RunAsync(http, "live", page => LiveLog.StreamAsync(http, page))));
        group.MapGet("/data", (RequestDelegate)(http => explorer.RunAsync(http, "data", page => Downloads.DataAsync(http, page))));
        group.MapGet("/proof", (RequestDelegate)(http => explorer.RunAsync(http, "proof", page => Downloads.ProofAsync(http, page))));
        group.MapPost("/act", (RequestDelegate)(http => explorer.OrderAsync(http, "act", page => ProjectionOrders.GiveAsync(http, page))));
        group.MapPost(
            "/verify", (RequestDelegate)(http => explorer.OrderAsync(http, "verify", page => LedgerPage.VerifyAsync(http, page))));
        group.MapPost("/fold", (RequestDelegate)(http => explorer.OrderAsync(http, "fold", page => FoldOrders.GiveAsync(http, page))));
        foreach (var asset in Asset.All) group.MapGet($"/{asset.Name}", (RequestDelegate)asset.SendAsync);
        return group;
    }

    private static void ThrowIfStoreIsMissing(IServiceProvider services, EventExplorerOptions options)
    {
        if (options.Store is not null) return;
        var isThere = options.StoreKey is { } key
            ? services.GetService<IServiceProviderIsKeyedService>()?.IsKeyedService(typeof(EventStore), key)
            : services.GetService<IServiceProviderIsService>()?.IsService(typeof(EventStore));
        if (isThere != false) return;
        throw new InvalidOperationException(
            options.StoreKey is null
                ? "The app has no EventStore for the explorer to show. Register one as a singleton, "
                    + "name the key of a keyed one (explorer => explorer.StoreKey = \"…\"), "
                    + "or hand one over (explorer => explorer.Store = store)."
                : $"The app has no EventStore under the key '{options.StoreKey}' for the explorer to show. "
                    + "Register it with AddKeyedSingleton, or name another key.");
    }

    /// <summary>Goes to what a text names: a position, the id of an event, a stream, or the beginning of streams.</summary>
    private static async Task GoToAsync(HttpContext http, PageContext page)
    {
        var text = page.Find("to")?.Trim() ?? "";
        var address = Parts.Link("streams", ("prefix", text.Length == 0 ? null : text));
        if (
            long.TryParse(
                text, System.Globalization.NumberStyles.AllowThousands, System.Globalization.CultureInfo.InvariantCulture,
                out var position)
                && (position <= await page.Store.GetHeadAsync(page.Aborted).ConfigureAwait(false)
                    || await FindStreamAsync(page, text).ConfigureAwait(false) is null))
            address = Parts.EventAddress(position);
        else if (Guid.TryParse(text, out _)) address = Parts.Link("event", ("id", text));
        else if (
            text.Length is > 0 and <= 200
                && !text.Any(char.IsControl)
                && await FindStreamAsync(page, text).ConfigureAwait(false) is { } stream) address = Parts.StreamAddress(stream);
        http.Response.Redirect(address);
    }

    /// <summary>The stream of a name; or the only one that has it after its category, if no name begins so.</summary>
    private static async Task<string?> FindStreamAsync(PageContext page, string name)
    {
        if (await page.Store.GetVersionAsync(name, page.Aborted).ConfigureAwait(false) > 0) return name;
        var catalog = page.Store.Storage.Catalog;
        var begun = await catalog.ListStreamsAsync(new StreamListing { Prefix = name, Limit = 1 }, page.Aborted).ConfigureAwait(false);
        if (begun.Streams.Count > 0) return null;
        var within = await StreamsPage.FindWithinCategoriesAsync(catalog, name, page.Aborted).ConfigureAwait(false);
        return within.Count == 1 ? within[0].Name : null;
    }

    /// <summary>
    /// The relative address that a page is at, if the request names it with another end: a relative link means something else then.
    /// </summary>
    private static string? MovedTo(HttpRequest request, string name)
    {
        var path = request.Path.HasValue ? request.Path.Value : request.PathBase.Value ?? "";
        if (name.Length > 0) return path.EndsWith('/') ? $"../{name}{request.QueryString}" : null;
        return path.EndsWith('/') ? null : $"{Uri.EscapeDataString(path[(path.LastIndexOf('/') + 1)..])}/{request.QueryString}";
    }

    private static bool WantsJson(HttpRequest request)
    {
        var accepted = request.GetTypedHeaders().Accept.OrderByDescending(type => type.Quality ?? 1);
        return accepted.Select(type => type.MediaType.Value).FirstOrDefault(
            type => type is "application/json" or "text/html" or "*/*") == "application/json";
    }

    /// <summary>The message without the name of the parameter, which is one of the code and not of the page.</summary>
    private static string WithoutParameter(ArgumentException invalid) =>
        invalid.ParamName is { } name ? invalid.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal) : invalid.Message;

    private static async Task<bool> MeetsAsync(HttpContext http, string? policy)
    {
        if (policy is null) return false;
        var service = http.RequestServices.GetService<IAuthorizationService>()
            ?? throw new InvalidOperationException(
                $"The explorer is to ask the policy '{policy}', and the app has no authorization. "
                + "Call builder.Services.AddAuthorization().");
        return (await service.AuthorizeAsync(http.User, http, policy).ConfigureAwait(false)).Succeeded;
    }

    private Task ShowAsync(HttpContext http, string name, Func<PageContext, Task<Answer>> build) => RunAsync(http, name, async page =>
    {
        var isJson = WantsJson(http.Request);
        if (!isJson && MovedTo(http.Request, name) is { } address)
        {
            http.Response.Redirect(address);
            return;
        }

        await SendAsync(http, name, page, await build(page).ConfigureAwait(false), isJson).ConfigureAwait(false);
    });

    private async Task OrderAsync(HttpContext http, string name, Func<PageContext, Task> order)
    {
        if (Access.RefusalOfOrder(http.Request) is { } refusal)
        {
            Protect(http.Response);
            await RefuseAsync(http, 403, refusal.Title, refusal.Reason).ConfigureAwait(false);
            return;
        }

        await RunAsync(http, name, order).ConfigureAwait(false);
    }

    /// <summary>Runs what answers a request, for those who may ask.</summary>
    private async Task RunAsync(HttpContext http, string name, Func<PageContext, Task> run)
    {
        Protect(http.Response);
        if (Access.RefusalOf(http) is { } refusal)
        {
            await RefuseAsync(http, 403, refusal.Title, refusal.Reason).ConfigureAwait(false);
            return;
        }

        var mayAct = await MeetsAsync(http, _options.ActionPolicy).ConfigureAwait(false);
        var maySee = !_options.HidePayloads
            && (_options.PayloadPolicy is null || await MeetsAsync(http, _options.PayloadPolicy).ConfigureAwait(false));
        var page = new PageContext(http, StoreFor(http), _state, new Payloads(maySee, _options.Redact), mayAct);
        try
        {
            await run(page).ConfigureAwait(false);
        }
        catch (RefusedException refused) when (!http.Response.HasStarted)
        {
            await RefuseAsync(http, refused.Status, refused.Title, refused.Message, name, page).ConfigureAwait(false);
        }
        catch (ArgumentException invalid) when (!http.Response.HasStarted)
        {
            await RefuseAsync(http, 400, "That cannot be looked up", WithoutParameter(invalid), name, page).ConfigureAwait(false);
        }
        catch (EventSourcingException failure) when (!http.Response.HasStarted)
        {
            await RefuseAsync(
                http, 500, "The store cannot be read", page.Payloads.Error(failure.Message), name, page).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // Nobody waits for the answer any more.
        }
    }

    private EventStore StoreFor(HttpContext http) => _options.Store ?? (_options.StoreKey is { } key
        ? http.RequestServices.GetRequiredKeyedService<EventStore>(key)
        : http.RequestServices.GetRequiredService<EventStore>());

    /// <param name="http">The request.</param>
    /// <param name="status">The status of the answer.</param>
    /// <param name="title">What is the matter.</param>
    /// <param name="reason">Why, and what to do.</param>
    /// <param name="name">The page that was asked for.</param>
    /// <param name="page">The request for it; null if it may not be seen, so that there is no way on from here.</param>
    private Task RefuseAsync(HttpContext http, int status, string title, string reason, string name = "", PageContext? page = null) =>
        SendAsync(http, name, page, ErrorPage.Of(status, title, reason), WantsJson(http.Request));

    private async Task SendAsync(HttpContext http, string name, PageContext? page, Answer answer, bool isJson)
    {
        var response = http.Response;
        response.StatusCode = answer.Status;
        response.Headers.Vary = "Accept";
        if (isJson)
        {
            response.ContentType = "application/json; charset=utf-8";
            var json = new Utf8JsonWriter(
                response.BodyWriter, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.Default });
            await using (json.ConfigureAwait(false)) answer.WriteJson(json);
        }
        else
        {
            response.ContentType = "text/html; charset=utf-8";
            await response.WriteAsync(Layout.Of(_options, name, page, answer).ToString(), http.RequestAborted).ConfigureAwait(false);
        }
    }

    private static void Protect(HttpResponse response)
    {
        response.Headers.ContentSecurityPolicy = Policy;
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.XFrameOptions = "DENY";
        response.Headers.CacheControl = "no-store";
        response.Headers["Referrer-Policy"] = "same-origin";
        response.Headers["Cross-Origin-Resource-Policy"] = "same-origin";
        response.Headers["Cross-Origin-Opener-Policy"] = "same-origin";
    }
}
