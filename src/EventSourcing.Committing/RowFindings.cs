using System.Globalization;

namespace EventSourcing;

/// <summary>What an audit says of rows that the library would not write. A storage adds what only its engine can tell.</summary>
internal static class RowFindings
{
    /// <summary>An event's row is not one that the library writes.</summary>
    public static LedgerFinding Unreadable(long position, string flaw) => new(
        LedgerFindingKind.EventUnreadable,
        position,
        position,
        null,
        string.Create(CultureInfo.InvariantCulture, $"The event at position {position} is not as the library writes one: {flaw}."));

    /// <summary>There is a row below the first position.</summary>
    public static LedgerFinding BelowTheFirst(long position) => new(
        LedgerFindingKind.EventUnreadable,
        0,
        0,
        null,
        string.Create(CultureInfo.InvariantCulture, $"The events have a row at position {position}; positions begin at 1."));

    /// <summary>An event has a tag by which it is not found.</summary>
    public static LedgerFinding TagNotFound(long position, string stream, string tag) => new(
        LedgerFindingKind.IndexMismatch,
        position,
        position,
        stream,
        string.Create(
            CultureInfo.InvariantCulture,
            $"The event at position {position} has the tag '{tag}', but the table of tags does not say so, or has another type for it."));

    /// <summary>An event is found by a tag that it does not have.</summary>
    /// <param name="tag">The tag.</param>
    /// <param name="written">The position as it stands in the table of tags, which may be no number.</param>
    /// <param name="position">The position, at least 0.</param>
    public static LedgerFinding TagOfNoEvent(string tag, string written, long position) => new(
        LedgerFindingKind.IndexMismatch,
        position,
        position,
        null,
        $"The table of tags has '{tag}' for the event at position {written}, which has no such tag, or another type.");

    /// <summary>A row has a name that the library would not write.</summary>
    public static LedgerFinding InvalidName(string table, long id) => OfNoEvent(string.Create(
        CultureInfo.InvariantCulture, $"Row {id} of the table '{table}' has a name that the library would not write."));

    /// <summary>A row has a name that no event uses.</summary>
    public static LedgerFinding UnusedName(string table, long id, string name) => OfNoEvent(string.Create(
        CultureInfo.InvariantCulture, $"Row {id} of the table '{table}', '{name}', belongs to no event."));

    /// <summary>The events of a type were counted wrong.</summary>
    public static LedgerFinding WrongCount(string type, string upTo, string count) => OfNoEvent(
        $"The table 'event_type_counts' says that {count} of the events up to position {upTo} are of type {type}, which is not so.");

    private static LedgerFinding OfNoEvent(string description) => new(LedgerFindingKind.IndexMismatch, 0, 0, null, description);
}
