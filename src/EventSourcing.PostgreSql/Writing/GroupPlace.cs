namespace EventSourcing;

/// <summary>Where a group was written.</summary>
/// <param name="Head">The head of the log before it.</param>
/// <param name="Recorded">When it was recorded, in ticks.</param>
/// <param name="Leaves">What the leaves of its events are made of.</param>
internal readonly record struct GroupPlace(long Head, long Recorded, AppendedLeaf[] Leaves);
