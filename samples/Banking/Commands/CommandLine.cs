using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Globalization;
using EventSourcing;

namespace Banking;

/// <summary>What all commands share: the options, and how they end.</summary>
internal static class CommandLine
{
    public static Option<DateOnly?> AtOption() => DateOption("--at", "As it was at the end of that day. By default: as it is now.");

    public static Option<DateOnly?> DateOption(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "YYYY-MM-DD",
        CustomParser = result =>
        {
            if (DateOnly.TryParseExact(result.Tokens[0].Value, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date)) return date;
            result.AddError($"'{result.Tokens[0].Value}' is not a date. Write it as YYYY-MM-DD, for example 1993-01-31.");
            return null;
        },
    };

    public static Argument<string> AccountArgument() => new("ACCOUNT")
    {
        Description = "The number of the account.",
        CustomParser = NotEmpty,
    };

    /// <summary>Runs what was asked for. Whatever goes wrong is one line on standard error, and the exit code.</summary>
    public static async Task<int> RunAsync(RootCommand root, string[] args)
    {
        // An argument that begins with @ is just that here, not the name of a file with more arguments.
        var parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Action is ParseErrorAction) return Fail(string.Join(" ", parsed.Errors.Select(error => error.Message)));
        try
        {
            // Ctrl-C cancels the command; what it has begun to write it finishes, so it is given the time for that.
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(30) });
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Interrupted;
        }
        catch (Exception e) when (e is CannotRunException or EventSourcingException or IOException or UnauthorizedAccessException)
        {
            return Fail(e.Message);
        }
    }

    private static int Fail(string message)
    {
        Console.Error.WriteLine("error: " + OneLine(message));
        return ExitCode.CannotRun;
    }

    /// <summary>Text as it may stand on a line of a terminal, wherever it is from.</summary>
    public static string OneLine(string text) =>
        string.Concat(text.ReplaceLineEndings(" ").Select(c => char.IsControl(c) || char.GetUnicodeCategory(c) == UnicodeCategory.Format ? '\uFFFD' : c));

    public static string? NotEmpty(ArgumentResult result)
    {
        var value = result.Tokens[0].Value;
        if (string.IsNullOrWhiteSpace(value)) result.AddError($"{result.Argument.Name} is empty.");
        return value;
    }
}

/// <summary>What the exit codes of the sample say.</summary>
internal static class ExitCode
{
    public const int Ok = 0;
    public const int SomeLinesBad = 1;
    public const int CannotRun = 2;
    public const int Interrupted = 130;
}
