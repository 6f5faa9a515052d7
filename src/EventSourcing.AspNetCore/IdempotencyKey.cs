using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;

namespace EventSourcing;

/// <summary>
/// The header <c>Idempotency-Key</c> of a request, as the id of a command: a request that is repeated with the same key takes effect once,
/// and is answered as the first time. As a parameter of an endpoint it is read from the request. A request without the header has no
/// command id. A key that is empty, or longer than 200 characters, is answered with 400.
/// </summary>
/// <param name="CommandId">The id to give to a command, or <see langword="null"/> if the request has no key.</param>
public readonly record struct IdempotencyKey(Guid? CommandId) : IEndpointParameterMetadataProvider
{
    /// <summary>The name of the header.</summary>
    public const string HeaderName = "Idempotency-Key";

    private const int MaxLength = 200;

    /// <summary>Reads the key of a request. It calls nothing and is the same for the same text, in every process.</summary>
    /// <param name="context">The request.</param>
    /// <param name="parameter">The parameter of the endpoint; it is not looked at.</param>
    /// <returns>The key.</returns>
    /// <exception cref="BadHttpRequestException">The key is empty or too long, or there are several.</exception>
    public static ValueTask<IdempotencyKey> BindAsync(HttpContext context, ParameterInfo parameter)
    {
        ArgumentNullException.ThrowIfNull(context);
        var header = context.Request.Headers[HeaderName];
        return new ValueTask<IdempotencyKey>(header.Count == 0 ? default : Of(header.Count == 1 ? header[0] : null));
    }

    /// <summary>The key of a text: a UUID is the command id itself, anything else is hashed to one.</summary>
    /// <param name="text">The value of the header, perhaps in quotes.</param>
    /// <returns>The key.</returns>
    /// <exception cref="BadHttpRequestException">It is empty or too long.</exception>
    public static IdempotencyKey Of(string? text)
    {
        var key = text is ['"', .., '"'] ? text[1..^1] : text;
        if (string.IsNullOrWhiteSpace(key) || key.Length > MaxLength)
            throw new BadHttpRequestException($"The header {HeaderName} must have one value of 1 to {MaxLength} characters.");
        if (Guid.TryParse(key, out var id)) return new IdempotencyKey(id);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(key), hash);

        // Marked as a UUID of version 8 (RFC 9562): its bits are the app's own.
        hash[6] = (byte)((hash[6] & 0x0F) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new IdempotencyKey(new Guid(hash[..16], bigEndian: true));
    }

    /// <summary>Tells what describes the API that the endpoint may answer with 400.</summary>
    /// <param name="parameter">The parameter.</param>
    /// <param name="builder">The endpoint.</param>
    public static void PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status400BadRequest, typeof(void), ["application/problem+json"]));
    }
}
