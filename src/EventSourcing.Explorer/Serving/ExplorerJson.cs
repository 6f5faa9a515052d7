using System.Text.Json.Serialization;

namespace EventSourcing.Explorer;

/// <summary>The pages as JSON, and the records that the explorer stores.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(OverviewModel))]
[JsonSerializable(typeof(LogModel))]
[JsonSerializable(typeof(StreamsModel))]
[JsonSerializable(typeof(StreamModel))]
[JsonSerializable(typeof(EventModel))]
[JsonSerializable(typeof(TraceModel))]
[JsonSerializable(typeof(TypesModel))]
[JsonSerializable(typeof(ProjectionsModel))]
[JsonSerializable(typeof(ProjectionModel))]
[JsonSerializable(typeof(ReadModelsModel))]
[JsonSerializable(typeof(ReadModelModel))]
[JsonSerializable(typeof(DocumentModel))]
[JsonSerializable(typeof(LedgerModel))]
[JsonSerializable(typeof(ErrorModel))]
[JsonSerializable(typeof(OrderRecord))]
[JsonSerializable(typeof(UnsignedProof))]
internal sealed partial class ExplorerJson : JsonSerializerContext;
