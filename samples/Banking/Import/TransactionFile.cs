using System.Runtime.CompilerServices;

namespace Banking;

/// <summary>A bank's file of transactions, read once, from the first line to the last.</summary>
internal sealed class TransactionFile : IDisposable
{
    private readonly FileStream _stream;
    private readonly StreamReader _reader;
    private long _charactersRead;
    private bool _isRead;

    private TransactionFile(FileStream stream)
    {
        _stream = stream;
        _reader = new StreamReader(stream); // UTF-8, with a byte order mark or without
    }

    /// <summary>How much of the file has been read, from 0 to 1; unknown for a pipe. A byte counts as a character.</summary>
    public double? Progress => _isRead ? 1 : _stream.CanSeek ? Math.Min(1, (double)_charactersRead / Math.Max(1, _stream.Length)) : null;

    /// <summary>Opens a file and reads its header.</summary>
    /// <exception cref="CannotRunException">It is not there, not readable, or not such a file.</exception>
    public static TransactionFile Open(string path)
    {
        TransactionFile? file = null;
        try
        {
            file = new TransactionFile(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 1 << 16));

            // A device such as /dev/zero never comes to the end of a line.
            if (file._reader.Peek() is 't' or '"' && TransactionLine.IsHeader(file._reader.ReadLine() ?? "")) return file;
            file.Dispose();
            throw new CannotRunException($"'{path}' is not a file of transactions: its first line is not '{TransactionLine.Header}'.");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CannotRunException($"There is no file '{path}'.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            file?.Dispose();
            throw new CannotRunException($"The file '{path}' cannot be read: {(Directory.Exists(path) ? "it is a directory." : e.Message)}");
        }
    }

    /// <summary>The lines after the header; empty ones are left out, but counted in the line numbers.</summary>
    public async IAsyncEnumerable<TransactionLine> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var number = 2; await _reader.ReadLineAsync(cancellationToken) is { } text; number++)
        {
            _charactersRead += text.Length + 1;
            if (!string.IsNullOrWhiteSpace(text)) yield return TransactionLine.Parse(number, text);
        }

        _isRead = true;
    }

    public void Dispose() => _reader.Dispose();
}
