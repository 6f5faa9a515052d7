namespace EventSourcing;

/// <summary>
/// The file holds something that this library has not written; becomes the <see cref="StoreCorruptedException"/> that callers
/// get. Code that decodes a stored value throws no other exception about the value, so that damage of the file is never
/// mistaken for a fault of the caller or of the library.
/// </summary>
internal sealed class DamagedDataException(string finding, Exception? innerException = null) : Exception(finding, innerException)
{
    /// <summary>The column of the wrong value, if it is known.</summary>
    public string? Column { get; init; }

    /// <summary>The error for a row that cannot be decoded.</summary>
    /// <param name="row">Which row it is, e.g. "the event at position 7".</param>
    /// <param name="column">The column of the wrong value.</param>
    /// <param name="flaw">The error thrown by decoding it.</param>
    public static DamagedDataException InColumn(string row, string column, Exception flaw) =>
        new($"{row} cannot be read: the value of its column '{column}' is not one that the library writes. {Sentence(flaw.Message)}", flaw)
        {
            Column = column,
        };

    /// <summary>Whether an error that decoding has thrown is due to the value, and not to the database or the machine.</summary>
    public static bool IsDueTo(Exception flaw) => flaw is not (SqliteFailure or EventSourcingException or OutOfMemoryException);

    /// <summary>The typed error for callers.</summary>
    public StoreCorruptedException ToTyped(string path) => new(path, Sentence(Message), InnerException ?? this);

    private static string Sentence(string text) => text.EndsWith('.') ? text : text + ".";
}
