namespace EventSourcing.Storage;

/// <summary>Limits on what is appended, checked before anything is written.</summary>
public sealed record EventStorageLimits
{
    /// <summary>The largest event, in bytes; 1 MiB by default.</summary>
    public int MaxDataBytes { get; init => field = CountLimit.Positive(value); } = 1024 * 1024;

    /// <summary>The largest metadata of an event, in bytes; 64 KiB by default.</summary>
    public int MaxMetadataBytes { get; init => field = CountLimit.Positive(value); } = 64 * 1024;

    /// <summary>The most events in one append; 10,000 by default.</summary>
    public int MaxEventsPerAppend { get; init => field = CountLimit.Positive(value); } = 10_000;

    /// <summary>The most tags on one event; 64 by default.</summary>
    public int MaxTagsPerEvent { get; init => field = CountLimit.Positive(value); } = 64;
}
