namespace EventSourcing;

/// <summary>
/// What a stored event is read as: itself, or the events that an upcaster made of it. Allocates nothing if it is itself.
/// </summary>
internal readonly struct Parts<T>
    where T : class
{
    private readonly T? _one;
    private readonly T[]? _several;

    public Parts(T one) => _one = one;

    public Parts(T[] several) => _several = several;

    /// <summary>The parts if an upcaster made them, even if they are only one or none; otherwise null.</summary>
    public T[]? Several => _several;

    public int Count => _several is null ? 1 : _several.Length;

    public T this[int index] => _several is null ? _one! : _several[index];
}
