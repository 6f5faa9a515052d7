namespace EventSourcing;

/// <summary>
/// A stored event has a name that the store's <see cref="EventTypes"/> do not list. Nothing was skipped: the read stopped
/// there.
/// </summary>
public sealed class UnknownEventTypeException : EventSourcingException
{
    internal UnknownEventTypeException(string type, string stream, long version, long position, int? lastVersion)
        : base(
            $"The event at version {version} of stream '{stream}' (position {position}) has the type name '{type}', "
            + $"which this store's EventTypes do not list. {Advice(lastVersion)} or read with UnknownEvents = UnknownEvents.AsRaw.")
    {
        Type = type;
        Stream = stream;
        Version = version;
        Position = position;
    }

    /// <summary>The stored name.</summary>
    public string Type { get; }

    /// <summary>The event's stream.</summary>
    public string Stream { get; }

    /// <summary>The event's version.</summary>
    public long Version { get; }

    /// <summary>The event's position.</summary>
    public long Position { get; }

    private static string Advice(int? lastVersion) => lastVersion is null
        ? "Add the type, or an upcaster if events of that name are no longer written,"
        : $"Version {lastVersion} is the last that they know: a newer version of the app wrote it. Run that one,";
}
