using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace EventSourcing.Ledger;

/// <summary>
/// Keeps checkpoints in a file of their own that only grows. A checkpoint counts only once it is on the disk. Several processes
/// of one machine may share the file. Thread-safe.
/// </summary>
/// <remarks>
/// <para>A file beside the store detects a lost write-ahead log and a restored old copy, as long as the file itself is not
/// restored with it: exclude it from whatever restores the store. Against an attacker who can write to both, put it on another
/// machine's disk, or copy its end elsewhere. Never give it the store's own path: opening and closing that would drop SQLite's
/// locks. A path that leads to anything but a file, such as a pipe, is refused before it is opened: opening a pipe waits until
/// its other end is opened.</para>
/// <para>Each record is the byte 02, the note, the byte 03 and a line feed; a note contains neither byte. A record without its
/// end was cut short by a crash and does not count. Nor does a record that contains zero bytes, which a loss of power
/// leaves.</para>
/// </remarks>
public sealed class FileCheckpointSink : ICheckpointSink
{
    private const string What = "a file of checkpoints";
    private const int SharingViolation = unchecked((int)0x80070020);
    private const int LockViolation = unchecked((int)0x80070021);
    private const int WouldBlockOnLinux = 11;
    private const int WouldBlockElsewhere = 35;
    private const byte Begin = 2;
    private const byte End = 3;
    private const int FirstWindow = 4096;
    private const int LastWindow = 4 * SignedNote.MaxBytes;

    /// <summary>How long to wait while the file is in use elsewhere.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(2);

    /// <summary>Describes the sink; the file is created with the first checkpoint, readable by all and writable by its owner.</summary>
    /// <param name="path">The file's path, on a local disk; its folder must exist.</param>
    public FileCheckpointSink(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        Path = System.IO.Path.GetFullPath(path);
    }

    /// <summary>The file's full path.</summary>
    public string Path { get; }

    /// <inheritdoc/>
    /// <exception cref="LedgerFormatException">The file is not one of checkpoints.</exception>
    /// <exception cref="IOException">It cannot be read, or is a folder, a pipe, a device or a socket.</exception>
    public async ValueTask<SignedNote?> ReadNewestAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            return await WithFileAsync(FileMode.Open, FileAccess.Read, FileShare.Read, NewestOf, cancellationToken).ConfigureAwait(false);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    /// <summary>
    /// All checkpoints of the file, in the order in which they were written, to verify a log against: see
    /// <see cref="LedgerVerification.Checkpoints"/>. Records that do not count are skipped. Memory stays bounded.
    /// </summary>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <returns>The notes; none if there is no file. They are unverified until <see cref="Checkpoint.Open"/> has checked them.</returns>
    /// <exception cref="LedgerFormatException">The file is not one of checkpoints.</exception>
    /// <exception cref="IOException">It cannot be read, or is a folder, a pipe, a device or a socket.</exception>
    public async IAsyncEnumerable<SignedNote> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        for (long next = 0; ;)
        {
            // A slow reader must not keep writers waiting: the file is open for one window at a time.
            var start = next;
            List<SignedNote> notes;
            try
            {
                (notes, next) = await WithFileAsync(
                    FileMode.Open,
                    FileAccess.Read,
                    FileShare.Read,
                    file => NotesFrom(file, start),
                    cancellationToken).ConfigureAwait(false);
            }
            catch (FileNotFoundException)
            {
                yield break;
            }

            foreach (var note in notes) yield return note;
            if (next == start) yield break;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="LedgerFormatException">The file is not one of checkpoints.</exception>
    /// <exception cref="IOException">It cannot be read or written, or is a folder, a pipe, a device or a socket.</exception>
    public async ValueTask<bool> TryWriteAsync(SignedNote checkpoint, SignedNote? newest, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        return await WithFileAsync(
            FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, Append, cancellationToken).ConfigureAwait(false);

        bool Append(FileStream file)
        {
            if (NewestOf(file)?.ToString() != newest?.ToString()) return false;
            var isNew = file.Length == 0;
            file.Seek(0, SeekOrigin.End);
            file.Write([Begin, .. Encoding.UTF8.GetBytes(checkpoint.ToString()), End, (byte)'\n']);
            UnixFile.Sync(file.SafeFileHandle, Path); // nothing of it is buffered here
            if (isNew) UnixFile.SyncFolder(System.IO.Path.GetDirectoryName(Path)!);
            return true;
        }
    }

    /// <summary>The path.</summary>
    /// <returns>The file's full path.</returns>
    public override string ToString() => Path;

    /// <summary>The newest note: that of the last whole record. Only the file's end is read.</summary>
    private static SignedNote? NewestOf(FileStream file)
    {
        for (long window = FirstWindow; ; window *= 8)
        {
            var start = Math.Max(0, file.Length - window);
            var tail = new byte[file.Length - start];
            file.Seek(start, SeekOrigin.Begin);
            file.ReadExactly(tail);
            if (start == 0) ThrowIfOther(tail);
            for (var before = tail.Length; tail.AsSpan(0, before).LastIndexOf(End) is var end and >= 0; before = end)
            {
                var begin = tail.AsSpan(0, end).LastIndexOf(Begin);
                if (begin < 0) break;

                // A record whose own beginning was lost to zeros seems to reach back into the record before it, which does count.
                var record = tail.AsSpan((begin + 1)..end);
                if (!record.Contains((byte)0)) return SignedNote.Parse(record);
            }

            if (start == 0) return null;
            if (window >= LastWindow)
                throw new LedgerFormatException(What, $"byte {start}", $"its last {tail.Length} bytes hold no whole checkpoint");
        }
    }

    /// <summary>The notes of the whole records in a window of the file, and the offset at which the record after them begins.</summary>
    private static (List<SignedNote> Notes, long Next) NotesFrom(FileStream file, long start)
    {
        var window = new byte[(int)Math.Min(LastWindow, Math.Max(0, file.Length - start))];
        file.Seek(start, SeekOrigin.Begin);
        file.ReadExactly(window);
        if (start == 0) ThrowIfOther(window);
        var notes = new List<SignedNote>();
        var from = 0;
        while (window.AsSpan(from).IndexOf(End) is var length and >= 0)
        {
            // What was cut short precedes the begin mark of the record that was written after it.
            var record = window.AsSpan(from, length);
            record = record[(record.LastIndexOf(Begin) + 1)..];
            if (!record.Contains((byte)0)) notes.Add(SignedNote.Parse(record));
            from += length + 1;
        }

        if (from == 0 && window.Length == LastWindow)
            throw new LedgerFormatException(What, $"byte {start}", $"{window.Length} bytes hold no whole checkpoint");
        return (notes, start + from);
    }

    private static void ThrowIfOther(ReadOnlySpan<byte> beginning)
    {
        if (beginning.Length > 0 && beginning[0] is not (Begin or 0))
            throw new LedgerFormatException(What, "byte 0", "it does not begin with the mark of a record");
    }

    /// <summary>Opens the file anew each time. If it is in use, in this process or another, this waits until it is free.</summary>
    private async ValueTask<T> WithFileAsync<T>(
        FileMode mode, FileAccess access, FileShare share, Func<FileStream, T> work, CancellationToken cancellationToken)
    {
        var options = new FileStreamOptions { Mode = mode, Access = access, Share = share, BufferSize = 0 };
        if (mode == FileMode.OpenOrCreate && !OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        for (var began = Environment.TickCount64; ;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ThrowIfNoFile();
            try
            {
                // The rest blocks for a sync of the disk: not on the caller's thread, which may be that of a user interface.
                return await Task.Run(
                    () =>
                    {
                        using var file = Open(options);
                        return work(file);
                    },
                    CancellationToken.None).ConfigureAwait(false);
            }
            catch (InUseException inUse)
            {
                if (Environment.TickCount64 - began >= Patience.TotalMilliseconds)
                    throw new IOException(
                        string.Create(CultureInfo.InvariantCulture, $"'{Path}' was in use by others for {Patience.TotalSeconds:0} s."),
                        inUse.InnerException);
                await Task.Delay(Pause, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>
    /// Throws if the path is no file. Opening a pipe would block until its other end is opened, and no token can cancel that.
    /// </summary>
    /// <exception cref="IOException">The path leads to something else than a file.</exception>
    private void ThrowIfNoFile()
    {
        if (UnixFile.OtherThanFile(Path) is { } what)
            throw new IOException($"'{Path}' is {what}, not a file. Nothing was read or written. Give the path of a file.");
    }

    private FileStream Open(FileStreamOptions options)
    {
        try
        {
            return new FileStream(Path, options);
        }
        catch (IOException inUse) when (IsLocked(inUse))
        {
            throw new InUseException(inUse);
        }
    }

    /// <summary>Whether somebody else has the file open and does not share it. On Unix the number of the error says so.</summary>
    private static bool IsLocked(IOException failure) => OperatingSystem.IsWindows()
        ? failure.HResult is SharingViolation or LockViolation
        : failure.HResult == (OperatingSystem.IsLinux() ? WouldBlockOnLinux : WouldBlockElsewhere);

    private sealed class InUseException(Exception inner) : Exception(inner.Message, inner);
}
