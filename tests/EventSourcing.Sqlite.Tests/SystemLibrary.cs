using System.Runtime.InteropServices;
using EventSourcing.Testing;

namespace EventSourcing.Sqlite.Tests;

/// <summary>
/// The SQLite that the operating system brings, in place of the bundled one: another version, built with other options.
/// An app makes the same choice by the same call, before its first use of a store.
/// </summary>
internal static class SystemLibrary
{
    public const int NotInstalled = 3;

    public static string Name =>
        OperatingSystem.IsWindows() ? "winsqlite3.dll" : OperatingSystem.IsMacOS() ? "/usr/lib/libsqlite3.dylib" : "libsqlite3.so.0";

    /// <summary>Runs the conformance kit on it; a resolver is for a whole process, so it takes one of its own.</summary>
    public static async Task<int> KeepContractAsync()
    {
        if (!NativeLibrary.TryLoad(Name, out var library)) return NotInstalled;
        var isUsed = false;
        NativeLibrary.SetDllImportResolver(typeof(SQLitePCL.SQLite3Provider_e_sqlite3).Assembly, (name, _, _) =>
        {
            if (name != "e_sqlite3") return IntPtr.Zero;
            isUsed = true;
            return library;
        });
        SQLitePCL.Batteries_V2.Init();
        Console.WriteLine($"SQLite {SQLitePCL.raw.sqlite3_libversion().utf8_to_string()}, {(isUsed ? "the system's" : "the bundled one")}");
        var failures = 0;
        using var fixture = new ConformanceTests();
        foreach (var contractCase in EventStorageConformance.Cases)
        {
            try
            {
                await contractCase.RunAsync(fixture);
            }
            catch (ConformanceException finding)
            {
                failures++;
                Console.WriteLine(finding.Message);
            }
        }

        Console.WriteLine($"{EventStorageConformance.Cases.Count} cases, {failures} failed");
        return failures == 0 ? 0 : 1;
    }
}
