using System.Globalization;
using System.Security.Claims;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace EventSourcing;

/// <summary>What a key of a request belongs to: the method, the path and who is signed in.</summary>
internal static class RequestScope
{
    /// <summary>The claims that say who somebody is, the first that is there: people, then programs that act for themselves.</summary>
    private static readonly string[] Names = [ClaimTypes.NameIdentifier, "sub", ClaimTypes.Upn, "client_id", "azp", ClaimTypes.Name];

    /// <summary>The scope as a text: another scope has another text.</summary>
    public static string Of(HttpContext context)
    {
        var (request, scope) = (context.Request, new StringBuilder());
        Add(request.Method);
        Add(request.PathBase.Value);
        Add(request.Path.Value);
        foreach (var identity in context.User.Identities.Where(identity => identity.IsAuthenticated))
        {
            var claim = Names.Select(name => identity.FindFirst(name)).FirstOrDefault(claim => claim is not null);
            Add(claim?.Issuer);
            Add(claim?.Type);
            Add(claim?.Value ?? identity.Name);
        }

        return scope.ToString();

        // With its length, so that no part can be taken for the beginning of the next.
        void Add(string? part) => scope.Append(CultureInfo.InvariantCulture, $"{part?.Length ?? -1}:{part}");
    }
}
