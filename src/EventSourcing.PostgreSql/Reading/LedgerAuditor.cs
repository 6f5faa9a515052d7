using System.Text;
using Npgsql;

namespace EventSourcing;

/// <summary>
/// Reads a page of the log for verification, from one snapshot. Nothing is trusted: names are read anew, and a row that the library would
/// not write is a finding.
/// </summary>
internal sealed class LedgerAuditor(NpgsqlConnection connection, StoreServer server, TreeReader tree)
{
    /// <summary>The most tiles of a page; an intact log has far fewer.</summary>
    private const int MaxTiles = 100_000;

    private const int BytesOfTile = MerkleTree.TileWidth * LedgerAudit.LeafMarkLength;

    private readonly string _s = server.Sql.Quoted;
    private readonly List<LedgerFinding> _findings = [];
    private readonly List<(string Tag, long Position, int Type, string Stream)> _tags = [];

    public async ValueTask<LedgerAudit> ReadAsync(long after, int limit, CancellationToken cancellationToken)
    {
        limit = Math.Min(limit, EventPage.DefaultLimit);
        var page = new EventPage(limit);
        try
        {
            var (next, isEnd, head) = (after, true, after);
            try
            {
                (next, isEnd, head) = await ReadEventsAsync(page, after, limit, cancellationToken).ConfigureAwait(false);
                page.Complete(next, isEnd, Math.Max(next, head));
                await CheckTagsAsync(cancellationToken).ConfigureAwait(false);
                var audit = new LedgerAudit(page, _findings, await ReadMarksAsync(after, next, cancellationToken).ConfigureAwait(false))
                {
                    Tiles = await ReadTilesAsync(after, next, cancellationToken).ConfigureAwait(false),
                    Frontier = await ReadFrontierAsync(cancellationToken).ConfigureAwait(false),
                };
                await connection.ExecuteAsync("COMMIT", cancellationToken).ConfigureAwait(false);
                return audit;
            }
            catch (Exception failure) when (StructureAudit.IsDamage(failure))
            {
                page.Complete(next, isEnd: true, Math.Max(next, head));
                _findings.Add(new LedgerFinding(LedgerFindingKind.StructureDamaged, next + 1, next + 1, null,
                    $"The events from position {next + 1} on, or what belongs to them, cannot be read: "
                    + StructureAudit.Described(failure)));
                await connection.ExecuteAsync("ROLLBACK", cancellationToken).ConfigureAwait(false);
                return new LedgerAudit(page, _findings, default);
            }
        }
        catch
        {
            page.Dispose();
            throw;
        }
    }

    private async ValueTask<(long Next, bool IsEnd, long Head)> ReadEventsAsync(EventPage page, long after, int limit,
        CancellationToken cancellationToken)
    {
        var (next, head, isEnd) = (after, 0L, true);
        var batch = new NpgsqlBatch(connection);
        await using (batch.ConfigureAwait(false))
        {
            batch.Add("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
            batch.Add($"SELECT e.position FROM {_s}.events e ORDER BY e.position DESC LIMIT 1");
            batch.Add($"""
                SELECT e.position, e.version, e.type, e.id, e.recorded, e.data, e.metadata, e.tags, e.stream, e.seal, s.name, y.name
                FROM {_s}.events e LEFT JOIN {_s}.streams s ON s.id = e.stream LEFT JOIN {_s}.event_types y ON y.id = e.type
                WHERE e.position > $1 ORDER BY e.position LIMIT $2
                """).With(after).With(limit + 1L);
            var reader = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                if (await reader.ReadAsync(cancellationToken).ConfigureAwait(false)) head = reader.GetInt64(0);
                await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
                while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    if (page.Count + _findings.Count >= limit || page.CopiedBytes >= EventPage.MaxBytes)
                    {
                        isEnd = false;
                        break;
                    }

                    next = reader.GetInt64(0);
                    if (TryRead(reader, page, out var e, out var flaw)) page.Add(e);
                    else _findings.Add(RowFindings.Unreadable(next, flaw));
                }
            }
        }

        return (next, isEnd, head);
    }

    private bool TryRead(NpgsqlDataReader row, EventPage page, out StoredEvent e, out string flaw)
    {
        foreach (var column in (ReadOnlySpan<int>)[1, 2, 3, 4, 5, 8, 9])
        {
            if (!row.IsDBNull(column)) continue;
            (e, flaw) = (default, $"its column '{row.GetName(column)}' has no value");
            return false;
        }

        var seal = row.GetFieldValue<byte[]>(9);
        var (hasMetadata, hasTags) = (!row.IsDBNull(6), !row.IsDBNull(7));
        var audited = new AuditedEvent
        {
            Values = new EventValues
            {
                Position = row.GetInt64(0),
                Version = row.GetInt64(1),
                Ticks = row.GetInt64(4),
                Id = row.GetGuid(3),
                IdLength = EventValues.IdBytes,
                SealLength = seal.Length,
                Data = row.GetFieldValue<byte[]>(5),
            },
            Seal = seal,
            Stream = (row.GetInt64(8), NameAt(row, 10, NameRules.ThrowIfInvalidStream)),
            Type = (row.GetInt32(2), NameAt(row, 11, NameRules.ThrowIfInvalidType)),
            HasMetadata = hasMetadata,
            Metadata = hasMetadata ? row.GetFieldValue<byte[]>(6) : [],
            HasTags = hasTags,
            Tags = hasTags ? Encoding.UTF8.GetBytes(row.GetString(7)) : [],
        };
        if (!audited.TryRead(page, out e, out flaw)) return false;
        foreach (var tag in e.Tags) _tags.Add((tag, e.Position, row.GetInt32(2), e.Stream));
        return true;
    }

    private static string? NameAt(NpgsqlDataReader row, int column, Action<string> throwIfInvalid)
    {
        if (row.IsDBNull(column)) return null;
        try
        {
            var name = row.GetString(column);
            throwIfInvalid(name);
            return name;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Checks that the table by which events are found by their tags has each of the page's tags.</summary>
    private async ValueTask CheckTagsAsync(CancellationToken cancellationToken)
    {
        if (_tags.Count == 0) return;
        var batch = new NpgsqlBatch(connection);
        await using (batch.ConfigureAwait(false))
        {
            batch.Add($"""
                SELECT u.n FROM unnest($1, $2, $3) WITH ORDINALITY u(tag, position, type, n)
                LEFT JOIN {_s}.event_tags t ON t.tag = u.tag AND t.position = u.position
                WHERE t.type IS DISTINCT FROM u.type ORDER BY u.n
                """)
                .With((string[])[.. _tags.Select(tag => tag.Tag)]).With((long[])[.. _tags.Select(tag => tag.Position)])
                    .With((int[])[.. _tags.Select(tag => tag.Type)]);
            var reader = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    var (tag, position, _, stream) = _tags[(int)reader.GetInt64(0) - 1];
                    _findings.Add(RowFindings.TagNotFound(position, stream, tag));
                }
            }
        }
    }

    private async ValueTask<List<MerkleTile>> ReadTilesAsync(long after, long upTo, CancellationToken cancellationToken)
    {
        var tiles = new List<MerkleTile>();
        for (var level = 1; level < sizeof(long) && tiles.Count < MaxTiles; level++)
        {
            var shift = 8 * level;
            if (after >> shift == upTo >> shift) break;
            var first = after >> shift;
            var count = (int)Math.Min(MaxTiles, (upTo >> shift) - first);
            var stored = await tree.ReadStoredAsync(connection, level, first, count, cancellationToken).ConfigureAwait(false);
            for (var i = 0; i < count; i++)
            {
                if (stored[i] is { } hash) tiles.Add(new MerkleTile(level, first + i, hash));
            }
        }

        // The last tiles may be on their way, or were not stored when their process died: then they are made of the events.
        return await AddMissingAsync(tiles, after, upTo, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<List<MerkleTile>> AddMissingAsync(List<MerkleTile> tiles, long after, long upTo,
        CancellationToken cancellationToken)
    {
        var count = await tree.CountStoredAsync(connection, cancellationToken).ConfigureAwait(false);
        for (var level = 1; level < sizeof(long); level++)
        {
            var shift = 8 * level;
            if (after >> shift == upTo >> shift) break;
            var stored = count >> (8 * (level - 1));
            for (var tile = Math.Max(after >> shift, stored); tile < upTo >> shift; tile++)
            {
                var made = new MerkleHash[1];
                await tree.ReadTilesAsync(connection, level, tile, made, cancellationToken).ConfigureAwait(false);
                tiles.Add(new MerkleTile(level, tile, made[0]));
            }
        }

        return tiles;
    }

    /// <summary>The frontier that the stored tiles make; null if one of them is missing.</summary>
    private async ValueTask<MerkleFrontier?> ReadFrontierAsync(CancellationToken cancellationToken)
    {
        var count = await tree.CountStoredAsync(connection, cancellationToken).ConfigureAwait(false);
        try
        {
            return await MerkleFrontier.ReadAsync(new StoredOnly(connection, tree), count * MerkleTree.TileWidth,
                cancellationToken).ConfigureAwait(false);
        }
        catch (StoreCorruptedException)
        {
            return null;
        }
    }

    /// <summary>The marks of the leaves after a position, up to another or to the first that is missing.</summary>
    private async ValueTask<ReadOnlyMemory<byte>> ReadMarksAsync(long after, long upTo, CancellationToken cancellationToken)
    {
        if (upTo - after > EventPage.MaxBytes) return default;
        var first = after / MerkleTree.TileWidth;
        var marks = new List<byte>();
        var batch = new NpgsqlBatch(connection);
        await using (batch.ConfigureAwait(false))
        {
            batch.Add($"SELECT number, marks FROM {_s}.ledger_tiles WHERE level = 1 AND number >= $1 AND number <= $2 ORDER BY number")
                .With(first).With(upTo / MerkleTree.TileWidth);
            var reader = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    if (reader.GetInt64(0) != first + (marks.Count / BytesOfTile) || reader.IsDBNull(1)) break;
                    marks.AddRange(reader.GetFieldValue<byte[]>(1));
                }
            }
        }

        var skipped = (int)(after % MerkleTree.TileWidth) * LedgerAudit.LeafMarkLength;
        return skipped < marks.Count ? marks.ToArray().AsMemory(skipped) : default;
    }

    /// <summary>The stored tiles, and no others.</summary>
    private sealed class StoredOnly(NpgsqlConnection connection, TreeReader tree) : IMerkleHashes
    {
        public async ValueTask ReadAsync(int level, long first, Memory<MerkleHash> hashes, CancellationToken cancellationToken = default)
        {
            var stored = await tree.ReadStoredAsync(connection, level, first, hashes.Length, cancellationToken).ConfigureAwait(false);
            for (var i = 0; i < hashes.Length; i++)
                hashes.Span[i] = stored[i] ?? throw new StoreCorruptedException("", "a tile is missing.");
        }
    }
}
