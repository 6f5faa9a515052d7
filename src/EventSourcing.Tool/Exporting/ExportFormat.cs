namespace EventSourcing.Tool;

/// <summary>In which form events are exported.</summary>
internal enum ExportFormat
{
    Jsonl = 0,
    Csv,
    Xes,
}
