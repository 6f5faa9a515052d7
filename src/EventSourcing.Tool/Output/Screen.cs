using System.Text.Json;

namespace EventSourcing.Tool;

/// <summary>
/// What one command prints: results to standard output, for people or as JSON Lines; remarks and progress to standard error.
/// </summary>
internal sealed class Screen
{
    private const string Reset = "\e[0m";
    private readonly Terminal _terminal;
    private readonly bool _isQuiet;
    private readonly bool _hasColor;
    private readonly JsonLines _json;

    public Screen(Terminal terminal, bool isJson, bool isQuiet, bool noColor)
    {
        _terminal = terminal;
        IsJson = isJson;
        _isQuiet = isQuiet;
        _hasColor = !noColor && terminal.OutputIsTerminal && terminal.AllowsColor;
        _json = new JsonLines(terminal.Output);
    }

    public bool IsJson { get; }

    public TimeProvider Clock => _terminal.Clock;

    public TextWriter Output => _terminal.Output;

    public Stream OpenInput() => _terminal.OpenInput();

    /// <summary>Whether progress is shown: people look, and have not asked for quiet.</summary>
    public bool ShowsProgress => _terminal.ErrorIsTerminal && !_isQuiet;

    /// <summary>The columns to fit into; null if the output is no terminal: then nothing is cut and nothing wrapped.</summary>
    public int? Columns => _terminal.OutputIsTerminal ? _terminal.Width : null;

    /// <summary>A line of the result.</summary>
    public void Line(string text = "") => _terminal.Output.Write(text + "\n");

    /// <summary>A line that is cut if it is longer than the terminal is wide.</summary>
    public void CutLine(string text) => Line(Columns is { } columns ? Cells.Cut(text, columns) : text);

    /// <summary>A label and its value, which goes on below itself if it is long.</summary>
    public void Field(string label, string value, int labelWidth = 13)
    {
        var indent = labelWidth + 2;
        var lines = Columns is { } columns ? Cells.Wrap(value, columns - indent) : [value];
        var lead = Cells.PadRight(label, labelWidth) + "  ";
        foreach (var line in lines)
        {
            Line((lead + line).TrimEnd());
            lead = new string(' ', indent);
        }
    }

    /// <summary>Text in lines that fit.</summary>
    /// <param name="text">The text.</param>
    /// <param name="indent">The indent of all lines.</param>
    /// <param name="further">What the lines after the first are indented more.</param>
    public void Wrapped(string text, int indent = 0, int further = 0)
    {
        var lead = new string(' ', indent);
        foreach (var line in Columns is { } columns ? Cells.Wrap(text, columns - indent - further) : [text])
        {
            Line(lead + line);
            lead = new string(' ', indent + further);
        }
    }

    public string Strong(string text) => _hasColor ? "\e[1m" + text + Reset : text;

    public string Faint(string text) => _hasColor ? "\e[2m" + text + Reset : text;

    public string Bad(string text) => _hasColor ? "\e[31m" + text + Reset : text;

    public string Good(string text) => _hasColor ? "\e[32m" + text + Reset : text;

    /// <summary>One value as one line.</summary>
    public void Json(Action<Utf8JsonWriter> write)
    {
        write(_json.Line);
        _json.End();
    }

    /// <summary>An event as one line of JSON.</summary>
    public void Json(in StoredEvent stored)
    {
        EventText.Write(_json.Line, in stored);
        _json.End();
    }

    public void Flush() => _terminal.Output.Flush();

    /// <summary>Prints what a command has found. If nobody reads it any more, the exit code still says it.</summary>
    /// <param name="exitCode">What the command ends with.</param>
    /// <param name="print">Prints.</param>
    /// <returns>That exit code.</returns>
    public static int Found(int exitCode, Action print)
    {
        try
        {
            print();
        }
        catch (OutputClosedException)
        {
            // A script that wants the exit code alone may close the pipe.
        }

        return exitCode;
    }

    /// <summary>A remark for people, beside the result.</summary>
    public void Remark(string text)
    {
        if (_isQuiet) return;
        Flush();
        _terminal.Error.Write(Cells.OneLine(text) + "\n");
    }

    /// <summary>Text on standard error without the end of a line.</summary>
    public void Prompt(string text)
    {
        Flush();
        _terminal.Error.Write(text);
        _terminal.Error.Flush();
    }

    /// <summary>Waits until somebody presses Enter.</summary>
    /// <exception cref="ToolException">Nobody is there to do that, or has gone: the end of the input is no Enter.</exception>
    public async Task EnterAsync(CancellationToken cancellationToken)
    {
        if (!_terminal.InputIsTerminal)
            throw new ToolException("Nobody is at the terminal to press Enter. Stop the app, and say --seal --yes instead of --follow.");
        await Task.Yield();
        if (await _terminal.Input.ReadLineAsync(cancellationToken) is null)
            throw new ToolException(
                "The input has ended, and nobody has pressed Enter. The source was not sealed. What was copied so far is in the target: "
                + "run the command again, and it goes on.");
    }

    /// <summary>Asks whether to go on.</summary>
    /// <param name="question">The question, without its question mark.</param>
    /// <param name="isConfirmed">Whether that was said on the command line already.</param>
    /// <exception cref="ToolException">The answer is no, or nobody is there to ask.</exception>
    public async Task ConfirmAsync(string question, bool isConfirmed, CancellationToken cancellationToken)
    {
        if (isConfirmed) return;
        if (!_terminal.InputIsTerminal)
            throw new ToolException($"{question}? Nobody is at the terminal to answer. Say --yes to go on. Nothing was changed.");
        Prompt(Cells.OneLine(question) + "? [y/N] ");
        var answer = await _terminal.Input.ReadLineAsync(cancellationToken);
        if (answer?.Trim() is not ("y" or "Y" or "yes")) throw new ToolException("Nothing was changed.");
    }
}
