namespace EventSourcing.Storage;

/// <summary>
/// What the SQL of a storage with tables must look like: how a statement refers to its parameters, and what names its database allows. It
/// does not access the database. Immutable and thread-safe. If a storage wraps another one, it returns the instance of that one.
/// </summary>
public abstract class TableSupport
{
    /// <summary>
    /// Whether <c>$1</c>, <c>$2</c> and so on in a statement are names of parameters. If <see langword="true"/>, the parameters are named
    /// <c>$1</c>, <c>$2</c> and so on, as in SQLite. If <see langword="false"/>, they are found by place: <c>$1</c> is the first parameter
    /// of the command, and parameters must have no name, as in PostgreSQL.
    /// </summary>
    public abstract bool HasNamedParameters { get; }

    /// <summary>
    /// The length of the longest name of a table or an index, in bytes of UTF-8 without the quotes. It is at least 63. The library makes no
    /// longer names. Databases cut longer names without an error, so that two names may become one.
    /// </summary>
    public abstract int MaxNameLength { get; }

    /// <summary>
    /// Quotes a name for SQL, so that it may be a keyword and contain any characters. A name of lower-case ASCII letters, digits and
    /// underscores means the same thing with quotes and without.
    /// </summary>
    /// <param name="name">The name of a table, an index or a column, without a schema.</param>
    /// <returns>The quoted name.</returns>
    public abstract string Quote(string name);

    /// <summary>
    /// Says why a projection cannot have a table of this name, for example because the storage itself uses the name. It is called before
    /// anything is written, so that the database does not refuse the name later.
    /// </summary>
    /// <param name="table">The table's name: 1–60 letters, digits and underscores of ASCII, not beginning with a digit.</param>
    /// <returns>What is wrong with the name, in words that can follow "which"; <see langword="null"/> if nothing is wrong.</returns>
    public abstract string? FlawIn(string table);
}
