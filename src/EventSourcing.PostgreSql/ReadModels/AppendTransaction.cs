using Npgsql;

namespace EventSourcing;

/// <summary>
/// What the app's code sees of an append that is about to be committed: it reads through the connection that holds the lock, and only
/// until it returns.
/// </summary>
internal sealed class AppendTransaction(NpgsqlConnection connection, IReadOnlyList<StoredEvent> events, ReadModelTables tables,
    LogReader reader, StoreServer server)
    : IAppendTransaction, IDisposable
{
    // The app's code may read from several tasks; the connection serves one at a time.
    private readonly SemaphoreSlim _turn = new(1, 1);
    private volatile bool _hasEnded;

    public IReadOnlyList<StoredEvent> Events => events;

    /// <summary>The failure of the server during a read, if there was one: it counts, however the app's code handled it.</summary>
    public Exception? ServerFailure { get; private set; }

    public ValueTask<IReadOnlyList<byte[]?>> LoadAsync(string model, IReadOnlyList<string> keys,
        CancellationToken cancellationToken = default)
    {
        PostgresReadModels.ValidateLoad(model, keys);
        return ReadAsync(token => PostgresReadModels.LoadAsync(connection, tables, model, keys, isWithinTransaction: true, token),
            cancellationToken);
    }

    public ValueTask<EventPage> ReadLogAsync(LogRead read, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(read);
        read.Validate();
        return ReadAsync(token => reader.ReadLogAsync(connection, read, isWithinTransaction: true, token), cancellationToken);
    }

    public void Dispose() => _hasEnded = true;

    /// <summary>Waits for reads that the app's code has begun and not awaited.</summary>
    public async ValueTask EndAsync()
    {
        Dispose();
        await _turn.WaitAsync().ConfigureAwait(false);
        _turn.Release();
    }

    private async ValueTask<T> ReadAsync<T>(Func<CancellationToken, ValueTask<T>> read, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_hasEnded) throw Ended();
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_hasEnded) throw Ended();

            // A cancel request could meet a later statement of the transaction, so the token ends only the wait for the turn.
            return await read(CancellationToken.None).ConfigureAwait(false);
        }
        catch (NpgsqlException failure)
        {
            ServerFailure = failure;
            throw server.Typed(failure);
        }
        finally
        {
            _turn.Release();
        }
    }

    private static InvalidOperationException Ended() =>
        new(
            "The append has been decided, so its transaction can no longer be read. Read before the callback returns, "
            + "and await what it reads.");
}
