using System.Runtime.InteropServices;
using EventSourcing.Testing;

namespace EventSourcing.Sqlite.Tests;

public class SystemLibraryTests
{
    [Fact]
    public async Task Contract_is_kept_on_the_systems_sqlite_where_there_is_one()
    {
        using var worker = WorkerProgram.Start("contract-on-system-library");
        var output = await worker.StandardOutput.ReadToEndAsync();
        await worker.WaitForExitAsync();
        var isInstalled = NativeLibrary.TryLoad(SystemLibrary.Name, out _);
        worker.ExitCode.Should().Be(isInstalled ? 0 : SystemLibrary.NotInstalled, output);
        if (isInstalled) output.Should().Contain("the system's").And.Contain($"{EventStorageConformance.Cases.Count} cases, 0 failed");
    }
}
