using System.Net;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace EventSourcing.Explorer;

/// <summary>Who may see the pages, and which requests may give orders.</summary>
internal static class Access
{
    private const string Remedy =
        "To open the explorer to others, ask for authorization: app.MapEventExplorer(\"/events\").RequireAuthorization(\"your policy\").";

    /// <summary>What proxies add to requests; and what the middleware for forwarded headers leaves when it has taken them away.</summary>
    private static readonly string[] ProxyHeaders =
    [
        "Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix", "X-Forwarded-Port",
        "X-Forwarded-Server",
        "X-Original-For", "X-Original-Host", "X-Original-Proto", "X-Original-Prefix", "X-Real-IP", "X-ProxyUser-Ip", "X-ARR-LOG-ID",
        "MS-ASPNETCORE-TOKEN",
        "CF-Connecting-IP", "True-Client-IP", "X-Client-IP", "X-Envoy-External-Address", "X-Amzn-Trace-Id", "Fly-Client-IP",
    ];

    /// <summary>
    /// Why a page may not be seen; null if it may. An endpoint that asks for authorization, or says that anybody may see it, has been
    /// decided on by the app. Otherwise only this machine itself may, and nothing that may have come from elsewhere.
    /// </summary>
    public static Refusal? RefusalOf(HttpContext http)
    {
        if (IsDecidedByTheApp(http)) return null;
        var request = http.Request;
        if (http.Connection.RemoteIpAddress is not { } remote || !IsLoopback(remote))
            return new(
                "Only this machine may see these pages",
                $"They ask for no authorization, so only the machine that the app runs on may see them. {Remedy}");
        if (ProxyHeaders.FirstOrDefault(request.Headers.ContainsKey) is { } header)
            return new(
                "These pages are not open behind a proxy",
                $"The request has the header {header}, so it may have come from anywhere. {Remedy}");
        if (!HttpProtocol.IsHttp11(request.Protocol) && !HttpProtocol.IsHttp2(request.Protocol) && !HttpProtocol.IsHttp3(request.Protocol))
            return new(
                "These pages are not open behind a proxy",
                $"The request speaks {request.Protocol}, as proxies do and browsers do not. {Remedy}");
        if (!IsLocalHost(request.Host.Host))
            return new(
                "These pages answer to localhost only",
                $"The request asks for the host '{Parts.Cut(request.Host.Value ?? "", 100)}', and not for localhost. {Remedy}");
        if (IsFromAnotherFace(request))
            return new(
                "These pages are not open behind a proxy",
                $"The browser shows them under another host than the one that the request asks for. {Remedy}");
        return null;
    }

    /// <summary>
    /// Why a request that changes something is not carried out; null if it may be. Browsers say where a request comes from, and no page of
    /// another site can make them lie. What is not a browser says nothing, and has no user's cookies to be misused.
    /// </summary>
    public static Refusal? RefusalOfOrder(HttpRequest request)
    {
        var site = request.Headers["Sec-Fetch-Site"].ToString();
        if (site.Length > 0 && site != "same-origin")
            return new(
                "The order comes from another site",
                $"The browser says that the request is '{Parts.Cut(site, 40)}'. Nothing was ordered. "
                + "Give orders on the explorer's own pages.");
        var origin = request.Headers.Origin.ToString();
        if (origin.Length > 0 && !(Uri.TryCreate(origin, UriKind.Absolute, out var from) && from.Authority == AuthorityOf(request)))
        {
            return new(
                "The order comes from another site",
                $"It comes from '{Parts.Cut(origin, 100)}', and the app answers to '{Parts.Cut(request.Host.Value ?? "", 100)}'. "
                + "Nothing was ordered. Give orders on the explorer's own pages; if a proxy changes the host, "
                + "use the middleware for forwarded headers.");
        }

        return null;
    }

    private static bool IsDecidedByTheApp(HttpContext http) => http.GetEndpoint()?.Metadata is { } metadata
        && (metadata.GetMetadata<IAuthorizeData>() is not null
            || metadata.GetMetadata<IAuthorizationRequirementData>() is not null
            || metadata.GetMetadata<AuthorizationPolicy>() is not null
            || metadata.GetMetadata<IAllowAnonymous>() is not null);

    private static bool IsLoopback(IPAddress address) => IPAddress.IsLoopback(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address);

    private static bool IsLocalHost(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IsLoopback(address));

    /// <summary>
    /// Whether somebody between the browser and the app has changed the host: the browser says that the request is to the site of the page
    /// that it comes from, and that page has another host.
    /// </summary>
    private static bool IsFromAnotherFace(HttpRequest request) =>
        request.Headers["Sec-Fetch-Site"] == "same-origin"
        && Uri.TryCreate(request.Headers[HeaderNames.Referer], UriKind.Absolute, out var referer)
        && referer.Authority != AuthorityOf(request);

    /// <summary>The host as a browser writes it in an origin: in lower case, without the port that its scheme has anyway.</summary>
    private static string AuthorityOf(HttpRequest request) =>
        Uri.TryCreate($"{request.Scheme}://{request.Host.Value}", UriKind.Absolute, out var uri) ? uri.Authority : "";
}
