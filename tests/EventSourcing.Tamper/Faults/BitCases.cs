using System.Buffers.Binary;

namespace EventSourcing.Tamper;

/// <summary>Every bit of a closed store's file, flipped.</summary>
internal sealed class BitCases : FaultCases
{
    private const int HeaderLength = 100;
    private readonly byte[] _file;
    private readonly BitFlips _flips;
    private readonly int _pageSize;
    private readonly string[] _owners;

    private BitCases(byte[] file, IReadOnlyList<Checkpoint> checkpoints, string digest, string[] owners)
        : base(checkpoints, digest)
    {
        _file = [.. file];
        _flips = new BitFlips(file);
        _owners = owners;
        _pageSize = file.Length / owners.Length;
    }

    public override bool IsWithTree => true;

    public override long Count => _flips.Count;

    public int Pages => _owners.Length;

    public override FaultCase this[long number]
    {
        get
        {
            var at = number / 8;
            var group = at < HeaderLength ? "the file's header" : _owners[at / _pageSize];
            return new FaultCase(group, $"bit {number % 8} of byte {at} (page {1 + (at / _pageSize)}, offset {at % _pageSize})", _flips.Flip(number), null);
        }
    }

    public static async Task<BitCases> CreateAsync(WorkFolder folder, int events, int seed)
    {
        var sample = await SampleStore.CreateAsync(folder.Path, events, seed, isSmall: true);
        var path = folder.File("bits-sound.db");
        await File.WriteAllBytesAsync(path, sample.File);
        var digest = Contents.DigestOf(path, withTree: true);
        using var shell = new Shell(path);
        var owners = new string[shell.Number("PRAGMA page_count")];
        Array.Fill(owners, "overflow and free pages");
        var pageSize = sample.File.Length / owners.Length;
        Own(sample.File, pageSize, owners, 1, "the schema");
        foreach (var row in shell.Rows("SELECT rootpage, name FROM sqlite_master WHERE rootpage > 0")) Own(sample.File, pageSize, owners, (int)row[0].Number, Group(row[1].Text));
        return new BitCases(sample.File, sample.Checkpoints, digest, owners);
    }

    public override void Save(string folder)
    {
        SaveCheckpoints(folder);
        File.WriteAllBytes(Path.Combine(folder, "database"), _file);
        File.WriteAllLines(Path.Combine(folder, "owners"), _owners);
    }

    public static BitCases Load(string folder)
    {
        var (checkpoints, digest) = LoadCheckpoints(folder);
        return new BitCases(File.ReadAllBytes(Path.Combine(folder, "database")), checkpoints, digest, File.ReadAllLines(Path.Combine(folder, "owners")));
    }

    /// <summary>Names the owner of a page and of all below it (sqlite.org/fileformat2.html, section 1.6).</summary>
    private static void Own(byte[] file, int pageSize, string[] owners, int page, string owner)
    {
        owners[page - 1] = owner;
        var start = (page - 1) * pageSize;
        var header = start + (page == 1 ? HeaderLength : 0);
        if (file[header] is not (2 or 5)) return;
        Own(file, pageSize, owners, (int)BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(header + 8)), owner);
        for (var cell = 0; cell < BinaryPrimitives.ReadUInt16BigEndian(file.AsSpan(header + 3)); cell++)
        {
            var at = start + BinaryPrimitives.ReadUInt16BigEndian(file.AsSpan(header + 12 + (2 * cell)));
            Own(file, pageSize, owners, (int)BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(at)), owner);
        }
    }

    private static string Group(string name) => name switch
    {
        "events" or "event_tags" or "ledger" or "ledger_tiles" or "ledger_marks" => name,
        "streams" or "event_types" => "names",
        _ when name.StartsWith("events_by", StringComparison.Ordinal) => "indexes of events",
        _ when name.Contains("read_model", StringComparison.Ordinal) => "read models",
        _ => "indexes of names",
    };
}
