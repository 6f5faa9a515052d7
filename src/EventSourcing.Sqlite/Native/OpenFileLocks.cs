using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace EventSourcing;

/// <summary>
/// Locks of single bytes of a file that belong to the open file and not to the process: <c>F_OFD_SETLK</c> of Linux. The
/// system releases them when the handle is closed or the process ends, however it ends.
/// </summary>
internal static partial class OpenFileLocks
{
    private const int ReadWrite = 2;
    private const int CloseOnExecute = 0x80000;
    private const int GetOpenFileLock = 36;
    private const int SetOpenFileLock = 37;
    private const int SetOpenFileLockAndWait = 38;
    private const short ReadLock = 0;
    private const short WriteLock = 1;
    private const short NoLock = 2;
    private const int Interrupted = 4;
    private const int WouldBlock = 11;
    private const int AccessDenied = 13;

    /// <summary>Opens a file in order to lock bytes of it, on 64-bit Linux; null if that fails.</summary>
    /// <param name="path">The path, as <see cref="UnixFile.Encode"/> makes it.</param>
    public static SafeFileHandle? OpenToLock(byte[] path)
    {
        var handle = new SafeFileHandle(Open(in path[0], ReadWrite | CloseOnExecute), ownsHandle: true);
        if (!handle.IsInvalid) return handle;
        handle.Dispose();
        return null;
    }

    /// <summary>
    /// Locks a byte for this handle, without waiting. Other handles of this process are excluded just like other processes.
    /// </summary>
    public static LockAnswer TryLock(SafeFileHandle handle, long at)
    {
        var range = new LockRange { Type = WriteLock, Start = at, Length = 1 };
        if (Control(handle, SetOpenFileLock, ref range) == 0) return LockAnswer.Taken;
        return Marshal.GetLastPInvokeError() is WouldBlock or AccessDenied ? LockAnswer.HeldByAnother : LockAnswer.Unknown;
    }

    /// <summary>Blocks the thread until another handle has released its lock of a byte. False if the system fails.</summary>
    public static bool AwaitUnlocked(SafeFileHandle handle, long at)
    {
        // A shared lock: handles that wait for the same byte do not exclude each other.
        var range = new LockRange { Type = ReadLock, Start = at, Length = 1 };
        while (Control(handle, SetOpenFileLockAndWait, ref range) != 0)
        {
            if (Marshal.GetLastPInvokeError() != Interrupted) return false;
        }

        Unlock(handle, at);
        return true;
    }

    /// <summary>
    /// The last of some bytes that a lock of another handle holds; null if there is no such lock. If there are several, it is any of them.
    /// A lock of this library is of one byte, and other programs may have locked more, up to the whole file.
    /// </summary>
    /// <param name="handle">The handle that asks; its own locks do not count.</param>
    /// <param name="from">The first byte.</param>
    /// <param name="length">How many bytes; 0 for all that follow.</param>
    public static long? LockedByAnother(SafeFileHandle handle, long from, long length)
    {
        var range = new LockRange { Type = WriteLock, Start = from, Length = length };
        if (Control(handle, GetOpenFileLock, ref range) != 0 || range.Type == NoLock) return null;
        var last = range.Length == 0 ? long.MaxValue : range.Start + (range.Length - 1);
        return length == 0 ? last : Math.Min(last, from + (length - 1));
    }

    /// <summary>Releases the lock that the handle has of a byte.</summary>
    public static void Unlock(SafeFileHandle handle, long at)
    {
        var range = new LockRange { Type = NoLock, Start = at, Length = 1 };
        _ = Control(handle, SetOpenFileLock, ref range);
    }

    [LibraryImport("libc", EntryPoint = "open")]
    private static partial int Open(in byte path, int flags);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(SafeFileHandle handle, int command, ref LockRange range);

    /// <summary>The kernel's <c>struct flock</c> on 64-bit Linux.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct LockRange
    {
        public short Type;
        public short Whence;
        public long Start;
        public long Length;
        public int Process;
    }
}

/// <summary>The system's answer to a request for a lock.</summary>
internal enum LockAnswer
{
    /// <summary>The system or the file system has no such locks, or has failed.</summary>
    Unknown = 0,
    Taken,
    HeldByAnother,
}
