using System.Globalization;

namespace EventSourcing.Tamper;

/// <summary>
/// Faults of a write-ahead log that holds the last events of a store: its bits, what was cut off it or taken out of it,
/// and other logs in its place.
/// </summary>
internal sealed class WalCases : FaultCases
{
    private const int LogHeader = 32;
    private const int FrameHeader = 24;
    private const int Frame = FrameHeader + SampleStore.SmallPage;
    private readonly byte[] _database;
    private readonly byte[] _log;
    private readonly IReadOnlyList<(string Group, string What, byte[] Database, byte[]? Log)> _others;
    private readonly List<FaultCase> _cuts;
    private readonly BitFlips _flips;
    private readonly long _bitEvery;
    private readonly long _bitOffset;

    private WalCases(byte[] database, byte[] log, IReadOnlyList<(string, string, byte[], byte[]?)> others, IReadOnlyList<Checkpoint> checkpoints, string digest, long bitEvery, long bitOffset)
        : base(checkpoints, digest)
    {
        _database = database;
        _log = log;
        _others = others;
        _bitEvery = bitEvery;
        _bitOffset = bitOffset;
        _flips = new BitFlips([.. log]);
        _cuts = [.. Cuts()];
    }

    public int Frames => (_log.Length - LogHeader) / Frame;

    public long AllBits => _flips.Count;

    public override bool IsWithTree => false;

    public override long Count => _others.Count + _cuts.Count + ((_flips.Count - _bitOffset + _bitEvery - 1) / _bitEvery);

    public override FaultCase this[long number]
    {
        get
        {
            if (number < _others.Count)
            {
                var (group, what, database, log) = _others[(int)number];
                return new FaultCase(group, what, database, log);
            }

            number -= _others.Count;
            if (number < _cuts.Count) return _cuts[(int)number];
            var bit = _bitOffset + ((number - _cuts.Count) * _bitEvery);
            var at = bit / 8;
            var where = at < LogHeader ? "bit of the log's header" : (at - LogHeader) % Frame < FrameHeader ? "bit of a frame's header" : "bit of a frame's page";
            return new FaultCase(where, $"bit {bit % 8} of byte {at} (frame {1 + ((at - LogHeader) / Frame)})", _database, _flips.Flip(bit));
        }
    }

    /// <summary>Makes a store whose last events are in its log alone.</summary>
    /// <param name="folder">Where to work.</param>
    /// <param name="seed">Decides the events.</param>
    /// <param name="bitEvery">1 for every bit of the log.</param>
    /// <param name="bitOffset">The first bit.</param>
    public static async Task<WalCases> CreateAsync(WorkFolder folder, int seed, long bitEvery, long bitOffset)
    {
        var random = new Random(seed);
        var path = folder.File("wal.db");
        var checkpoints = new List<Checkpoint>();

        // One log, moved into the file, then another one: each grows by an append at a time.
        var earlier = await GrowAsync(path, random, appends: 3, checkpoints);
        await using (var store = SampleStore.Open(path)) await SampleStore.AppendAsync(store.Storage, random, isSmall: true);
        var later = await GrowAsync(path, random, appends: 6, checkpoints);
        var stranger = await GrowAsync(folder.File("stranger.db"), random, appends: 5, []);
        var (database, log) = later[^1];
        var digest = Contents.DigestOf(path, withTree: false);

        // Reading it has moved the log into the file.
        var whole = await File.ReadAllBytesAsync(path);
        const string Instead = "another log in its place";
        List<(string, string, byte[], byte[]?)> others =
        [
            ("the log is gone", "deleted", database, null),
            ("the log is gone", "empty", database, []),
            ("the log is gone", "zeros", database, new byte[log.Length]),
            .. later.SkipLast(1).Select((state, i) => (Instead, $"an older state of it, after {i + 1} appends", database, (byte[]?)state.Log)),
            .. earlier.Select((state, i) => (Instead, $"the log before it, after {i + 1} appends", database, (byte[]?)state.Log)),
            .. earlier.Select((state, i) => (Instead, $"the log before it beside the finished file, after {i + 1} appends", whole, (byte[]?)state.Log)),
            .. later.Select((state, i) => (Instead, $"its own, after {i + 1} appends, beside the finished file", whole, (byte[]?)state.Log)),
            .. stranger.Select((state, i) => (Instead, $"that of another store, after {i + 1} appends", database, (byte[]?)state.Log)),
            .. earlier.Select((state, i) => ("an older file beside it", $"of {i + 1} appends", state.Database, (byte[]?)log)),
            ("an older file beside it", "of another store", stranger[^1].Database, log),
        ];
        return new WalCases(database, log, others, checkpoints, digest, bitEvery, bitOffset);
    }

    public override void Save(string folder)
    {
        SaveCheckpoints(folder);
        File.WriteAllBytes(Path.Combine(folder, "database"), _database);
        File.WriteAllBytes(Path.Combine(folder, "log"), _log);
        File.WriteAllLines(Path.Combine(folder, "others"), [string.Create(CultureInfo.InvariantCulture, $"{_bitEvery} {_bitOffset}"), .. _others.Select(other => $"{other.Group}\t{other.What}")]);
        for (var i = 0; i < _others.Count; i++)
        {
            File.WriteAllBytes(Path.Combine(folder, $"other-{i}"), _others[i].Database);
            if (_others[i].Log is { } log) File.WriteAllBytes(Path.Combine(folder, $"other-{i}-log"), log);
        }
    }

    public static WalCases Load(string folder)
    {
        var (checkpoints, digest) = LoadCheckpoints(folder);
        var lines = File.ReadAllLines(Path.Combine(folder, "others"));
        var bits = lines[0].Split(' ').Select(n => long.Parse(n, CultureInfo.InvariantCulture)).ToArray();
        var others = lines.Skip(1).Select((line, i) =>
        {
            var (file, names) = (Path.Combine(folder, $"other-{i}"), line.Split('\t'));
            return (names[0], names[1], File.ReadAllBytes(file), File.Exists(file + "-log") ? File.ReadAllBytes(file + "-log") : null);
        }).ToList();
        return new WalCases(File.ReadAllBytes(Path.Combine(folder, "database")), File.ReadAllBytes(Path.Combine(folder, "log")), others, checkpoints, digest, bits[0], bits[1]);
    }

    /// <summary>Appends with nobody moving the log into the file.</summary>
    /// <returns>The files after each append.</returns>
    private static async Task<List<(byte[] Database, byte[] Log)>> GrowAsync(string path, Random random, int appends, List<Checkpoint> checkpoints)
    {
        await using (var store = SampleStore.Open(path))
        {
            for (var i = 0; i < 12; i++) await SampleStore.AppendAsync(store.Storage, random, isSmall: true);
        }

        if (checkpoints.Count == 0) SampleStore.Shrink(path);

        var states = new List<(byte[], byte[])>();
        for (var i = 0; i < appends; i++)
        {
            using (var holder = new Shell(path))
            {
                holder.KeepLogOnClose();
                holder.Number("SELECT count(*) FROM events");
                await using var store = SampleStore.Open(path);
                await SampleStore.AppendAsync(store.Storage, random, isSmall: true);
                checkpoints.Add(await SampleStore.CheckpointAsync(store.Storage));
            }

            states.Add((await File.ReadAllBytesAsync(path), await File.ReadAllBytesAsync(path + "-wal")));
        }

        return states;
    }

    private IEnumerable<FaultCase> Cuts()
    {
        for (var frame = 0; frame < Frames; frame++)
        {
            var (start, end) = (LogHeader + (frame * Frame), LogHeader + ((frame + 1) * Frame));
            yield return new FaultCase("cut off at a frame", $"before frame {frame + 1}", _database, _log[..start]);
            foreach (var length in (int[])[1, FrameHeader, FrameHeader + (SampleStore.SmallPage / 2), Frame - 1]) yield return new FaultCase("cut off within a frame", $"{length} bytes into frame {frame + 1}", _database, _log[..(start + length)]);
            yield return new FaultCase("a frame taken out", $"frame {frame + 1}", _database, [.. _log[..start], .. _log[end..]]);
            yield return new FaultCase("a frame of zeros", $"frame {frame + 1}", _database, [.. _log[..start], .. new byte[Frame], .. _log[end..]]);
            yield return new FaultCase("a frame twice", $"frame {frame + 1}", _database, [.. _log[..end], .. _log[start..]]);
            for (var other = frame + 1; other < Frames; other++)
            {
                var swapped = _log.ToArray();
                _log.AsSpan(LogHeader + (other * Frame), Frame).CopyTo(swapped.AsSpan(start));
                _log.AsSpan(start, Frame).CopyTo(swapped.AsSpan(LogHeader + (other * Frame)));
                yield return new FaultCase("two frames swapped", $"frames {frame + 1} and {other + 1}", _database, swapped);
            }
        }
    }
}
