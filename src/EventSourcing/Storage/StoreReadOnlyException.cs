namespace EventSourcing;

/// <summary>The store was opened read-only, and the call would have written to it. Nothing was written.</summary>
public sealed class StoreReadOnlyException : EventSourcingException
{
    /// <summary>Creates the error.</summary>
    /// <param name="operation">The requested operation, to follow "cannot", for example "append events".</param>
    /// <param name="store">The store, e.g. the path of its file; <see langword="null"/> if the caller does not know it.</param>
    public StoreReadOnlyException(string operation, string? store = null)
        : base(
            $"The store{(store is null ? "" : $" '{store}'")} was opened read-only, so it cannot {operation}. Nothing was written. "
            + "To write, open it without the option ReadOnly.")
    {
        Operation = operation;
        Store = store;
    }

    /// <summary>The requested operation, to follow "cannot".</summary>
    public string Operation { get; }

    /// <summary>The store; <see langword="null"/> if the caller did not know it.</summary>
    public string? Store { get; }
}
