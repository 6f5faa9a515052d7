namespace EventSourcing;

/// <summary>
/// Decisions as two pure functions instead of a class: from a state and a command to events, and from a state and an event to the state
/// after it. Immutable and thread-safe; make one and keep it. Its streams are <c>category-id</c>; run it by
/// <c>store.Decider(decider, id)</c>.
/// </summary>
/// <typeparam name="TState">The state: a value that is never changed, but replaced.</typeparam>
/// <typeparam name="TCommand">The commands.</typeparam>
public sealed class Decider<TState, TCommand>
{
    /// <summary>Creates a decider.</summary>
    /// <param name="category">The category of its streams: not empty, without a hyphen.</param>
    /// <param name="initial">The state before the first event.</param>
    /// <param name="decide">
    /// What a command leads to: events, or <see cref="EventData"/> around them to give tags or metadata; none if there is nothing to do. It
    /// throws if a rule forbids the command. It may be called more than once for one command, so it must do nothing else.
    /// </param>
    /// <param name="evolve">
    /// The state after an event. It must not fail, decide, read the clock or do I/O, since the same events are folded again for ever.
    /// </param>
    /// <exception cref="ArgumentException">The category is empty or has a hyphen.</exception>
    public Decider(string category, TState initial, Func<TState, TCommand, IEnumerable<object>> decide, Func<TState, object, TState> evolve)
        : this(category, initial, decide, evolve, stateFingerprint: null)
    {
    }

    internal Decider(
        string category,
        TState initial,
        Func<TState, TCommand, IEnumerable<object>> decide,
        Func<TState, object, TState> evolve,
        string? stateFingerprint)
    {
        ArgumentNullException.ThrowIfNull(decide);
        ArgumentNullException.ThrowIfNull(evolve);
        StreamName.For(category, "x");
        Category = category;
        Initial = initial;
        Decide = decide;
        Evolve = evolve;
        StateFingerprint = stateFingerprint;
    }

    /// <summary>The category of its streams.</summary>
    public string Category { get; }

    /// <summary>The state before the first event.</summary>
    public TState Initial { get; }

    /// <summary>What a command leads to.</summary>
    public Func<TState, TCommand, IEnumerable<object>> Decide { get; }

    /// <summary>The state after an event.</summary>
    public Func<TState, object, TState> Evolve { get; }

    /// <summary>
    /// Whether an event that was about to be appended (the first argument) conflicts with one that another writer has appended since the
    /// state was loaded. If no pair conflicts, the events are appended as they are after the other writer's, without deciding again. By
    /// default every pair conflicts.
    /// </summary>
    public Func<object, object, bool> ConflictsWith
    {
        get;
        init
        {
            ArgumentNullException.ThrowIfNull(value, nameof(ConflictsWith));
            field = value;
        }
    } = static (_, _) => true;

    /// <summary>When snapshots of the state are taken; <see langword="null"/>, the default, for never. The state is kept as JSON.</summary>
    /// <exception cref="ArgumentException">
    /// Neither the policy nor the state has a fingerprint that tells which fold the snapshots belong to.
    /// </exception>
    public SnapshotPolicy? Snapshots
    {
        get;
        init
        {
            if (value is { Fingerprint: null } && StateFingerprint is null)
                throw new ArgumentException(
                    $"Snapshots of the decider '{Category}' need a fingerprint, which tells current snapshots from those of an older fold. "
                    + $"Set {nameof(SnapshotPolicy)}.{nameof(SnapshotPolicy.Fingerprint)}, and change it whenever Evolve does; "
                    + $"or make the decider by Decider.For of a partial state that implements IState<{typeof(TState).Name}>, "
                    + "which has one by itself.",
                    nameof(Snapshots));
            field = value;
            Fingerprint = $"{StateFingerprint}\n{value?.Fingerprint}";
        }
    }

    internal string Fingerprint { get; private init; } = "";

    private string? StateFingerprint { get; }
}

/// <summary>Makes deciders of states that fold themselves.</summary>
public static class Decider
{
    /// <summary>Creates a decider of a state that knows its initial value and how an event changes it.</summary>
    /// <typeparam name="TState">The state.</typeparam>
    /// <typeparam name="TCommand">The commands.</typeparam>
    /// <param name="category">The category of its streams: not empty, without a hyphen.</param>
    /// <param name="decide">What a command leads to; see <see cref="Decider{TState, TCommand}"/>.</param>
    /// <param name="snapshots">
    /// When snapshots of the state are taken; <see langword="null"/> for never. The state's own fingerprint tells which fold they belong
    /// to.
    /// </param>
    /// <param name="conflictsWith">
    /// Whether an event raised conflicts with one committed since; see <see cref="Decider{TState, TCommand}.ConflictsWith"/>. By default
    /// every pair conflicts.
    /// </param>
    /// <returns>The decider.</returns>
    /// <exception cref="ArgumentException">
    /// The category is empty or has a hyphen; or snapshots are asked for, and neither the policy nor the state has a fingerprint.
    /// </exception>
    public static Decider<TState, TCommand> For<TState, TCommand>(
        string category,
        Func<TState, TCommand, IEnumerable<object>> decide,
        SnapshotPolicy? snapshots = null,
        Func<object, object, bool>? conflictsWith = null)
        where TState : IState<TState> =>
        new(category, TState.Initial, decide, static (state, e) => state.Apply(e), TState.Fingerprint)
        {
            Snapshots = snapshots,
            ConflictsWith = conflictsWith ?? (static (_, _) => true),
        };
}
