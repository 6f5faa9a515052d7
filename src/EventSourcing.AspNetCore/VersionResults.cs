using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace EventSourcing;

/// <summary>Results with the version of what they show.</summary>
public static class VersionResults
{
    /// <summary>
    /// Adds the version as the header <c>ETag</c>. A GET or HEAD whose <c>If-None-Match</c> has that tag, or is <c>*</c>, is answered with
    /// 304 and no body. The tag may be weak (<c>W/"5"</c>), as proxies that compress make it.
    /// </summary>
    /// <param name="result">The result.</param>
    /// <param name="version">The version of the state that it shows.</param>
    /// <returns>The result with the header.</returns>
    public static IResult WithVersion(this IResult result, long version)
    {
        ArgumentNullException.ThrowIfNull(result);
        return new Versioned(result, TagOf(version));
    }

    /// <summary>The entity tag of a version: <c>"5"</c>, with its quotes.</summary>
    /// <param name="version">The version.</param>
    /// <returns>The tag.</returns>
    public static string TagOf(long version) => string.Create(CultureInfo.InvariantCulture, $"\"{version}\"");

    private sealed class Versioned(IResult result, string tag) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.Headers.ETag = tag;
            if (!IsKnown(httpContext.Request)) return result.ExecuteAsync(httpContext);
            httpContext.Response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }

        private bool IsKnown(HttpRequest request) =>
            (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
            && request.Headers.IfNoneMatch.Any(tags => tags is not null && tags.Split(',', StringSplitOptions.TrimEntries).Any(IsSame));

        /// <summary>Compares weakly (RFC 9110, §8.8.3.2): a version is the same however it is encoded on its way.</summary>
        private bool IsSame(string other) =>
            other == "*" || (other.StartsWith("W/", StringComparison.Ordinal) ? other.AsSpan(2) : other).SequenceEqual(tag);
    }
}
