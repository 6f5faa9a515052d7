using System.Globalization;
using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;

namespace EventSourcing;

/// <summary>
/// The header <c>If-Match</c> of a request. It holds the version that the caller has seen, as the entity tag <c>"5"</c> that
/// <see cref="VersionResults.WithVersion"/> gives. Or it is <c>*</c>, which accepts any version of something that exists. An endpoint that
/// has this type as a parameter gets it from the request. If the tag is not a version, the answer is 400.
/// </summary>
/// <param name="Version">The version, or <see langword="null"/> if every version is accepted.</param>
public readonly record struct IfMatch(long? Version) : IEndpointParameterMetadataProvider
{
    /// <summary>Whether the header is <c>*</c>: every version is accepted, but something must exist.</summary>
    public bool MustExist { get; init; }

    /// <summary>
    /// The version that an append must expect. For <c>*</c> it is <see cref="ExpectedVersion.StreamExists"/>; without the header it is
    /// <see cref="ExpectedVersion.Any"/>. If the append fails because the stream has another version, the answer is the problem 412, as
    /// with <see cref="ThrowIfNot"/>.
    /// </summary>
    public ExpectedVersion Expected => Version is { } version ? version : MustExist ? ExpectedVersion.StreamExists : ExpectedVersion.Any;

    /// <summary>Reads the header of a request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="parameter">The parameter of the endpoint; it is not looked at.</param>
    /// <returns>The version that the caller has seen.</returns>
    /// <exception cref="BadHttpRequestException">The header is neither one tag with a version nor <c>*</c>.</exception>
    public static ValueTask<IfMatch> BindAsync(HttpContext context, ParameterInfo parameter)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new ValueTask<IfMatch>(Find(context.Request) ?? throw new InvalidHeaderException(
            "The header If-Match must be one entity tag that this API has given, for example \"5\"."));
    }

    /// <summary>
    /// Throws if a state has another version than the caller has seen. For <c>*</c>, throws if the state has no events. Call this within
    /// the command: then the version is checked again after a conflict.
    /// </summary>
    /// <param name="version">The version of the state, for example <see cref="Aggregate.Version"/>; 0 if it has no events.</param>
    /// <exception cref="VersionMismatchException">
    /// The state has another version. The answer to the request is then the problem 412.
    /// </exception>
    public void ThrowIfNot(long version)
    {
        if (Version is { } expected && expected != version) throw new VersionMismatchException(expected, version);
        if (MustExist && version == 0) throw new VersionMismatchException(expected: null, version);
    }

    /// <summary>Adds the answer 412 to the metadata of the endpoint, for descriptions of the API such as OpenAPI.</summary>
    /// <param name="parameter">The parameter.</param>
    /// <param name="builder">The endpoint.</param>
    public static void PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Metadata.Add(new ProducesResponseTypeMetadata(
            StatusCodes.Status412PreconditionFailed, typeof(void), ["application/problem+json"]));
    }

    /// <summary>The header of a request. The default value if the request has no such header; null if the header is not valid.</summary>
    internal static IfMatch? Find(HttpRequest request)
    {
        var header = request.Headers.IfMatch;
        if (header.Count == 0) return default(IfMatch);
        if (header is ["*"]) return new IfMatch { MustExist = true };
        return header is [['"', .. var digits, '"']]
            && long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            ? new IfMatch(version)
            : null;
    }
}
