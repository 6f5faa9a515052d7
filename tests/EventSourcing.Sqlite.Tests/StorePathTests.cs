namespace EventSourcing.Sqlite.Tests;

public sealed class StorePathTests
{
    [Theory]
    [InlineData("Data Source=shop.db")]
    [InlineData("  datasource = shop.db;Mode=ReadOnly")]
    [InlineData("Filename=shop.db")]
    [InlineData("Cache=Shared;Data Source=shop.db")]
    [InlineData("file:shop.db?mode=memory")]
    [InlineData(":memory:")]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("shop.db/")]
    [InlineData("folder/..")]
    [InlineData("shop\0.db")]
    [InlineData("shop.db-wal")]
    [InlineData("shop.db-shm")]
    public void Create_by_what_is_no_path_is_refused(string path) =>
        FluentActions.Invoking(() => new SqliteEventStorage(path)).Should().Throw<ArgumentException>().WithParameterName(nameof(path));

    [Theory]
    [InlineData("./mode=1.db")]
    [InlineData("a=b;c.db")]
    [InlineData("data source.db")]
    public async Task Create_by_an_unusual_path_takes_it_as_it_is(string path)
    {
        await using var storage = new SqliteEventStorage(path);
        storage.Path.Should().Be(Path.GetFullPath(path));
    }
}
