namespace EventSourcing.Testing;

/// <summary>
/// What the conformance kit needs of a storage: that it can be opened, empty, and read-only if there is such a way. Nothing else is
/// declared, since the contract is the same for all storages and no case is optional.
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

    /// <summary>Opens the store of another storage once more, read-only. The case that asked for it disposes it.</summary>
    /// <param name="storage">A storage that <see cref="CreateAsync"/> has returned. It stays open and may write.</param>
    /// <param name="cancellationToken">Cancels the opening.</param>
    /// <returns>
    /// The second storage, with the options of the first; <see langword="null"/> if stores of this kind cannot be opened read-only,
    /// which is the default. Then there is nothing to refuse.
    /// </returns>
    ValueTask<IEventStorage?> OpenReadOnlyAsync(IEventStorage storage, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IEventStorage?>(null);
}
