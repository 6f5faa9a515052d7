using System.Text;
using Microsoft.Win32.SafeHandles;

namespace EventSourcing.Tool;

/// <summary>
/// What the tool runs in: its streams, whether people look at them, and the environment. It is the only place that knows the console, so
/// that commands run in a test as they do in a process.
/// </summary>
internal sealed class Terminal : IDisposable
{
    public const int DefaultWidth = 80;
    private const int NarrowestWidth = 40;
    private const int StandardOutput = 1;

    /// <summary>What the command prints. It is buffered: a command that goes on for long flushes it.</summary>
    public required Utf8Writer Output { get; init; }

    /// <summary>Remarks, progress, questions and errors.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Answers to questions.</summary>
    public required TextReader Input { get; init; }

    /// <summary>The stream behind <see cref="Input"/>, for what is not text.</summary>
    public required Func<Stream> OpenInput { get; init; }

    public bool OutputIsTerminal { get; init; }

    public bool ErrorIsTerminal { get; init; }

    public bool InputIsTerminal { get; init; }

    /// <summary>The columns of the terminal.</summary>
    public int Width { get; init; } = DefaultWidth;

    public Func<string, string?> Environment { get; init; } = static _ => null;

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Whether colours may be used at all: <c>NO_COLOR</c> is not set (no-color.org) and the terminal is not a dumb one.</summary>
    public bool AllowsColor => string.IsNullOrEmpty(Environment("NO_COLOR")) && Environment("TERM") != "dumb";

    public static Terminal OfProcess()
    {
        var width = DefaultWidth;
        if (!Console.IsOutputRedirected)
        {
            try
            {
                width = Math.Max(NarrowestWidth, Console.WindowWidth);
            }
            catch (IOException)
            {
                // A terminal that does not tell its width has the usual one.
            }
        }

        if (OperatingSystem.IsWindows()) Console.OutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        return new Terminal
        {
            Output = new Utf8Writer(new OutputStream(OpenOutput())),
            Error = Console.Error,
            Input = Console.In,
            OpenInput = Console.OpenStandardInput,
            OutputIsTerminal = !Console.IsOutputRedirected,
            ErrorIsTerminal = !Console.IsErrorRedirected,
            InputIsTerminal = !Console.IsInputRedirected,
            Width = width,
            Environment = System.Environment.GetEnvironmentVariable,
        };
    }

    /// <summary>
    /// The console's own stream does not report that nobody reads any more, so a command that follows the log would go on for ever.
    /// Therefore a <see cref="FileStream"/> is used, but not if the output is a file: a <see cref="FileStream"/> keeps a position of its
    /// own, so the commands of <c>{ evs …; evs …; } > file</c> would overwrite each other's output.
    /// </summary>
    private static Stream OpenOutput()
    {
        if (OperatingSystem.IsWindows()) return Console.OpenStandardOutput();
        var output = new FileStream(new SafeFileHandle(StandardOutput, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        return output.CanSeek ? Console.OpenStandardOutput() : output;
    }

    public void Dispose()
    {
        try
        {
            Output.Dispose();
        }
        catch (OutputClosedException)
        {
            // Whoever read has read enough.
        }
    }

    /// <summary>Standard output, which tells a reader that has gone from a disk that is full.</summary>
    private sealed class OutputStream(Stream inner) : Stream
    {
        private const int BrokenPipe = 32; // EPIPE on Linux and macOS
        private const int BrokenPipeOfWindows = unchecked((int)0x8007006D);
        private const int NoDataOfWindows = unchecked((int)0x800700E8);

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            try
            {
                inner.Write(buffer);
            }
            catch (IOException failure) when (failure.HResult is BrokenPipe or BrokenPipeOfWindows or NoDataOfWindows)
            {
                throw new OutputClosedException(failure);
            }
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            try
            {
                await inner.WriteAsync(buffer, cancellationToken);
            }
            catch (IOException failure) when (failure.HResult is BrokenPipe or BrokenPipeOfWindows or NoDataOfWindows)
            {
                throw new OutputClosedException(failure);
            }
        }

        public override void Flush() => inner.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
