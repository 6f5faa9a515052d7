using EventSourcing.Tests.Concurrency;
using Xunit.Abstractions;

namespace EventSourcing.Sqlite.Tests.Concurrency;

public sealed class SqliteLinearizabilityTests(ITestOutputHelper output) : LinearizabilityTests(output), IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private int _files;

    protected override int UsualHistories => 40;

    [Fact]
    public Task Race_on_two_handles_of_one_file_is_linearizable() => CheckAsync(
        () =>
        {
            var path = NextFile();
            return [new SqliteEventStorage(path), new SqliteEventStorage(path)];
        },
        Effort.Histories(12));

    public void Dispose() => _folder.Dispose();

    protected override IEventStorage Open() => new SqliteEventStorage(NextFile());

    private string NextFile() => _folder.FileNamed($"{Interlocked.Increment(ref _files)}.db");
}
