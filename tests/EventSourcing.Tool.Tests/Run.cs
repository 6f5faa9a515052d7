using System.Text;
using System.Text.Json;

namespace EventSourcing.Tool.Tests;

/// <summary>One command, run in this process as in one of its own.</summary>
/// <param name="ExitCode">How it ended.</param>
/// <param name="Output">What it printed on standard output.</param>
/// <param name="Error">What it printed on standard error.</param>
/// <param name="Both">Both, in the order in which they were printed.</param>
internal sealed record Run(int ExitCode, string Output, string Error, string Both)
{
    public string[] Lines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public IReadOnlyList<JsonElement> Json => [.. Lines.Select(line => JsonDocument.Parse(line).RootElement)];

    /// <summary>The value on the line that begins with a label.</summary>
    public string this[string label] => Lines.Single(line => line.StartsWith(label + "  ", StringComparison.Ordinal))[label.Length..].Trim();

    /// <summary>Runs a command whose output goes into a pipe.</summary>
    public static Task<Run> Piped(params string[] arguments) => Of(new Options(), arguments);

    /// <summary>Runs a command at a terminal of 80 columns.</summary>
    public static Task<Run> AtTerminal(params string[] arguments) => Of(new Options { IsTerminal = true }, arguments);

    public static async Task<Run> Of(Options options, params string[] arguments)
    {
        var (output, error, both) = (new StringWriter(), new StringWriter(), new StringWriter());
        var terminal = new Terminal
        {
            Output = new Utf8Writer(new TextStream(new TwoWriters(output, both, options.Printed))),
            Error = new TwoWriters(error, both),
            Input = options.Input ?? new StringReader(options.Answer),
            OpenInput = static () => Stream.Null,
            OutputIsTerminal = options.IsTerminal,
            ErrorIsTerminal = options.ErrorIsTerminal,
            InputIsTerminal = options.Answer.Length > 0,
            Width = options.Width,
            Environment = name => options.Environment.GetValueOrDefault(name),
            Clock = options.Clock,
        };
        int exitCode;
        using (terminal) exitCode = await Evs.RunAsync(arguments, terminal, options.Interrupt);
        return new Run(exitCode, output.ToString(), error.ToString(), both.ToString());
    }

    /// <summary>What the command runs in.</summary>
    internal sealed record Options
    {
        public bool IsTerminal { get; init; }

        public bool ErrorIsTerminal { get; init; }

        /// <summary>What somebody types who is at the terminal; empty if nobody is.</summary>
        public string Answer { get; init; } = "";

        /// <summary>Where the answer comes from; by default it is there at once.</summary>
        public TextReader? Input { get; init; }

        public int Width { get; init; } = Terminal.DefaultWidth;

        public Dictionary<string, string> Environment { get; init; } = new() { ["NO_COLOR"] = "1" };

        public TimeProvider Clock { get; init; } = TimeProvider.System;

        /// <summary>Interrupts the command, as Ctrl+C does.</summary>
        public CancellationToken Interrupt { get; init; }

        /// <summary>Is told all that is printed on standard output so far, each time that something is.</summary>
        public Action<string>? Printed { get; init; }
    }

    /// <summary>Hands the text that is written into it on.</summary>
    private sealed class TextStream(TextWriter to) : MemoryStream
    {
        private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            var chars = new char[Encoding.UTF8.GetMaxCharCount(buffer.Length)];
            to.Write(chars.AsSpan(0, _decoder.GetChars(buffer, chars, flush: false)));
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Write(buffer.Span);
            return ValueTask.CompletedTask;
        }
    }

    private sealed class TwoWriters(TextWriter one, TextWriter other, Action<string>? printed = null) : StringWriter
    {
        public override void Write(char value) => Write([value]);

        public override void Write(string? value) => Write(value.AsSpan());

        public override void Write(ReadOnlySpan<char> buffer)
        {
            one.Write(buffer);
            other.Write(buffer);
            printed?.Invoke(one.ToString()!);
        }

        public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));
    }
}
