using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace EventSourcing.Ledger;

/// <summary>
/// Finds out which file a name stands for, which .NET does not tell, in about a microsecond; and syncs files. On Windows the system is not
/// asked for a name: SQLite's open files cannot be deleted, renamed or replaced there.
/// </summary>
internal static partial class UnixFile
{
    private const int NoSuchFile = 2;
    private const int Interrupted = 4;
    private const int NotAllowed = 13;
    private const int NotSyncable = 22;
    private const int ReadOnlyFileSystem = 30;
    private const int NotAFolder = 20;
    private const int CurrentFolder = -100;
    private const uint TypeLinksNumberAndLength = 0x1 | 0x4 | 0x100 | 0x200;
    private const int TypeMask = 0xF000;
    private const int Regular = 0x8000;

    /// <summary>Larger than the structure of any of these systems.</summary>
    private const int StatusBytes = 256;

    /// <summary>A path as the system's functions take it: UTF-8 with a zero at its end.</summary>
    public static byte[] Encode(string path) => Encoding.UTF8.GetBytes(path + '\0');

    /// <summary>Asks which file a path leads to, through symbolic links.</summary>
    /// <param name="path">The path, as <see cref="Encode"/> makes it.</param>
    public static FileStatus Status(byte[] path)
    {
        try
        {
            if (OperatingSystem.IsLinux()) return OnLinux(path);
            if (OperatingSystem.IsMacOS()) return OnMac(path);
        }
        catch (EntryPointNotFoundException)
        {
            // An old C library does not have the function.
        }

        return default;
    }

    /// <summary>
    /// Syncs what was written to a file with its disk. On Linux .NET's own call says nothing of a sync that failed, so the system is asked.
    /// </summary>
    /// <exception cref="IOException">The disk failed: nobody knows what of the file is on it.</exception>
    public static void Sync(SafeFileHandle file, string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            RandomAccess.FlushToDisk(file);
            return;
        }

        while (SyncFile(file) != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error is NotSyncable or ReadOnlyFileSystem) return; // a device or a pipe, for example, has nothing to sync
            if (error != Interrupted) throw NotSynced(path, error);
        }
    }

    /// <summary>
    /// Syncs the names in a folder with its disk, so that new and changed names are on it. Nothing can be done on Windows, or in a
    /// folder in which this user may write names but not list them.
    /// </summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public static void SyncFolder(string folder)
    {
        if (OperatingSystem.IsWindows()) return;
        var number = OpenFolder(in Encode(folder)[0], flags: 0);
        if (number < 0)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error == NotAllowed) return;
            throw NotSynced(folder, error);
        }

        using var handle = new SafeFileHandle(number, ownsHandle: true);
        Sync(handle, folder);
    }

    /// <summary>
    /// What a path leads to, through symbolic links, if that is not a file of bytes. Null if it is a file, if nothing is there,
    /// or if the system does not say.
    /// </summary>
    public static string? OtherThanFile(string path) =>
        Directory.Exists(path) ? "a folder"
        : Status(Encode(path)) is not { Answer: FileAnswer.Found } status ? null
        : !status.IsRegular ? "a pipe, a device or a socket"
        : IsOfKernel(path) ? "a view of the running system"
        : null;

    /// <summary>
    /// Whether the kernel makes up what is read at a path: in <c>/proc</c> and <c>/sys</c>, files call themselves regular.
    /// </summary>
    private static bool IsOfKernel(string path)
    {
        if (!OperatingSystem.IsLinux()) return false;
        try
        {
            return new DriveInfo(path).DriveFormat is "proc" or "sysfs";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // The file is gone again, or the system does not say.
            return false;
        }
    }

    private static IOException NotSynced(string path, int error) => new(string.Create(
        CultureInfo.InvariantCulture,
        $"'{path}' cannot be synced with the disk: {Marshal.GetPInvokeErrorMessage(error)} (error {error})."));

    private static FileStatus OnLinux(byte[] path)
    {
        // The kernel defines this structure, the same for every architecture.
        Span<byte> buffer = stackalloc byte[StatusBytes];
        if (Statx(CurrentFolder, in path[0], 0, TypeLinksNumberAndLength, ref buffer[0]) != 0) return Failed();
        var device = ((ulong)Number(buffer[136..]) << 32) | Number(buffer[140..]);
        return Found(
            device,
            BitConverter.ToUInt64(buffer[32..]),
            Number(buffer[16..]),
            BitConverter.ToUInt16(buffer[28..]),
            BitConverter.ToInt64(buffer[40..]));

        static uint Number(ReadOnlySpan<byte> at) => BitConverter.ToUInt32(at);
    }

    private static FileStatus OnMac(byte[] path)
    {
        Span<byte> buffer = stackalloc byte[StatusBytes];
        var result = RuntimeInformation.ProcessArchitecture == Architecture.X64
            ? StatOnIntelMac(in path[0], ref buffer[0])
            : StatOnMac(in path[0], ref buffer[0]);
        if (result != 0) return Failed();
        return Found(
            BinaryPrimitives.ReadUInt32LittleEndian(buffer),
            BinaryPrimitives.ReadUInt64LittleEndian(buffer[8..]),
            BinaryPrimitives.ReadUInt16LittleEndian(buffer[6..]),
            BinaryPrimitives.ReadUInt16LittleEndian(buffer[4..]),
            BinaryPrimitives.ReadInt64LittleEndian(buffer[96..]));
    }

    private static FileStatus Found(ulong device, ulong number, uint links, int mode, long length) =>
        new(FileAnswer.Found, new FileIdentity(device, number), links, (mode & TypeMask) == Regular, length);

    private static FileStatus Failed() =>
        Marshal.GetLastPInvokeError() is NoSuchFile or NotAFolder
            ? new FileStatus(FileAnswer.Missing, default, 0, IsRegular: false, 0)
            : default;

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true)]
    private static partial int OpenFolder(in byte path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int SyncFile(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true)]
    private static partial int Statx(int folder, in byte path, int flags, uint mask, ref byte buffer);

    [LibraryImport("libc", EntryPoint = "stat", SetLastError = true)]
    private static partial int StatOnMac(in byte path, ref byte buffer);

    [LibraryImport("libc", EntryPoint = "stat$INODE64", SetLastError = true)]
    private static partial int StatOnIntelMac(in byte path, ref byte buffer);
}

/// <summary>Identifies a file whatever its name: two files that exist at the same time never share an identity.</summary>
internal readonly record struct FileIdentity(ulong Device, ulong Number);

/// <summary>What the system says about a path.</summary>
internal enum FileAnswer
{
    /// <summary>The system cannot be asked, or does not answer.</summary>
    Unknown = 0,
    Found,
    Missing,
}

/// <summary>The file that a path leads to.</summary>
/// <param name="Answer">Whether there is one.</param>
/// <param name="Identity">Which one it is.</param>
/// <param name="Links">How many names it has.</param>
/// <param name="IsRegular">Whether it is a file of bytes: not a folder, a device or a pipe.</param>
/// <param name="Length">How many bytes it has.</param>
internal readonly record struct FileStatus(FileAnswer Answer, FileIdentity Identity, uint Links, bool IsRegular, long Length)
{
    /// <summary>Whether the path certainly leads to another file, or to none.</summary>
    public bool IsOtherThan(FileIdentity identity) => Answer == FileAnswer.Missing || (Answer == FileAnswer.Found && Identity != identity);
}
