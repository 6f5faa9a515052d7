using System.Diagnostics;

namespace EventSourcing;

/// <summary>An operation that is being measured.</summary>
/// <param name="Span">Its span; null if it is not recorded.</param>
/// <param name="Began">When it began, as a timestamp of the storage's clock.</param>
internal readonly record struct Measured(Activity? Span, long Began);
