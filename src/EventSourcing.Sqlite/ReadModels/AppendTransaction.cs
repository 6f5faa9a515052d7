namespace EventSourcing;

/// <summary>
/// What the app's code sees of an append that is about to be committed: it reads through the writer's own connection, and
/// only until it returns.
/// </summary>
internal sealed class AppendTransaction(LogEnd log, IReadOnlyList<StoredEvent> events) : IAppendTransaction, IDisposable
{
    private readonly Lock _lock = new();

    // The writer sees names that are not committed yet and may never be, so they must not enter the shared cache.
    private NameCache? _names;
    private bool _hasEnded;

    public IReadOnlyList<StoredEvent> Events => events;

    /// <summary>The failure of the database during a read, if there was one.</summary>
    public SqliteFailure? Failure { get; private set; }

    public ValueTask<IReadOnlyList<byte[]?>> LoadAsync(
        string model, IReadOnlyList<string> keys, CancellationToken cancellationToken = default)
    {
        SqliteReadModels.ValidateLoad(model, keys);

        // The writer knows the tables by name; an alias is looked up.
        return Read(
            (log, model, keys),
            static (database, of) =>
                DocumentTable.Load(database, of.log.TableOf(of.model) ?? DocumentCatalog.Resolve(database, of.model), of.keys),
            cancellationToken);
    }

    public ValueTask<EventPage> ReadLogAsync(LogRead read, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(read);
        read.Validate();
        return Read(
            (Names: _names ??= new NameCache(), Read: read),
            static (database, of) => LogReader.ReadLog(database, of.Names, of.Read),
            cancellationToken);
    }

    public void Dispose()
    {
        lock (_lock) _hasEnded = true;
    }

    /// <summary>
    /// The app's code may read from several threads, or go on after it has returned; the connection serves one thread at a
    /// time.
    /// </summary>
    private ValueTask<T> Read<TState, T>(TState state, Func<Database, TState, T> read, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            if (_hasEnded)
                throw new InvalidOperationException(
                    "The append has been decided, so its transaction can no longer be read. Read before the callback returns, "
                    + "and await what it reads.");
            try
            {
                return ValueTask.FromResult(read(log.Database, state));
            }
            catch (SqliteFailure failure)
            {
                Failure = failure;
                throw failure.ToTyped(log.Path, whileCommitting: false);
            }
            catch (DamagedDataException damage)
            {
                throw damage.ToTyped(log.Path);
            }
        }
    }
}
