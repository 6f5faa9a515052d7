using System.Diagnostics.CodeAnalysis;

namespace EventSourcing;

/// <summary>
/// Knows whether a call comes from within the app's code that the library runs and waits for (a handler, an inline projection, an upcaster,
/// a sink). A call that would in turn wait for that code is then refused instead of hanging. One for each store. Thread-safe.
/// </summary>
[SuppressMessage(
    "Reliability",
    "CA1001",
    Justification = "It is asked until the last caller of a closed store is gone; what it holds for threads goes with it.")]
internal sealed class AppCode
{
    private readonly AsyncLocal<Scope?> _current = new();

    // Code that cannot await is found by its thread, which costs far less than a change of the execution context.
    private readonly ThreadLocal<string?> _synchronous = new();

    /// <summary>Throws if the call comes from within code that runs for an owner; if no owner is given, for any owner.</summary>
    /// <param name="doing">What the call would do.</param>
    /// <param name="owner">The owner for which the code would have to run.</param>
    /// <exception cref="InvalidOperationException">The call comes from within such code.</exception>
    public void ThrowIfWithin(string doing, object? owner = null)
    {
        if (owner is null && _synchronous.Value is { } synchronous) throw Refusal(synchronous, doing);
        for (var scope = _current.Value; scope is not null; scope = scope.Outer)
        {
            // Tasks that the code has started without awaiting them inherit the scope. They are free once the code has ended.
            if (!scope.HasEnded && (owner is null || scope.Owner == owner)) throw Refusal(scope.Name, doing);
        }
    }

    /// <summary>Runs code of the app.</summary>
    /// <param name="owner">The owner for which it runs.</param>
    /// <param name="name">What error messages call it.</param>
    /// <param name="state">What the code needs.</param>
    /// <param name="code">The code.</param>
    public async ValueTask<T> RunAsync<TState, T>(object owner, string name, TState state, Func<TState, ValueTask<T>> code)
    {
        // This change of the context ends when the method returns to its caller, as in every async method.
        var scope = new Scope(owner, name, _current.Value);
        _current.Value = scope;
        try
        {
            return await code(state).ConfigureAwait(false);
        }
        finally
        {
            scope.HasEnded = true;
        }
    }

    /// <summary>Runs code of the app that cannot await.</summary>
    /// <param name="name">What error messages call it.</param>
    /// <param name="state">What the code needs.</param>
    /// <param name="code">The code.</param>
    public T Call<TState, T>(string name, TState state, Func<TState, T> code)
    {
        var outer = _synchronous.Value;
        _synchronous.Value = name;
        try
        {
            return code(state);
        }
        finally
        {
            _synchronous.Value = outer;
        }
    }

    private static InvalidOperationException Refusal(string name, string doing) => new(
        $"Code that runs within {name} cannot {doing}: that would wait for the code, and the code for it. Nothing was stopped. "
        + "Let the code return, "
        + "and stop from outside of it, for example where the app's own shutdown is handled.");

    private sealed class Scope(object owner, string name, Scope? outer)
    {
        private volatile bool _hasEnded;

        public object Owner => owner;

        public string Name => name;

        public Scope? Outer => outer;

        public bool HasEnded
        {
            get => _hasEnded;
            set => _hasEnded = value;
        }
    }
}
