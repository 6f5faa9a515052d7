using System.Collections.Concurrent;
using System.Globalization;
using Npgsql;

namespace EventSourcing;

/// <summary>
/// The names behind the numbers in committed rows. They never change, so they are cached, and all events of a stream share one
/// string. Thread-safe.
/// </summary>
internal sealed class StoreNames(SchemaSql sql, string store)
{
    private const int MaxStreams = 100_000;
    private readonly ConcurrentDictionary<long, string> _streams = [];
    private readonly ConcurrentDictionary<int, string> _types = [];
    private readonly ConcurrentDictionary<string, int> _typeIds = new(StringComparer.Ordinal);

    public string? StreamOf(long id) => _streams.GetValueOrDefault(id);

    public string? TypeOf(int id) => _types.GetValueOrDefault(id);

    public bool TryGetType(string name, out int id) => _typeIds.TryGetValue(name, out id);

    /// <summary>Adds a stream that is committed.</summary>
    public void AddStream(long id, string name)
    {
        if (_streams.Count >= MaxStreams) _streams.Clear();
        _streams.TryAdd(id, name);
    }

    /// <summary>Forgets everything: another store may have taken the place of this one.</summary>
    public void Clear()
    {
        _streams.Clear();
        _types.Clear();
        _typeIds.Clear();
    }

    /// <summary>
    /// Gives numbers to names of types, in a transaction of its own: a number that is rolled back must not stay in the cache. A type
    /// may thus have a number and no event.
    /// </summary>
    public async ValueTask InternAsync(NpgsqlConnection connection, string[] types)
    {
        var batch = new NpgsqlBatch(connection);
        await using (batch.ConfigureAwait(false))
        {
            batch.Add($"SELECT o_id, o_name FROM {sql.Quoted}.intern_types($1)").With(types);
            var reader = await batch.ExecuteReaderAsync().ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                while (await reader.ReadAsync().ConfigureAwait(false)) AddType(reader.GetInt32(0), reader.GetString(1));
            }
        }
    }

    /// <summary>Looks up the names that are null.</summary>
    /// <exception cref="StoreCorruptedException">A number has no name, or one that the library does not write.</exception>
    public async ValueTask LoadAsync(NpgsqlConnection connection, Dictionary<long, string?> streams, Dictionary<int, string?> types,
        CancellationToken cancellationToken)
    {
        long[] newStreams = [.. streams.Where(stream => stream.Value is null).Select(stream => stream.Key)];
        int[] newTypes = [.. types.Where(type => type.Value is null).Select(type => type.Key)];
        var batch = new NpgsqlBatch(connection);
        await using (batch.ConfigureAwait(false))
        {
            batch.Add($"SELECT id, name FROM {sql.Quoted}.streams WHERE id = ANY ($1)").With(newStreams);
            batch.Add($"SELECT id, name FROM {sql.Quoted}.event_types WHERE id = ANY ($1)").With(newTypes);
            var reader = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    streams[reader.GetInt64(0)] = Valid(reader.GetString(1), "streams", NameRules.ThrowIfInvalidStream);
                    AddStream(reader.GetInt64(0), streams[reader.GetInt64(0)]!);
                }

                await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
                while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    types[reader.GetInt32(0)] = Valid(reader.GetString(1), "event_types", NameRules.ThrowIfInvalidType);
                    AddType(reader.GetInt32(0), types[reader.GetInt32(0)]!);
                }
            }
        }

        foreach (var id in newStreams)
        {
            if (streams[id] is null) throw Missing("streams", id);
        }

        foreach (var id in newTypes)
        {
            if (types[id] is null) throw Missing("event_types", id);
        }
    }

    private void AddType(int id, string name)
    {
        _types.TryAdd(id, name);
        _typeIds.TryAdd(name, id);
    }

    private string Valid(string name, string table, Action<string> throwIfInvalid)
    {
        try
        {
            throwIfInvalid(name);
            return name;
        }
        catch (ArgumentException flaw)
        {
            throw new StoreCorruptedException(
                store, $"a name in the table '{table}' is none that the library writes. {flaw.Message}", flaw);
        }
    }

    private StoreCorruptedException Missing(string table, long id) =>
        new(store, string.Create(CultureInfo.InvariantCulture, $"an event refers to row {id} of the table '{table}', which is not there."));
}
