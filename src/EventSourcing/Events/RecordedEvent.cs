using System.Globalization;

namespace EventSourcing;

/// <summary>An event as recorded in the log, with its place there. Immutable, except for what <see cref="Data"/> allows.</summary>
public sealed class RecordedEvent
{
    internal RecordedEvent(
        string stream,
        long version,
        long position,
        Guid id,
        string type,
        DateTimeOffset recordedAt,
        object data,
        EventMetadata metadata,
        IReadOnlyList<string> tags,
        int subIndex = 0)
    {
        Stream = stream;
        Version = version;
        Position = position;
        Id = id;
        Type = type;
        RecordedAt = recordedAt;
        Data = data;
        Metadata = metadata;
        Tags = tags;
        SubIndex = subIndex;
    }

    /// <summary>The stream's name.</summary>
    public string Stream { get; }

    /// <summary>The event's number within its stream, from 1, without gaps.</summary>
    public long Version { get; }

    /// <summary>The event's number within the whole log, from 1, without gaps, in commit order.</summary>
    public long Position { get; }

    /// <summary>The event's id, unique in the store.</summary>
    public Guid Id { get; }

    /// <summary>
    /// If an <see cref="Upcaster"/> made several events of one stored event, the index of this one among them, from 0; 0 also
    /// if it is the only one. All parts share the stored event's version, position, id and everything else recorded with it.
    /// </summary>
    public int SubIndex { get; }

    /// <summary>
    /// The current name of the event's type, whatever name and version it was stored under; for an <see cref="UnknownEvent"/>
    /// the stored name.
    /// </summary>
    public string Type { get; }

    /// <summary>
    /// When the store recorded the event: UTC, to 100 ns, by the storage's <see cref="TimeProvider"/>. It never goes backwards
    /// from one position to the next. Still, only positions define the order, because several events may share an instant.
    /// </summary>
    public DateTimeOffset RecordedAt { get; }

    /// <summary>
    /// What happened: an instance of the event's type, an <see cref="ErasedEvent"/> if the payload was erased; or an
    /// <see cref="UnknownEvent"/> if the reader asked for those.
    /// </summary>
    public object Data { get; }

    /// <summary>The event's metadata.</summary>
    public EventMetadata Metadata { get; }

    /// <summary>The event's tags, without repeats.</summary>
    public IReadOnlyList<string> Tags { get; }

    /// <summary>The part of the stream's name after its first hyphen, or the whole name: <c>ann</c> for <c>account-ann</c>.</summary>
    public string StreamId => StreamName.IdOf(Stream);

    /// <summary>The id in the stream's name, parsed as the type from which <see cref="IdText.Of"/> wrote it.</summary>
    /// <typeparam name="T">
    /// The id's type, e.g. <see cref="Guid"/> or <see cref="int"/>. It is parsed in the invariant culture.
    /// </typeparam>
    /// <returns>The id.</returns>
    /// <exception cref="FormatException">The stream's id is not one of that type.</exception>
    public T StreamIdAs<T>()
        where T : IParsable<T> =>
        T.TryParse(StreamId, CultureInfo.InvariantCulture, out var id)
            ? id
            : throw new FormatException($"The id '{StreamId}' of the stream of {this} is no {typeof(T).Name}.");

    /// <summary>The event's type and place, for messages.</summary>
    /// <returns>For example <c>money-deposited at version 2 of 'account-ann' (position 17)</c>.</returns>
    public override string ToString() =>
        $"{Type} at version {Version} of '{Stream}' (position {Position}{(SubIndex == 0 ? "" : $", part {SubIndex}")})";
}
