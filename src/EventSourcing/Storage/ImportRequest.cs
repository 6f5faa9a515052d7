using System.Text.Json;

namespace EventSourcing.Storage;

/// <summary>
/// Events to store as they were recorded elsewhere: rule 12 of <see cref="IEventStorage"/>. Either each event brings its
/// <em>place</em>, that is its position, its version and its seal, and the storage keeps it; or none does (all three are zero or
/// empty), and the storage gives it one. A read of another storage's log with seals (<see cref="LogRead.WithSeals"/>) returns
/// events with their places.
/// </summary>
/// <param name="Events">The events, in the order of the log.</param>
public sealed record ImportRequest(IReadOnlyList<StoredEvent> Events)
{
    /// <summary>Whether the events bring their places.</summary>
    public bool HasPlaces => Events.Count > 0 && Events[0].Position != 0;

    /// <summary>
    /// The positions of the payloads to erase: those that the records of erasures (<see cref="PayloadsErased"/>) among the events
    /// name, each once. Usually they are erased already. One is not if it was transferred before it was erased in the other log.
    /// </summary>
    /// <returns>The positions, in no particular order.</returns>
    public IReadOnlyCollection<long> PositionsToErase()
    {
        HashSet<long>? positions = null;
        for (var i = 0; i < Events.Count; i++)
        {
            if (Events[i].Type == PayloadsErased.TypeName)
                (positions ??= []).UnionWith(PayloadsErased.Parse(Events[i].Data.Span).Positions);
        }

        return positions ?? (IReadOnlyCollection<long>)[];
    }

    /// <summary>Throws if an event breaks a rule or a limit by itself. Every storage calls this before anything else.</summary>
    /// <param name="limits">The limits in force.</param>
    /// <exception cref="ArgumentException">Says what is wrong with which event.</exception>
    public void Validate(EventStorageLimits limits)
    {
        ArgumentNullException.ThrowIfNull(limits);
        ArgumentNullException.ThrowIfNull(Events);
        if (Events.Count == 0) throw new ArgumentException("An import needs at least one event; this one has none.", nameof(Events));
        if (Events.Count > limits.MaxEventsPerAppend)
        {
            throw new ArgumentException(
                $"The import has {Events.Count} events; the limit is {limits.MaxEventsPerAppend}. Split it, "
                + "or raise EventStorageLimits.MaxEventsPerAppend.",
                nameof(Events));
        }

        var hasPlaces = HasPlaces;
        var ids = Events.Count > 1 ? new HashSet<Guid>(Events.Count) : null;
        for (var i = 0; i < Events.Count; i++)
        {
            var e = Events[i];
            Validate(e, limits);
            if (ids?.Add(e.Id) == false)
                throw new ArgumentException($"Two events of one import have the id {e.Id}. Ids are unique in the store.", nameof(Events));
            if (hasPlaces) ValidatePlaced(e);
            else ValidateUnplaced(e);
        }
    }

    private static void Validate(in StoredEvent e, EventStorageLimits limits)
    {
        Names.ThrowIfInvalid(e.Stream, "A stream's name", nameof(Events));
        ArgumentNullException.ThrowIfNull(e.Tags, nameof(Events));
        new NewEvent(e.Id, e.Type, e.Data) { Metadata = e.Metadata, Tags = e.Tags }.Validate(limits, e.Stream);
        if (e.Tags.Count > 1 && e.Tags.Distinct(StringComparer.Ordinal).Count() < e.Tags.Count)
            throw new ArgumentException(
                $"An event '{e.Type}' for stream '{e.Stream}' has a tag twice. Give each tag once.", nameof(Events));
    }

    private static void ValidatePlaced(in StoredEvent e)
    {
        if (e.Position <= 0 || e.Version <= 0)
            throw Flawed(
                e,
                $"has the position {e.Position} and the version {e.Version}. Either all events of an import have both, from 1, "
                + "or none has");
        var sealLength = e.IsErased ? MerkleHash.Length : LedgerLeaf.SaltLength;
        if (e.Seal.Length != sealLength)
        {
            throw Flawed(
                e,
                $"is {(e.IsErased ? "erased" : "not erased")} and has a seal of {e.Seal.Length} bytes instead of {sealLength}. "
                + "Read it with its seal");
        }

        if (e.IsErased && !e.Data.IsEmpty) throw Flawed(e, $"is erased and has {e.Data.Length} bytes of data. An erased event has none");
        if (e.Type == PayloadsErased.TypeName) ValidateRecord(e);
        else if (e.Stream == PayloadsErased.StreamName)
            throw Flawed(e, "is in the library's own stream, which holds records of erased payloads alone");
    }

    private static void ValidateRecord(in StoredEvent e)
    {
        if (e.Stream != PayloadsErased.StreamName)
            throw Flawed(e, $"is a record of erased payloads. They stand in the stream '{PayloadsErased.StreamName}'");
        if (e.IsErased) throw Flawed(e, "is a record of erased payloads that is said to be erased itself. Such records are never erased");
        try
        {
            _ = PayloadsErased.Parse(e.Data.Span);
        }
        catch (JsonException flaw)
        {
            throw new ArgumentException(
                $"The event at position {e.Position} ('{PayloadsErased.TypeName}') is not one: {flaw.Message}", nameof(Events), flaw);
        }
    }

    private static void ValidateUnplaced(in StoredEvent e)
    {
        if (e.Position != 0 || e.Version != 0 || !e.Seal.IsEmpty || e.IsErased)
        {
            throw Flawed(
                e,
                "has a position, a version or a seal, or is erased. Either all events of an import bring their places, or none does");
        }

        if (e.Type == PayloadsErased.TypeName || e.Stream == PayloadsErased.StreamName)
        {
            throw Flawed(
                e,
                "belongs to the library's own records of erased payloads. They name positions, "
                + "so they are imported only together with the places of all events");
        }
    }

    private static ArgumentException Flawed(in StoredEvent e, string flaw) =>
        new($"The event {e.Id} ('{Names.Printable(e.Type)}') for stream '{e.Stream}' {flaw}.", nameof(Events));
}
