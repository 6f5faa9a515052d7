using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace EventSourcing.Tool;

/// <summary>Arguments and options that several commands have.</summary>
internal static class Arguments
{
    private static readonly string[] Instants =
    [
        "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd' 'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd' 'HH:mmK",
    ];

    public static Argument<string> Store(string name = "STORE") => new(name)
    {
        Description = "The store: the path of a SQLite file, a PostgreSQL URL or connection string, or env:NAME.",
        CustomParser = NotEmpty,
    };

    public static Argument<string> Text(string name, string description) =>
        new(name) { Description = description, CustomParser = NotEmpty };

    public static Option<string?> TextOption(string name, string helpName, string description) => new(name)
    {
        Description = description,
        HelpName = helpName,
        CustomParser = NotEmpty,
    };

    public static Option<string> RequiredOption(string name, string helpName, string description) => new(name)
    {
        Description = description,
        HelpName = helpName,
        Required = true,
        CustomParser = result => NotEmpty(result)!,
    };

    /// <summary>An option that may be given several times.</summary>
    public static Option<string[]> ManyOption(string name, string helpName, string description) => new(name)
    {
        Description = description,
        HelpName = helpName,
        DefaultValueFactory = _ => [],
        CustomParser = result =>
        {
            if (result.Tokens.Any(token => string.IsNullOrWhiteSpace(token.Value))) result.AddError($"{name} is empty.");
            return [.. result.Tokens.Select(token => token.Value)];
        },
    };

    public static Option<long?> NumberOption(string name, string description, long least = 0, long most = long.MaxValue) => new(name)
    {
        Description = description,
        HelpName = "N",
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
                return number;
            var range = most == long.MaxValue ? $"from {Format.Plain(least)} on" : $"from {Format.Plain(least)} to {Format.Plain(most)}";
            result.AddError($"'{text}' is not a whole number {range}, as {name} needs.");
            return null;
        },
    };

    public static Option<bool> Flag(string name, string description) => new(name) { Description = description };

    public static Option<bool> Yes() => Flag("--yes", "Does not ask whether to go on.");

    public static Option<PointInTime?> AsOfOption() => new("--as-of")
    {
        Description =
            "As it was then: an instant (2026-01-31T12:00Z), the end of a day in UTC, a position, or v7 for version 7 of a stream.",
        HelpName = "WHEN",
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (ParseAsOf(text) is { } asOf) return asOf;
            result.AddError(
                $"'{text}' is no time: write an instant as 2026-01-31T12:00Z, a day as 2026-01-31, a position as 1200, "
                + "or a version as v7.");
            return null;
        },
    };

    /// <summary>Reads a point of the past; null if the text is none.</summary>
    public static PointInTime? ParseAsOf(string text)
    {
        if (text.StartsWith('v') && long.TryParse(text.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var version))
            return new PointInTime(Version: version);
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var position))
            return new PointInTime(Position: position);
        if (DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
            return new PointInTime(Instant: new DateTimeOffset(day.ToDateTime(TimeOnly.MaxValue), TimeSpan.Zero));
        return DateTimeOffset.TryParseExact(text, Instants, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var instant)
            ? new PointInTime(Instant: instant)
            : null;
    }

    public static string? NotEmpty(ArgumentResult result)
    {
        var value = result.Tokens[0].Value;
        if (string.IsNullOrWhiteSpace(value)) result.AddError($"{result.Argument.Name} is empty.");
        return value;
    }
}
