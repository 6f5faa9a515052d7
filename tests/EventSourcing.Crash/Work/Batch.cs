using System.Buffers.Binary;
using System.Globalization;

namespace EventSourcing.Crash;

/// <summary>
/// The events of one append, made so that each can be told to be whole, and to which append it belongs, from the stored
/// bytes alone.
/// </summary>
/// <param name="Id">The append's own id; the events' ids derive from it.</param>
/// <param name="Count">How many events it has.</param>
/// <param name="Request">The append.</param>
internal sealed record Batch(Guid Id, int Count, AppendRequest Request)
{
    private const int HeaderBytes = 28;

    public static Guid EventId(Guid batch, int index)
    {
        Span<byte> bytes = stackalloc byte[16];
        batch.TryWriteBytes(bytes, bigEndian: true, out _);
        var tail = BinaryPrimitives.ReadInt32BigEndian(bytes[12..]);
        BinaryPrimitives.WriteInt32BigEndian(bytes[12..], tail ^ index);
        return new Guid(bytes, bigEndian: true);
    }

    /// <summary>Makes any id one that events' ids can derive from without meeting each other.</summary>
    public static Guid WithoutTail(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        bytes[12..].Clear();
        return new Guid(bytes, bigEndian: true);
    }

    public static byte[] Payload(Guid batch, int index, int count, int size)
    {
        var data = new byte[HeaderBytes + size];
        batch.TryWriteBytes(data, bigEndian: true, out _);
        BinaryPrimitives.WriteInt32LittleEndian(data.AsSpan(16), index);
        BinaryPrimitives.WriteInt32LittleEndian(data.AsSpan(20), count);
        BinaryPrimitives.WriteInt32LittleEndian(data.AsSpan(24), size);
        Fill(data.AsSpan(HeaderBytes), data[15] + index);
        return data;
    }

    /// <summary>False where the bytes are not what some writer of the harness has written.</summary>
    public static bool TryRead(ReadOnlySpan<byte> data, out Guid batch, out int index, out int count)
    {
        (batch, index, count) = (default, 0, 0);
        if (data.Length < HeaderBytes) return false;
        batch = new Guid(data[..16], bigEndian: true);
        index = BinaryPrimitives.ReadInt32LittleEndian(data[16..]);
        count = BinaryPrimitives.ReadInt32LittleEndian(data[20..]);
        if (BinaryPrimitives.ReadInt32LittleEndian(data[24..]) != data.Length - HeaderBytes) return false;
        var expected = new byte[data.Length - HeaderBytes];
        Fill(expected, data[15] + index);
        return data[HeaderBytes..].SequenceEqual(expected);
    }

    private static void Fill(Span<byte> bytes, int seed)
    {
        for (var i = 0; i < bytes.Length; i++) bytes[i] = (byte)((i * 31) + seed);
    }
}

/// <summary>An append that its writer was told is stored, and where.</summary>
internal readonly record struct Acknowledgement(Guid Batch, int Count, long First, long Last)
{
    // The dot tells a whole line from one that a kill has cut.
    public string ToLine() => string.Create(CultureInfo.InvariantCulture, $"A {Batch:N} {Count} {First} {Last} .");

    public static bool TryParse(string line, out Acknowledgement acknowledgement)
    {
        acknowledgement = default;
        if (line.Split(' ') is not ["A", var batch, var count, var first, var last, "."]) return false;
        acknowledgement = new Acknowledgement(
            Guid.ParseExact(batch, "N"),
            int.Parse(count, CultureInfo.InvariantCulture),
            long.Parse(first, CultureInfo.InvariantCulture),
            long.Parse(last, CultureInfo.InvariantCulture));
        return true;
    }

    public static Acknowledgement Of(Batch batch, AppendResult result) => new(batch.Id, batch.Count, result.FirstPosition, result.Position);
}

/// <summary>
/// An endless sequence of appends: single ones, batches, and batches over several streams; the same for the same seed
/// and name. For one caller at a time.
/// </summary>
/// <param name="seed">What makes it this sequence.</param>
/// <param name="name">Distinguishes its own streams from those of other callers.</param>
/// <param name="bigPercent">How many appends in a hundred carry a large payload.</param>
internal sealed class Workload(int seed, string name, int bigPercent = 2)
{
    // By its name too: seeds are made of small numbers, and two callers of one seed would use the same ids for their events.
    private readonly Random _random = new(name.Aggregate(seed, (hash, letter) => unchecked((hash * 31) + letter)));
    private readonly Dictionary<string, long> _own = new(StringComparer.Ordinal);

    public Batch Next()
    {
        Span<byte> bytes = stackalloc byte[16];
        _random.NextBytes(bytes);
        bytes[12..].Clear();
        var id = new Guid(bytes, bigEndian: true);
        var streams = new List<(string Stream, ExpectedVersion Expected, int Events)>();
        switch (_random.Next(10))
        {
            case < 5:
                streams.Add(($"shared-{_random.Next(8)}", ExpectedVersion.Any, 1));
                break;
            case < 8:
                streams.Add(Own(_random.Next(4), _random.Next(2, 13)));
                break;
            default:
                streams.Add(Own(4 + _random.Next(4), _random.Next(1, 4)));
                streams.Add(($"shared-{_random.Next(8)}", ExpectedVersion.Any, _random.Next(1, 4)));
                if (_random.Next(2) == 0) streams.Add(Own(8 + _random.Next(4), 1));
                break;
        }

        var size = _random.Next(100) < bigPercent ? _random.Next(10_000, 60_000) : _random.Next(20, 400);
        var count = streams.Sum(s => s.Events);
        var index = 0;
        var writes = new List<StreamWrite>();
        foreach (var (stream, expected, events) in streams)
        {
            writes.Add(new StreamWrite(stream, expected, [.. Enumerable.Range(0, events).Select(_ => Event(id, index++, count, size))]));
        }

        return new Batch(id, count, new AppendRequest(writes));
    }

    private static NewEvent Event(Guid batch, int index, int count, int size) =>
        new(Batch.EventId(batch, index), $"happened-{index % 3}", Batch.Payload(batch, index, count, size))
        {
            Tags = index % 4 == 0 ? [$"tag-{size % 7}"] : [],
            Metadata = index % 2 == 0 ? "{}"u8.ToArray() : default,
        };

    // Nobody else writes these streams, so the version is known and any event too many or too few is found at once.
    private (string Stream, ExpectedVersion Expected, int Events) Own(int stream, int events)
    {
        var key = $"{name}-{stream}";
        var version = _own.GetValueOrDefault(key);
        _own[key] = version + events;
        return (key, version, events);
    }
}
