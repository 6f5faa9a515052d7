using Spectre.Console;

namespace Shop;

/// <summary>Where output goes: a terminal with all it can do, or plain lines for pipes and files.</summary>
internal static class Screen
{
    /// <summary>Wide enough for every line: what is piped is not wrapped.</summary>
    private const int PlainWidth = 200;

    public static IAnsiConsole Create()
    {
        if (!Console.IsOutputRedirected) return AnsiConsole.Create(new AnsiConsoleSettings());
        var plain = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(Console.Out),

            // Build servers make Spectre colour its output though nobody looks.
            Enrichment = new ProfileEnrichment { UseDefaultEnrichers = false },
        });
        plain.Profile.Width = PlainWidth;
        return plain;
    }
}
