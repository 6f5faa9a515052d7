using System.Globalization;

namespace EventSourcing;

/// <summary>
/// The row of an event, of which nothing is trusted. An audit accepts the row as an event only if the library would write exactly this row.
/// </summary>
internal readonly ref struct AuditedEvent
{
    public required EventValues Values { get; init; }

    public required ReadOnlySpan<byte> Seal { get; init; }

    /// <summary>The number in the row, and the name that it stands for. The name is null if it is missing or not valid.</summary>
    public required (long Number, string? Name) Stream { get; init; }

    /// <inheritdoc cref="Stream"/>
    public required (long Number, string? Name) Type { get; init; }

    /// <summary>Whether the metadata is not NULL.</summary>
    public required bool HasMetadata { get; init; }

    public required ReadOnlySpan<byte> Metadata { get; init; }

    /// <summary>Whether the tags are not NULL.</summary>
    public required bool HasTags { get; init; }

    /// <summary>The list of the tags, in UTF-8.</summary>
    public required ReadOnlySpan<byte> Tags { get; init; }

    /// <summary>
    /// Reads the event, and copies its bytes into a page. False if the library would not write such a row; then the flaw says why.
    /// </summary>
    public bool TryRead(EventPage page, out StoredEvent e, out string flaw)
    {
        e = default;
        string[] tags = [];
        flaw =
            Values.Flaw is { Length: > 0 } wrong ? wrong
            : Stream.Name is null
                ? string.Create(CultureInfo.InvariantCulture, $"its stream {Stream.Number} is not there, or has no valid name")
            : Type.Name is null ? string.Create(CultureInfo.InvariantCulture, $"its type {Type.Number} is not there, or has no valid name")
            : HasMetadata && Metadata.IsEmpty ? "its metadata is empty, but must then be NULL"
            : HasTags && !TagList.TryReadExact(Tags, out tags) ? "its tags are neither NULL nor a list as the library writes it"
            : "";
        if (flaw.Length > 0) return false;
        e = new StoredEvent
        {
            Position = Values.Position,
            Stream = Stream.Name!,
            Version = Values.Version,
            Type = Type.Name!,
            Id = Values.Id,
            RecordedAt = Values.RecordedAt,
            Data = page.Copy(Values.Data),
            Metadata = page.Copy(Metadata),
            Seal = page.Copy(Seal),
            IsErased = Values.IsErased,
            Tags = tags,
        };
        return true;
    }
}
