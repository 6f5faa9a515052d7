using System.Runtime.InteropServices;
using System.Text;
using Npgsql;
using NpgsqlTypes;

namespace EventSourcing;

/// <summary>
/// The rows of a group as arrays, in the order of the parameters of <c>append_events</c>. Positions are counted from the head that
/// the function finds under the lock. Only the leader of the group commit uses it; the lists are kept from group to group.
/// </summary>
internal sealed class GroupRows
{
    /// <summary>
    /// How many events of an import one statement has. The server works on the first ones while the next are on their way.
    /// </summary>
    private const int ImportedTogether = 1_000;

    private const int ParametersOfNow = 0;
    private const int ParameterOfHead = 16;

    private readonly Dictionary<string, PendingStream> _streams = new(StringComparer.Ordinal);
    private readonly Dictionary<Guid, int> _ids = [];
    private readonly SaltSource _salts = new();
    private readonly List<long> _touched = [];
    private readonly List<long> _believed = [];
    private readonly List<long> _newOrdinals = [];
    private readonly List<string> _newNames = [];
    private readonly List<string> _tags = [];
    private readonly List<long> _tagged = [];
    private readonly List<int> _taggedTypes = [];
    private readonly List<long> _streamIds = [];
    private readonly List<long> _versions = [];
    private readonly List<Guid> _eventIds = [];
    private readonly List<int> _types = [];
    private readonly List<byte[]> _seals = [];
    private readonly List<byte[]> _data = [];
    private readonly List<byte[]?> _metadata = [];
    private readonly List<string?> _tagLists = [];
    private readonly List<long> _recorded = [];
    private readonly List<PendingEvent> _events = [];

    /// <summary>The number of events.</summary>
    public int Count => _events.Count;

    /// <summary>The time of the storage's clock, in ticks.</summary>
    public long Now { get; set; }

    /// <summary>The head that the group depends on; -1 if it depends on none.</summary>
    public long ExpectedHead { get; set; } = -1;

    /// <summary>The events, in order.</summary>
    public ReadOnlySpan<PendingEvent> Events => CollectionsMarshal.AsSpan(_events);

    /// <summary>The streams that the group writes or checks, with their names.</summary>
    public IReadOnlyDictionary<string, PendingStream> Streams => _streams;

    public void Clear()
    {
        _streams.Clear();
        _ids.Clear();
        _touched.Clear();
        _believed.Clear();
        _newOrdinals.Clear();
        _newNames.Clear();
        _tags.Clear();
        _tagged.Clear();
        _taggedTypes.Clear();
        _streamIds.Clear();
        _versions.Clear();
        _eventIds.Clear();
        _types.Clear();
        _seals.Clear();
        _data.Clear();
        _metadata.Clear();
        _tagLists.Clear();
        _recorded.Clear();
        _events.Clear();
        ExpectedHead = -1;
    }

    /// <summary>The event of the group that has an id; -1 if none has.</summary>
    public int IndexOf(Guid id) => _ids.TryGetValue(id, out var index) ? index : -1;

    /// <summary>Whether the group has one of the ids of an append.</summary>
    public bool HasAnyOf(AppendRequest request)
    {
        if (_ids.Count == 0) return false;
        for (var w = 0; w < request.Writes.Count; w++)
        {
            var events = request.Writes[w].Events;
            for (var i = 0; i < events.Count; i++)
            {
                if (_ids.ContainsKey(events[i].Id)) return true;
            }
        }

        return false;
    }

    /// <summary>Adds the events of an append that was decided.</summary>
    /// <param name="request">The append.</param>
    /// <param name="ends">The ends of its streams, as they are believed to be; absent streams are not there.</param>
    /// <param name="names">The numbers of all types.</param>
    /// <param name="import">The import that it was made of, if it is one: it has the stamps, and the seals if it brings them.</param>
    public void Add(AppendRequest request, Func<string, StreamEnd> ends, StoreNames names, ImportRequest? import = null)
    {
        for (var w = 0; w < request.Writes.Count; w++)
        {
            var write = request.Writes[w];
            if (!_streams.TryGetValue(write.Stream, out var stream))
                _streams.Add(write.Stream, stream = new PendingStream(ends(write.Stream)));
            for (var i = 0; i < write.Events.Count; i++)
            {
                var seal = ReadOnlyMemory<byte>.Empty;
                if (import is not null)
                {
                    var imported = import.Events[_events.Count];
                    _recorded.Add(imported.RecordedAt.UtcTicks);
                    seal = imported.Seal;
                }

                Add(write.Stream, stream, write.Events[i], seal, names);
            }
        }
    }

    /// <summary>Erases the payload of an event before it is written; nothing if it is erased already.</summary>
    public void Erase(int index)
    {
        if (_seals[index].Length != LedgerLeaf.SaltLength) return;
        _seals[index] = LedgerLeaf.CommitToData(_seals[index], _data[index]).Bytes.ToArray();
        _data[index] = [];
    }

    /// <summary>Completes the rows: what the function must verify of each stream.</summary>
    public void Complete()
    {
        foreach (var (name, stream) in _streams)
        {
            if (stream.End.Id > 0)
            {
                _touched.Add(stream.End.Id);
                _believed.Add(stream.End.Version);
            }
            else
            {
                _newOrdinals.Add(stream.FirstOrdinal);
                _newNames.Add(name);
            }
        }
    }

    /// <summary>
    /// The row, if the completed rows are one event without tags in a stream that exists, and nothing else is to be verified.
    /// </summary>
    public bool TryGetSingle(out SingleRow row)
    {
        if (_events.Count != 1 || _touched.Count != 1 || _newNames.Count > 0 || _tags.Count > 0)
        {
            row = default;
            return false;
        }

        row = new SingleRow(Now, _streamIds[0], _believed[0], _types[0], _eventIds[0], _seals[0], _data[0], _metadata[0], ExpectedHead);
        return true;
    }

    /// <summary>Adds the parameters, which refer to the lists: later groups need not add them again.</summary>
    public void AddParametersTo(NpgsqlParameterCollection parameters)
    {
        parameters.Add(new NpgsqlParameter<long> { TypedValue = Now });
        parameters.Add(NpgsqlExtensions.Array(NpgsqlDbType.Bigint, _touched));
        parameters.Add(NpgsqlExtensions.Array(NpgsqlDbType.Bigint, _believed));
        parameters.Add(NpgsqlExtensions.Array(NpgsqlDbType.Bigint, _newOrdinals));
        parameters.Add(NpgsqlExtensions.Array(NpgsqlDbType.Text, _newNames));
        parameters.Add(NpgsqlExtensions.Array(NpgsqlDbType.Text, _tags));
        parameters.Add(NpgsqlExtensions.Array(NpgsqlDbType.Bigint, _tagged));
        parameters.Add(NpgsqlExtensions.Array(NpgsqlDbType.Integer, _taggedTypes));
        parameters.Add(NpgsqlExtensions.Array(NpgsqlDbType.Bigint, _streamIds));
        parameters.Add(NpgsqlExtensions.Array(NpgsqlDbType.Bigint, _versions));
        parameters.Add(NpgsqlExtensions.Array(NpgsqlDbType.Uuid, _eventIds));
        parameters.Add(NpgsqlExtensions.Array(NpgsqlDbType.Integer, _types));
        parameters.Add(NpgsqlExtensions.Array(NpgsqlDbType.Bytea, _seals));
        parameters.Add(NpgsqlExtensions.Array(NpgsqlDbType.Bytea, _data));
        parameters.Add(NpgsqlExtensions.Array(NpgsqlDbType.Bytea, _metadata));
        parameters.Add(NpgsqlExtensions.Array(NpgsqlDbType.Text, _tagLists));
        parameters.Add(new NpgsqlParameter<long> { TypedValue = ExpectedHead });
    }

    /// <summary>
    /// Adds the statements that import the rows. They belong to one transaction, which holds the lock, so the head is known and positions
    /// and numbers of streams are final.
    /// </summary>
    /// <returns>The number of statements. One fails if the log has another head than the one it counts on.</returns>
    public int AddImportTo(NpgsqlBatch batch, string sql)
    {
        var (statements, stream, tag) = (0, 0, 0);
        for (var first = 0; first < Count; first += ImportedTogether, statements++)
        {
            var (count, firstStream, firstTag) = (Math.Min(ImportedTogether, Count - first), stream, tag);
            while (stream < _newOrdinals.Count && _newOrdinals[stream] <= first + count) stream++;
            while (tag < _tagged.Count && _tagged[tag] <= first + count) tag++;
            var parameters = batch.Add(sql).Parameters;
            parameters.Add(new NpgsqlParameter<long> { TypedValue = ExpectedHead + first });
            Add(NpgsqlDbType.Bigint, _newOrdinals.GetRange(firstStream, stream - firstStream).ConvertAll(n => ExpectedHead + n));
            Add(NpgsqlDbType.Text, _newNames.GetRange(firstStream, stream - firstStream));
            Add(NpgsqlDbType.Text, _tags.GetRange(firstTag, tag - firstTag));
            Add(NpgsqlDbType.Bigint, _tagged.GetRange(firstTag, tag - firstTag).ConvertAll(n => ExpectedHead + n));
            Add(NpgsqlDbType.Integer, _taggedTypes.GetRange(firstTag, tag - firstTag));
            Add(NpgsqlDbType.Bigint, _streamIds.GetRange(first, count).ConvertAll(id => id > 0 ? id : ExpectedHead - id));
            Add(NpgsqlDbType.Bigint, _versions.GetRange(first, count));
            Add(NpgsqlDbType.Bigint, _recorded.GetRange(first, count));
            Add(NpgsqlDbType.Uuid, _eventIds.GetRange(first, count));
            Add(NpgsqlDbType.Integer, _types.GetRange(first, count));
            Add(NpgsqlDbType.Bytea, _seals.GetRange(first, count));
            Add(NpgsqlDbType.Bytea, _data.GetRange(first, count));
            Add(NpgsqlDbType.Bytea, _metadata.GetRange(first, count));
            Add(NpgsqlDbType.Text, _tagLists.GetRange(first, count));
            void Add<T>(NpgsqlDbType of, List<T> values) => parameters.Add(NpgsqlExtensions.Array(of, values));
        }

        return statements;
    }

    /// <summary>Brings the parameters that are not lists up to date.</summary>
    public void Refresh(NpgsqlParameterCollection parameters)
    {
        ((NpgsqlParameter<long>)parameters[ParametersOfNow]).TypedValue = Now;
        ((NpgsqlParameter<long>)parameters[ParameterOfHead]).TypedValue = ExpectedHead;
    }

    /// <summary>
    /// What the leaves of the tree need. Computed while the server works; afterwards nothing refers to the callers' memory.
    /// </summary>
    public AppendedLeaf[] CommitToContent(LedgerHasher hasher)
    {
        var leaves = new AppendedLeaf[_events.Count];
        for (var i = 0; i < leaves.Length; i++)
        {
            var (stream, version, e) = _events[i];
            var data = _seals[i].Length == MerkleHash.Length ? new MerkleHash(_seals[i]) : hasher.CommitToData(_seals[i], e.Data.Span);
            DateTimeOffset? recordedAt = _recorded.Count > 0 ? new DateTimeOffset(_recorded[i], TimeSpan.Zero) : null;
            leaves[i] = new AppendedLeaf(
                stream, version, e.Id, e.Type, e.Tags.Count == 0 ? [] : [.. e.Tags], data, hasher.CommitToMetadata(e.Metadata.Span),
                recordedAt);
        }

        return leaves;
    }

    private void Add(string name, PendingStream stream, in NewEvent e, ReadOnlyMemory<byte> seal, StoreNames names)
    {
        var ordinal = _events.Count + 1;
        if (!names.TryGetType(e.Type, out var type)) throw new InvalidOperationException($"The type '{e.Type}' has no number.");
        if (stream.FirstOrdinal == 0) stream.FirstOrdinal = ordinal;
        stream.Version++;
        _ids.Add(e.Id, _events.Count);
        _streamIds.Add(stream.End.Id > 0 ? stream.End.Id : -stream.FirstOrdinal);
        _versions.Add(stream.Version);
        _eventIds.Add(e.Id);
        _types.Add(type);
        _seals.Add(seal.IsEmpty ? _salts.Next().ToArray() : Whole(seal));
        _data.Add(Whole(e.Data));
        _metadata.Add(e.Metadata.IsEmpty ? null : Whole(e.Metadata));
        _tagLists.Add(e.Tags.Count == 0 ? null : Encoding.UTF8.GetString(TagList.Write(e.Tags)));
        _events.Add(new PendingEvent(name, stream.Version, e));
        for (var i = 0; i < e.Tags.Count; i++)
        {
            _tags.Add(e.Tags[i]);
            _tagged.Add(ordinal);
            _taggedTypes.Add(type);
        }
    }

    /// <summary>The array behind memory, if it is the whole of it; else a copy.</summary>
    private static byte[] Whole(ReadOnlyMemory<byte> memory) =>
        MemoryMarshal.TryGetArray(memory, out var segment) && segment.Array is { } array && array.Length == memory.Length ? array
            : memory.ToArray();
}

/// <summary>An event that is to be appended.</summary>
internal readonly record struct PendingEvent(string Stream, long Version, NewEvent Event);

/// <summary>A stream that a group writes or checks.</summary>
/// <param name="end">Its end before the group; the default if it is absent.</param>
internal sealed class PendingStream(StreamEnd end)
{
    public StreamEnd End => end;

    /// <summary>The ordinal of the group's first event in it, from 1; 0 if it is only checked.</summary>
    public long FirstOrdinal { get; set; }

    /// <summary>Its version after what the group has so far.</summary>
    public long Version { get; set; } = end.Version;

    /// <summary>Its end after the group; the default if it is only checked and absent.</summary>
    /// <param name="head">The head before the group, from which the numbers of new streams are counted.</param>
    public StreamEnd EndAfter(long head) =>
        end.Id > 0 ? new StreamEnd(end.Id, Version) : FirstOrdinal > 0 ? new StreamEnd(head + FirstOrdinal, Version) : default;
}

/// <summary>An appended event, as far as its leaf needs it; without its position, which the server gives.</summary>
/// <param name="Stream">Its stream.</param>
/// <param name="Version">Its version.</param>
/// <param name="Id">Its id.</param>
/// <param name="Type">The name of its type.</param>
/// <param name="Tags">Its tags.</param>
/// <param name="DataCommitment">The commitment to its data.</param>
/// <param name="MetadataCommitment">The commitment to its metadata.</param>
/// <param name="RecordedAt">Its stamp; null if it has the one that the server gives to the group.</param>
internal readonly record struct AppendedLeaf(
    string Stream, long Version, Guid Id, string Type, IReadOnlyList<string> Tags, MerkleHash DataCommitment, MerkleHash MetadataCommitment,
    DateTimeOffset? RecordedAt);
