using System.Text.Json.Serialization;

namespace EventSourcing;

/// <summary>What a snapshot says about itself. It is checked before the snapshot is used.</summary>
/// <param name="Fingerprint">The fingerprint of the fold, the state's shape and the store's event types.</param>
/// <param name="Stream">The stream.</param>
/// <param name="Version">The version of the last event in the state.</param>
/// <param name="Position">The position of that event.</param>
/// <param name="EventId">The id of that event; it shows if the history is another one.</param>
/// <param name="TakenAt">When the snapshot was taken.</param>
internal sealed record SnapshotHeader(string Fingerprint, string Stream, long Version, long Position, Guid EventId, DateTimeOffset TakenAt)
{
    public const int CurrentFormat = 1;

    /// <summary>The format of the header and of what follows it.</summary>
    public int Format { get; init; } = CurrentFormat;

    /// <summary>
    /// The position of the record of the last erasure in the stream before the load that the snapshot was taken of; 0 if there was none. So
    /// the snapshot of an earlier load, which was to take its place, can be told from it.
    /// </summary>
    public long ErasedAt { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(SnapshotHeader))]
internal sealed partial class SnapshotJson : JsonSerializerContext;
