namespace EventSourcing;

/// <summary>
/// The end of the Merkle tree, as far as the writer knows it: grows with each event inserted, and is stored once for all
/// that a transaction has inserted.
/// </summary>
internal sealed class LedgerWriter
{
    private static readonly MerkleHash NoMetadata = LedgerLeaf.CommitToMetadata([]);

    private readonly SaltSource _salts = new();
    private readonly List<MerkleTile> _tiles = [];
    private MerkleFrontier _frontier = new();
    private long _savedSize;

    /// <summary>Takes the tree as it is stored.</summary>
    /// <exception cref="InvalidDataException">It is not the tree of a log of that length.</exception>
    public void Load(Database database, long head)
    {
        _tiles.Clear();
        _frontier = ReadFrontier(database);
        _savedSize = _frontier.Size;
        if (_savedSize != head) throw new InvalidDataException($"its Merkle tree has {_savedSize} leaves, and its log {head} events");
    }

    public static MerkleFrontier ReadFrontier(Database database)
    {
        var select = database.Prepare("SELECT frontier FROM ledger WHERE id = 0");
        try
        {
            return select.Step() ? MerkleFrontier.Parse(select.Bytes(0)) : new MerkleFrontier();
        }
        finally
        {
            select.Reset();
        }
    }

    /// <summary>Appends the leaf of an event.</summary>
    /// <returns>The salt of its commitment, to be stored beside the event; valid until the next call.</returns>
    public ReadOnlySpan<byte> Append(long position, string stream, long version, long ticks, in NewEvent e)
    {
        var salt = _salts.Next();
        var leaf = new LedgerLeaf
        {
            Position = position,
            Version = version,
            RecordedAt = new DateTimeOffset(ticks, TimeSpan.Zero),
            Id = e.Id,
            Stream = stream,
            Type = e.Type,
            Tags = e.Tags,
            DataCommitment = LedgerLeaf.CommitToData(salt, e.Data.Span),
            MetadataCommitment = e.Metadata.IsEmpty ? NoMetadata : LedgerLeaf.CommitToMetadata(e.Metadata.Span),
        };
        _frontier.Append(leaf.Hash(), _tiles);
        return salt;
    }

    /// <summary>Stores what has been appended since the last time.</summary>
    public void Save(Database database)
    {
        if (_frontier.Size == _savedSize) return;
        Span<byte> frontier = stackalloc byte[12 + (63 * MerkleHash.Length)];
        database.Prepare("INSERT INTO ledger (id, frontier) VALUES (0, ?1) ON CONFLICT (id) DO UPDATE SET frontier = excluded.frontier").Bind(1, frontier[.._frontier.WriteTo(frontier)]).Run();
        if (_tiles.Count > 0)
        {
            var insert = database.Prepare("INSERT INTO ledger_tiles (level, number, hash) VALUES (?1, ?2, ?3)");
            foreach (var tile in _tiles) insert.Bind(1, tile.Level).Bind(2, tile.Index).Bind(3, tile.Hash.Bytes).Run();
            _tiles.Clear();
        }

        _savedSize = _frontier.Size;
    }
}
