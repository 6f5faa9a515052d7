using System.Globalization;
using System.Collections.Concurrent;

namespace EventSourcing;

/// <summary>
/// The names behind the numbers in committed rows. They never change, so they are cached, and all events of a stream share
/// one string. Thread-safe.
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
        return _streams.GetOrAdd(
            id, Read(database, "stream", "SELECT name FROM streams WHERE id = ?1", id, NameRules.ThrowIfInvalidStream));
    }

    public string TypeOf(Database database, long id) =>
        _types.TryGetValue(id, out var name)
            ? name
            : _types.GetOrAdd(
                id, Read(database, "type", "SELECT name FROM event_types WHERE id = ?1", id, NameRules.ThrowIfInvalidType));

    private static string Read(Database database, string column, string sql, long id, Action<string> throwIfInvalid)
    {
        var select = database.Prepare(sql).Bind(1, id);
        try
        {
            if (!select.Step())
                throw new DamagedDataException(string.Create(CultureInfo.InvariantCulture, $"There is no row {id} of names ({sql})."))
                {
                    Column = column,
                };
            var name = select.ExactText(0);
            throwIfInvalid(name); // once for each name, and it may become the key of a document
            return name;
        }
        catch (ArgumentException flaw)
        {
            throw new DamagedDataException(
                string.Create(
                    CultureInfo.InvariantCulture, $"The name in row {id} is not one that the library writes ({sql}). {flaw.Message}"),
                flaw) { Column = column };
        }
        finally
        {
            select.Reset();
        }
    }
}
