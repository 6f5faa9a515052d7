using System.Text.Json;
using System.Text.Json.Serialization;
using EventSourcing;

namespace Shop;

/// <summary>The shop's event store, one SQLite file, and the read models kept in it.</summary>
internal sealed class ShopStore : IAsyncDisposable
{
    /// <summary>How events and documents are written: decided once, since they are read for ever.</summary>
    private static readonly JsonSerializerOptions Json = new(JsonSerializerOptions.Default)
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    private ShopStore(SqliteEventStorage storage)
    {
        Storage = storage;
        Events = new EventStore(storage, EventTypes.FromAssemblyOf<Order>(), new EventStoreOptions { Json = Json });
    }

    public EventStore Events { get; }

    /// <summary>The storage underneath, for SQL.</summary>
    public SqliteEventStorage Storage { get; }

    public OrderHistory OrderHistory { get; } = new();

    public Customers Customers { get; } = new();

    public Stock Stock { get; } = new();

    public BestSellers BestSellers { get; } = new();

    public RevenuePerMinute RevenuePerMinute { get; } = new();

    public IReadOnlyList<Projection> Projections => [OrderHistory, Customers, Stock, BestSellers, RevenuePerMinute];

    /// <summary>Opens a database, and creates it where there is none.</summary>
    /// <param name="path">The file.</param>
    /// <param name="clock">The clock that stamps events.</param>
    /// <exception cref="CannotRunException">It cannot be a file's path.</exception>
    public static ShopStore Open(string path, TimeProvider clock)
    {
        try
        {
            return new ShopStore(new SqliteEventStorage(path, new SqliteEventStorageOptions { TimeProvider = clock }));
        }
        catch (ArgumentException e)
        {
            throw new CannotRunException(e.Message);
        }
    }

    /// <summary>Opens a database for a new day.</summary>
    /// <exception cref="CannotRunException">There is something in it.</exception>
    public static async Task<ShopStore> OpenNewAsync(string path, TimeProvider clock, CancellationToken cancellationToken)
    {
        var shop = Open(path, clock);
        if (await shop.Events.GetHeadAsync(cancellationToken) == 0) return shop;
        await shop.DisposeAsync();
        throw new CannotRunException($"There is a shop in '{path}' already, and a day begins in an empty one. Give another path, or check that one: report --db {path}");
    }

    /// <summary>Opens a database that is there.</summary>
    /// <exception cref="CannotRunException">There is none.</exception>
    public static ShopStore OpenExisting(string path, TimeProvider clock) =>
        new FileInfo(path) is { Exists: true, Length: > 0 } ? Open(path, clock) : throw new CannotRunException($"There is no database '{path}'. A run keeps its database where it is given --db PATH.");

    public ValueTask DisposeAsync() => Events.DisposeAsync();
}
