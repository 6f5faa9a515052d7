namespace EventSourcing;

/// <summary>The tables of a projection cannot be created or put in place. Nothing was changed, and the projection has stopped.</summary>
public sealed class ProjectionTablesException : EventSourcingException
{
    internal ProjectionTablesException(string projection, IReadOnlyList<string> tables, string reason, Exception? innerException = null)
        : base(
            $"The tables of the projection '{projection}' ({string.Join(", ", tables)}) cannot be made: {Names.Sentence(reason)} "
            + "Nothing was changed. If a name is taken, name another table in the projection's constructor; "
            + "otherwise correct its CreateAsync. Then start it again.",
            innerException)
    {
        Projection = projection;
        Tables = tables;
    }

    /// <summary>The projection.</summary>
    public string Projection { get; }

    /// <summary>The tables that it names.</summary>
    public IReadOnlyList<string> Tables { get; }
}
