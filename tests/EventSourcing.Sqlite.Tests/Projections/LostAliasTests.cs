using EventSourcing.Sqlite.Tests.ReadModels;
using EventSourcing.Tests.Projections;

namespace EventSourcing.Sqlite.Tests.Projections;

/// <summary>
/// The name under which a read model is read leads to nothing, or to another read model: its projection goes on writing to a table that
/// nobody reads. That is damage like any other, and never an empty read model.
/// </summary>
public sealed class LostAliasTests : IDisposable
{
    private static readonly TimeSpan Never = TimeSpan.FromSeconds(30);
    private static readonly ProjectionOptions Options = new() { RetryDelays = [], LeaseDuration = TimeSpan.FromSeconds(1) };
    private readonly TemporaryFolder _folder = new();

    /// <summary>What is done to the catalogue of read models.</summary>
    public static TheoryData<string> Damages { get; } =
    [
        "DELETE FROM read_model_aliases",
        "UPDATE read_model_aliases SET alias = 'other' WHERE alias = 'tallies'",
        "UPDATE read_model_aliases SET model = 777 WHERE alias = 'tallies'",
        "UPDATE read_model_aliases SET model = (SELECT id FROM read_models WHERE name = '$runs') WHERE alias = 'tallies'",
        "DELETE FROM read_models WHERE name = 'tallies@1'",
    ];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task Wait_fails_with_that_also_for_what_was_there_before(string damage)
    {
        await DamageAsync(damage);
        await using var store = Open();
        await using var running = store.StartProjections(Options, new Tallies());

        await ShouldBeDamagedAsync(() => running.WaitForAsync(3, Never));
        await ShouldBeDamagedAsync(() => running.CatchUpAsync(Never));
        await ShouldBeDamagedAsync(() => running.Completion);
        var appended = await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await ShouldBeDamagedAsync(() => running.WaitForAsync(appended, Never));
        (await running.GetStatusAsync())[0].Should().Match<ProjectionStatus>(s =>
            s.State == ProjectionState.Failed && s.LastError is ReadModelDamagedException);
    }

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task Read_fails_with_that_and_finds_all_after_a_rebuild(string damage)
    {
        await DamageAsync(damage);
        await using var store = Open();
        var model = store.ReadModel(new Tallies());

        await ShouldBeDamagedAsync(() => model.FindAsync("a"));
        await ShouldBeDamagedAsync(() => model.Query().CountAsync());
        await ShouldBeDamagedAsync(() => model.Query().ToListAsync());
        await ShouldBeDamagedAsync(() => model.GetPositionAsync());
        await ShouldBeDamagedAsync(() => model.WaitForAsync(3, Never));
        await using var running = store.StartProjections(Options, new Tallies());
        await running.RebuildAsync("tallies").WaitAsync(Never);
        await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);

        (await model.FindAsync("a"))!.Applied.Should().Equal(1, 2, 3, 4);
        (await running.GetStatusAsync())[0].LastError.Should().BeNull();
    }

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task Start_a_new_version_replaces_it(string damage)
    {
        await DamageAsync(damage);
        await using var store = Open();
        await using var running = store.StartProjections(Options, new Tallies(null, version: 2));

        await running.CatchUpAsync(Never);

        (await store.ReadModel(new Tallies(null, version: 2)).FindAsync("a"))!.Applied.Should().Equal(1, 2, 3);
    }

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task Damage_it_while_the_store_is_open_is_found_by_the_next_status_and_then_by_reads(string damage)
    {
        await DamageAsync(null);
        await using var store = Open();
        var model = store.ReadModel(new Tallies());
        (await model.FindAsync("a"))!.Applied.Should().Equal(1, 2, 3);
        Damage(damage);

        (await store.ProjectionAdmin().GetStatusAsync()).Single().LastError.Should().BeOfType<ReadModelDamagedException>();
        await ShouldBeDamagedAsync(() => model.FindAsync("a"));
    }

    [Fact]
    public async Task Read_what_was_never_built_finds_nothing()
    {
        await DamageAsync(null);
        await using var store = Open();
        var model = store.ReadModel(new Tallies(null, "others"));

        (await model.FindAsync("a")).Should().BeNull();
        (await model.Query().CountAsync()).Should().Be(0);
        (await model.GetPositionAsync()).Should().Be(0);
    }

    /// <summary>A closed store of three events, all in the read model, which is then damaged.</summary>
    private async Task DamageAsync(string? sql)
    {
        await using (var store = Open())
        {
            await using var running = store.StartProjections(Options, new Tallies());
            for (var i = 0; i < 3; i++)
                await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);
        }

        if (sql is not null) Damage(sql);
    }

    private void Damage(string sql)
    {
        using var foreign = Some.ForeignConnection(_folder.Store);
        foreign.Run("PRAGMA foreign_keys = OFF");
        foreign.Run(sql);
    }

    private static async Task ShouldBeDamagedAsync(Func<Task> act)
    {
        var damage = (await FluentActions.Awaiting(() => act().WaitAsync(Never)).Should().ThrowAsync<ReadModelDamagedException>()).Which;
        damage.ReadModel.Should().BeOneOf("tallies", "tallies@1");
        damage.Message.Should().Contain("Nothing was written").And.Contain("RebuildAsync");
    }

    private EventStore Open() =>
        new(new SqliteEventStorage(_folder.Store, new SqliteEventStorageOptions { PollInterval = TimeSpan.FromMilliseconds(5) }), Tallied.Types);
}
