namespace EventSourcing;

/// <summary>The decision of a command on more than one stream.</summary>
internal sealed record LogDecision
{
    /// <summary>Creates the decision.</summary>
    /// <param name="streams">What to append; none if there is nothing to do.</param>
    /// <param name="conditions">What must hold when it is appended.</param>
    /// <param name="head">The position up to which the log was read.</param>
    /// <exception cref="InvalidOperationException">The app's code returned <see langword="null"/>, or something without events.</exception>
    public LogDecision(IReadOnlyList<StreamAppend> streams, IReadOnlyList<AppendCondition>? conditions, long head)
    {
        Streams = MissingAnswer.ThrowIfNull(streams, "what to append");
        for (var i = 0; i < streams.Count; i++)
        {
            if (streams[i]?.Events is null)
                throw MissingAnswer.Error($"{(streams[i] is null ? "the append" : "the events of the append")} at index {i}");
        }

        Conditions = conditions;
        Head = head;
    }

    /// <summary>What to append; none if there is nothing to do.</summary>
    public IReadOnlyList<StreamAppend> Streams { get; }

    /// <summary>What must hold when it is appended.</summary>
    public IReadOnlyList<AppendCondition>? Conditions { get; }

    /// <summary>The position up to which the log was read.</summary>
    public long Head { get; }
}
