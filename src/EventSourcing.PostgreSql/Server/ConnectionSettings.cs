using System.Transactions;
using Npgsql;

namespace EventSourcing;

/// <summary>What the app says of its connections, and what of it a store cannot use.</summary>
internal static class ConnectionSettings
{
    /// <summary>One connection appends and stays open; another one reads.</summary>
    private const int FewestConnections = 2;

    /// <summary>
    /// How many connections a store opens unless the app says otherwise. The driver's own limit, 100, is all that a server has by default:
    /// a burst of callers would then be refused by the server instead of waiting for each other.
    /// </summary>
    private const int MostConnections = 32;

    /// <summary>Reads a connection string of the app.</summary>
    /// <exception cref="ArgumentException">It cannot be used. The message repeats nothing of it, since it may have a password.</exception>
    public static NpgsqlConnectionStringBuilder Read(string connectionString, bool isThroughPooler)
    {
        NpgsqlConnectionStringBuilder given;
        try
        {
            given = new NpgsqlConnectionStringBuilder(connectionString);
        }
        catch (Exception flaw) when (flaw is ArgumentException or FormatException or InvalidCastException or OverflowException)
        {
            var what = connectionString.Contains("://", StringComparison.Ordinal)
                ? "The connection string is a URL, which Npgsql does not read."
                : "The text is not a connection string of Npgsql.";
            throw new ArgumentException($"{what} {Form}", nameof(connectionString), flaw);
        }

        if (string.IsNullOrWhiteSpace(given.Host))
            throw new ArgumentException($"The connection string does not name a host. {Form}", nameof(connectionString));

        if (!given.Keys.Any(key => key == "Maximum Pool Size")) given.MaxPoolSize = Math.Max(MostConnections, given.MinPoolSize);

        // The storage has transactions of its own: it takes no part in those of the app, and its statements do not mix with others.
        given.Enlist = false;
        given.Multiplexing = false;
        given.ClientEncoding = given.Encoding = "UTF8";
        if (!isThroughPooler) return given;
        given.NoResetOnClose = true;
        given.MaxAutoPrepare = 0;
        return given;
    }

    /// <summary>Refuses a data source on whose connections a store cannot work.</summary>
    /// <exception cref="ArgumentException">It cannot be used.</exception>
    public static NpgsqlConnectionStringBuilder Check(NpgsqlDataSource dataSource)
    {
        var settings = new NpgsqlConnectionStringBuilder(dataSource.ConnectionString);
        if (settings.Multiplexing)
            throw new ArgumentException(
                "The data source has Multiplexing=true, so that statements of others could run within the transactions of the store. "
                + "Give the store a data source without it.",
                nameof(dataSource));
        if (settings.Pooling && settings.MaxPoolSize < FewestConnections)
            throw new ArgumentException(
                $"The data source has Maximum Pool Size={settings.MaxPoolSize}. The store needs {FewestConnections} connections at least: "
                + "one stays open to append, another one reads. Raise it.",
                nameof(dataSource));
        return settings;
    }

    /// <summary>
    /// Opens a connection. If the caller is in a transaction of its own (<see cref="TransactionScope"/>), the driver would have the
    /// connection take part in it, and what others append would end with it.
    /// </summary>
    public static async ValueTask<NpgsqlConnection> OpenOutsideAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        if (Transaction.Current is null) return await source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        Task<NpgsqlConnection> opening;
        using (ExecutionContext.SuppressFlow())
            opening = Task.Run(() => source.OpenConnectionAsync(cancellationToken).AsTask(), CancellationToken.None);
        return await opening.ConfigureAwait(false);
    }

    private static string Form => "Write it as in 'Host=localhost;Database=shop;Username=shop;Password=…'.";
}
