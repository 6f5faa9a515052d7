namespace EventSourcing.Testing;

/// <summary>
/// What the conformance kit needs of a storage: that it can be opened, empty. Nothing else is declared, since the contract is the same for
/// all storages and no case is optional.
/// </summary>
public interface IEventStorageFixture
{
    /// <summary>
    /// How long a case waits for something that must happen, a wake-up or an answer, before it counts as lost. It has no other effect;
    /// raise it for slow machines.
    /// </summary>
    TimeSpan Patience => TimeSpan.FromSeconds(60);

    /// <summary>Opens a new, empty storage, independent of all others. The case that asked for it disposes it.</summary>
    /// <param name="options">The clock and the limits that the storage must work with.</param>
    /// <param name="cancellationToken">Cancels the opening.</param>
    /// <returns>The storage.</returns>
    ValueTask<IEventStorage> CreateAsync(EventStorageOptions options, CancellationToken cancellationToken);
}
