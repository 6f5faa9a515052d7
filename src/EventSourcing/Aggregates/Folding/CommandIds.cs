namespace EventSourcing;

/// <summary>
/// The ids of the events that a command appends to a stream. They follow from the command's id, the stream and the
/// event's index among those raised, so whoever repeats the command arrives at the same ones, and the first of them tells
/// whether the command was stored.
/// </summary>
internal sealed class CommandIds
{
    /// <summary>How many events are read at first to find the end of a command's: most raise a few.</summary>
    private const int PageLimit = 16;

    private readonly Guid _commandId;
    private readonly string _stream;

    public CommandIds(Guid commandId, string stream)
    {
        if (commandId == Guid.Empty) throw new ArgumentException("The command's id is empty. Give each command an id of its own, e.g. Guid.CreateVersion7(), and the same one when it is repeated.", nameof(commandId));
        _commandId = commandId;
        _stream = stream;
    }

    /// <summary>The events with their ids.</summary>
    /// <exception cref="ArgumentException">One has an id already.</exception>
    public IReadOnlyList<object> Mark(IReadOnlyList<object> events)
    {
        var marked = new EventData[events.Count];
        for (var i = 0; i < marked.Length; i++)
        {
            var data = events[i] as EventData ?? new EventData(events[i]);
            if (data.Id is { } id) throw new ArgumentException($"The event at index {i} of the command {_commandId} on '{_stream}' has the id {id} already. With a command id, the ids of its events derive from that: raise it without one. Nothing was written.", nameof(events));
            marked[i] = data with { Id = IdOf(i) };
        }

        return marked;
    }

    /// <summary>Where all events of the command stand; null where it has stored none.</summary>
    public async ValueTask<AppendResult?> FindAsync(IEventStorage storage, CancellationToken cancellationToken)
    {
        var first = await storage.GetPositionAsync(IdOf(0), cancellationToken).ConfigureAwait(false);
        if (first == 0) return null;

        // One append has stored them, so they stand side by side.
        var (count, firstVersion) = (0, 0L);
        for (var read = new LogRead { After = first - 1, Limit = PageLimit }; ;)
        {
            using var page = await storage.ReadLogAsync(read, cancellationToken).ConfigureAwait(false);
            foreach (ref readonly var stored in page.Events)
            {
                if (stored.Id != IdOf(count)) return Original();
                if (count++ == 0) firstVersion = stored.Version;
            }

            if (page.IsEnd) return Original();
            read = read with { After = page.Next, Limit = EventPage.DefaultLimit };
        }

        AppendResult Original() => new([new AppendedStream(_stream, firstVersion, firstVersion + count - 1)], first, first + count - 1, wasAlreadyStored: true);
    }

    private Guid IdOf(int index) => DerivedId.Of($"{_commandId:N}\0{_stream}\0{index}", _commandId);
}
