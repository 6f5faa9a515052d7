namespace EventSourcing;

/// <summary>Deciders on an <see cref="EventStore"/>.</summary>
public static class DeciderExtensions
{
    /// <summary>Addresses one stream of a decider, which may or may not have events yet. Nothing is read.</summary>
    /// <typeparam name="TState">The decider's state.</typeparam>
    /// <typeparam name="TCommand">The decider's commands.</typeparam>
    /// <param name="store">The store.</param>
    /// <param name="decider">The decider.</param>
    /// <param name="id">Which one: not empty.</param>
    /// <returns>A handle to decide and to load the state.</returns>
    /// <exception cref="ArgumentException">The id is empty, or the stream's name would be longer than 200 characters.</exception>
    public static DeciderHandle<TState, TCommand> Decider<TState, TCommand>(
        this EventStore store, Decider<TState, TCommand> decider, string id)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(decider);
        return new DeciderHandle<TState, TCommand>(store, decider, id);
    }

    /// <summary>Addresses one stream of a decider by an id that is not a string. Nothing is read.</summary>
    /// <typeparam name="TState">The decider's state.</typeparam>
    /// <typeparam name="TCommand">The decider's commands.</typeparam>
    /// <param name="store">The store.</param>
    /// <param name="decider">The decider.</param>
    /// <param name="id">Which one: a <see cref="Guid"/>, an integer or another id, written as <see cref="IdText.Of"/> does.</param>
    /// <returns>A handle to decide and to load the state.</returns>
    /// <exception cref="ArgumentException">
    /// The id's type has no single text, or the stream's name would be longer than 200 characters.
    /// </exception>
    public static DeciderHandle<TState, TCommand> Decider<TState, TCommand>(
        this EventStore store, Decider<TState, TCommand> decider, IFormattable id) =>
        store.Decider(decider, IdText.Of(id));
}
