using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Npgsql;

namespace EventSourcing;

/// <summary>
/// Fills a page from rows. Names that are not known yet are looked up after the last row, since a connection answers one statement
/// at a time; usually all are known.
/// </summary>
internal sealed class PageBuilder(EventPage page, StoreNames names, string store, bool withSeals) : IDisposable
{
    /// <summary>The number of columns.</summary>
    public const int ColumnCount = 10;

    /// <summary>The column with the number of the event's stream.</summary>
    public const int StreamColumn = 3;

    // In the order in which they are read: the driver goes forwards through a row, and begins anew to go back.
    private const int PositionColumn = 0;
    private const int VersionColumn = 1;
    private const int RecordedColumn = 2;
    private const int TypeColumn = 4;
    private const int IdColumn = 5;
    private const int SealColumn = 6;
    private const int DataColumn = 7;
    private const int MetadataColumn = 8;
    private const int TagsColumn = 9;

    private byte[] _scratch = ArrayPool<byte>.Shared.Rent(4096);
    private List<Unnamed>? _unnamed;

    /// <summary>The number of events so far.</summary>
    public int Count => page.Count + (_unnamed?.Count ?? 0);

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_scratch);
        _scratch = [];
    }

    /// <summary>
    /// The columns of a row, of the table with the alias <c>e</c>. If nobody wants the seal, its length is sent instead, which tells
    /// whether the event is erased.
    /// </summary>
    public static string ColumnsOf(bool withSeals) =>
        $"e.position, e.version, e.recorded, e.stream, e.type, e.id, {(withSeals ? "e.seal" : "octet_length(e.seal)")}, "
        + "e.data, e.metadata, e.tags";

    /// <summary>Adds the event of the current row.</summary>
    /// <exception cref="StoreCorruptedException">A value is not one that the library writes.</exception>
    public void Add(NpgsqlDataReader row)
    {
        try
        {
            AddWhole(row);
        }
        catch (InvalidCastException flaw)
        {
            throw WithoutValue(store, row, flaw);
        }
    }

    /// <summary>The error of an event's row in which a value is missing that the table says must be there.</summary>
    /// <param name="store">The store.</param>
    /// <param name="row">The row; its first column is the position.</param>
    /// <param name="flaw">The driver's error.</param>
    public static StoreCorruptedException WithoutValue(string store, NpgsqlDataReader row, InvalidCastException flaw)
    {
        var column = Enumerable.Range(1, row.FieldCount - 1).FirstOrDefault(
            i => row.IsDBNull(i) && row.GetName(i) is not ("metadata" or "tags"));
        var name = row.GetName(column) is var found && found == "octet_length" ? "seal" : found;
        return new StoreCorruptedException(store, EventValues.DamageIn(row.GetInt64(0), name, "there is none"), flaw);
    }

    private void AddWhole(NpgsqlDataReader row)
    {
        var (position, version, ticks) = (row.GetInt64(PositionColumn), row.GetInt64(VersionColumn), row.GetInt64(RecordedColumn));
        var (stream, type, id) = (row.GetInt64(StreamColumn), row.GetInt32(TypeColumn), row.GetGuid(IdColumn));
        var seal = withSeals ? page.Copy(Bytes(row, SealColumn)) : default;
        var sealLength = withSeals ? seal.Length : row.GetInt32(SealColumn);
        var data = page.Copy(Bytes(row, DataColumn));
        var values = new EventValues
        {
            Position = position,
            Version = version,
            Ticks = ticks,
            Id = id,
            IdLength = EventValues.IdBytes,
            SealLength = sealLength,
            Data = data.Span,
        };
        if (values.FlawedColumn is not null) throw new StoreCorruptedException(store, values.Damage);
        var (streamName, typeName) = (names.StreamOf(stream), names.TypeOf(type));
        var stored = new StoredEvent
        {
            Position = position,
            Stream = streamName ?? "",
            Version = version,
            Id = id,
            Type = typeName ?? "",
            RecordedAt = values.RecordedAt,
            Data = data,
            Metadata = row.IsDBNull(MetadataColumn) ? default : page.Copy(Bytes(row, MetadataColumn)),
            Seal = seal,
            IsErased = values.IsErased,
            Tags = row.IsDBNull(TagsColumn) ? [] : ReadTags(store, position, row.GetString(TagsColumn)),
        };
        if (_unnamed is null && streamName is not null && typeName is not null) page.Add(stored);
        else (_unnamed ??= []).Add(new Unnamed(stored, stream, type));
    }

    /// <summary>The tags of the event at a position.</summary>
    /// <exception cref="StoreCorruptedException">They are not a list as the library writes it.</exception>
    public static string[] ReadTags(string store, long position, string json)
    {
        try
        {
            return TagList.Read(Encoding.UTF8.GetBytes(json));
        }
        catch (JsonException flaw)
        {
            throw new StoreCorruptedException(store, EventValues.DamageIn(position, "tags", flaw.Message.TrimEnd('.')), flaw);
        }
    }

    /// <summary>Looks up the names that are missing, and adds the events that wait for them.</summary>
    public async ValueTask CompleteAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (_unnamed is null) return;

        // Kept here, since a writer may clear the names meanwhile.
        var (streams, types) = (new Dictionary<long, string?>(), new Dictionary<int, string?>());
        foreach (ref readonly var row in CollectionsMarshal.AsSpan(_unnamed))
        {
            streams.TryAdd(row.Stream, names.StreamOf(row.Stream));
            types.TryAdd(row.Type, names.TypeOf(row.Type));
        }

        if (streams.ContainsValue(null) || types.ContainsValue(null))
            await names.LoadAsync(connection, streams, types, cancellationToken).ConfigureAwait(false);
        foreach (ref readonly var row in CollectionsMarshal.AsSpan(_unnamed))
            page.Add(row.Event with { Stream = streams[row.Stream]!, Type = types[row.Type]! });
        _unnamed = null;
    }

    private ReadOnlySpan<byte> Bytes(NpgsqlDataReader row, int column)
    {
        var length = (int)row.GetBytes(column, 0, _scratch, 0, _scratch.Length);
        if (length < _scratch.Length) return _scratch.AsSpan(0, length);

        // There may be more than there was room for.
        length = (int)row.GetBytes(column, 0, null, 0, 0);
        if (length > _scratch.Length)
        {
            ArrayPool<byte>.Shared.Return(_scratch);
            _scratch = ArrayPool<byte>.Shared.Rent(length);
            row.GetBytes(column, 0, _scratch, 0, length);
        }

        return _scratch.AsSpan(0, length);
    }

    private readonly record struct Unnamed(StoredEvent Event, long Stream, int Type);
}
