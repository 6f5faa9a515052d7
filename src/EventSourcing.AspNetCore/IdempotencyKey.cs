using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;

namespace EventSourcing;

/// <summary>
/// The header <c>Idempotency-Key</c> of a request, as the id of a command. A request that is repeated with the same key takes effect once,
/// and gets the answer of the first time. An endpoint that has this type as a parameter gets it from the request. A request without the
/// header has no command id. If the key is empty or longer than 200 characters, the answer is 400.
/// </summary>
/// <remarks>
/// A key belongs to the method and path of the request and to the user who is signed in. With another method, path or user, the same key is
/// another command. With another query or body, the same key is refused with a <see cref="CommandIdReusedException"/>; the answer is then
/// the problem 422. To find that out, the library buffers a request that has a key, and keeps a fingerprint of the request in the metadata
/// of the command's first event.
/// </remarks>
/// <param name="CommandId">The id to give to a command, or <see langword="null"/> if the request has no key.</param>
public readonly record struct IdempotencyKey(CommandId? CommandId) : IEndpointParameterMetadataProvider
{
    /// <summary>The name of the header.</summary>
    public const string HeaderName = "Idempotency-Key";

    private const int MaxLength = 200;

    /// <summary>
    /// Reads the key of a request. In every process, the same key of the same caller, method and path gives the same id. The fingerprint is
    /// that of the query and the body. The body can be read again afterwards.
    /// </summary>
    /// <param name="context">The request.</param>
    /// <param name="parameter">The parameter of the endpoint; it is not used.</param>
    /// <returns>The key.</returns>
    /// <exception cref="BadHttpRequestException">The key is empty or too long, or there are several.</exception>
    /// <exception cref="InvalidOperationException">The body was read before, so it is not known what the request asks for.</exception>
    public static ValueTask<IdempotencyKey> BindAsync(HttpContext context, ParameterInfo parameter)
    {
        ArgumentNullException.ThrowIfNull(context);
        var header = context.Request.Headers[HeaderName];
        return header.Count == 0 ? default : ReadAsync(context, KeyIn(header.Count == 1 ? header[0] : null));
    }

    /// <summary>
    /// Makes a key from a text. A text that is a UUID is the command id itself; any other text is hashed to one. The key belongs to no
    /// caller and no path, and has no fingerprint. Use this if the app has a scope of its own: <c>IdempotencyKey.Of($"{tenant}/{key}")</c>.
    /// </summary>
    /// <param name="text">The value of the header, perhaps in quotes.</param>
    /// <returns>The key.</returns>
    /// <exception cref="BadHttpRequestException">The text is empty or too long.</exception>
    public static IdempotencyKey Of(string? text)
    {
        var key = KeyIn(text);
        return new IdempotencyKey(Guid.TryParse(key, out var id) && id != Guid.Empty ? id : IdOf(key));
    }

    /// <summary>
    /// Adds the answers 400 and 422 to the metadata of the endpoint, for descriptions of the API such as OpenAPI. The answer is 422 if a
    /// key is used again for another request.
    /// </summary>
    /// <param name="parameter">The parameter.</param>
    /// <param name="builder">The endpoint.</param>
    public static void PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        foreach (var status in (ReadOnlySpan<int>)[StatusCodes.Status400BadRequest, StatusCodes.Status422UnprocessableEntity])
            builder.Metadata.Add(new ProducesResponseTypeMetadata(status, typeof(void), ["application/problem+json"]));
    }

    private static async ValueTask<IdempotencyKey> ReadAsync(HttpContext context, string key)
    {
        // All notations of a UUID are the same key.
        var isId = Guid.TryParse(key, out var keyId);
        if (isId) key = keyId.ToString();
        var fingerprint = await RequestFingerprint.OfAsync(context, key).ConfigureAwait(false);
        var id = IdOf(RequestScope.Of(context) + key, isId && keyId.Version == 7 ? keyId : default);
        return new IdempotencyKey(new CommandId(id) { Fingerprint = fingerprint });
    }

    private static string KeyIn(string? text)
    {
        var key = text is ['"', .., '"'] ? text[1..^1] : text;
        return !string.IsNullOrWhiteSpace(key) && key.Length <= MaxLength
            ? key
            : throw new InvalidHeaderException($"The header {HeaderName} must have one value of 1 to {MaxLength} characters.");
    }

    /// <summary>
    /// The hash of a text as a UUID. If a UUIDv7 is given, the result is a UUIDv7 too, and begins with the same time: large stores stay
    /// fast if the ids of events are in the order of time.
    /// </summary>
    private static Guid IdOf(string text, Guid timed = default)
    {
        const int TimeBytes = 6;
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(text), hash);
        var version = 0x80; // version 8 of RFC 9562, whose bits an app may choose
        if (timed != Guid.Empty)
        {
            Span<byte> bytes = stackalloc byte[16];
            timed.TryWriteBytes(bytes, bigEndian: true, out _);
            bytes[..TimeBytes].CopyTo(hash);
            version = 0x70;
        }

        hash[6] = (byte)((hash[6] & 0x0F) | version);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash[..16], bigEndian: true);
    }
}
