namespace EventSourcing;

/// <summary>A part of a query that finds its positions by an index.</summary>
internal interface IPositions
{
    /// <summary>The order in which it returns them.</summary>
    ReadDirection Direction { get; }

    /// <summary>The first positions in this order after one position and up to another, each once, up to a limit.</summary>
    List<long> Positions(Database database, long after, long upTo, long limit);
}
