using System.Text.Json.Serialization;

namespace EventSourcing;

/// <summary>Which read models a projection has. One document per projection.</summary>
/// <param name="Active">The generation that serves readers.</param>
/// <param name="Last">The highest number that a generation has had.</param>
/// <param name="Generations">Those that exist, and the fingerprints of those that were replaced.</param>
/// <param name="Types">The full names of its class, the present one first; null in a store that was written before they were kept.</param>
internal sealed record DirectoryRecord(int Active, int Last, IReadOnlyList<GenerationRecord> Generations, IReadOnlyList<string>? Types = null)
{
    public GenerationRecord? ActiveGeneration => Find(Active);

    public GenerationRecord? Building => Generations.FirstOrDefault(g => g.State == GenerationState.Building);

    public GenerationRecord? Find(int number) => Generations.FirstOrDefault(g => g.Number == number);
}

/// <summary>One read model of a projection: its tables or documents, built by one version of its code.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Fingerprint">The fingerprint of its projection.</param>
/// <param name="State">Whether it serves.</param>
/// <param name="Tables">The names of its tables, where it keeps tables.</param>
internal sealed record GenerationRecord(int Number, string Fingerprint, GenerationState State, IReadOnlyList<string> Tables);

[JsonConverter(typeof(JsonStringEnumConverter<GenerationState>))]
internal enum GenerationState
{
    Active,
    Building,
    Replaced,
}

/// <summary>How far one generation is, and whose it is. Every change of the read model is guarded by this document.</summary>
/// <param name="Position">The position up to which events are in the read model.</param>
/// <param name="Token">Grows each time the run changes hands, so that whoever had it can write no more.</param>
/// <param name="Owner">The host that runs it, or null.</param>
/// <param name="Target">The head of the log when the generation began to be built.</param>
/// <param name="Parked">How many partitions are parked.</param>
/// <param name="Log">Of which log the position is one; null at the start of it.</param>
internal sealed record RunRecord(long Position, long Token, string? Owner, long Target, int Parked, LogMark? Log = null);

/// <summary>A sign of life of something that runs projections.</summary>
/// <param name="Beat">Grows for as long as it lives.</param>
/// <param name="ProcessSpace">Where its process id means something: the machine, and on Linux the namespace.</param>
/// <param name="ProcessId">Its process.</param>
/// <param name="ProcessStart">When that process started, where the system tells it exactly: ids are used again.</param>
internal sealed record HostRecord(long Beat, string ProcessSpace, int ProcessId, long ProcessStart);

/// <summary>A partition of which events are held back.</summary>
internal sealed record ParkedRecord(
    string Projection,
    int Generation,
    ParkedKind Kind,
    string Partition,
    long After,
    long Position,
    string Stream,
    string Type,
    string Error,
    string ErrorType,
    int Attempts,
    DateTimeOffset ParkedAt,
    DateTimeOffset? RetryAt,
    SkipRecord? Skip)
{
    /// <summary>Whether the event that failed is still the next one; not where it has gone through and later ones are on their way.</summary>
    [JsonIgnore]
    public bool IsStuck => After == Position - 1;
}

/// <summary>The order to leave an event out.</summary>
internal sealed record SkipRecord(long Position, string By, string Reason, DateTimeOffset At);

/// <summary>An event that was left out.</summary>
internal sealed record SkippedRecord(string Projection, int Generation, ParkedKind Kind, string Partition, long Position, string Error, string By, string Reason, DateTimeOffset At);

/// <summary>The order to build one document anew.</summary>
internal sealed record RefoldRecord(string Projection, string Key);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DirectoryRecord))]
[JsonSerializable(typeof(RunRecord))]
[JsonSerializable(typeof(HostRecord))]
[JsonSerializable(typeof(ParkedRecord))]
[JsonSerializable(typeof(SkippedRecord))]
[JsonSerializable(typeof(RefoldRecord))]
internal sealed partial class ControlJson : JsonSerializerContext;
