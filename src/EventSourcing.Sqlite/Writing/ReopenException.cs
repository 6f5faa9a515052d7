namespace EventSourcing;

/// <summary>
/// A write runs application SQL, but the connection was opened without support for it; the group is retried on one that has
/// it.
/// </summary>
internal sealed class ReopenException : Exception;
