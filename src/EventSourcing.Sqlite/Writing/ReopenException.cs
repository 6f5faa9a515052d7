namespace EventSourcing;

/// <summary>A work has SQL of the app's own, and the writer's connection was not opened for such: the group begins again on one that is.</summary>
internal sealed class ReopenException : Exception;
