using System.Collections.Concurrent;

namespace EventSourcing;

/// <summary>
/// The names behind the numbers in committed rows. They never change, so they are kept, and every event of a stream
/// shares one string. Thread-safe.
/// </summary>
internal sealed class NameCache
{
    private const int MaxStreams = 100_000;
    private readonly ConcurrentDictionary<long, string> _streams = [];
    private readonly ConcurrentDictionary<long, string> _types = [];

    public string StreamOf(Database database, long id)
    {
        if (_streams.TryGetValue(id, out var name)) return name;
        if (_streams.Count >= MaxStreams) _streams.Clear();
        return _streams.GetOrAdd(id, Read(database, "SELECT name FROM streams WHERE id = ?1", id));
    }

    public string TypeOf(Database database, long id) =>
        _types.TryGetValue(id, out var name) ? name : _types.GetOrAdd(id, Read(database, "SELECT name FROM event_types WHERE id = ?1", id));

    private static string Read(Database database, string sql, long id)
    {
        var select = database.Prepare(sql).Bind(1, id);
        var name = select.Step() ? select.Text(0) : null;
        select.Reset();
        return name ?? throw new InvalidDataException($"an event names row {id} of another table, which has none ({sql}).");
    }
}
