namespace EventSourcing;

/// <summary>The numbers of event types, as far as a writer has met them. It has to forget them if its transaction fails.</summary>
internal sealed class TypeIds
{
    private readonly Dictionary<string, long> _ids = new(StringComparer.Ordinal);

    /// <summary>The number of a type; a new type gets its row.</summary>
    public long Of(Database database, string type)
    {
        if (_ids.TryGetValue(type, out var id)) return id;
        id = database.Prepare("SELECT id FROM event_types WHERE name = ?1").Bind(1, type).Scalar()
            ?? database.Prepare("INSERT INTO event_types (name) VALUES (?1) RETURNING id").Bind(1, type).Scalar()!.Value;
        _ids.Add(type, id);
        return id;
    }

    public void Clear() => _ids.Clear();
}
