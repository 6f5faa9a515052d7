using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Metadata;

namespace EventSourcing;

/// <summary>
/// A hash of a request's query and body, which tells whether two requests ask for the same thing. The hash is kept even after the payload
/// of the event is erased. Therefore the request's idempotency key is the key of the hash: a person who does not know it cannot find the
/// body by trying likely ones.
/// </summary>
internal static class RequestFingerprint
{
    private const int KeptBytes = 16;
    private const int BufferBytes = 16 * 1024;

    /// <summary>Hashes the query and the body; the body can be read again afterwards.</summary>
    /// <exception cref="InvalidOperationException">The body was read before.</exception>
    /// <exception cref="BadHttpRequestException">The endpoint takes a body, but the body is empty, or was read before.</exception>
    public static async ValueTask<string> OfAsync(HttpContext context, string key)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(key));
        hash.AppendData(Encoding.UTF8.GetBytes(context.Request.QueryString.Value + "\n")); // no query contains a line feed
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: false })
            await AppendBodyAsync(context, hash).ConfigureAwait(false);
        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, KeptBytes));
    }

    private static async Task AppendBodyAsync(HttpContext context, IncrementalHash hash)
    {
        var request = context.Request;
        var wasKept = request.Body.CanSeek;
        if (!wasKept && context.Features.Get<IFormFeature>()?.Form is not null) throw WasRead();
        request.EnableBuffering();
        var (body, position, length) = (request.Body, request.Body.Position, 0L);
        body.Position = 0;
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            while (await body.ReadAsync(buffer, context.RequestAborted).ConfigureAwait(false) is > 0 and var read)
            {
                hash.AppendData(buffer, 0, read);
                length += read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }

        body.Position = position;
        if (wasKept || length > 0) return;
        if (request.ContentLength > 0) throw WasRead();

        // Without a length, an empty body looks the same as one that was read before.
        if (request.ContentLength is null && context.GetEndpoint()?.Metadata.GetMetadata<IAcceptsMetadata>() is not null)
        {
            throw new InvalidHeaderException(
                $"A request with the header {IdempotencyKey.HeaderName} has no body here: it is empty, or was read before the key.");
        }
    }

    private static InvalidOperationException WasRead() => new(
        $"The body of a request with the header {IdempotencyKey.HeaderName} was read before the key, so a repetition cannot be told from "
        + "another request. Put the parameter for the key before the one for the body, or call Request.EnableBuffering() in a middleware "
        + "before the body is read.");
}
