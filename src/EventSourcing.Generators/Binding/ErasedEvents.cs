namespace EventSourcing.Generators;

/// <summary>The arm of a fold that says nothing of events whose payload was erased: those that it would have applied are an error.</summary>
internal static class ErasedEvents
{
    public static string Pattern(IEnumerable<string> applied, string condition = "") =>
        $"global::EventSourcing.ErasedEvent e when {condition}e.MayHaveBeen({string.Join(", ", applied.Select(type => $"typeof({type})"))})";

    public static string Exception(string handler) => $"new global::EventSourcing.ErasedEventException(e, {handler})";
}
