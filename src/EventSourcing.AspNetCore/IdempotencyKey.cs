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
/// <remarks>
/// A key belongs to the method and path of the request and to the user who is signed in; the same key with another of these is another
/// command. The same key with another query or body is refused with a <see cref="CommandIdReusedException"/>, which as a problem is 422.
/// For that, a request that has a key is buffered, and the first event of the command keeps a fingerprint of it in its metadata.
/// </remarks>
/// <param name="CommandId">The id to give to a command, or <see langword="null"/> if the request has no key.</param>
public readonly record struct IdempotencyKey(CommandId? CommandId) : IEndpointParameterMetadataProvider
{
    /// <summary>The name of the header.</summary>
    public const string HeaderName = "Idempotency-Key";

    private const int MaxLength = 200;

    /// <summary>
    /// Reads the key of a request. The id is the same for the same key of the same caller, method and path, in every process; its
    /// fingerprint is that of the query and the body, which can be read again afterwards.
    /// </summary>
    /// <param name="context">The request.</param>
    /// <param name="parameter">The parameter of the endpoint; it is not looked at.</param>
    /// <returns>The key.</returns>
    /// <exception cref="BadHttpRequestException">The key is empty or too long, or there are several.</exception>
    /// <exception cref="InvalidOperationException">The body was read before, so nobody can tell what the request asks for.</exception>
    public static ValueTask<IdempotencyKey> BindAsync(HttpContext context, ParameterInfo parameter)
    {
        ArgumentNullException.ThrowIfNull(context);
        var header = context.Request.Headers[HeaderName];
        return header.Count == 0 ? default : ReadAsync(context, KeyIn(header.Count == 1 ? header[0] : null));
    }

    /// <summary>
    /// The key of a text: a UUID is the command id itself, anything else is hashed to one. It belongs to no caller and no path and has no
    /// fingerprint, so it is for an app that has a scope of its own: <c>IdempotencyKey.Of($"{tenant}/{key}")</c>.
    /// </summary>
    /// <param name="text">The value of the header, perhaps in quotes.</param>
    /// <returns>The key.</returns>
    /// <exception cref="BadHttpRequestException">It is empty or too long.</exception>
    public static IdempotencyKey Of(string? text)
    {
        var key = KeyIn(text);
        return new IdempotencyKey(Guid.TryParse(key, out var id) && id != Guid.Empty ? id : IdOf(key));
    }

    /// <summary>Tells what describes the API that the endpoint may answer with 400, and with 422 if a key is used again.</summary>
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
        // A UUID is the same key in each of its forms.
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
    /// The hash of a text as a UUID. If a UUIDv7 is given, it begins with the same time and is one too: ids of events that are in the order
    /// of time keep large stores fast.
    /// </summary>
    private static Guid IdOf(string text, Guid timed = default)
    {
        const int TimeBytes = 6;
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(text), hash);
        var version = 0x80; // of RFC 9562: its bits are the app's own
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
