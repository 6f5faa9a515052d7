using System.Text;

namespace EventSourcing;

/// <summary>
/// What is left at the path of a store whose file is not there. An empty store that was begun there would hide that the events are
/// somewhere else.
/// </summary>
internal static class UnfinishedCopy
{
    /// <summary>What is appended to a store's name for a copy that is not yet in its place.</summary>
    public const string Suffix = ".incomplete";

    /// <summary>What is appended for the note that says where the store is moved that the copy replaces.</summary>
    public const string NoteSuffix = ".replacing";

    /// <summary>Writes the note and makes it durable, before the first file is moved.</summary>
    /// <param name="path">The store's path.</param>
    /// <param name="aside">The name, in the same folder, to which it is moved.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void WriteNote(string path, string aside)
    {
        using (var file = new FileStream(path + NoteSuffix, FileMode.Create, FileAccess.Write))
        {
            file.Write(Encoding.UTF8.GetBytes(aside));
            file.Flush();
            UnixFile.Sync(file.SafeFileHandle, path + NoteSuffix);
        }

        UnixFile.SyncFolder(Path.GetDirectoryName(path)!);
    }

    /// <summary>The name in the note; null if there is no note.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static string? ReadNote(string path)
    {
        var note = path + NoteSuffix;
        return File.Exists(note) && File.ReadAllText(note) is { Length: > 0 } name ? name : null;
    }

    /// <summary>
    /// Why no store may be begun or read at a path, as a sentence with what to do; null if there is a file, or if nothing is left of one.
    /// </summary>
    public static string? FlawAt(string path)
    {
        // The file is looked at last: it was there before its log, and it is there as soon as the copy is gone.
        path = StorePath.TargetOf(path);
        var log = new FileInfo(path + StoreFile.LogSuffix);
        var hasLog = log.Exists && log.Length > ReadOnlyFiles.LogHeaderBytes;
        var hasNote = File.Exists(path + NoteSuffix);
        var hasCopy = File.Exists(path + Suffix);
        if (!hasLog && !hasNote && !hasCopy) return null;
        var file = new FileInfo(path);
        if (file.Exists && (file.Length > 0 || !hasLog)) return null;
        return hasNote
            ? $"there is no file, and '{path + NoteSuffix}' says that a restore is moving the store that was here to '{NameIn(path)}'. "
                + "Wait for it; or, if it was stopped, restore the backup again."
            : hasCopy
            ? $"there is no file, and '{path + Suffix}' is a copy for this path that is not finished. Wait for it; "
                + "or, if it was stopped, make the copy again. To begin an empty store here, delete that file."
            : $"{(file.Exists ? "the file is empty" : "there is no file")}, and '{log.FullName}' holds what was written last to the store "
                + "that was here. Put its file back. To begin an empty store here, move the '-wal' away.";
    }

    private static string NameIn(string path)
    {
        try
        {
            return ReadNote(path) ?? "another name";
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return "another name"; // the note is gone again, or this user may not read it
        }
    }
}
