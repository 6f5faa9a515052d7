namespace EventSourcing.Crash;

/// <summary>
/// What a disk holds for certain, and what it may hold besides, as a writer's journal is played on it. A file's writes
/// are certain once a sync of that file has completed; names come, change and go for certain once their folder was
/// synced. Until then any of it may have reached the disk and any may not, and of a write only some sectors may have.
/// </summary>
internal sealed class SimulatedDisk
{
    private const int Sector = 512;
    private readonly Dictionary<ulong, Content> _byInode = [];
    private readonly Dictionary<string, List<Content?>> _names = new(StringComparer.Ordinal);
    private long _sequence;

    /// <summary>Plays one record.</summary>
    public void Play(in JournalRecord record)
    {
        _sequence++;
        switch (record.Kind)
        {
            case 'C':
                var created = new Content();
                _byInode[record.File] = created;
                StatesOf(record.Text).Add(created);
                break;
            case 'U':
                StatesOf(record.Text).Add(null);
                break;
            case 'W':
                _byInode[record.File].Pending.Add(new Change(_sequence, (long)record.Number, record.Bytes));
                break;
            case 'T':
                _byInode[record.File].Pending.Add(new Change(_sequence, (long)record.Number, null));
                break;
            case 'S':
                _byInode[record.File].Settle();
                break;
            case 'D':
                foreach (var states in _names.Values) states.RemoveRange(0, states.Count - 1);
                break;
        }
    }

    /// <summary>Writes what the power may leave behind into files of their own.</summary>
    /// <param name="random">Decides what has reached the disk.</param>
    /// <param name="target">The path that replaces the store's.</param>
    /// <param name="store">The store's path in the journal.</param>
    public void WriteImage(Random random, string target, string store)
    {
        // All the disk's moods: nothing of what is uncertain, everything, everything up to a moment, or anything.
        var mood = random.Next(6);
        var until = mood == 2 ? _sequence - random.Next(0, 40) : long.MaxValue;
        var chance = mood switch { 0 => 0, 1 or 2 => 1, 3 => 0.1, 4 => 0.5, _ => 0.9 };
        foreach (var (name, states) in _names)
        {
            var state = mood switch { 0 => states[0], 1 or 2 => states[^1], _ => states[random.Next(states.Count)] };
            if (state is null) continue;
            using var image = new MemoryStream();
            state.CopyTo(image);
            foreach (var change in state.Pending)
            {
                if (change.Sequence > until || random.NextDouble() >= chance) continue;
                if (change.Bytes is not { } bytes)
                {
                    image.SetLength(change.Offset);
                }
                else if (mood >= 3 && random.Next(3) == 0)
                {
                    for (var at = 0; at < bytes.Length;)
                    {
                        var length = Math.Min(Sector - (int)((change.Offset + at) % Sector), bytes.Length - at);
                        if (random.Next(2) == 0) Write(image, change.Offset + at, bytes.AsSpan(at, length));
                        at += length;
                    }
                }
                else
                {
                    Write(image, change.Offset, bytes);
                }
            }

            using var file = File.Create(target + name[store.Length..], bufferSize: 1);
            file.Write(image.GetBuffer().AsSpan(0, (int)image.Length));
        }
    }

    private static void Write(MemoryStream image, long offset, ReadOnlySpan<byte> bytes)
    {
        // Beyond the end lies nothing: a gap is zeros, as in a file.
        if (image.Length < offset) image.SetLength(offset);
        image.Position = offset;
        image.Write(bytes);
    }

    private List<Content?> StatesOf(string name)
    {
        if (!_names.TryGetValue(name, out var states)) _names.Add(name, states = [null]);
        return states;
    }

    private sealed class Content
    {
        private byte[] _certain = [];

        public List<Change> Pending { get; } = [];

        public void Settle()
        {
            if (Pending.Count == 0) return;
            using var content = new MemoryStream();
            CopyTo(content);
            foreach (var change in Pending)
            {
                if (change.Bytes is { } bytes) Write(content, change.Offset, bytes);
                else content.SetLength(change.Offset);
            }

            _certain = content.ToArray();
            Pending.Clear();
        }

        public void CopyTo(MemoryStream image) => image.Write(_certain);
    }

    /// <summary>A write, or without bytes a cut to a length.</summary>
    private readonly record struct Change(long Sequence, long Offset, byte[]? Bytes);
}
