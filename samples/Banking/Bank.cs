using EventSourcing;

namespace Banking;

/// <summary>The bank's event store: one SQLite file.</summary>
internal static class Bank
{
    /// <summary>Opens a database, and creates it where there is none.</summary>
    /// <param name="path">The file.</param>
    /// <param name="clock">The clock that stamps events; by default the system's.</param>
    /// <exception cref="CannotRunException">It cannot be a file's path.</exception>
    public static EventStore Open(string path, TimeProvider? clock = null)
    {
        return new EventStore(Storage(path, clock ?? TimeProvider.System), EventTypes.FromAssemblyOf<Account>());

        static SqliteEventStorage Storage(string path, TimeProvider clock)
        {
            try
            {
                return new SqliteEventStorage(path, new SqliteEventStorageOptions { TimeProvider = clock });
            }
            catch (ArgumentException e)
            {
                throw new CannotRunException(e.Message);
            }
        }
    }

    /// <summary>Opens a database to ask it something.</summary>
    /// <exception cref="CannotRunException">There is none.</exception>
    public static EventStore OpenExisting(string path) =>
        new FileInfo(path) is { Exists: true, Length: > 0 } ? Open(path) : throw new CannotRunException($"There is no database '{path}'. Import a file first, or give another path with --db.");

    /// <summary>Rebuilds an account from its events.</summary>
    /// <exception cref="CannotRunException">It has none, or had none on that day.</exception>
    public static async Task<Account> LoadAccountAsync(this EventStore store, string id, DateOnly? at, CancellationToken cancellationToken)
    {
        await store.RequireAccountAsync(id, cancellationToken);
        return await store.Aggregate<Account>(id).FindAsync(AsOfEndOf(at), cancellationToken)
            ?? throw new CannotRunException($"Account '{id}' was not open yet on {at:O}.");
    }

    /// <summary>Finds the stream of an account.</summary>
    /// <returns>The stream's name.</returns>
    /// <exception cref="CannotRunException">There is no such account.</exception>
    public static async Task<string> RequireAccountAsync(this EventStore store, string id, CancellationToken cancellationToken)
    {
        string? stream = null;
        try
        {
            stream = store.Aggregate<Account>(id).Stream;
        }
        catch (ArgumentException)
        {
            // Too long, or with characters that no stream's name has.
        }

        return stream is not null && await store.GetVersionAsync(stream, cancellationToken) > 0 ? stream : throw new CannotRunException($"There is no account '{id}'.");
    }

    /// <summary>The end of a day of the bank; now where no day is given.</summary>
    public static AsOf AsOfEndOf(DateOnly? day) => day is { } past ? AsOf.Instant(EndOf(past)) : AsOf.Now;

    /// <summary>The last instant of a day of the bank.</summary>
    public static DateTimeOffset EndOf(DateOnly day) => new(day.ToDateTime(TimeOnly.MaxValue), TimeSpan.Zero);
}
