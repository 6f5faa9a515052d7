using Npgsql;

namespace EventSourcing;

/// <summary>Reads what a group of appends is decided on, in one round trip, into <see cref="GroupFacts"/>.</summary>
internal sealed class FactReader(SchemaSql sql, WriteConnection writer, GroupFacts facts, string store)
{
    private string EndsSql => $"""
        SELECT s.name, s.id, (SELECT e.version FROM {sql.Quoted}.events e WHERE e.stream = s.id ORDER BY e.version DESC LIMIT 1)
        FROM {sql.Quoted}.streams s WHERE s.name = ANY ($1)
        """;

    /// <summary>Reads the ends of streams as they are, without the lock.</summary>
    public async ValueTask ReadEndsAsync(NpgsqlConnection connection, List<string> streams)
    {
        var batch = new NpgsqlBatch(connection);
        await using (batch.ConfigureAwait(false))
        {
            batch.Add(EndsSql).With((string[])[.. streams.Distinct(StringComparer.Ordinal)]);
            var reader = await batch.ExecuteReaderAsync().ConfigureAwait(false);
            await using (reader.ConfigureAwait(false)) await ReadEndsAsync(reader).ConfigureAwait(false);
        }
    }

    private async ValueTask ReadEndsAsync(NpgsqlDataReader reader)
    {
        while (await reader.ReadAsync().ConfigureAwait(false))
        {
            var (stream, version) = (reader.GetString(0), reader.IsDBNull(2) ? (long?)null : reader.GetInt64(2));
            if (EventValues.DamageAtEnd(stream, version) is { } damage) throw new StoreCorruptedException(store, damage);
            facts.Add(stream, new StreamEnd(reader.GetInt64(1), version!.Value));
        }
    }

    /// <summary>Reads, under the lock, everything that the decisions on a group may need.</summary>
    /// <param name="batch">Has the statements that take the lock.</param>
    /// <param name="results">How many of these have results.</param>
    /// <param name="group">The appends.</param>
    /// <param name="withIds">Whether the events that have one of their ids are looked up.</param>
    public async ValueTask ReadAsync(NpgsqlBatch batch, int results, List<AppendWork> group, bool withIds = true)
    {
        try
        {
            await ReadFactsAsync(batch, results, group, withIds).ConfigureAwait(false);
        }
        catch (InvalidCastException failure)
        {
            throw StoreReads.Missing(store, failure);
        }
    }

    private async ValueTask ReadFactsAsync(NpgsqlBatch batch, int results, List<AppendWork> group, bool withIds)
    {
        batch.Add($"SELECT e.position, e.recorded FROM {sql.Quoted}.events e ORDER BY e.position DESC LIMIT 1");
        batch.Add(EndsSql).With((string[])[.. group.SelectMany(work => work.Request.Writes).Select(write => write.Stream)
            .Distinct(StringComparer.Ordinal)]);
        batch.Add($"""
            SELECT e.position, s.name, e.version, e.id, y.name, e.recorded, octet_length(e.seal), e.data, e.tags
            FROM {sql.Quoted}.events e JOIN {sql.Quoted}.streams s ON s.id = e.stream JOIN {sql.Quoted}.event_types y ON y.id = e.type
            WHERE e.id = ANY ($1)
            """).With(withIds
                ? (Guid[])[.. group.SelectMany(work => work.Request.Writes).SelectMany(write => write.Events).Select(e => e.Id)]
                : []);
        batch.Add(
            $"SELECT e.position, y.name, e.seal, e.data FROM {sql.Quoted}.events e JOIN {sql.Quoted}.event_types y ON y.id = e.type "
            + "WHERE e.position = ANY ($1)")
            .With((long[])[.. group.SelectMany(work => work.Request.Erase)]);
        var conditions = new List<(AppendRequest Request, int Index)>();
        foreach (var work in group)
        {
            for (var i = 0; i < work.Request.Conditions.Count; i++)
            {
                if (work.Scouted![i].Match > 0) continue;
                conditions.Add((work.Request, i));
                var filter = FilterSql.ForShortRange(sql, work.Request.Conditions[i].Query);
                var command = batch.Add($"""
                    SELECT e.position FROM {sql.Quoted}.events e JOIN {sql.Quoted}.streams s ON s.id = e.stream
                    JOIN {sql.Quoted}.event_types y ON y.id = e.type
                    WHERE e.position > $1 AND e.position <= $2 AND ({filter.Condition}) ORDER BY e.position LIMIT $3
                    """).With(Math.Max(work.Request.Conditions[i].After, work.Scouted![i].UpTo)).With(long.MaxValue).With(1L);
                filter.Bind(command);
            }
        }

        if (conditions.Count == 0) await writer.PrepareAsync(batch).ConfigureAwait(false); // each condition is another statement
        var reader = await batch.ExecuteReaderAsync().ConfigureAwait(false);
        await using (reader.ConfigureAwait(false))
        {
            for (var i = 0; i < results; i++) await reader.NextResultAsync().ConfigureAwait(false);
            (facts.StoredHead, facts.LastTicks) = await reader.ReadAsync().ConfigureAwait(false)
                ? (reader.GetInt64(0), reader.GetInt64(1))
                : (0, 0);
            await reader.NextResultAsync().ConfigureAwait(false);
            await ReadEndsAsync(reader).ConfigureAwait(false);
            await reader.NextResultAsync().ConfigureAwait(false);
            while (await reader.ReadAsync().ConfigureAwait(false)) facts.Add(StoredAt(reader));
            await reader.NextResultAsync().ConfigureAwait(false);
            while (await reader.ReadAsync().ConfigureAwait(false)) facts.Add(ErasableAt(reader));
            foreach (var (request, index) in conditions)
            {
                await reader.NextResultAsync().ConfigureAwait(false);
                if (await reader.ReadAsync().ConfigureAwait(false)) facts.Add(request, index, reader.GetInt64(0));
            }
        }

        if (!EventValues.IsInstant(facts.LastTicks))
            throw new StoreCorruptedException(store, EventValues.NoInstant(facts.StoredHead, facts.LastTicks));
    }

    private StoredEvent StoredAt(NpgsqlDataReader row)
    {
        var data = row.GetFieldValue<byte[]>(7);
        var values = new EventValues
        {
            Position = row.GetInt64(0),
            Version = row.GetInt64(2),
            Ticks = row.GetInt64(5),
            Id = row.GetGuid(3),
            IdLength = EventValues.IdBytes,
            SealLength = row.GetInt32(6),
            Data = data,
        };
        if (values.FlawedColumn is not null) throw new StoreCorruptedException(store, values.Damage);
        return new StoredEvent
        {
            Position = values.Position,
            Stream = row.GetString(1),
            Version = values.Version,
            Id = values.Id,
            Type = row.GetString(4),
            RecordedAt = values.RecordedAt,
            IsErased = values.IsErased,
            Data = data,
            Tags = row.IsDBNull(8) ? [] : PageBuilder.ReadTags(store, values.Position, row.GetString(8)),
        };
    }

    private static ErasableEvent ErasableAt(NpgsqlDataReader row)
    {
        var seal = row.GetFieldValue<byte[]>(2);
        var commitment = seal.Length == LedgerLeaf.SaltLength
            ? LedgerLeaf.CommitToData(seal, row.GetFieldValue<byte[]>(3)).Bytes.ToArray()
            : null;
        return new ErasableEvent(row.GetInt64(0), row.GetString(1) != PayloadsErased.TypeName, commitment);
    }
}
