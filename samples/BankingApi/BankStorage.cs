using EventSourcing;

namespace BankingApi;

/// <summary>The one place that chooses where the bank is stored.</summary>
internal static class BankStorage
{
    /// <summary>The storage of a connection string: the path of an SQLite file.</summary>
    public static IEventStorage Of(string connectionString) => new SqliteEventStorage(connectionString);
}
