namespace EventSourcing;

/// <summary>
/// The id of a command was given to another command before: what that one asked for had another
/// <see cref="CommandId.Fingerprint"/>. Nothing was written.
/// </summary>
public sealed class CommandIdReusedException : EventSourcingException
{
    /// <summary>Creates the error.</summary>
    /// <param name="commandId">The id.</param>
    /// <param name="position">The position of the first event of the command that is stored with the id.</param>
    public CommandIdReusedException(Guid commandId, long position)
        : base(
            $"The command id {commandId} was given to another command before, whose events are stored from position {position} on with "
            + "another fingerprint. Nothing was written. Repeat a command with what it asked for the first time, "
            + "and give each other command an id of its own.")
    {
        CommandId = commandId;
        Position = position;
    }

    /// <summary>The id.</summary>
    public Guid CommandId { get; }

    /// <summary>The position of the first event of the command that is stored with the id.</summary>
    public long Position { get; }
}
