namespace EventSourcing;

/// <summary>
/// Runs the app's own code while the storage waits for it, and tells whether a call comes from within such code. A call that would in
/// turn wait for the storage is refused, since otherwise both would wait for ever. Each storage has one instance.
/// </summary>
internal sealed class UserCode
{
    private readonly AsyncLocal<Scope?> _current = new();

    public enum Kind
    {
        /// <summary>Code within a write: the storage writes nothing else until it returns.</summary>
        Write,

        /// <summary>Code that reads on a connection of the pool.</summary>
        Read,
    }

    public void ThrowIfWithin(Kind kind, string doing)
    {
        for (var scope = _current.Value; scope is not null; scope = scope.Outer)
        {
            // A task that the code has started and not awaited has the scope, too. Once the scope has ended, nothing waits for it.
            if (!scope.HasEnded && scope.Kind == kind) throw Refusal(kind, doing);
        }
    }

    /// <summary>Runs code in the context of the caller that it belongs to.</summary>
    public async ValueTask<T> RunAsync<TState, T>(ExecutionContext? context, Kind kind, TState state, Func<TState, ValueTask<T>> code)
    {
        // Both changes of the context are undone when this method first returns, as in every async method.
        if (context is not null) ExecutionContext.Restore(context);
        var scope = new Scope(kind, _current.Value);
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

    private static InvalidOperationException Refusal(Kind kind, string doing) => new(kind == Kind.Write
        ? $"Code that runs within a write of the store cannot {doing}: the store would wait for that code, and the code for the store. "
            + "Let the callback return what is to change, or do this when the write has returned."
        : $"Code that reads the store by SQL of its own cannot {doing}: each would wait for the other. "
            + "Do this when the query has returned.");

    private sealed class Scope(Kind kind, Scope? outer)
    {
        private volatile bool _hasEnded;

        public Kind Kind => kind;

        public Scope? Outer => outer;

        public bool HasEnded
        {
            get => _hasEnded;
            set => _hasEnded = value;
        }
    }
}
