namespace EventSourcing;

/// <summary>How the writer's attempt at a group has ended.</summary>
internal enum GroupEnd
{
    /// <summary>Each write was committed or refused.</summary>
    Committed,

    /// <summary>Nothing was written: an event id is stored already. Begin again, and look the ids up first.</summary>
    IdIsStored,

    /// <summary>Nothing was written: a write runs SQL of the app. Begin again, on a connection that is opened for that.</summary>
    NeedsAppSql,
}
