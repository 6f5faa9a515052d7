using Microsoft.AspNetCore.Http;

namespace EventSourcing;

/// <summary>The headers of a request cannot be used. Unlike other errors of its kind, the caller may read its message.</summary>
internal sealed class InvalidHeaderException(string message) : BadHttpRequestException(message);
