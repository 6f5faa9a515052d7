namespace EventSourcing.Storage;

/// <summary>
/// For storages: the facts on which an append is decided (<see cref="AppendDecision"/>). All answers are as of one moment,
/// while the storage holds the lock that orders commits. If a storage commits several appends at once, it answers for each as
/// if those before it were committed.
/// </summary>
public interface ILogFacts
{
    /// <summary>The position of the last event, 0 for an empty log.</summary>
    long Head { get; }

    /// <summary>When the last event was recorded, UTC; <see cref="DateTimeOffset.MinValue"/> for an empty log.</summary>
    DateTimeOffset LastRecordedAt { get; }

    /// <summary>The number of events of a stream.</summary>
    /// <param name="stream">The stream's name.</param>
    /// <returns>The version, 0 for a stream without events.</returns>
    long VersionOf(string stream);

    /// <summary>Finds a stored event by its id.</summary>
    /// <param name="id">The id.</param>
    /// <param name="stored">The event, without its seal.</param>
    /// <returns>Whether there is one.</returns>
    bool TryFind(Guid id, out StoredEvent stored);

    /// <summary>Finds the first event that a condition forbids.</summary>
    /// <param name="request">The append.</param>
    /// <param name="condition">The index of the condition in <see cref="AppendRequest.Conditions"/>.</param>
    /// <returns>The position of the first event after <see cref="AppendCondition.After"/> that matches; 0 if there is none.</returns>
    long FirstMatch(AppendRequest request, int condition);

    /// <summary>Whether there is an event at a position whose payload may be erased: any but a record of erasures.</summary>
    /// <param name="position">The position, from 1.</param>
    /// <returns>Whether it may be erased; <see langword="true"/> even if it is erased already.</returns>
    bool CanErase(long position);
}
