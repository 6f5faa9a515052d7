using Npgsql;

namespace EventSourcing;

/// <summary>What a store holds, each answer from one snapshot.</summary>
internal sealed class PostgresCatalog(PostgresEventStorage storage, StoreServer server) : IStorageCatalog
{
    /// <summary>A page holds a connection and a snapshot, so it ends here even if more was asked for.</summary>
    private const int MaxStreams = 10_000;

    public ValueTask<StreamPage> ListStreamsAsync(StreamListing listing, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(listing);
        listing.Validate();
        return storage.ReadAsync((Catalog: this, listing), static (connection, of, token) =>
            of.Catalog.ReadStreamsAsync(connection, of.listing, token), cancellationToken);
    }

    public ValueTask<IReadOnlyList<EventTypeSummary>> ListEventTypesAsync(CancellationToken cancellationToken = default) =>
        storage.ReadAsync(this, static (connection, catalog, token) => catalog.ReadEventTypesAsync(connection, token), cancellationToken);

    public ValueTask<IReadOnlyList<ReadModelSummary>> ListReadModelsAsync(CancellationToken cancellationToken = default) =>
        storage.ReadAsync(this, static (connection, catalog, token) => catalog.ReadReadModelsAsync(connection, token), cancellationToken);

    public ValueTask<StorageSize?> GetSizeAsync(CancellationToken cancellationToken = default) =>
        storage.ReadAsync(this, static (connection, catalog, token) => catalog.ReadSizeAsync(connection, token), cancellationToken);

    private async ValueTask<StreamPage> ReadStreamsAsync(NpgsqlConnection connection, StreamListing listing,
        CancellationToken cancellationToken)
    {
        // Only one lower bound: with two, the server would begin at one and step over all rows up to the other.
        var isAfterName = listing.After is { } after && CodePointComparer.Instance.Compare(after, listing.Prefix) >= 0;
        var (start, from) = isAfterName ? (listing.After!, ">") : (listing.Prefix, ">=");
        var end = listing.Prefix.Length > 0 ? NamePrefix.EndOf(listing.Prefix) : null;
        var limit = Math.Min(listing.Limit, MaxStreams);
        var batch = new NpgsqlBatch(connection);
        await using (batch.ConfigureAwait(false))
        {
            var command = batch.Add($"""
                SELECT s.name, e.version, e.position, e.recorded FROM (
                    SELECT id, name FROM {server.Sql.Quoted}.streams
                    WHERE name {from} $1{(end is null ? "" : " AND name < $3")} ORDER BY name LIMIT $2) s
                LEFT JOIN LATERAL (
                    SELECT version, position, recorded FROM {server.Sql.Quoted}.events e
                    WHERE e.stream = s.id ORDER BY e.version DESC LIMIT 1) e ON true
                ORDER BY s.name
                """).With(start).With(limit + 1L);
            if (end is not null) command.With(end);
            var streams = new List<StreamSummary>();
            var reader = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    if (streams.Count == limit) return new StreamPage(streams, IsEnd: false);
                    var name = Valid(reader.GetString(0), NameRules.ThrowIfInvalidStream);
                    if (reader.IsDBNull(1)) throw Damage(EventValues.DamageAtEnd(name, version: null)!);
                    streams.Add(SummaryOf(name, EventValues.OfPlace(reader.GetInt64(2), reader.GetInt64(1), reader.GetInt64(3))));
                }
            }

            return new StreamPage(streams, IsEnd: true);
        }
    }

    private async ValueTask<IReadOnlyList<EventTypeSummary>> ReadEventTypesAsync(NpgsqlConnection connection,
        CancellationToken cancellationToken)
    {
        var types = new List<EventTypeSummary>();
        var command = new NpgsqlCommand(
            $"SELECT y.name, {TypeCounts.Columns(server.Sql)} FROM {server.Sql.Quoted}.event_types y LEFT "
            + $"JOIN {server.Sql.Quoted}.event_type_counts k ON k.type = y.id ORDER BY y.name",
            connection);
        await using (command.ConfigureAwait(false))
        {
            var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    if (reader.IsDBNull(2)) continue; // its first append was refused
                    types.Add(new EventTypeSummary(Valid(reader.GetString(0), NameRules.ThrowIfInvalidType), reader.GetInt64(1),
                        reader.GetInt64(2), reader.GetInt64(3)));
                }
            }
        }

        return types;
    }

    private async ValueTask<IReadOnlyList<ReadModelSummary>> ReadReadModelsAsync(NpgsqlConnection connection,
        CancellationToken cancellationToken)
    {
        var batch = new NpgsqlBatch(connection);
        await using (batch.ConfigureAwait(false))
        {
            batch.Add("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
            batch.Add($"SELECT model, alias FROM {server.Sql.Quoted}.read_model_aliases ORDER BY alias");
            batch.Add($"{DocumentTable.Select(server.Sql)} ORDER BY m.name");
            batch.Add("COMMIT");
            var aliases = new Dictionary<int, List<string>>();
            var models = new List<ReadModelSummary>();
            var reader = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    if (!aliases.TryGetValue(reader.GetInt32(0), out var ofModel)) aliases.Add(reader.GetInt32(0), ofModel = []);
                    ofModel.Add(Valid(reader.GetString(1), ReadModelDefinition.ThrowIfInvalidName));
                }

                await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
                while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    var table = DocumentTable.At(reader, server.Sql);
                    models.Add(new ReadModelSummary(table.Definition, aliases.GetValueOrDefault(table.Id, [])));
                }
            }

            return models;
        }
    }

    /// <summary>
    /// The tables of the schema with their indexes. The server does not tell what it keeps free within them, unless it reads them.
    /// </summary>
    private async ValueTask<StorageSize?> ReadSizeAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var parts = new List<StorageSizePart>();
        var batch = new NpgsqlBatch(connection);
        await using (batch.ConfigureAwait(false))
        {
            batch.Add("""
                SELECT c.relname, pg_catalog.pg_total_relation_size(c.oid)
                FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = $1 AND c.relkind = 'r' ORDER BY c.relname
                """).With(server.Sql.Schema);
            var reader = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    if (!reader.IsDBNull(1)) parts.Add(new StorageSizePart(reader.GetString(0), reader.GetInt64(1)));
                }
            }
        }

        return new StorageSize(parts.Sum(part => part.Bytes), 0, parts);
    }

    private StreamSummary SummaryOf(string name, EventValues last) => last.FlawedColumn is null
        ? new StreamSummary(name, last.Version, last.Position, last.RecordedAt)
        : throw Damage(last.Damage);

    private string Valid(string name, Action<string> throwIfInvalid)
    {
        try
        {
            throwIfInvalid(name);
            return name;
        }
        catch (ArgumentException flaw)
        {
            throw Damage($"a name is none that the library writes. {flaw.Message}");
        }
    }

    private StoreCorruptedException Damage(string finding) => new(server.Name, finding);
}
