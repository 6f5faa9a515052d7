using System.Collections.Concurrent;
using Npgsql;

namespace EventSourcing;

/// <summary>
/// The tables of read models by the names and aliases under which they were found. Another process may have changed them since: every
/// use resolves the name again, in the same snapshot. Thread-safe.
/// </summary>
internal sealed class ReadModelTables(SchemaSql sql)
{
    private const int MaxTables = 10_000;
    private readonly ConcurrentDictionary<string, DocumentTable> _tables = new(StringComparer.Ordinal);

    /// <summary>Resolves a name or an alias, which are one namespace; parameter $1.</summary>
    public string ResolveSql => $"""
        {DocumentTable.Select(sql)} WHERE m.name = $1
        UNION ALL {DocumentTable.Select(sql)} JOIN {sql.Quoted}.read_model_aliases a ON a.model = m.id WHERE a.alias = $1
        """;

    public DocumentTable? Find(string nameOrAlias) => _tables.GetValueOrDefault(nameOrAlias);

    /// <summary>Remembers what a name or an alias was found to stand for; null for nothing.</summary>
    public void Learn(string nameOrAlias, DocumentTable? table)
    {
        if (table is null) _tables.TryRemove(nameOrAlias, out _);
        else if (_tables.Count < MaxTables || _tables.ContainsKey(nameOrAlias)) _tables[nameOrAlias] = table;
        else Clear();
    }

    public void Clear() => _tables.Clear();

    /// <summary>
    /// Asks the table of a read model something, together with what its name stands for, in one snapshot. Usually one round trip.
    /// </summary>
    /// <param name="connection">The connection.</param>
    /// <param name="model">The name or alias.</param>
    /// <param name="isWithinTransaction">Whether a transaction is open on the connection that sees one state of the tables.</param>
    /// <param name="ask">Adds the statements for a table.</param>
    /// <param name="read">Reads their results, beginning with the first.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    /// <returns>What was read; the default if there is no such read model.</returns>
    public async ValueTask<T?> AskAsync<T>(
        NpgsqlConnection connection, string model, bool isWithinTransaction, Func<NpgsqlBatch, DocumentTable, bool> ask,
            Func<NpgsqlDataReader, DocumentTable, CancellationToken, ValueTask<T>> read,
        CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            // Within an append, a statement that fails would end its transaction: the name is resolved before anything is asked.
            var asked = attempt == 0 && isWithinTransaction ? null : Find(model);
            try
            {
                var batch = new NpgsqlBatch(connection);
                await using (batch.ConfigureAwait(false))
                {
                    if (!isWithinTransaction) batch.Add("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
                    batch.Add(ResolveSql).With(model);
                    var asks = asked is not null && ask(batch, asked);
                    if (!isWithinTransaction) batch.Add("COMMIT");
                    var reader = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
                    await using (reader.ConfigureAwait(false))
                    {
                        var found = await reader.ReadAsync(cancellationToken).ConfigureAwait(false) ? DocumentTable.At(reader, sql) : null;
                        if (asked is not null && found?.Id == asked.Id)
                        {
                            if (!asks) return default;
                            await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
                            return await read(reader, asked, cancellationToken).ConfigureAwait(false);
                        }

                        Learn(model, found);
                        if (found is null) return default;
                    }
                }
            }
            catch (PostgresException failure) when (asked is not null && Failure.IsOfTable(failure))
            {
                if (!isWithinTransaction && connection.FullState.HasFlag(System.Data.ConnectionState.Open))
                    await connection.ExecuteAsync("ROLLBACK", cancellationToken).ConfigureAwait(false);
                Learn(model, null);
                if (isWithinTransaction || attempt > 1) throw asked.Damaged(failure);
            }
            catch (Exception misfit) when (attempt == 0 && asked is not null && misfit is UnknownFieldException or ArgumentException)
            {
                Learn(model, null); // the name may stand for another table by now, one that the query fits
            }
        }
    }
}
