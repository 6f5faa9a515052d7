using System.Data.Common;
using Npgsql;

namespace EventSourcing.Tool;

/// <summary>A store in PostgreSQL, as it was named: by a URL or by a connection string of Npgsql.</summary>
/// <param name="ConnectionString">How to connect; it may have a password.</param>
/// <param name="Schema">The schema of the store; null for the usual one.</param>
/// <param name="Display">What people may see of it.</param>
internal sealed record PostgresText(string ConnectionString, string? Schema, string Display)
{
    private const string SchemaKey = "schema";
    private static readonly string[] Schemes = ["postgres://", "postgresql://"];
    private static readonly string[] ServerKeys = ["Host", "Server"];

    /// <summary>Reads the text; null if it names no server.</summary>
    /// <exception cref="ToolException">It is meant for a server, and is malformed. The message repeats nothing of it.</exception>
    public static PostgresText? Parse(string text)
    {
        // A path is told from them without the driver: loading it would take longer than most commands do.
        var isUrl = Schemes.Any(scheme => text.StartsWith(scheme, StringComparison.OrdinalIgnoreCase));
        return isUrl || text.Split(';').Any(IsOfServer) ? Parse(text, isUrl) : null;
    }

    private static PostgresText Parse(string text, bool isUrl)
    {
        try
        {
            var settings = new DbConnectionStringBuilder();
            if (isUrl) ReadUrl(new Uri(text), settings);
            else settings.ConnectionString = text;
            string? schema = null;
            if (settings.TryGetValue(SchemaKey, out var named)) schema = named.ToString();
            settings.Remove(SchemaKey);
            var connection = new NpgsqlConnectionStringBuilder(settings.ConnectionString);
            var port = connection.Port == NpgsqlConnection.DefaultPort ? "" : ":" + Format.Plain(connection.Port);
            var display = $"postgres://{connection.Host}{port}/{connection.Database}{(schema is null ? "" : $"?schema={schema}")}";
            return new PostgresText(connection.ConnectionString, schema, display);
        }
        catch (Exception e) when (e is ArgumentException or UriFormatException or FormatException)
        {
            // Not the inner message either: it could repeat a part of a password.
            throw new ToolException(
                "The text that names the store is neither a URL (postgres://user@host/database?schema=eventsourcing) nor a connection "
                + "string of Npgsql (Host=…;Database=…;Schema=…).",
                e);
        }
    }

    /// <summary>Whether another text names the same schema of the same database at the same address.</summary>
    public bool IsSameAs(PostgresText other) => Address == other.Address;

    private (string? Host, int Port, string? Database, string Schema) Address
    {
        get
        {
            // What is left out is what the driver and the storage take then: as database, the name of the user.
            var connection = new NpgsqlConnectionStringBuilder(ConnectionString);
            return (
                connection.Host?.ToLowerInvariant(),
                connection.Port,
                connection.Database ?? connection.Username,
                Schema ?? new PostgresEventStorageOptions().Schema);
        }
    }

    public PostgresEventStorage Open(bool readOnly, EventStorageLimits? limits = null)
    {
        var options = new PostgresEventStorageOptions { ReadOnly = readOnly };
        if (limits is not null) options = options with { Limits = limits };
        if (Schema is not null) options = options with { Schema = Schema };
        return new PostgresEventStorage(ConnectionString, options);
    }

    private static void ReadUrl(Uri url, DbConnectionStringBuilder settings)
    {
        settings["Host"] = url.Host;
        if (url.Port > 0) settings["Port"] = url.Port;
        if (url.AbsolutePath.Length > 1) settings["Database"] = Uri.UnescapeDataString(url.AbsolutePath[1..]);
        var user = url.UserInfo.Split(':', 2);
        if (user[0].Length > 0) settings["Username"] = Uri.UnescapeDataString(user[0]);
        if (user.Length > 1) settings["Password"] = Uri.UnescapeDataString(user[1]);
        foreach (var part in url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var pair = part.Split('=', 2);
            var name = Uri.UnescapeDataString(pair[0]);
            settings[name == "sslmode" ? "SSL Mode" : name] = Uri.UnescapeDataString(pair.Length > 1 ? pair[1] : "");
        }
    }

    /// <summary>Whether a part of a connection string says which server: <c>Host=…</c>.</summary>
    private static bool IsOfServer(string part) =>
        part.IndexOf('=') is > 0 and var end && ServerKeys.Contains(part[..end].Trim(), StringComparer.OrdinalIgnoreCase);
}
