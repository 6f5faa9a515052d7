using System.Globalization;
using Spectre.Console;

namespace Banking;

/// <summary>Shows how an import goes.</summary>
internal interface IImportDisplay
{
    /// <summary>Shows a line that was left out.</summary>
    void Show(BadLine bad);

    /// <summary>Shows how far the import is. Everything up to there is stored.</summary>
    void Show(ImportReport report, double? progress);
}

/// <summary>Writes plain lines, for pipes and logs: the progress after each tenth of the file, and bad lines to standard error.</summary>
internal sealed class PlainDisplay : IImportDisplay
{
    private int _tenths;

    public void Show(BadLine bad) => Console.Error.WriteLine(Text(bad));

    public void Show(ImportReport report, double? progress)
    {
        var tenths = (int)((progress ?? 0) * 10);
        if (tenths <= _tenths) return;
        _tenths = tenths;
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{tenths * 10,3} %  {report.LinesRead} lines read, {report.Imported} imported{(report.Day == default ? "" : $", up to {report.Day:O}")}"));
    }

    public static string Text(BadLine bad) => string.Create(CultureInfo.InvariantCulture, $"line {bad.Number}: {bad.Reason}");
}

/// <summary>Shows a progress bar in a terminal. Bad lines are shown when the import has ended.</summary>
internal sealed class TerminalDisplay : IImportDisplay
{
    private readonly List<BadLine> _bad = [];
    private ProgressTask? _bar;

    public async Task<ImportReport> RunAsync(Func<Task<ImportReport>> import)
    {
        try
        {
            return await AnsiConsole.Progress()
                .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
                .StartAsync(context =>
                {
                    _bar = context.AddTask("importing", maxValue: 1);
                    return import();
                });
        }
        finally
        {
            foreach (var bad in _bad) await Console.Error.WriteLineAsync(PlainDisplay.Text(bad));
        }
    }

    public void Show(BadLine bad) => _bad.Add(bad);

    public void Show(ImportReport report, double? progress)
    {
        _bar!.Value = progress ?? 0;
        _bar.Description = string.Create(CultureInfo.InvariantCulture, $"{(report.Day == default ? "" : $"{report.Day:O}, ")}{report.Imported} imported, {report.Bad} bad");
    }
}
