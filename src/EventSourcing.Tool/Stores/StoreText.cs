namespace EventSourcing.Tool;

/// <summary>
/// A store as it was named on the command line. It is the one place that opens stores: whatever kinds of storage there are, commands see an
/// <see cref="EventStore"/>.
/// </summary>
internal sealed class StoreText
{
    private const string EnvironmentPrefix = "env:";

    /// <summary>What SQLite appends to the name of a database for the files that belong to it.</summary>
    private static readonly string[] FilesOfDatabase = ["", "-wal", "-shm", "-journal"];

    /// <summary>What is appended to the name of a store for what proves its history.</summary>
    private static readonly string[] FilesBeside = [".key", ".key.pub", ".checkpoints"];

    /// <summary>What is appended to the name of a store for what a stopped restore or a moved file leaves there alone.</summary>
    private static readonly string[] EndingsOfLeft = [".replacing", ".incomplete", "-wal"];
    private readonly PostgresText? _postgres;

    private StoreText(string text)
    {
        _postgres = PostgresText.Parse(text);
        File = _postgres is null ? text : null;
        Display = _postgres?.Display ?? text;
    }

    /// <summary>What another store has taken is taken.</summary>
    public static EventStorageLimits Unlimited =>
        new() { MaxDataBytes = int.MaxValue, MaxMetadataBytes = int.MaxValue, MaxTagsPerEvent = int.MaxValue };

    /// <summary>The text that people may see. It contains no secret.</summary>
    public string Display { get; }

    /// <summary>
    /// Where the store is: a text that is valid from every folder and contains no secret. A store that has moved here says this text.
    /// </summary>
    public string Place => File is null ? Display : Path.GetFullPath(File);

    /// <summary>The path of the file; null if the store is not in a file.</summary>
    public string? File { get; }

    /// <summary>Whether a path leads to the store's database, or to a file beside it that SQLite reads as a part of it.</summary>
    public bool Owns(string path) => LeadsTo(path, FilesOfDatabase);

    /// <summary>Whether a path leads to where the store's key and checkpoints are kept if nobody says otherwise.</summary>
    public bool IsKeyOrCheckpoints(string path) => LeadsTo(path, FilesBeside);

    /// <summary>Whether another text names the same store, as far as that can be told without opening it.</summary>
    public bool IsSameAs(StoreText other) =>
        File is { } file && other.File is { } otherFile ? RealPath.AreSame(file, otherFile)
        : _postgres is { } postgres && other._postgres is { } otherPostgres && postgres.IsSameAs(otherPostgres);

    /// <param name="text">The path of a file, a URL or connection string of PostgreSQL, or <c>env:NAME</c>.</param>
    /// <param name="environment">The environment's variables.</param>
    /// <exception cref="ToolException">The variable is not set, or the text is malformed.</exception>
    public static StoreText Parse(string text, Func<string, string?> environment)
    {
        if (!text.StartsWith(EnvironmentPrefix, StringComparison.Ordinal)) return new StoreText(text);
        var name = text[EnvironmentPrefix.Length..];
        var value = environment(name);
        return string.IsNullOrWhiteSpace(value)
            ? throw new ToolException(
                $"The environment variable '{name}' is not set, so '{text}' names no store. Set it, or give the store itself.")
            : new StoreText(value);
    }

    /// <summary>Opens the store to be read: it is neither made nor upgraded, and no byte of it is written.</summary>
    /// <exception cref="ToolException">There is no such store.</exception>
    /// <exception cref="IncompatibleStoreException">It is of an older schema, for example.</exception>
    public async Task<EventStore> OpenToReadAsync(CancellationToken cancellationToken)
    {
        RequireFile();
        var store = new EventStore(Storage(readOnly: true), new EventTypes());
        try
        {
            await store.GetHeadAsync(cancellationToken);
            return store;
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    /// <summary>Opens the store to be audited, whatever has become of it: nothing is asked of it before.</summary>
    /// <exception cref="ToolException">There is no such store.</exception>
    public EventStore OpenToAudit()
    {
        RequireFile();
        return new EventStore(Storage(readOnly: true), new EventTypes());
    }

    /// <summary>Opens the store to be written: it must exist and be of today's schema.</summary>
    /// <param name="options">How checkpoints are signed, if any are.</param>
    /// <param name="cancellationToken">Cancels the opening.</param>
    /// <exception cref="ToolException">There is no such store.</exception>
    /// <exception cref="IncompatibleStoreException">It is of an older schema, for example.</exception>
    public async Task<EventStore> OpenToWriteAsync(EventStoreOptions? options, CancellationToken cancellationToken)
    {
        await using (await OpenToReadAsync(cancellationToken))
        {
            // It is there, and nothing has to be upgraded.
        }

        return new EventStore(Storage(readOnly: false), new EventTypes(), options);
    }

    /// <summary>Opens a store to copy events into. It is made if it is not there, and takes events as large as others may hold.</summary>
    /// <exception cref="IncompatibleStoreException">It is of an older schema, for example.</exception>
    public async Task<EventStore> OpenOrCreateAsync(CancellationToken cancellationToken)
    {
        if (File is not null && new FileInfo(File) is { Exists: true, Length: > 0 })
        {
            try
            {
                await using (await OpenToReadAsync(cancellationToken))
                {
                    // Nothing has to be upgraded.
                }
            }
            catch (IncompatibleStoreException refused) when (!refused.CanBeUpgraded)
            {
                // Either it is empty, as a copy leaves it that was killed while it made the store; or opening it to write refuses it, too.
            }
        }

        return new EventStore(Storage(readOnly: false, Unlimited), new EventTypes());
    }

    /// <summary>Opens the store to be written, whatever its schema: its first call upgrades it.</summary>
    public EventStore OpenToUpgrade()
    {
        RequireFile();
        return new EventStore(Storage(readOnly: false), new EventTypes());
    }

    /// <summary>The storage itself, for commands that are about files.</summary>
    /// <exception cref="ToolException">The store is not in a file, or the file is not there.</exception>
    public SqliteEventStorage OpenFile(bool readOnly)
    {
        if (File is null)
            throw new ToolException(
                $"'{Display}' is not in a file. Back it up with the database's own tools (pg_dump), or with 'evs copy'.");
        RequireFile();
        return new SqliteEventStorage(File, new SqliteEventStorageOptions { ReadOnly = readOnly });
    }

    private bool LeadsTo(string path, string[] endings) =>
        File is { } file
        && endings.Any(ending => RealPath.AreSame(path, file + ending) || RealPath.AreSame(path, RealPath.Of(file) + ending));

    private IEventStorage Storage(bool readOnly, EventStorageLimits? limits = null)
    {
        if (_postgres is not null) return _postgres.Open(readOnly, limits);
        var options = new SqliteEventStorageOptions { ReadOnly = readOnly };
        return new SqliteEventStorage(File!, limits is null ? options : options with { Limits = limits });
    }

    /// <summary>Whether a copy or a log is at the path without the store: then the storage says what that means.</summary>
    private static bool IsSomethingLeft(string file)
    {
        var target = RealPath.Of(file);
        return EndingsOfLeft.Any(ending => System.IO.File.Exists(target + ending));
    }

    private void RequireFile()
    {
        if (File is not null && !System.IO.File.Exists(File) && !Directory.Exists(File) && !IsSomethingLeft(File))
            throw new ToolException($"There is no file '{Display}'. Check the path; nothing was made there.");
    }
}
