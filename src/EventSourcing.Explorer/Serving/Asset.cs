using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;

namespace EventSourcing.Explorer;

/// <summary>
/// A file that the pages need. It has nothing of the store in it, so it is sent also when the pages are not: a refusal should be readable.
/// </summary>
internal sealed class Asset
{
    private readonly byte[] _content;
    private readonly string _type;
    private readonly string _tag;

    private Asset(string name, string type)
    {
        Name = name;
        _type = type;
        using var resource = typeof(Asset).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The assembly has no resource {name}.");
        _content = new byte[resource.Length];
        resource.ReadExactly(_content);
        Hash = Convert.ToHexStringLower(SHA256.HashData(_content))[..16];
        _tag = $"\"{Hash}\"";
    }

    public static Asset Styles { get; } = new("explorer.css", "text/css; charset=utf-8");

    public static Asset Script { get; } = new("explorer.js", "text/javascript; charset=utf-8");

    public static Asset Icon { get; } = new("explorer.svg", "image/svg+xml");

    public static IReadOnlyList<Asset> All { get; } = [Styles, Script, Icon];

    public string Name { get; }

    /// <summary>What its address ends with, so that a browser takes a new version at once and keeps this one for ever.</summary>
    public string Hash { get; }

    public string Address => $"{Name}?v={Hash}";

    public int Length => _content.Length;

    public async Task SendAsync(HttpContext http)
    {
        var response = http.Response;
        response.Headers.ETag = _tag;
        response.Headers.CacheControl = "public, max-age=31536000, immutable";
        response.Headers.XContentTypeOptions = "nosniff";
        if (http.Request.Headers.IfNoneMatch == _tag)
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        response.ContentType = _type;
        response.ContentLength = _content.Length;
        await response.Body.WriteAsync(_content, http.RequestAborted).ConfigureAwait(false);
    }
}
