namespace EventSourcing;

/// <summary>Why a group could not be committed now, although nothing is wrong with it.</summary>
/// <param name="Pause">How long to wait before the next attempt.</param>
/// <param name="ErrorAfter">The error for a write that has waited too long, made from the write and how long it waited.</param>
internal sealed record Obstacle(TimeSpan Pause, Func<QueuedWrite, TimeSpan, Exception> ErrorAfter);
