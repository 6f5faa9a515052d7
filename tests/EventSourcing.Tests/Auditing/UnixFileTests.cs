using System.IO.Pipes;
using Microsoft.Win32.SafeHandles;

namespace EventSourcing.Tests.Auditing;

/// <summary>A sync that failed is an error: .NET's own says nothing of it on Linux.</summary>
public sealed class UnixFileTests
{
    /// <summary>No process has as many files open.</summary>
    private const int NotOpen = 1 << 30;

    [Fact]
    public void Sync_that_the_system_refuses_is_an_error_that_names_the_file()
    {
        if (!OperatingSystem.IsLinux()) return;
        using var handle = new SafeFileHandle(NotOpen, ownsHandle: false);
        FluentActions.Invoking(() => UnixFile.Sync(handle, "/log/checkpoints"))
            .Should().Throw<IOException>().WithMessage("'/log/checkpoints' cannot be synced with the disk: * (error 9).");
    }

    [Fact]
    public void Sync_of_what_is_on_no_disk_does_nothing()
    {
        if (!OperatingSystem.IsLinux()) return;
        using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        using var handle = new SafeFileHandle(pipe.SafePipeHandle.DangerousGetHandle(), ownsHandle: false);
        FluentActions.Invoking(() => UnixFile.Sync(handle, "a pipe")).Should().NotThrow();
    }

    [Fact]
    public void Sync_a_folder_that_is_there_does_it_and_one_that_is_not_is_an_error()
    {
        var folder = Directory.CreateTempSubdirectory();
        UnixFile.SyncFolder(folder.FullName);
        folder.Delete();
        if (OperatingSystem.IsWindows()) return;
        FluentActions.Invoking(() => UnixFile.SyncFolder(folder.FullName))
            .Should().Throw<IOException>().WithMessage($"'{folder.FullName}' cannot be synced with the disk: * (error 2).");
    }
}
