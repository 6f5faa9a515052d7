namespace EventSourcing.Sqlite.Tests;

public sealed class OpeningRaceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Read_while_another_handle_creates_the_file_sees_no_foreign_database()
    {
        for (var i = 0; i < 100; i++)
        {
            var path = _folder.FileNamed($"{i}.db");
            var storages = Enumerable.Range(0, 4).Select(_ => new SqliteEventStorage(path)).ToList();
            var heads = await Task.WhenAll(storages.Select(storage => Task.Run(async () => await storage.GetHeadAsync())));
            heads.Should().OnlyContain(head => head == 0);
            foreach (var storage in storages) await storage.DisposeAsync();
        }
    }
}
