namespace EventSourcing.Explorer;

/// <summary>
/// The newest checkpoints of a file, as they were when it was last read. The file only grows, so it is read again only if it has another
/// length: a page that many people have open asks every second, and the file may be long. Thread-safe.
/// </summary>
internal sealed class NewestCheckpoints
{
    private volatile Read? _last;

    /// <summary>The newest checkpoints, the newest first.</summary>
    public async Task<IReadOnlyList<ShownCheckpoint>> ReadAsync(FileCheckpointSink sink, int most, CancellationToken cancellationToken)
    {
        // Asked for before it is read: what is appended meanwhile makes another length, and is read next time.
        var file = new FileInfo(sink.Path);
        var (length, written) = file.Exists ? (file.Length, file.LastWriteTimeUtc) : (0, DateTime.MinValue);
        if (_last is { } last && last.Path == sink.Path && last.Length == length && last.Written == written) return last.Checkpoints;
        var newest = new Queue<ShownCheckpoint>();
        await foreach (var note in sink.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            var checkpoint = Checkpoint.Parse(note.Text);
            newest.Enqueue(
                new ShownCheckpoint(checkpoint.Size, checkpoint.Root.ToString(), [.. note.Signatures.Select(signature => signature.Name)]));
            if (newest.Count > most) newest.Dequeue();
        }

        var read = new Read(sink.Path, length, written, [.. newest.Reverse()]);
        _last = read;
        return read.Checkpoints;
    }

    private sealed record Read(string Path, long Length, DateTime Written, IReadOnlyList<ShownCheckpoint> Checkpoints);
}
