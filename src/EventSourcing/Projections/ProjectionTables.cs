using System.Data.Common;
using System.Globalization;

namespace EventSourcing;

/// <summary>
/// The tables of a <see cref="TableProjection"/> within its transaction. Always name a table by the indexer: while a read model is rebuilt
/// beside the one that serves, its tables have other names. Valid until the handler returns.
/// </summary>
public sealed class ProjectionTables : IDisposable
{
    private readonly Dictionary<string, DbCommand> _commands = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _quoted = new(StringComparer.Ordinal);
    private readonly IReadOnlyList<string> _tables;
    private readonly int _generation;
    private (string Sql, DbCommand Command) _last;

    internal ProjectionTables(DbConnection connection, IReadOnlyList<string> tables, int generation)
    {
        Connection = connection;
        _tables = tables;
        _generation = generation;
        foreach (var table in tables) _quoted[table] = generation == 0 ? $"\"{table}\"" : string.Create(CultureInfo.InvariantCulture, $"\"{table}__{generation}\"");
    }

    /// <summary>
    /// The storage's own connection, within the transaction that also moves the projection on: for Dapper or commands of your own. Do not
    /// close it, and do not end its transaction.
    /// </summary>
    public DbConnection Connection { get; }

    /// <summary>The current name of a table, quoted for SQL.</summary>
    /// <param name="table">One of <see cref="TableProjection.Tables"/>.</param>
    /// <exception cref="ArgumentException">The projection has no such table.</exception>
    public string this[string table] => _quoted.TryGetValue(table, out var quoted)
        ? quoted
        : throw new ArgumentException($"The projection has no table '{table}'; it has {string.Join(", ", _tables)}. Name it in the projection's constructor.", nameof(table));

    /// <summary>
    /// A name for something that belongs to a table, such as an index. Databases have one namespace for these, and while a read model is
    /// rebuilt both sets of names exist.
    /// </summary>
    /// <param name="name">The name, of letters, digits and underscores.</param>
    /// <returns>The name to use now, quoted for SQL.</returns>
    public string NameFor(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        var escaped = name.Replace("\"", "\"\"", StringComparison.Ordinal);
        return string.Create(CultureInfo.InvariantCulture, $"\"{escaped}__{_generation}\"");
    }

    /// <summary>Runs a statement with parameters named $1, $2 and so on. It is prepared once per batch.</summary>
    /// <param name="sql">The statement.</param>
    /// <param name="parameters">The values; <see langword="null"/> for NULL.</param>
    /// <param name="cancellationToken">Cancels the statement.</param>
    /// <returns>A task that completes when it has run.</returns>
    public ValueTask ExecuteAsync(string sql, IReadOnlyList<object?> parameters, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(sql);
        ArgumentNullException.ThrowIfNull(parameters);

        // Usually it is the same statement as for the event before. Comparing two texts is much faster than hashing one.
        var command = sql == _last.Sql ? _last.Command : CommandOf(sql, parameters.Count);
        var slots = command.Parameters;
        if (slots.Count != parameters.Count)
            throw new ArgumentException($"The statement was run with {slots.Count} parameters before and now gets {parameters.Count}: {sql}", nameof(parameters));
        for (var i = 0; i < parameters.Count; i++) slots[i].Value = parameters[i] ?? DBNull.Value;
        return new ValueTask(command.ExecuteNonQueryAsync(cancellationToken));
    }

    /// <summary>Frees the prepared statements. The library does so itself.</summary>
    public void Dispose()
    {
        foreach (var command in _commands.Values) command.Dispose();
        _commands.Clear();
        _last = default;
    }

    private DbCommand CommandOf(string sql, int parameters)
    {
        if (!_commands.TryGetValue(sql, out var command)) _commands.Add(sql, command = CommandFor(sql, parameters));
        _last = (sql, command);
        return command;
    }

    internal async ValueTask DropAllAsync(CancellationToken cancellationToken)
    {
        foreach (var table in _tables) await ExecuteAsync($"DROP TABLE IF EXISTS {this[table]}", [], cancellationToken).ConfigureAwait(false);
    }

    private DbCommand CommandFor(string sql, int parameters)
    {
        var command = Connection.CreateCommand();
        command.CommandText = sql;
        for (var i = 1; i <= parameters; i++)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = string.Create(CultureInfo.InvariantCulture, $"${i}");
            command.Parameters.Add(parameter);
        }

        return command;
    }
}
