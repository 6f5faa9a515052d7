using System.Globalization;
using System.Text.Json;

namespace EventSourcing;

/// <summary>
/// The one place where a stored row becomes an event. A value that the library would not write causes a
/// <see cref="DamagedDataException"/>, which names the position and the column.
/// </summary>
internal readonly ref struct EventRow(Statement row)
{
    /// <summary>The columns of a row that does not include the names of stream and type: they are looked up.</summary>
    public const string Columns = "position, version, type, id, recorded, data, metadata, tags, stream, seal";

    /// <summary>A selection of the same columns together with the two names.</summary>
    public const string WithNames =
        "SELECT e.position, e.version, e.type, e.id, e.recorded, e.data, e.metadata, e.tags, e.stream, e.seal, s.name, t.name "
        + "FROM events e JOIN streams s ON s.id = e.stream JOIN event_types t ON t.id = e.type";

    private const int VersionColumn = 1;
    private const int TypeColumn = 2;
    private const int IdColumn = 3;
    private const int RecordedColumn = 4;
    private const int DataColumn = 5;
    private const int MetadataColumn = 6;
    private const int TagsColumn = 7;
    private const int StreamColumn = 8;
    private const int SealColumn = 9;
    private const int StreamNameColumn = 10;
    private const int TypeNameColumn = 11;

    public long Position => row.Long(0);

    /// <summary>The id of which these are the bytes; empty if they are of none.</summary>
    public static Guid IdOf(ReadOnlySpan<byte> bytes) => bytes.Length == EventValues.IdBytes ? new Guid(bytes, bigEndian: true) : default;

    /// <summary>The event, with its bytes copied into a page.</summary>
    /// <param name="page">The page.</param>
    /// <param name="database">The connection through which names are looked up.</param>
    /// <param name="names">The names that are known.</param>
    /// <param name="stream">The name of its stream.</param>
    /// <param name="withSeals">Whether the event gets its seal.</param>
    /// <exception cref="DamagedDataException">A value is not one that the library writes.</exception>
    public StoredEvent Read(EventPage page, Database database, NameCache names, string stream, bool withSeals)
    {
        var values = ReadValues();
        try
        {
            return new StoredEvent
            {
                Position = values.Position,
                Stream = stream,
                Version = values.Version,
                Type = names.TypeOf(database, row.Long(TypeColumn)),
                Id = values.Id,
                RecordedAt = values.RecordedAt,
                Data = page.Copy(values.Data),
                Metadata = page.Copy(row.Bytes(MetadataColumn)),
                Seal = withSeals ? page.Copy(row.Bytes(SealColumn)) : default,
                IsErased = values.IsErased,
                Tags = Tags,
            };
        }
        catch (Exception flaw) when (DamagedDataException.IsDueTo(flaw))
        {
            throw Damage(flaw);
        }
    }

    /// <summary>The event of a row that includes the names; without its metadata and seal.</summary>
    /// <exception cref="DamagedDataException">A value is not one that the library writes.</exception>
    public StoredEvent ReadWithNames()
    {
        var values = ReadValues();
        try
        {
            return new StoredEvent
            {
                Position = values.Position,
                Stream = row.ExactText(StreamNameColumn),
                Version = values.Version,
                Type = row.ExactText(TypeNameColumn),
                Id = values.Id,
                RecordedAt = values.RecordedAt,
                Data = values.Data.ToArray(),
                IsErased = values.IsErased,
                Tags = Tags,
            };
        }
        catch (Exception flaw) when (DamagedDataException.IsDueTo(flaw))
        {
            throw Damage(flaw);
        }
    }

    /// <summary>The name of the event's stream.</summary>
    /// <exception cref="DamagedDataException">There is no name, or it cannot be read.</exception>
    public string ReadStream(Database database, NameCache names)
    {
        try
        {
            return names.StreamOf(database, row.Long(StreamColumn));
        }
        catch (Exception flaw) when (DamagedDataException.IsDueTo(flaw))
        {
            throw Damage(flaw);
        }
    }

    /// <summary>Whether the event matches a query.</summary>
    /// <exception cref="DamagedDataException">A value cannot be decoded.</exception>
    public bool Matches(EventQuery query, Database database, NameCache names, string stream)
    {
        try
        {
            return query.Matches(names.TypeOf(database, row.Long(TypeColumn)), stream, Tags);
        }
        catch (Exception flaw) when (DamagedDataException.IsDueTo(flaw))
        {
            throw Damage(flaw);
        }
    }

    /// <summary>Whether the event of a row that includes the names matches a query.</summary>
    /// <exception cref="DamagedDataException">A value cannot be decoded.</exception>
    public bool Matches(EventQuery query)
    {
        try
        {
            return query.Matches(row.ExactText(TypeNameColumn), row.ExactText(StreamNameColumn), Tags);
        }
        catch (Exception flaw) when (DamagedDataException.IsDueTo(flaw))
        {
            throw Damage(flaw);
        }
    }

    private string[] Tags => row.Bytes(TagsColumn) is { IsEmpty: false } tags ? TagList.Read(tags) : [];

    /// <exception cref="DamagedDataException">A value is not one that the library writes.</exception>
    private EventValues ReadValues()
    {
        var id = row.Bytes(IdColumn);
        var values = new EventValues
        {
            Position = Position,
            Version = row.Long(VersionColumn),
            Ticks = row.Long(RecordedColumn),
            Id = IdOf(id),
            IdLength = id.Length,
            SealLength = row.Length(SealColumn),
            Data = row.Bytes(DataColumn),
        };
        return values.FlawedColumn is { } column ? throw new DamagedDataException(values.Damage) { Column = column } : values;
    }

    /// <summary>Finds the wrong column afterwards: keeping track of it during decoding would cost something for each event.</summary>
    private DamagedDataException Damage(Exception flaw)
    {
        var column =
            (flaw as DamagedDataException)?.Column is { } known ? known
            : flaw is JsonException ? "tags"
            : "stream or type";
        return DamagedDataException.InColumn(
            string.Create(CultureInfo.InvariantCulture, $"the event at position {Position}"), column, flaw);
    }
}
