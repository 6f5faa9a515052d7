namespace EventSourcing.Explorer;

/// <summary>Why a request is not answered.</summary>
internal sealed record Refusal(string Title, string Reason);
