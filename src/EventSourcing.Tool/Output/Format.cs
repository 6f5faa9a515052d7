using System.Globalization;

namespace EventSourcing.Tool;

/// <summary>Figures and instants as people read them. All in one culture: what is printed does not depend on the machine.</summary>
internal static class Format
{
    /// <summary>How many characters <see cref="Exact(DateTimeOffset)"/> has.</summary>
    public const int ExactLength = 28;
    private const double Kilo = 1024;

    public static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A number and its noun: <c>1 event</c>, <c>1,200 events</c>.</summary>
    public static string Count(long number, string one, string? many = null) =>
        $"{Count(number)} {(number == 1 ? one : many ?? one + "s")}";

    public static string Plain(long number) => number.ToString(CultureInfo.InvariantCulture);

    public static string Instant(DateTimeOffset instant) =>
        instant.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>All that is stored of an instant: 100 ns.</summary>
    public static string Exact(DateTimeOffset instant) =>
        instant.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);

    /// <summary>The same as <see cref="Exact(DateTimeOffset)"/>, into a span of <see cref="ExactLength"/> bytes.</summary>
    public static void Exact(DateTimeOffset instant, Span<byte> utf8) =>
        instant.UtcDateTime.TryFormat(utf8, out _, "O", CultureInfo.InvariantCulture);

    public static string Root(in MerkleHash root) => Convert.ToBase64String(root.Bytes);

    public static string Bytes(long bytes) => bytes switch
    {
        < 1024 => $"{Plain(bytes)} B",
        < 1024 * 1024 => (bytes / Kilo).ToString("0.0", CultureInfo.InvariantCulture) + " KiB",
        < 1024L * 1024 * 1024 => (bytes / Kilo / Kilo).ToString("0.0", CultureInfo.InvariantCulture) + " MiB",
        _ => (bytes / Kilo / Kilo / Kilo).ToString("0.0", CultureInfo.InvariantCulture) + " GiB",
    };

    public static string Duration(TimeSpan time) => time switch
    {
        { TotalSeconds: < 10 } => time.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture) + " s",
        { TotalSeconds: < 100 } => time.TotalSeconds.ToString("0", CultureInfo.InvariantCulture) + " s",
        { TotalMinutes: < 100 } => time.TotalMinutes.ToString("0", CultureInfo.InvariantCulture) + " min",
        { TotalHours: < 48 } => time.TotalHours.ToString("0", CultureInfo.InvariantCulture) + " h",
        _ => time.TotalDays.ToString("0", CultureInfo.InvariantCulture) + " days",
    };
}
