namespace EventSourcing.Storage;

/// <summary>
/// What the SQL of a storage with tables must look like: how a statement refers to its parameters, and what names its database
/// allows. It only answers; it reads and writes nothing. Immutable and thread-safe. A storage that wraps another returns the
/// instance of the other.
/// </summary>
public abstract class TableSupport
{
    /// <summary>
    /// How <c>$1</c>, <c>$2</c> and so on of a statement find their parameters. If <see langword="true"/>, by name: the parameters
    /// are named <c>$1</c>, <c>$2</c> and so on, as SQLite has it. If <see langword="false"/>, by place: <c>$1</c> is the first
    /// parameter of the command, and parameters must have no name, as PostgreSQL has it.
    /// </summary>
    public abstract bool HasNamedParameters { get; }

    /// <summary>
    /// The longest name of a table or an index, in bytes of UTF-8 and before it is quoted. At least 63. The library makes no longer
    /// names, because databases cut them without an error, and then two names may become one.
    /// </summary>
    public abstract int MaxNameLength { get; }

    /// <summary>
    /// Quotes a name for SQL, so that it may be a keyword and contain any characters. A name of lower-case letters, digits and
    /// underscores of ASCII means the same thing quoted and unquoted.
    /// </summary>
    /// <param name="name">The name of a table, an index or a column, without a schema.</param>
    /// <returns>The name as SQL has it.</returns>
    public abstract string Quote(string name);

    /// <summary>
    /// Says why a projection cannot keep a table of a name here, for example because the storage itself uses the name. Called
    /// before anything is written, so that the database need not refuse it later.
    /// </summary>
    /// <param name="table">The table's name: 1–60 letters, digits and underscores of ASCII, not beginning with a digit.</param>
    /// <returns>What is wrong with the name, to follow "which"; <see langword="null"/> if nothing is.</returns>
    public abstract string? FlawIn(string table);
}
