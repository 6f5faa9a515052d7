namespace EventSourcing;

/// <summary>
/// The ids of the events that a command appends. They derive from the command's id, the stream if the command is on one, and the event's
/// index among those raised. A repetition of the command thus gets the same ids, and the first id tells whether the command was stored.
/// </summary>
/// <param name="command">The command's id; not empty.</param>
/// <param name="metadata">The metadata of those events of the command that have none of their own.</param>
/// <param name="stream">The stream that the command is on; empty if the command decides itself which streams it writes to.</param>
internal sealed class CommandIds(CommandId command, EventMetadata? metadata, string stream = "")
{
    /// <summary>How many events are read at once to find the last one of a command: most commands raise a few.</summary>
    private const int PageLimit = 32;

    private readonly Guid _commandId = command.Value != Guid.Empty
        ? command.Value
        : throw new ArgumentException(
            "The command's id is empty. Give each command an id of its own, e.g. Guid.CreateVersion7(), "
            + "and the same one when it is repeated.",
            "commandId");

    /// <summary>The events with their ids.</summary>
    /// <exception cref="ArgumentException">One has an id already.</exception>
    public IReadOnlyList<object> Mark(IReadOnlyList<object> events) => Mark(events, stream, first: 0);

    /// <summary>The events of several streams with their ids.</summary>
    /// <exception cref="ArgumentException">One has an id already.</exception>
    public IReadOnlyList<StreamAppend> Mark(IReadOnlyList<StreamAppend> streams)
    {
        var marked = new StreamAppend[streams.Count];
        var count = 0;
        for (var i = 0; i < marked.Length; i++)
        {
            marked[i] = streams[i] with { Events = Mark(streams[i].Events, streams[i].Stream, count) };
            count += streams[i].Events.Count;
        }

        return marked;
    }

    /// <summary>Where all events of the command stand; null if it has stored none.</summary>
    /// <exception cref="CommandIdReusedException">They are those of another command: their fingerprint is another one.</exception>
    public async ValueTask<AppendResult?> FindAsync(IEventStorage storage, CancellationToken cancellationToken)
    {
        var first = await storage.GetPositionAsync(IdOf(0), cancellationToken).ConfigureAwait(false);
        if (first == 0) return null;

        // One append has stored them, so they are adjacent.
        var (count, streams) = (0, new List<AppendedStream>(1));
        await foreach (var page in storage.PagesAsync(
            new LogRead { After = first - 1, Limit = PageLimit }, cancellationToken).ConfigureAwait(false))
        {
            foreach (ref readonly var stored in page.Events)
            {
                if (stored.Id != IdOf(count)) return Original();
                if (count == 0) ThrowIfOther(stored);
                count++;
                if (streams.Count > 0 && streams[^1].Stream == stored.Stream)
                    streams[^1] = streams[^1] with { LastVersion = stored.Version };
                else streams.Add(new AppendedStream(stored.Stream, stored.Version, stored.Version));
            }
        }

        return Original();

        AppendResult Original() => new(streams, first, first + count - 1, wasAlreadyStored: true);
    }

    private EventData[] Mark(IReadOnlyList<object> events, string of, int first)
    {
        var marked = new EventData[events.Count];
        for (var i = 0; i < marked.Length; i++)
        {
            var data = events[i] as EventData ?? new EventData(events[i]);
            if (data.Id is { } id)
                throw new ArgumentException(
                    $"The event at index {i} of the command {_commandId} on '{of}' has the id {id} already. With a command id, "
                    + "the ids of its events derive from that: raise it without one. Nothing was written.",
                    nameof(events));
            marked[i] = data with { Id = IdOf(first + i) };

            // One event is enough to tell the command by, and it is the one that a repetition looks up.
            if (first + i == 0 && command.Fingerprint is { } fingerprint)
                marked[i] = marked[i] with { Metadata = (data.Metadata ?? metadata ?? EventMetadata.None).WithFingerprint(fingerprint) };
        }

        return marked;
    }

    private void ThrowIfOther(in StoredEvent first)
    {
        if (command.Fingerprint is not { } mine || EventReader.DecodeMetadata(first).CommandFingerprint is not { } stored) return;
        if (stored != mine) throw new CommandIdReusedException(_commandId, first.Position);
    }

    private Guid IdOf(int index) => DerivedId.Of($"{_commandId:N}\0{stream}\0{index}", _commandId);
}
