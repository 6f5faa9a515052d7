using System.Data.Common;
using System.Text.Json;
using System.Text.Json.Serialization;
using EventSourcing;

namespace Shop;

/// <summary>The shop's event store, one SQLite file or a schema of a PostgreSQL database, and the read models kept in it.</summary>
internal sealed class ShopStore : IAsyncDisposable
{
    /// <summary>How events and documents are written. This must never change, since they are read for ever.</summary>
    private static readonly JsonSerializerOptions Json = new(JsonSerializerOptions.Default)
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>The schema of the shop, if it is kept in PostgreSQL.</summary>
    private const string Schema = "shop";

    private readonly IEventStorage _storage;

    private ShopStore(IEventStorage storage)
    {
        _storage = storage;
        Events = new EventStore(storage, EventTypes.FromAssemblyOf<Order>(), new EventStoreOptions { Json = Json });
    }

    public EventStore Events { get; }

    public OrderHistory OrderHistory { get; } = new();

    public Customers Customers { get; } = new();

    public Stock Stock { get; } = new();

    public BestSellers BestSellers { get; } = new();

    public RevenuePerMinute RevenuePerMinute { get; } = new();

    public IReadOnlyList<Projection> Projections => [OrderHistory, Customers, Stock, BestSellers, RevenuePerMinute];

    /// <summary>Opens the shop in a database, and creates the shop if there is none.</summary>
    /// <param name="database">The path of a file, or a connection string of PostgreSQL.</param>
    /// <param name="clock">The clock that stamps events.</param>
    /// <exception cref="CannotRunException">The text is neither the path of a file nor a connection string.</exception>
    public static ShopStore Open(string database, TimeProvider clock)
    {
        try
        {
            return new ShopStore(IsOnServer(database)
                ? new PostgresEventStorage(database, new PostgresEventStorageOptions { Schema = Schema, TimeProvider = clock })
                : new SqliteEventStorage(database, new SqliteEventStorageOptions { TimeProvider = clock }));
        }
        catch (ArgumentException e)
        {
            throw new CannotRunException(e.Message);
        }
    }

    /// <summary>Opens a database for a new day.</summary>
    /// <exception cref="CannotRunException">The database has a shop already.</exception>
    public static async Task<ShopStore> OpenNewAsync(string database, TimeProvider clock, CancellationToken cancellationToken)
    {
        var shop = Open(database, clock);
        if (await shop.Events.GetHeadAsync(cancellationToken) == 0) return shop;
        await shop.DisposeAsync();
        throw new CannotRunException(IsOnServer(database)
            ? $"There is a shop in the schema {Schema} of {NameOf(database)} already, but a day begins in an empty one. Give another database, or check the shop that is there: report --db …"
            : $"There is a shop in '{database}' already, but a day begins in an empty one. Give another path, or check the shop that is there: report --db {database}");
    }

    /// <summary>Opens a database that exists.</summary>
    /// <exception cref="CannotRunException">The database does not exist.</exception>
    public static ShopStore OpenExisting(string database, TimeProvider clock) =>
        IsOnServer(database) || new FileInfo(database) is { Exists: true, Length: > 0 }
            ? Open(database, clock)
            : throw new CannotRunException($"There is no database '{database}'. A run keeps its database only if it is given --db PATH.");

    /// <summary>
    /// The name of a database to show to people. Of a connection string, that is only where it leads, since it may have a password.
    /// </summary>
    public static string NameOf(string database) =>
        IsOnServer(database) && new DbConnectionStringBuilder { ConnectionString = database } is var parts
            ? string.Join(", ", parts.Keys.Cast<string>().Where(key => key is "host" or "server" or "port" or "database").Select(key => $"{key} {parts[key]}"))
            : database;

    /// <summary>Runs a query whose SQL is the same on both databases.</summary>
    public ValueTask<T> QueryAsync<T>(Func<DbConnection, CancellationToken, ValueTask<T>> query, CancellationToken cancellationToken) => _storage switch
    {
        SqliteEventStorage sqlite => sqlite.QueryAsync((connection, token) => query(connection, token), cancellationToken),
        PostgresEventStorage postgres => postgres.QueryAsync((connection, token) => query(connection, token), cancellationToken),
        _ => throw new InvalidOperationException("The storage that keeps the shop has no SQL."),
    };

    /// <summary>The SQL that counts the shop's tables of a name. Only this SQL differs between the two databases.</summary>
    public string CountOfTables(string name) => _storage is SqliteEventStorage
        ? $"SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = '{name}'"
        : $"SELECT count(*) FROM pg_tables WHERE schemaname = '{Schema}' AND tablename = '{name}'";

    public ValueTask DisposeAsync() => Events.DisposeAsync();

    /// <summary>Whether the text is a connection string, which has an equals sign, and not a path.</summary>
    private static bool IsOnServer(string database) => database.Contains('=', StringComparison.Ordinal);
}
