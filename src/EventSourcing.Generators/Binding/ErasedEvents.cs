namespace EventSourcing.Generators;

/// <summary>
/// The switch arm of a fold that does not handle events whose payload was erased: an erased event that the fold would have
/// applied is an error.
/// </summary>
internal static class ErasedEvents
{
    public static string Pattern(IEnumerable<string> applied, string condition = "") =>
        "global::EventSourcing.ErasedEvent e when "
        + $"{condition}e.MayHaveBeen({string.Join(", ", applied.Select(type => $"typeof({type})"))})";

    public static string Exception(string handler) => $"new global::EventSourcing.ErasedEventException(e, {handler})";
}
