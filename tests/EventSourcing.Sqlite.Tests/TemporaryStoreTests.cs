using EventSourcing.Testing;
using EventSourcing.Tests;

namespace EventSourcing.Sqlite.Tests;

/// <summary>A temporary store keeps the contract of every storage, and leaves nothing behind.</summary>
public sealed class TemporaryStoreTests : IEventStorageFixture
{
    [Theory]
    [MemberData(nameof(ContractCase.AllOrSample), MemberType = typeof(ContractCase))]
    public Task Keep_the_contract_in_a_culture_with_another_sign_of_negative_numbers(ContractCase contractCase) => contractCase.RunInAsync("sv-SE", this);

    [Fact]
    public async Task Create_two_gives_each_a_store_of_its_own_that_is_gone_when_disposed()
    {
        string folder;
        await using (var one = SqliteEventStorage.CreateTemporary())
        await using (var other = SqliteEventStorage.CreateTemporary())
        {
            await one.AppendAsync(Some.Append("s", 0));
            (await other.GetHeadAsync()).Should().Be(0);
            folder = Path.GetDirectoryName(one.Path)!;
            Directory.Exists(folder).Should().BeTrue();
        }

        Directory.Exists(folder).Should().BeFalse();
    }

    [Fact]
    public async Task Create_deletes_what_a_process_that_died_has_left_and_nothing_that_is_in_use()
    {
        await using var inUse = SqliteEventStorage.CreateTemporary();
        var kept = Path.GetDirectoryName(inUse.Path)!;
        var left = Directory.CreateTempSubdirectory("eventsourcing-temporary-").FullName;
        await File.WriteAllTextAsync(Path.Combine(left, "in-use"), "");
        foreach (var folder in new[] { kept, left }) Directory.SetLastWriteTimeUtc(folder, DateTime.UnixEpoch.AddYears(40));

        await using var next = SqliteEventStorage.CreateTemporary();

        Directory.Exists(left).Should().BeFalse();
        Directory.Exists(kept).Should().BeTrue();
    }

    public ValueTask<IEventStorage> CreateAsync(EventStorageOptions options, CancellationToken cancellationToken) => ValueTask.FromResult<IEventStorage>(
        SqliteEventStorage.CreateTemporary(new SqliteEventStorageOptions { TimeProvider = options.TimeProvider, Limits = options.Limits }));
}
