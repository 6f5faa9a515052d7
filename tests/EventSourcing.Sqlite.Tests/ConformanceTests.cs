using EventSourcing.Testing;

namespace EventSourcing.Sqlite.Tests;

/// <summary>The contract of every storage, on a new file for each store.</summary>
public sealed class ConformanceTests : IEventStorageFixture, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private int _stores;

    public static TheoryData<string> Titles => [.. EventStorageConformance.Cases.Select(c => c.Title)];

    [Theory]
    [MemberData(nameof(Titles))]
    public Task Keeps_the_contract(string title) => EventStorageConformance.Get(title).RunAsync(this);

    public ValueTask<IEventStorage> CreateAsync(EventStorageOptions options, CancellationToken cancellationToken)
    {
        var file = _folder.FileNamed($"{Interlocked.Increment(ref _stores)}.db");
        return ValueTask.FromResult<IEventStorage>(new SqliteEventStorage(file, new SqliteEventStorageOptions { TimeProvider = options.TimeProvider, Limits = options.Limits }));
    }

    public void Dispose() => _folder.Dispose();
}
