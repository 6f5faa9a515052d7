using System.Globalization;
using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;

namespace EventSourcing;

/// <summary>
/// The header <c>If-Match</c> of a request: the version that the caller has seen, as the entity tag <c>"5"</c> that
/// <see cref="VersionResults.WithVersion"/> gives. As a parameter of an endpoint it is read from the request. A tag that is not a version is
/// answered with 400.
/// </summary>
/// <param name="Version">The version, or <see langword="null"/> if every version is accepted.</param>
public readonly record struct IfMatch(long? Version) : IEndpointParameterMetadataProvider
{
    /// <summary>The version as an append expects it; <see cref="ExpectedVersion.Any"/> if every version is accepted.</summary>
    public ExpectedVersion Expected => Version ?? ExpectedVersion.Any;

    /// <summary>Reads the header of a request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="parameter">The parameter of the endpoint; it is not looked at.</param>
    /// <returns>The version that the caller has seen.</returns>
    /// <exception cref="BadHttpRequestException">The header is not one tag with a version, nor <c>*</c>.</exception>
    public static ValueTask<IfMatch> BindAsync(HttpContext context, ParameterInfo parameter)
    {
        ArgumentNullException.ThrowIfNull(context);
        var header = context.Request.Headers.IfMatch;
        if (header.Count == 0 || header is ["*"]) return default;
        return header is [['"', .. var digits, '"']] && long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            ? new ValueTask<IfMatch>(new IfMatch(version))
            : throw new BadHttpRequestException("The header If-Match must be one entity tag that this API has given, for example \"5\".");
    }

    /// <summary>
    /// Throws if a state has another version than the caller has seen. Call it within the command, so that it is checked again after a
    /// conflict.
    /// </summary>
    /// <param name="version">The version of the state, for example <see cref="Aggregate.Version"/>.</param>
    /// <exception cref="VersionMismatchException">It is another one; as a problem it is 412.</exception>
    public void ThrowIfNot(long version)
    {
        if (Version is { } expected && expected != version) throw new VersionMismatchException(expected, version);
    }

    /// <summary>Tells what describes the API that the endpoint may answer with 412.</summary>
    /// <param name="parameter">The parameter.</param>
    /// <param name="builder">The endpoint.</param>
    public static void PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status412PreconditionFailed, typeof(void), ["application/problem+json"]));
    }
}
