using System.CommandLine;

namespace EventSourcing.Tool;

/// <summary>The options by which events are chosen, the same for all commands that read them.</summary>
internal sealed class EventFilterOptions
{
    public Option<string[]> Types { get; } = Arguments.ManyOption(
        "--type", "NAME", "Only events of this type; of any of them if it is given several times.");

    public Option<string[]> Tags { get; } = Arguments.ManyOption(
        "--tag", "TAG", "Only events with this tag; with all of them if it is given several times.");

    public Option<string?> Prefix { get; } = Arguments.TextOption(
        "--prefix", "TEXT", "Only events of streams whose names begin so, for example 'order-'.");

    public void AddTo(Command command)
    {
        command.Options.Add(Types);
        command.Options.Add(Tags);
        command.Options.Add(Prefix);
    }

    public EventQuery In(ParseResult parsed) =>
        EventSelection.Query(parsed.GetRequiredValue(Types), parsed.GetRequiredValue(Tags), parsed.GetValue(Prefix));

    /// <summary>Says which of the types asked for no event has: most likely their names are mistyped.</summary>
    public async Task RemarkOnUnknownTypesAsync(ParseResult parsed, Screen screen, EventStore store, CancellationToken cancellationToken)
    {
        var asked = parsed.GetRequiredValue(Types);
        if (asked.Length == 0) return;
        var known = (await store.Catalog.ListEventTypesAsync(cancellationToken))
            .Select(type => type.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var type in asked.Where(type => !known.Contains(type)))
            screen.Remark($"No event has the type '{type}'. 'evs types' lists them.");
    }
}
