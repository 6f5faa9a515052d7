using System.Globalization;

namespace EventSourcing.Tests.Concurrency;

/// <summary>How often tests of races repeat: seconds' worth by default, and as much as a long run asks for.</summary>
internal static class Effort
{
    /// <summary>The number of histories to check for linearizability.</summary>
    public static int Histories(int usual) => Of("EVENTSOURCING_HISTORIES", usual);

    /// <summary>The number of rounds of every other race.</summary>
    public static int Races(int usual) => Of("EVENTSOURCING_RACES", usual);

    private static int Of(string variable, int usual) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var asked) ? asked : usual;
}
