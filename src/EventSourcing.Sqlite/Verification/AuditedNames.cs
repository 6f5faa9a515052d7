using System.Text;

namespace EventSourcing;

/// <summary>
/// The names behind the numbers in rows, as a verification reads them: only names that are read after it began, and only
/// names that the library could have written.
/// </summary>
internal sealed class AuditedNames(string table, Action<string> throwIfInvalid)
{
    private const int MaxNames = 100_000;
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private readonly string _sql = $"SELECT name FROM {table} WHERE id = ?1";
    private readonly Dictionary<long, string?> _names = [];

    public static AuditedNames OfStreams() => new("streams", NameRules.ThrowIfInvalidStream);

    public static AuditedNames OfTypes() => new("event_types", NameRules.ThrowIfInvalidType);

    /// <summary>The name of a number; null if there is none, or if the library would not write such a name.</summary>
    public string? Find(Database database, long id)
    {
        if (_names.TryGetValue(id, out var known)) return known;
        if (_names.Count >= MaxNames) _names.Clear();
        var name = ReadNameOf(database, id);
        _names.Add(id, name);
        return name;
    }

    /// <summary>A row's name; null if the library would not write such a name.</summary>
    public string? Read(Statement row, int column)
    {
        if (row.Class(column) != StorageClass.Text) return null;
        try
        {
            var name = StrictUtf8.GetString(row.Bytes(column));
            throwIfInvalid(name);
            return name;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    private string? ReadNameOf(Database database, long id)
    {
        var select = database.Prepare(_sql).Bind(1, id);
        try
        {
            return select.Step() ? Read(select, 0) : null;
        }
        catch (SqliteFailure failure) when (failure.IsDamage)
        {
            return null;
        }
        finally
        {
            select.Reset();
        }
    }
}
