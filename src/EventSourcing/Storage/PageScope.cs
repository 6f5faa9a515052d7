namespace EventSourcing.Storage;

/// <summary>How pages relate to each other if events are appended while they are read.</summary>
internal enum PageScope
{
    /// <summary>Each page is read when it is asked for, and shows the log as it is then.</summary>
    InTurn,

    /// <summary>No page shows more of the log or the stream than the first one: together they are one view of it.</summary>
    OneView,
}
