using EventSourcing;
using EventSourcing.Ledger;

namespace Banking;

/// <summary>The bank's event store: one SQLite file, or a schema of a PostgreSQL database.</summary>
internal static class Bank
{
    /// <summary>
    /// The name of the bank's log, under which it is signed. No other log should have it: a bank of your own has one of its own.
    /// </summary>
    public const string Origin = "bank.example/ledger";

    /// <summary>The schema of the bank, if it is kept in PostgreSQL.</summary>
    private const string Schema = "bank";

    /// <summary>
    /// Opens a bank, and creates it where there is none. Where checkpoints of it are kept, or are to be signed, the store
    /// compares itself with the newest before it serves anything.
    /// </summary>
    /// <param name="files">Its files.</param>
    /// <param name="clock">The clock that stamps events; by default the system's.</param>
    /// <param name="key">The key to sign checkpoints with, as events are appended; by default none are signed.</param>
    /// <exception cref="CannotRunException">The database cannot be a file's path or a connection string, or nobody can tell whether the checkpoints are true.</exception>
    public static EventStore Open(BankFiles files, TimeProvider? clock = null, BankKey? key = null)
    {
        var isProven = key is not null || File.Exists(files.Checkpoints);
        var ledger = !isProven ? null : new LedgerOptions
        {
            Origin = Origin,
            Signers = key is null ? [] : [key.Signer],
            Verifiers = [key?.Signer.Verifier ?? BankKey.Verifier(files.Key)],
            Sink = new FileCheckpointSink(files.Checkpoints),
        };
        return Open(files, clock, ledger);
    }

    /// <summary>Opens a database to ask it something.</summary>
    /// <exception cref="CannotRunException">There is none.</exception>
    public static EventStore OpenExisting(BankFiles files)
    {
        RequireDatabase(files);
        return Open(files);
    }

    /// <summary>Opens a database to examine it, whatever has become of it: it is compared with nothing.</summary>
    /// <exception cref="CannotRunException">There is none.</exception>
    public static EventStore OpenUnchecked(BankFiles files)
    {
        RequireDatabase(files);
        return Open(files, clock: null, ledger: null);
    }

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

    /// <exception cref="CannotRunException">There is no database.</exception>
    private static void RequireDatabase(BankFiles files)
    {
        // A server says by itself if the database is not there.
        if (files.IsOnServer) return;
        if (new FileInfo(files.Database) is not { Exists: true, Length: > 0 }) throw new CannotRunException($"There is no database '{files.Database}'. Import a file first, or give another path with --db.");
    }

    private static EventStore Open(BankFiles files, TimeProvider? clock, LedgerOptions? ledger)
    {
        try
        {
            clock ??= TimeProvider.System;
            IEventStorage storage = files.IsOnServer
                ? new PostgresEventStorage(files.Database, new PostgresEventStorageOptions { Schema = Schema, TimeProvider = clock })
                : new SqliteEventStorage(files.Database, new SqliteEventStorageOptions { TimeProvider = clock });
            return new EventStore(storage, EventTypes.FromAssemblyOf<Account>(), new EventStoreOptions { Ledger = ledger });
        }
        catch (ArgumentException e)
        {
            throw new CannotRunException(e.Message);
        }
    }
}
