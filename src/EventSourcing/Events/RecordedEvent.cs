using System.Globalization;

namespace EventSourcing;

/// <summary>An event as it stands in the log, and where it stands. Immutable, but for what <see cref="Data"/> allows.</summary>
public sealed class RecordedEvent
{
    internal RecordedEvent(
        string stream, long version, long position, Guid id, string type, DateTimeOffset recordedAt, object data, EventMetadata metadata, IReadOnlyList<string> tags, int subIndex = 0)
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
    /// Which part this is of what an <see cref="Upcaster"/> has made of one stored event, from 0; 0 also where it is the
    /// only one. Parts share the event's version, position and id, and all else that was recorded beside it.
    /// </summary>
    public int SubIndex { get; }

    /// <summary>The name of the event's type as it is today, whatever name and version it was stored under; for an <see cref="UnknownEvent"/> the stored name.</summary>
    public string Type { get; }

    /// <summary>
    /// When the store recorded the event: UTC, to 100 ns, by the storage's <see cref="TimeProvider"/>. It never goes
    /// backwards from one position to the next; order is nevertheless a matter of positions only, as several events
    /// may share an instant.
    /// </summary>
    public DateTimeOffset RecordedAt { get; }

    /// <summary>What happened: an instance of the event's type, an <see cref="ErasedEvent"/> where the payload was erased; or an <see cref="UnknownEvent"/> where the reader asked for those.</summary>
    public object Data { get; }

    /// <summary>What was recorded beside it.</summary>
    public EventMetadata Metadata { get; }

    /// <summary>The event's tags, without repeats.</summary>
    public IReadOnlyList<string> Tags { get; }

    /// <summary>The part of the stream's name after its first hyphen, or the whole name: <c>ann</c> for <c>account-ann</c>.</summary>
    public string StreamId => StreamName.IdOf(Stream);

    /// <summary>The id in the stream's name as the type that it was written from, which <see cref="IdText.Of"/> wrote.</summary>
    /// <typeparam name="T">The id's type, e.g. <see cref="Guid"/> or <see cref="int"/>. It is parsed in the invariant culture.</typeparam>
    /// <returns>The id.</returns>
    /// <exception cref="FormatException">The stream's id is not one of that type.</exception>
    public T StreamIdAs<T>()
        where T : IParsable<T> =>
        T.TryParse(StreamId, CultureInfo.InvariantCulture, out var id)
            ? id
            : throw new FormatException($"The id '{StreamId}' of the stream of {this} is no {typeof(T).Name}.");

    /// <summary>Where the event stands and what it is, for messages.</summary>
    /// <returns>For example <c>money-deposited at version 2 of 'account-ann' (position 17)</c>.</returns>
    public override string ToString() => $"{Type} at version {Version} of '{Stream}' (position {Position}{(SubIndex == 0 ? "" : $", part {SubIndex}")})";
}
