using System.Globalization;
using System.Runtime.CompilerServices;

namespace EventSourcing.Tests;

/// <summary>
/// Runs a whole suite in a culture: <c>EVENTSOURCING_TEST_CULTURE=sv-SE dotnet test …</c>. It is that of every thread,
/// and of the processes that tests start, since they inherit the variable.
/// </summary>
internal static class TestCulture
{
    public const string Variable = "EVENTSOURCING_TEST_CULTURE";

    /// <summary>The culture that the run names; null if it names none.</summary>
    public static string? Name => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } name ? name : null;

#pragma warning disable CA2255 // A test assembly is what starts here: there is no other place before its first test.
    [ModuleInitializer]
    internal static void Enter()
#pragma warning restore CA2255
    {
        if (Name is not { } name) return;
        var culture = CultureInfo.GetCultureInfo(name, predefinedOnly: true);
        CultureInfo.DefaultThreadCurrentCulture = CultureInfo.DefaultThreadCurrentUICulture = culture;
        CultureInfo.CurrentCulture = CultureInfo.CurrentUICulture = culture;
    }
}
