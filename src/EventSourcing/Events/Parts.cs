namespace EventSourcing;

/// <summary>What a stored event is read as: itself, or as many as an upcaster has made of it. No object where it is itself.</summary>
internal readonly struct Parts<T>
    where T : class
{
    private readonly T? _one;
    private readonly T[]? _several;

    public Parts(T one) => _one = one;

    public Parts(T[] several) => _several = several;

    /// <summary>The parts where an upcaster has made them, be it of one or none, or null.</summary>
    public T[]? Several => _several;

    public int Count => _several is null ? 1 : _several.Length;

    public T this[int index] => _several is null ? _one! : _several[index];
}
