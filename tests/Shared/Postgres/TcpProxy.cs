using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace EventSourcing.Tests.Postgres;

/// <summary>
/// Stands between clients and a PostgreSQL server and reads where the protocol's messages begin, so that a connection can be cut
/// exactly between two of them. The clients must not encrypt: use <see cref="ConnectionString"/>.
/// </summary>
internal sealed class TcpProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly List<Socket> _sockets = [];
    private readonly List<Task> _pumps = [];
    private readonly Task _accepting;
    private volatile int _server;
    private volatile int _accepted;
    private TaskCompletionSource _flowing = Completed();
    private TaskCompletionSource? _cut;
    private int _messagesUntilCut;
    private bool _isRefusing;

    public TcpProxy(int serverPort)
    {
        _server = serverPort;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>How many connections have come so far.</summary>
    public int Accepted => _accepted;

    /// <summary>Lets new connections lead to another server, as an address that moves does.</summary>
    public void LeadTo(int serverPort) => _server = serverPort;

    /// <summary>A connection string of the server, with the way through this proxy and without encryption.</summary>
    public string ConnectionString(string connectionString) =>
        $"{connectionString};Host=127.0.0.1;Port={Port};SSL Mode=Disable;GSS Encryption Mode=Disable";

    /// <summary>Cuts every connection just before message <paramref name="message"/> from now, of either direction, is passed on.</summary>
    /// <returns>A task that completes when they have been cut.</returns>
    public Task CutBefore(int message)
    {
        lock (_lock)
        {
            _messagesUntilCut = message;
            return (_cut = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    /// <summary>Forgets about a cut that has not come.</summary>
    public void KeepAll()
    {
        lock (_lock) _cut = null;
    }

    /// <summary>Cuts every connection now.</summary>
    public void Cut()
    {
        lock (_lock) CutLocked();
    }

    /// <summary>Lets nothing pass until <see cref="Thaw"/>, as a network does that loses every packet.</summary>
    public void Freeze()
    {
        lock (_lock) _flowing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    public void Thaw()
    {
        lock (_lock) _flowing.TrySetResult();
    }

    /// <summary>Whether new connections are cut at once.</summary>
    public void Refuse(bool isRefusing)
    {
        lock (_lock) _isRefusing = isRefusing;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        Cut();
        Thaw();
        await _accepting;
        await Task.WhenAll(_pumps);
        _stop.Dispose();
    }

    private static TaskCompletionSource Completed()
    {
        var source = new TaskCompletionSource();
        source.SetResult();
        return source;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptSocketAsync(_stop.Token);
                Interlocked.Increment(ref _accepted);
                var server = new Socket(SocketType.Stream, ProtocolType.Tcp);
                client.NoDelay = server.NoDelay = true;
                lock (_lock)
                {
                    if (_isRefusing)
                    {
                        Reset(client);
                        continue;
                    }
                }

                try
                {
                    await server.ConnectAsync(IPAddress.Loopback, _server, _stop.Token);
                }
                catch (SocketException)
                {
                    // The server is down: the client sees a connection that ends.
                    Reset(client);
                    continue;
                }

                lock (_lock)
                {
                    _sockets.AddRange([client, server]);
                    _pumps.Add(Task.Run(() => PumpAsync(client, server, hasStartup: true)));
                    _pumps.Add(Task.Run(() => PumpAsync(server, client, hasStartup: false)));
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // It is disposed.
        }
    }

    private async Task PumpAsync(Socket from, Socket to, bool hasStartup)
    {
        var buffer = new byte[64 * 1024];
        var filled = 0;
        try
        {
            while (true)
            {
                if (filled == buffer.Length) Array.Resize(ref buffer, buffer.Length * 2);
                var read = await from.ReceiveAsync(buffer.AsMemory(filled));
                if (read == 0) break;
                filled += read;
                var passed = 0;
                while (LengthOfMessage(buffer.AsSpan(passed..filled), hasStartup) is var length and > 0)
                {
                    hasStartup = false;
                    await _flowing.Task;
                    if (IsToBeCut()) return;
                    await to.SendAsync(buffer.AsMemory(passed, length));
                    passed += length;
                }

                buffer.AsSpan(passed..filled).CopyTo(buffer);
                filled -= passed;
            }

            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // One side has gone, so the other one goes too.
            Reset(from);
            Reset(to);
        }
    }

    /// <summary>The length of the message at the beginning of some bytes, or 0 if it is not there to its end.</summary>
    private static int LengthOfMessage(ReadOnlySpan<byte> bytes, bool isStartup)
    {
        // The first message of a client has no letter before its length.
        var letter = isStartup ? 0 : 1;
        if (bytes.Length < letter + 4) return 0;
        var length = letter + BinaryPrimitives.ReadInt32BigEndian(bytes[letter..]);
        return bytes.Length >= length ? length : 0;
    }

    private bool IsToBeCut()
    {
        lock (_lock)
        {
            if (_cut is null || --_messagesUntilCut > 0) return false;
            CutLocked();
            return true;
        }
    }

    private void CutLocked()
    {
        foreach (var socket in _sockets) Reset(socket);
        _sockets.Clear();
        _cut?.TrySetResult();
        _cut = null;
    }

    /// <summary>Ends a connection without a farewell (RST).</summary>
    private static void Reset(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It has ended already.
        }

        socket.Dispose();
    }
}
