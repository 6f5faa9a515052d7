using System.Globalization;

namespace EventSourcing.Tool;

/// <summary>An event as it is named on the command line: by its position in the log or by its id.</summary>
internal static class EventReference
{
    public const string Description = "The event: its position in the log, or its id.";

    /// <exception cref="ToolException">There is no such event.</exception>
    public static async Task<long> PositionOfAsync(EventStore store, string text, CancellationToken cancellationToken)
    {
        if (Guid.TryParse(text, out var id))
        {
            var found = await store.Storage.GetPositionAsync(id, cancellationToken);
            return found > 0 ? found : throw new ToolException($"No event has the id {id}.");
        }

        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var position))
            throw new ToolException($"'{text}' is neither a position nor an event's id.");
        var head = await store.GetHeadAsync(cancellationToken);
        return position >= 1 && position <= head
            ? position
            : throw new ToolException($"There is no event at position {Format.Plain(position)}; the log has {Format.Plain(head)}.");
    }
}
