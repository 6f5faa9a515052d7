using System.Globalization;

namespace EventSourcing.Operations;

/// <summary>An event to import does not fit at the end of the log. Nothing of the import was written.</summary>
public sealed class ImportRefusedException : EventSourcingException
{
    private ImportRefusedException(ImportFlaw flaw, in StoredEvent e, string reason)
        : base(string.Create(CultureInfo.InvariantCulture, $"The event {e.Id} for stream '{e.Stream}' cannot be imported: {reason}"))
    {
        Flaw = flaw;
        EventId = e.Id;
        Stream = e.Stream;
        Position = e.Position;
        RecordedAt = e.RecordedAt;
    }

    /// <summary>What is wrong.</summary>
    public ImportFlaw Flaw { get; }

    /// <summary>The id of the event, the first that does not fit.</summary>
    public Guid EventId { get; }

    /// <summary>The event's stream.</summary>
    public string Stream { get; }

    /// <summary>The position that the event brings; 0 if it brings none.</summary>
    public long Position { get; }

    /// <summary>The stamp that the event brings.</summary>
    public DateTimeOffset RecordedAt { get; }

    /// <summary>
    /// The position that would fit if <see cref="Flaw"/> is <see cref="ImportFlaw.PositionGap"/>, the version if it is
    /// <see cref="ImportFlaw.WrongVersion"/>; otherwise 0.
    /// </summary>
    public long Expected { get; private init; }

    internal static ImportRefusedException PositionGap(in StoredEvent e, long expected) => new(
        ImportFlaw.PositionGap,
        e,
        $"it has the position {e.Position}, and {expected} is the next one here. Nothing was written; go on from position {expected}.")
    {
        Expected = expected,
    };

    internal static ImportRefusedException WrongVersion(in StoredEvent e, long expected) => new(
        ImportFlaw.WrongVersion,
        e,
        $"it has the version {e.Version}, and {expected} is the next one of its stream here. Nothing was written; "
        + "import all events of the other log, in order.")
    {
        Expected = expected,
    };

    internal static ImportRefusedException TimeBackwards(in StoredEvent e, DateTimeOffset last) => new(
        ImportFlaw.TimeBackwards,
        e,
        string.Create(
            CultureInfo.InvariantCulture,
            $"its stamp {e.RecordedAt:O} is before that of the event before it, {last:O}. Nothing was written; "
            + $"import in the order of time, before anything newer is appended."));

    internal static ImportRefusedException TimeInFuture(in StoredEvent e, DateTimeOffset now) => new(
        ImportFlaw.TimeInFuture,
        e,
        string.Create(
            CultureInfo.InvariantCulture,
            $"its stamp {e.RecordedAt:O} is later than now, {now:O}, and all later events would get that stamp. Nothing was written; "
            + $"correct the stamp or the clock."));
}
