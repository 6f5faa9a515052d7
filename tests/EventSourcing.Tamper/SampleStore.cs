using System.Text;
using System.Text.Json;

namespace EventSourcing.Tamper;

/// <summary>A store as it has grown, with what somebody kept of it elsewhere while it did.</summary>
/// <param name="File">The file, closed properly.</param>
/// <param name="Checkpoints">Kept while it grew; the last one is of its present size.</param>
/// <param name="OlderFiles">Copies made at the sizes of the checkpoints but the last.</param>
/// <param name="Contents">What the file says.</param>
/// <param name="Erased">Of each erased event the data and salt that it had.</param>
internal sealed record SampleStore(
    byte[] File, IReadOnlyList<Checkpoint> Checkpoints, IReadOnlyList<byte[]> OlderFiles, Contents Contents, IReadOnlyDictionary<long, (Cell Data, Cell Seal)> Erased)
{
    private static readonly string[] Types = ["deposited", "withdrawn", "opened", "closed", "limit-set", "noted"];

    /// <summary>Makes one.</summary>
    /// <param name="folder">Where to work.</param>
    /// <param name="events">About how many events.</param>
    /// <param name="seed">Decides all but salts and stamps.</param>
    /// <param name="isSmall">Whether events are to be as small as may be: for files of which every bit is tried.</param>
    public static async Task<SampleStore> CreateAsync(string folder, int events, int seed, bool isSmall = false)
    {
        var random = new Random(seed);
        var path = Path.Combine(folder, $"sample-{seed}.db");
        var checkpoints = new List<Checkpoint>();
        var files = new List<byte[]>();
        var erased = new Dictionary<long, (Cell, Cell)>();
        double[] stages = isSmall ? [0.5, 0.9, 1] : [0.07, 0.3, 0.45, 0.66, 0.9, 1];
        foreach (var stage in stages)
        {
            await using (var store = Open(path))
            {
                for (var head = 0L; head < events * stage;) head = await AppendAsync(store.Storage, random, isSmall);
            }

            if (stage > 0.2 && stage < 1) await EraseAsync(path, random, isSmall ? 1 : 6, erased);
            await using (var store = Open(path))
            {
                // What follows an erasure, so that not all of them are at the end of a copy.
                for (var i = 0; i < 3; i++) await AppendAsync(store.Storage, random, isSmall);
                checkpoints.Add(await CheckpointAsync(store.Storage));
            }

            files.Add(await System.IO.File.ReadAllBytesAsync(path));
        }

        if (isSmall) Shrink(path); // erasing and growing leaves pages behind, and half of most pages is empty
        using var reading = new Shell(path);
        var contents = Contents.Read(reading);
        reading.Dispose();
        return new SampleStore(await System.IO.File.ReadAllBytesAsync(path), checkpoints, [.. files.SkipLast(1)], contents, erased);
    }

    /// <summary>The size of a page in a file that was made as small as it gets.</summary>
    public const int SmallPage = 512;

    /// <summary>Gives a closed file as few and as small pages as it can have. Their size can only be changed without a write-ahead log.</summary>
    public static void Shrink(string path)
    {
        using var shell = new Shell(path);
        foreach (var pragma in new[] { "PRAGMA journal_mode = DELETE", $"PRAGMA page_size = {SmallPage}", "VACUUM", "PRAGMA journal_mode = WAL" }) shell.Rows(pragma);
    }

    public static EventStore Open(string path) => new(new SqliteEventStorage(path), new EventTypes());

    public static async Task<Checkpoint> CheckpointAsync(IEventStorage storage)
    {
        var frontier = await storage.Ledger.GetFrontierAsync();
        return new Checkpoint("tamper.example/log", frontier.Size, frontier.Root());
    }

    /// <summary>Appends one batch.</summary>
    /// <returns>The head then.</returns>
    public static async Task<long> AppendAsync(IEventStorage storage, Random random, bool isSmall = false)
    {
        var batch = random.Next(1, random.Next(4) == 0 ? 40 : 4);
        var result = await storage.AppendAsync(new AppendRequest([new StreamWrite(
            isSmall ? $"a{random.Next(4)}" : $"account-{random.Next(40)}",
            ExpectedVersion.Any,
            [.. Enumerable.Range(0, batch).Select(_ => isSmall ? SmallEvent(random) : Event(random))])]));
        return result.Position;
    }

    private static NewEvent Event(Random random) => new(Id(random), Types[random.Next(Types.Length)], Encoding.UTF8.GetBytes($$"""{"amount":{{random.Next(100_000)}},"text":"{{new string('x', random.Next(60))}}"}"""))
    {
        Metadata = random.Next(2) == 0 ? Encoding.UTF8.GetBytes($$"""{"user":"u{{random.Next(9)}}"}""") : default,
        Tags = [.. Enumerable.Range(0, random.Next(4)).Select(_ => $"tag:{random.Next(50)}").Distinct()],
    };

    private static NewEvent SmallEvent(Random random) => new(Id(random), random.Next(2) == 0 ? "d" : "w", random.Next(3) == 0 ? Encoding.UTF8.GetBytes($"{random.Next(100)}") : "1"u8.ToArray())
    {
        Metadata = random.Next(16) == 0 ? "{}"u8.ToArray() : default,
        Tags = random.Next(16) == 0 ? ["t1", "t2"] : [],
    };

    private static Guid Id(Random random)
    {
        Span<byte> bytes = stackalloc byte[16];
        random.NextBytes(bytes);
        return new Guid(bytes);
    }

    /// <summary>Erases payloads, and keeps what they were.</summary>
    private static async Task EraseAsync(string path, Random random, int count, Dictionary<long, (Cell, Cell)> erased)
    {
        var positions = new SortedSet<long>();
        using (var shell = new Shell(path))
        {
            var candidates = Contents.Read(shell).Events.Where(e => !e.IsErased && !e.IsErasureRecord).ToList();
            while (positions.Count < count)
            {
                var e = candidates[random.Next(candidates.Count)];
                if (positions.Add(e.Position)) erased.Add(e.Position, (e.Data, e.Seal));
            }
        }

        await using var store = Open(path);
        var record = JsonSerializer.SerializeToUtf8Bytes(new { positions, reason = "asked for", by = "office" });
        var write = new StreamWrite(PayloadsErased.StreamName, ExpectedVersion.Any, [new NewEvent(Id(random), PayloadsErased.TypeName, record)]);
        await store.Storage.AppendAsync(new AppendRequest([write]) { Erase = [.. positions] });
    }
}
