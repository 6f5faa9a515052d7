using System.Text.Json.Serialization;

namespace EventSourcing;

/// <summary>A document that the library stores for itself. If its JSON lacks members, the record was read without them.</summary>
internal interface IControlRecord
{
    /// <summary>Whether the record is complete.</summary>
    bool IsSound { get; }
}

/// <summary>Which read models a projection has. One document per projection.</summary>
/// <param name="Active">The generation that serves readers.</param>
/// <param name="Last">The highest number that a generation has had.</param>
/// <param name="Generations">The generations that exist, and the fingerprints of those that were replaced.</param>
/// <param name="Types">
/// The full names of its class, the present one first; null in a store that was written before they were stored.
/// </param>
internal sealed record DirectoryRecord(
    [property: JsonRequired] int Active,
    [property: JsonRequired] int Last,
    IReadOnlyList<GenerationRecord> Generations,
    IReadOnlyList<string>? Types = null) : IControlRecord
{
    bool IControlRecord.IsSound =>
        Generations is not null
        && Last < int.MaxValue
        && Generations.All(g => g is { Number: > 0, Fingerprint: not null, Tables: not null } && g.Number <= Last)
        && Generations.All(g => Enum.IsDefined(g.State) && !g.Tables.Contains(null!))
        && ActiveGeneration is { State: GenerationState.Active }
        && Types?.Contains(null!) != true;

    public GenerationRecord? ActiveGeneration => Find(Active);

    public GenerationRecord? Building => Generations.FirstOrDefault(g => g.State == GenerationState.Building);

    public GenerationRecord? Find(int number) => Generations.FirstOrDefault(g => g.Number == number);
}

/// <summary>One read model of a projection: its tables or documents, built by one version of its code.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Fingerprint">The fingerprint of its projection.</param>
/// <param name="State">Whether it serves readers.</param>
/// <param name="Tables">The names of its tables; none if it keeps documents.</param>
internal sealed record GenerationRecord(int Number, string Fingerprint, GenerationState State, IReadOnlyList<string> Tables);

[JsonConverter(typeof(JsonStringEnumConverter<GenerationState>))]
internal enum GenerationState
{
    Active,
    Building,
    Replaced,
}

/// <summary>The position of one generation, and its owner. Every change of the read model is guarded by this document.</summary>
/// <param name="Position">The position up to which events are in the read model.</param>
/// <param name="Token">Grows each time another owner takes the run over, so that the former owner can no longer write.</param>
/// <param name="Owner">The lease holder that runs it, or null.</param>
/// <param name="Target">The head of the log when the generation began to be built.</param>
/// <param name="Parked">How many partitions are parked.</param>
/// <param name="Log">The log that the position belongs to; null at its start.</param>
/// <param name="Retries">
/// How many of the parked partitions are tried again without an order; null for none. If there are any, the owner must give signs of life.
/// </param>
/// <param name="Fingerprint">
/// The fingerprint of the projection; null for a reactor, and in a store that was written before it was stored.
/// </param>
/// <param name="Since">When the owner began to run it, by its own clock.</param>
/// <param name="From">The position at which the owner began.</param>
/// <param name="At">When the owner last committed, by its own clock.</param>
/// <param name="Failure">What its last owner failed with; null if it was stopped otherwise, or has an owner.</param>
internal sealed record RunRecord(
    [property: JsonRequired] long Position,
    [property: JsonRequired] long Token,
    string? Owner,
    [property: JsonRequired] long Target,
    [property: JsonRequired] int Parked,
    LogIdentity? Log = null,
    int? Retries = null,
    string? Fingerprint = null,
    DateTimeOffset? Since = null,
    long? From = null,
    DateTimeOffset? At = null,
    string? Failure = null) : IControlRecord
{
    bool IControlRecord.IsSound =>
        Position >= 0 && Target >= 0 && Parked >= 0 && Retries is null or >= 0 && Log is null or { Size: >= 0, Root: not null };
}

/// <summary>A sign of life of a process that runs projections.</summary>
/// <param name="Beat">Grows as long as the process lives.</param>
/// <param name="ProcessSpace">Where its process id has a meaning: the machine, and on Linux the namespace.</param>
/// <param name="ProcessId">Its process.</param>
/// <param name="ProcessStart">
/// When that process was started, because process ids are reused; 0 if the system does not tell the time exactly.
/// </param>
/// <param name="Machine">The name of its machine; null in a store that was written before it was stored.</param>
/// <param name="At">
/// When the sign was given, by the process's own clock. It is only shown to people, never compared with another clock.
/// </param>
internal sealed record LeaseHolderRecord(
    long Beat, string ProcessSpace, int ProcessId, long ProcessStart, string? Machine = null, DateTimeOffset? At = null) : IControlRecord
{
    bool IControlRecord.IsSound => ProcessSpace is not null;
}

/// <summary>A partition whose events are held back.</summary>
internal sealed record ParkedRecord(
    string Projection,
    [property: JsonRequired] int Generation,
    [property: JsonRequired] ParkedKind Kind,
    string Partition,
    [property: JsonRequired] long After,
    [property: JsonRequired] long Position,
    string Stream,
    string Type,
    string Error,
    string ErrorType,
    int Attempts,
    DateTimeOffset ParkedAt,
    DateTimeOffset? RetryAt,
    SkipRecord? Skip) : IControlRecord
{
    bool IControlRecord.IsSound =>
        Projection is not null && Partition is not null && Stream is not null && Type is not null && Error is not null
        && ErrorType is not null
        && Enum.IsDefined(Kind) && After >= 0 && Attempts >= 0 && Skip is null or { By: not null, Reason: not null };

    /// <summary>
    /// Whether the event that failed is still the next one. False if it has succeeded and later ones are being folded.
    /// </summary>
    [JsonIgnore]
    public bool IsStuck => After == Position - 1;
}

/// <summary>The order to leave an event out.</summary>
internal sealed record SkipRecord(long Position, string By, string Reason, DateTimeOffset At);

/// <summary>An event that was left out.</summary>
internal sealed record SkippedRecord(
    string Projection,
    [property: JsonRequired] int Generation,
    [property: JsonRequired] ParkedKind Kind,
    string Partition,
    [property: JsonRequired] long Position,
    string Error,
    string By,
    string Reason,
    DateTimeOffset At) : IControlRecord
{
    bool IControlRecord.IsSound =>
        Projection is not null && Partition is not null && Error is not null && By is not null && Reason is not null;
}

/// <summary>The order to build one document anew.</summary>
internal sealed record RefoldRecord(string Projection, string Key) : IControlRecord
{
    bool IControlRecord.IsSound => Projection is not null && Key is not null;
}

/// <summary>The orders for a projection or reactor as a whole.</summary>
/// <param name="IsStopped">Whether no process may run it.</param>
/// <param name="Start">Changes with each order to start, so that a projection or reactor that has failed is started again.</param>
/// <param name="Rebuild">The order to rebuild the read model, until it is carried out; otherwise null.</param>
internal sealed record StandingOrderRecord(
    [property: JsonRequired] bool IsStopped, string? Start = null, string? Rebuild = null) : IControlRecord
{
    bool IControlRecord.IsSound => true;
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DirectoryRecord))]
[JsonSerializable(typeof(RunRecord))]
[JsonSerializable(typeof(LeaseHolderRecord))]
[JsonSerializable(typeof(ParkedRecord))]
[JsonSerializable(typeof(SkippedRecord))]
[JsonSerializable(typeof(RefoldRecord))]
[JsonSerializable(typeof(StandingOrderRecord))]
internal sealed partial class ControlJson : JsonSerializerContext;
