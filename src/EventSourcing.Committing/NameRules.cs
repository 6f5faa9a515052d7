namespace EventSourcing;

/// <summary>Checks names of streams and types that are read from a database. They may have been changed there by other means.</summary>
internal static class NameRules
{
    /// <exception cref="ArgumentException">An append would not accept it as the name of a stream.</exception>
    public static void ThrowIfInvalidStream(string name) => new StreamRead(name).Validate();

    /// <exception cref="ArgumentException">An append would not accept it as the name of a type.</exception>
    public static void ThrowIfInvalidType(string name) => _ = new EventQueryItem(types: [name]);
}
