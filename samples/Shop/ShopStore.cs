using System.Data.Common;
using System.Text.Json;
using System.Text.Json.Serialization;
using EventSourcing;

namespace Shop;

/// <summary>The shop's event store, one SQLite file or a schema of a PostgreSQL database, and the read models kept in it.</summary>
internal sealed class ShopStore : IAsyncDisposable
{
    /// <summary>How events and documents are written: decided once, since they are read for ever.</summary>
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

    /// <summary>Opens a database, and creates it where there is none.</summary>
    /// <param name="database">The path of a file, or a connection string of PostgreSQL.</param>
    /// <param name="clock">The clock that stamps events.</param>
    /// <exception cref="CannotRunException">It cannot be a file's path or a connection string.</exception>
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
    /// <exception cref="CannotRunException">There is something in it.</exception>
    public static async Task<ShopStore> OpenNewAsync(string database, TimeProvider clock, CancellationToken cancellationToken)
    {
        var shop = Open(database, clock);
        if (await shop.Events.GetHeadAsync(cancellationToken) == 0) return shop;
        await shop.DisposeAsync();
        throw new CannotRunException(IsOnServer(database)
            ? $"There is a shop in the schema {Schema} of {NameOf(database)} already, and a day begins in an empty one. Give another database, or check that one: report --db …"
            : $"There is a shop in '{database}' already, and a day begins in an empty one. Give another path, or check that one: report --db {database}");
    }

    /// <summary>Opens a database that is there.</summary>
    /// <exception cref="CannotRunException">There is none.</exception>
    public static ShopStore OpenExisting(string database, TimeProvider clock) =>
        IsOnServer(database) || new FileInfo(database) is { Exists: true, Length: > 0 }
            ? Open(database, clock)
            : throw new CannotRunException($"There is no database '{database}'. A run keeps its database where it is given --db PATH.");

    /// <summary>A database as it may be shown: of a connection string, which may have a password, only where it leads.</summary>
    public static string NameOf(string database) =>
        IsOnServer(database) && new DbConnectionStringBuilder { ConnectionString = database } is var parts
            ? string.Join(", ", parts.Keys.Cast<string>().Where(key => key is "host" or "server" or "port" or "database").Select(key => $"{key} {parts[key]}"))
            : database;

    /// <summary>Runs SQL that is the same on both databases, to read.</summary>
    public ValueTask<T> QueryAsync<T>(Func<DbConnection, CancellationToken, ValueTask<T>> query, CancellationToken cancellationToken) => _storage switch
    {
        SqliteEventStorage sqlite => sqlite.QueryAsync((connection, token) => query(connection, token), cancellationToken),
        PostgresEventStorage postgres => postgres.QueryAsync((connection, token) => query(connection, token), cancellationToken),
        _ => throw new InvalidOperationException("The shop is kept by no storage with SQL."),
    };

    /// <summary>The SQL that counts the tables of a name in the shop: that is where the two databases differ.</summary>
    public string CountOfTables(string name) => _storage is SqliteEventStorage
        ? $"SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = '{name}'"
        : $"SELECT count(*) FROM pg_tables WHERE schemaname = '{Schema}' AND tablename = '{name}'";

    public ValueTask DisposeAsync() => Events.DisposeAsync();

    /// <summary>A connection string has an equals sign.</summary>
    private static bool IsOnServer(string database) => database.Contains('=', StringComparison.Ordinal);
}
