using System.Globalization;

namespace EventSourcing;

/// <summary>
/// Another writer was first: what an append was decided on has changed. Nothing was written. Read again and decide again.
/// </summary>
public abstract class ConflictException : EventSourcingException
{
    private protected ConflictException(string message)
        : base(message)
    {
    }

    /// <summary>
    /// How often the command was decided that met a conflict each time; 1 if that was once, or if it was an append without a command.
    /// </summary>
    public int Tries { get; internal set; } = 1;

    /// <inheritdoc/>
    public override string Message => Tries == 1 ? base.Message : string.Create(
        CultureInfo.InvariantCulture,
        $"{base.Message} The command was decided {Tries} times, and met such a conflict each time. Repeat it later, let fewer such "
        + $"commands run at once, or raise {nameof(EventStoreOptions)}.{nameof(EventStoreOptions.MaxConflictRetries)}.");
}

/// <summary>
/// A stream is not at the version that an append expected: another writer was first. Nothing was written. Read the stream again
/// and decide again.
/// </summary>
public sealed class WrongExpectedVersionException : ConflictException
{
    /// <summary>Creates the error.</summary>
    /// <param name="stream">The first stream, in the order of the append, that is not as expected.</param>
    /// <param name="expected">What was expected.</param>
    /// <param name="actual">The stream's version, 0 if it has no events.</param>
    public WrongExpectedVersionException(string stream, ExpectedVersion expected, long actual)
        : base(
            $"The append expected stream '{stream}' at {Expectation(expected)}, but {Actual(actual)}. Nothing was written; "
            + "read the stream again and decide again.")
    {
        Stream = stream;
        Expected = expected;
        ActualVersion = actual;
    }

    /// <summary>The first stream, in the order of the append, that was not as expected.</summary>
    public string Stream { get; }

    /// <summary>What was expected.</summary>
    public ExpectedVersion Expected { get; }

    /// <summary>The stream's version when the append was refused; 0 if it had no events.</summary>
    public long ActualVersion { get; }

    private static string Expectation(ExpectedVersion expected) =>
        expected == ExpectedVersion.NoStream || expected == ExpectedVersion.StreamExists ? expected.ToString() : $"version {expected}";

    private static string Actual(long actual) => actual == 0 ? "it has no events" : $"it is at version {actual}";
}

/// <summary>
/// An event matches the query of an append's condition: the facts behind the decision have changed. Nothing was written. Read
/// the query's events again and decide again.
/// </summary>
public sealed class AppendConditionFailedException : ConflictException
{
    /// <summary>Creates the error.</summary>
    /// <param name="condition">The first condition, in the order of the append, that does not hold.</param>
    /// <param name="conflictingPosition">The first position after <see cref="AppendCondition.After"/> whose event matches.</param>
    public AppendConditionFailedException(AppendCondition condition, long conflictingPosition)
        : base(
            $"The append required that no event after position {condition.After} match {condition.Query}, "
            + $"but the event at position {conflictingPosition} does. Nothing was written; read by the query again and decide again.")
    {
        Condition = condition;
        ConflictingPosition = conflictingPosition;
    }

    /// <summary>The first condition, in the order of the append, that does not hold.</summary>
    public AppendCondition Condition { get; }

    /// <summary>The first position after the condition's position whose event matches.</summary>
    public long ConflictingPosition { get; }
}

/// <summary>
/// Some of an append's event ids are stored already, but not as in the append: some are missing, or they are stored in another
/// order or stream, or with another type, other data or other tags. Nothing was written.
/// </summary>
public sealed class DuplicateEventIdException : EventSourcingException
{
    /// <summary>Creates the error.</summary>
    /// <param name="eventId">An id that is stored.</param>
    /// <param name="position">The position at which it is stored.</param>
    /// <param name="difference">How the stored events differ from the append, as a sentence.</param>
    public DuplicateEventIdException(Guid eventId, long position, string difference)
        : base(
            $"The event id {eventId} is already stored, at position {position}, and this is not a repetition of the append that stored "
            + $"it: {difference} Nothing was written. Give new events new ids; to repeat an append, repeat all of it unchanged.")
    {
        EventId = eventId;
        Position = position;
    }

    /// <summary>An id that is stored.</summary>
    public Guid EventId { get; }

    /// <summary>The position at which it is stored.</summary>
    public long Position { get; }
}

/// <summary>
/// A payload cannot be erased: there is no such event, or it is itself a record of erasures. Nothing was written or erased.
/// </summary>
public sealed class ErasureRefusedException : EventSourcingException
{
    /// <summary>Creates the error.</summary>
    /// <param name="position">The first position, in the order of the append, whose payload cannot be erased.</param>
    /// <param name="head">The position of the log's last event.</param>
    public ErasureRefusedException(long position, long head)
        : base(position > head
            ? $"The payload at position {position} cannot be erased: the log has no event there, it ends at {head}. Nothing was written, "
                + "and nothing erased."
            : $"The payload at position {position} cannot be erased: the event there is a record of erasures "
                + $"('{PayloadsErased.TypeName}'), which tell erasures from tampering. Nothing was written, and nothing erased.")
    {
        Position = position;
        Head = head;
    }

    /// <summary>The first position, in the order of the append, whose payload cannot be erased.</summary>
    public long Position { get; }

    /// <summary>The position of the log's last event at that time.</summary>
    public long Head { get; }
}

/// <summary>Another writer held the store's lock for longer than this one waits. Nothing was written; try again.</summary>
public sealed class StoreBusyException : EventSourcingException
{
    /// <summary>Creates the error.</summary>
    /// <param name="store">The store, e.g. the path of its file.</param>
    /// <param name="waited">How long this writer waited.</param>
    /// <param name="innerException">The driver's own error, if any.</param>
    public StoreBusyException(string store, TimeSpan waited, Exception? innerException = null)
        : base(
            string.Create(
                CultureInfo.InvariantCulture,
                $"The write lock of '{store}' was held by another process or connection for all of the {waited.TotalSeconds:0.0} s that "
                + $"this write waited. Nothing was written. Try again; if it persists, find who holds the lock, "
                + $"or raise the busy timeout."),
            innerException)
    {
        Store = store;
        Waited = waited;
    }

    /// <summary>The store.</summary>
    public string Store { get; }

    /// <summary>How long this writer waited.</summary>
    public TimeSpan Waited { get; }
}

/// <summary>
/// The store could not execute a call. Usually the medium has failed (disk full, I/O error, lost file), and the store is usable
/// again once the cause is gone: see <see cref="IsTransient"/>.
/// </summary>
public sealed class StorageFailedException : EventSourcingException
{
    /// <summary>Creates the error.</summary>
    /// <param name="store">The store, e.g. the path of its file.</param>
    /// <param name="outcomeIsUnknown">Whether the write may be durable despite the failure.</param>
    /// <param name="innerException">The driver's own error.</param>
    public StorageFailedException(string store, bool outcomeIsUnknown, Exception innerException)
        : base($"The store '{store}' failed: {Sentence(innerException?.Message)} {WhatToDo(outcomeIsUnknown)}", innerException)
    {
        Store = store;
        OutcomeIsUnknown = outcomeIsUnknown;
    }

    /// <summary>The store.</summary>
    public string Store { get; }

    /// <summary>
    /// <see langword="false"/> if certainly nothing was written; <see langword="true"/> if the commit itself failed, so that
    /// only a repetition with the same event ids can tell.
    /// </summary>
    public bool OutcomeIsUnknown { get; }

    /// <summary>
    /// Whether the same call may succeed later without a change of the stored data, as after a full disk: then projections and
    /// reactors keep trying. <see langword="false"/> if the statement fails and not the medium, for example because a trigger
    /// was added to the store's tables, or a value is too large: then they stop with this error. By default
    /// <see langword="true"/>.
    /// </summary>
    public bool IsTransient { get; init; } = true;

    private static string? Sentence(string? message) => message is null or [.., '.' or '!' or '?' or ')'] ? message : message + ".";

    private static string WhatToDo(bool outcomeIsUnknown) => outcomeIsUnknown
        ? "The failure came while committing, so the write may or may not be stored. Repeat it with the same command id or event ids "
            + "(EventData.Id), which returns the original result if it was; without ids of your own, read the stream to see."
        : "Nothing was written. Repeat it once the cause is gone.";
}

/// <summary>The store's content cannot be what this library wrote: damaged, or changed by other software.</summary>
public sealed class StoreCorruptedException : EventSourcingException
{
    /// <summary>Creates the error.</summary>
    /// <param name="store">The store, e.g. the path of its file.</param>
    /// <param name="finding">What is wrong, as a sentence.</param>
    /// <param name="innerException">The driver's own error, if any.</param>
    public StoreCorruptedException(string store, string finding, Exception? innerException = null)
        : base(
            $"The store '{store}' is damaged: {finding} Stop writing to it, keep a copy of all its files, and restore a backup.",
            innerException)
    {
        Store = store;
        Finding = finding;
    }

    /// <summary>The store.</summary>
    public string Store { get; }

    /// <summary>What is wrong, as a sentence.</summary>
    public string Finding { get; }
}

/// <summary>The file or database is not a store that this version of the library can use. It was not changed.</summary>
public sealed class IncompatibleStoreException : EventSourcingException
{
    /// <summary>Creates the error.</summary>
    /// <param name="store">The store, e.g. the path of its file.</param>
    /// <param name="reason">Why it cannot be used, as a sentence, with the remedy.</param>
    /// <param name="innerException">The driver's own error, if any.</param>
    public IncompatibleStoreException(string store, string reason, Exception? innerException = null)
        : base($"'{store}' cannot be used as an event store: {reason} It was not changed.", innerException)
    {
        Store = store;
        Reason = reason;
    }

    /// <summary>The store.</summary>
    public string Store { get; }

    /// <summary>Why it cannot be used.</summary>
    public string Reason { get; }

    /// <summary>
    /// Whether it is a store of an older schema that was opened read-only: opened once to be written, it is upgraded and can be used.
    /// </summary>
    public bool CanBeUpgraded { get; init; }

    /// <summary>Whether the store is not to blame, but the user of the database lacks a right.</summary>
    public bool LacksRight { get; init; }

    /// <summary>
    /// Whether it was opened read-only, and only a process that may write can finish what a process has left that was killed: opened
    /// once to be written, it can be used.
    /// </summary>
    public bool CanBeRecovered { get; init; }
}
