using System.Data.Common;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace EventSourcing;

/// <summary>
/// The tables of a <see cref="TableProjection"/> within its transaction. Always name a table by the indexer: while a read model is
/// rebuilt beside the one that serves, its tables have other names. Valid until the handler returns. After the transaction, which may hold
/// several events, statements and the connection are refused.
/// </summary>
public sealed class ProjectionTables : IDisposable
{
    private readonly Dictionary<string, DbCommand> _commands = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _quoted = new(StringComparer.Ordinal);
    private readonly TableSupport _support;
    private readonly IReadOnlyList<string> _tables;
    private readonly int _generation;
    private readonly DbConnection _connection;
    private (string Sql, DbCommand Command) _last;
    private bool _isDisposed;

    internal ProjectionTables(DbConnection connection, TableSupport support, IReadOnlyList<string> tables, int generation)
    {
        _connection = connection;
        _support = support;
        _tables = tables;
        _generation = generation;
        foreach (var table in tables) _quoted[table] = support.Quote(generation == 0 ? table : NameOfGeneration(table));
    }

    /// <summary>
    /// The storage's own connection, within the transaction that also moves the projection on: for Dapper or commands of your own.
    /// Do not close it, and do not end its transaction.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The transaction has ended.</exception>
    public DbConnection Connection
    {
        get
        {
            ThrowIfDisposed();
            return _connection;
        }
    }

    /// <summary>The current name of a table, quoted for SQL.</summary>
    /// <param name="table">One of <see cref="TableProjection.Tables"/>.</param>
    /// <exception cref="ArgumentException">The projection has no such table.</exception>
    public string this[string table] => _quoted.TryGetValue(table, out var quoted)
        ? quoted
        : throw new ArgumentException(
            $"The projection has no table '{table}'; it has {string.Join(", ", _tables)}. Name it in the projection's constructor.",
            nameof(table));

    /// <summary>
    /// A name for something that belongs to a table, such as an index. Databases have one namespace for these, and while a read
    /// model is rebuilt both sets of names exist. A name that is too long for the database is shortened, and stays different from
    /// all others.
    /// </summary>
    /// <param name="name">The name, of letters, digits and underscores.</param>
    /// <returns>The name to use now, quoted for SQL.</returns>
    public string NameFor(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        return _support.Quote(NameOfGeneration(name));
    }

    /// <summary>Runs a statement with parameters, to which it refers by $1, $2 and so on. It is prepared once per batch.</summary>
    /// <param name="sql">
    /// The statement. Where it does not tell the type of a parameter that may be NULL, as in <c>$1 IS NULL</c>, some databases need
    /// to be told: <c>CAST($1 AS TEXT) IS NULL</c>.
    /// </param>
    /// <param name="parameters">The values; <see langword="null"/> for NULL.</param>
    /// <param name="cancellationToken">Cancels the statement.</param>
    /// <returns>A task that completes when it has run.</returns>
    /// <exception cref="ArgumentException">
    /// A value is one that databases refuse or store as another: text with U+0000 or half a character, or a whole number over
    /// <see cref="long.MaxValue"/>. Or the statement has another number of parameters than before. The statement was not run.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The transaction has ended. The statement was not run.</exception>
    public ValueTask ExecuteAsync(string sql, IReadOnlyList<object?> parameters, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(sql);
        ArgumentNullException.ThrowIfNull(parameters);
        ThrowIfDisposed();
        for (var i = 0; i < parameters.Count; i++)
        {
            if (FlawIn(parameters[i]) is not { } flaw) continue;
            var shown = Names.Printable(string.Create(CultureInfo.InvariantCulture, $"{parameters[i]}"));
            throw new ArgumentException(
                string.Create(CultureInfo.InvariantCulture, $"Parameter ${i + 1}, '{shown}', {flaw}. The statement was not run."),
                nameof(parameters));
        }

        // Usually it is the same statement as for the event before. Comparing two texts is much faster than hashing one.
        var command = sql == _last.Sql ? _last.Command : CommandOf(sql, parameters.Count);
        var slots = command.Parameters;
        if (slots.Count != parameters.Count)
        {
            throw new ArgumentException(
                $"The statement was run with {slots.Count} parameters before and now gets {parameters.Count}: {sql}",
                nameof(parameters));
        }

        for (var i = 0; i < parameters.Count; i++) slots[i].Value = parameters[i] ?? DBNull.Value;
        return new ValueTask(command.ExecuteNonQueryAsync(cancellationToken));
    }

    /// <summary>Frees the prepared statements. The library does so itself.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        foreach (var command in _commands.Values) command.Dispose();
        _commands.Clear();
        _last = default;
    }

    /// <summary>Why a database would refuse a value, or store another one; null if it does neither.</summary>
    private static string? FlawIn(object? value) => value switch
    {
        ulong and > long.MaxValue => "is larger than a whole number in a database. Pass it as text",
        string or char when Names.TextFlaw(value.ToString()!) is { } flaw =>
            $"{flaw}, which databases do not keep. Leave it out, or pass bytes",
        Enum e when Enum.GetUnderlyingType(e.GetType()) == typeof(ulong) => FlawIn(Convert.ToUInt64(e, CultureInfo.InvariantCulture)),
        _ => null,
    };

    private void ThrowIfDisposed()
    {
        if (_isDisposed)
            throw new ObjectDisposedException(
                nameof(ProjectionTables),
                "The handler's transaction has ended, so nothing was run. Await all that runs on the tables before the handler returns.");
    }

    private DbCommand CommandOf(string sql, int parameters)
    {
        if (!_commands.TryGetValue(sql, out var command)) _commands.Add(sql, command = CommandFor(sql, parameters));
        _last = (sql, command);
        return command;
    }

    internal async ValueTask DropAllAsync(CancellationToken cancellationToken)
    {
        foreach (var table in _tables)
            await ExecuteAsync($"DROP TABLE IF EXISTS {this[table]}", [], cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// The name with the number of the generation appended. If that is too long, the end of the name gives way to a hash of all of
    /// it, so that names which differ stay different.
    /// </summary>
    private string NameOfGeneration(string name)
    {
        var number = string.Create(CultureInfo.InvariantCulture, $"__{_generation}");
        var bytes = Encoding.UTF8.GetBytes(name);
        if (bytes.Length + number.Length <= _support.MaxNameLength) return name + number;
        var hash = Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 8));
        var kept = name.AsSpan();
        while (Encoding.UTF8.GetByteCount(kept) + 1 + hash.Length + number.Length > _support.MaxNameLength
            || char.IsHighSurrogate(kept[^1]))
            kept = kept[..^1];
        return $"{kept}_{hash}{number}";
    }

    private DbCommand CommandFor(string sql, int parameters)
    {
        var command = Connection.CreateCommand();
        command.CommandText = sql;
        for (var i = 1; i <= parameters; i++)
        {
            var parameter = command.CreateParameter();
            if (_support.HasNamedParameters) parameter.ParameterName = string.Create(CultureInfo.InvariantCulture, $"${i}");
            command.Parameters.Add(parameter);
        }

        return command;
    }
}
