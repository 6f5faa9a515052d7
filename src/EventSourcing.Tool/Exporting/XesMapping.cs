namespace EventSourcing.Tool;

/// <summary>How events become a log of processes.</summary>
/// <param name="Case">What makes events one case.</param>
/// <param name="Activity">The name of the activity.</param>
/// <param name="Resource">Who did it; null to name nobody.</param>
/// <param name="Time">When it happened; null for when it was recorded.</param>
internal sealed record XesMapping(EventField Case, EventField Activity, EventField? Resource, EventField? Time);
