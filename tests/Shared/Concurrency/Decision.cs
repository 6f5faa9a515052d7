using System.Text.Json;

namespace EventSourcing.Tests.Concurrency;

/// <summary>What an event says about its own append: on which query and after which position it was decided.</summary>
/// <param name="Batch">The append.</param>
/// <param name="Index">The event's place in it, from 0.</param>
/// <param name="Count">How many events it has.</param>
/// <param name="After">The position up to which the log was known.</param>
/// <param name="Query">The alternatives of the query; none for every event.</param>
internal sealed record Decision(Guid Batch, int Index, int Count, long After, IReadOnlyList<DecisionItem> Query)
{
    public static Decision Parse(ReadOnlySpan<byte> json) => JsonSerializer.Deserialize<Decision>(json)!;

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this);

    public EventQuery ToQuery() => Query.Count == 0 ? EventQuery.All : EventQuery.Any(Query.Select(item => new EventQueryItem(item.Types, item.Tags)));

    /// <summary>Whether an event matches the query. Said once more here, so that it is not the library that vouches for itself.</summary>
    public bool Matches(DecidedEvent e) => Query.Count == 0 || Query.Any(item => (item.Types.Count == 0 || item.Types.Contains(e.Type)) && item.Tags.All(e.Tags.Contains));
}

/// <summary>One alternative of a query: an event has one of the types and all of the tags.</summary>
internal sealed record DecisionItem(IReadOnlyList<string> Types, IReadOnlyList<string> Tags);

/// <summary>An event of the log with what it says about itself.</summary>
internal sealed record DecidedEvent(long Position, string Type, IReadOnlyList<string> Tags, Decision Decision)
{
    public static DecidedEvent Of(in StoredEvent e) => new(e.Position, e.Type, e.Tags, Decision.Parse(e.Data.Span));

    public override string ToString() => $"#{Position} {Type} [{string.Join(' ', Tags)}] {JsonSerializer.Serialize(Decision)}";
}

/// <summary>What came of an append: where it begins in the log, or 0 where it was refused.</summary>
internal readonly record struct Verdict(Guid Batch, long FirstPosition);
