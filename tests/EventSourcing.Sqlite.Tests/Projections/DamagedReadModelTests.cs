using System.Globalization;
using EventSourcing.Sqlite.Tests.ReadModels;
using EventSourcing.Tests.Projections;

namespace EventSourcing.Sqlite.Tests.Projections;

/// <summary>
/// The tables of read models are damaged in the file: the projection stops with an error that says so, everything else of the store
/// goes on, and a rebuild or a new version makes the read model anew.
/// </summary>
public sealed class DamagedReadModelTests : IDisposable
{
    private static readonly TimeSpan Never = TimeSpan.FromSeconds(30);
    private static readonly ProjectionOptions Options = new() { RetryDelays = [], LeaseDuration = TimeSpan.FromSeconds(1) };
    private readonly TemporaryFolder _folder = new();

    /// <summary>What is done to the read model; {0} is its table.</summary>
    public static TheoryData<string> Damages { get; } =
    [
        "DROP TABLE {0}",
        "DROP INDEX {0}_by_count",
        "ALTER TABLE {0} RENAME COLUMN data TO other",
        "UPDATE {0} SET data = 'text'",
        "UPDATE {0} SET count = 'text'",
        "UPDATE {0} SET key = CAST(x'61ff' AS TEXT)",
        "UPDATE read_models SET fields = 'x' WHERE name = 'counted@1'",
        "UPDATE read_models SET fields = '' WHERE name = 'counted@1'",
        "UPDATE read_models SET fields = 'other REAL' WHERE name = 'counted@1'",
        "UPDATE read_models SET fields = x'ff00' WHERE name = 'counted@1'",
        "UPDATE read_models SET id = 777 WHERE name = 'counted@1'",
    ];

    /// <summary>What is done to the tables in which all projections have their records.</summary>
    public static TheoryData<string> LostRecords { get; } = ["$projections", "$runs", "$hosts", "$parked", "$orders"];

    /// <summary>What the catalogue says of the fields of records.</summary>
    public static TheoryData<string, string> OtherFields { get; } = AllOf(
        ["$projections", "$runs", "$hosts", "$parked", "$skipped", "$refolds", "$orders"], ["", "x", "other REAL", "projection INTEGER"]);

    /// <summary>What the rows of records are made to.</summary>
    public static TheoryData<string, string> OtherRows { get; } = AllOf(
        ["$projections", "$runs", "$hosts", "$parked", "$refolds", "$orders"],
        [
            "data = CAST(data AS TEXT)", "data = 'x'", "data = ''", "data = 17", "data = 0.5",
            "key = CAST(key AS BLOB)", "key = CAST(x'61ff' || key AS TEXT)",
        ]);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task Start_fails_with_that_and_others_go_on(string damage)
    {
        await DamageAsync(damage);
        await using var store = Open();
        await using var others = store.StartProjections(Options, new Tallies(null, "others"));
        await using var running = store.StartProjections(Options, new Counted());

        await ShouldBeDamagedAsync(() => running.Completion);
        var appended = await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await ShouldBeDamagedAsync(() => running.WaitForAsync(appended, Never));
        await others.WaitForAsync(appended, Never);
        (await running.GetStatusAsync()).Single().Should().Match<ProjectionStatus>(s => s.State == ProjectionState.Failed && s.LastError is ReadModelDamagedException);
        (await store.ProjectionAdmin().GetStatusAsync()).Select(s => s.Name).Should().Equal("counted", "others");
    }

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task Rebuild_makes_it_anew(string damage)
    {
        await DamageAsync(damage);
        await using var store = Open();
        await using var running = store.StartProjections(Options, new Counted());

        await running.RebuildAsync("counted").WaitAsync(Never);
        await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);

        await ShouldCountAsync(store, new Counted(), 4);
        (await store.ReadModel(new Counted()).Query().Where(Counted.Times.Is(4)).CountAsync()).Should().Be(1);
    }

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task Start_a_new_version_replaces_it(string damage)
    {
        await DamageAsync(damage);
        await using var store = Open();
        await using var running = store.StartProjections(Options, new Counted(version: 2));

        await running.CatchUpAsync(Never);

        await ShouldCountAsync(store, new Counted(version: 2), 3);
    }

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task Append_with_it_inline_is_refused_and_a_rebuild_mends_that(string damage)
    {
        await DamageAsync(null);
        await using var store = Open(new EventStoreOptions().WithInlineProjections(new Counted()));
        await store.StartInlineProjectionsAsync();
        Damage(damage);

        if (damage.Contains("_by_", StringComparison.Ordinal) || damage.Contains("key =", StringComparison.Ordinal) || damage.Contains("count =", StringComparison.Ordinal))
        {
            // Neither is looked at when a document is found by its key and written again.
            await store.AppendAsync("s-2", ExpectedVersion.NoStream, [Tallied.For("b")]);
        }
        else
        {
            await ShouldBeDamagedAsync(() => store.AppendAsync("s-2", ExpectedVersion.NoStream, [Tallied.For("a")]));
            (await store.GetHeadAsync()).Should().Be(3);
            (await store.GetVersionAsync("s-2")).Should().Be(0);
        }

        await using (var running = store.StartProjections(Options, new Counted())) await running.RebuildAsync("counted").WaitAsync(Never);
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await ShouldCountAsync(store, new Counted(), 4);
    }

    [Fact]
    public async Task Drop_the_table_under_a_running_projection_fails_it_and_the_wait_and_nothing_else()
    {
        await DamageAsync(null);
        await using var store = Open();
        await using var others = store.StartProjections(Options, new Tallies(null, "others"));
        await using var running = store.StartProjections(Options, new Counted());
        await running.CatchUpAsync(Never);
        Damage("DROP TABLE {0}");

        await ShouldBeDamagedAsync(() => store.ReadModel(new Counted()).FindAsync("a"));
        await ShouldBeDamagedAsync(() => store.ReadModel(new Counted()).Query().CountAsync());
        await ShouldBeDamagedAsync(() => store.ReadModel(new Counted()).Query().ToListAsync());
        (await running.GetStatusAsync())[0].Should().Match<ProjectionStatus>(s => s.State == ProjectionState.Failed && s.LastError is ReadModelDamagedException);

        var appends = Enumerable.Range(0, 20).Select(i => store.AppendAsync($"s-{i}", ExpectedVersion.Any, [Tallied.For("a")])).ToList();
        foreach (var append in appends) await append;
        await ShouldBeDamagedAsync(() => running.WaitForAsync(5, Never));
        await ShouldBeDamagedAsync(() => running.Completion);
        await others.WaitForAsync(await store.GetHeadAsync(), Never);
        await running.RebuildAsync("counted").WaitAsync(Never);
        await ShouldCountAsync(store, new Counted(), 23);
    }

    [Theory]
    [InlineData("CREATE TRIGGER refused BEFORE INSERT ON {0} BEGIN SELECT RAISE(ABORT, 'refused'); END")]
    [InlineData("CREATE INDEX refused ON {0} (CASE WHEN count > 3 THEN json('{{') END)")]
    [InlineData("CREATE UNIQUE INDEX refused ON {0} (CASE WHEN count > 3 THEN 1 ELSE 0 END)")]
    public async Task Refuse_writes_by_what_was_added_to_the_table_stops_this_projection_alone(string addition)
    {
        await DamageAsync(null);
        await using var store = Open();
        await using var others = store.StartProjections(Options, new Tallies(null, "others"));
        await using var running = store.StartProjections(Options, new Counted());
        await running.CatchUpAsync(Never);
        await others.CatchUpAsync(Never);
        Damage(addition);

        // Appends and commits of others share transactions with what is refused.
        var appends = Enumerable.Range(0, 50).Select(i => Task.Run(() => store.AppendAsync($"s-{i}", ExpectedVersion.Any, [Tallied.For("a", "b")]))).ToList();
        foreach (var append in appends) await append;

        await ShouldBeDamagedAsync(() => running.Completion);
        await others.WaitForAsync(await store.GetHeadAsync(), Never);
        others.Completion.IsCompleted.Should().BeFalse();
        await running.RebuildAsync("counted").WaitAsync(Never);
        await ShouldCountAsync(store, new Counted(), 53);
    }

    [Fact]
    public async Task Start_where_a_statement_fails_and_not_the_disk_stops_with_that_and_does_not_try_for_ever()
    {
        await using var store = Open();
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        using (var foreign = Some.ForeignConnection(_folder.Store)) foreign.Run("CREATE INDEX refused ON read_models (json('{' || name))");
        await using var running = store.StartProjections(Options, new Counted());

        var failure = (await FluentActions.Awaiting(() => running.Completion.WaitAsync(Never)).Should().ThrowAsync<StorageFailedException>()).Which;

        failure.IsTransient.Should().BeFalse();
        failure.Message.Should().Contain("The disk is not to blame").And.Contain("Nothing was written");
        (await running.GetStatusAsync())[0].State.Should().Be(ProjectionState.Failed);
        await FluentActions.Awaiting(() => running.WaitForAsync(1, Never)).Should().ThrowAsync<StorageFailedException>();
    }

    [Theory]
    [MemberData(nameof(LostRecords))]
    public async Task Lose_a_table_of_records_is_mended_by_rebuilds(string model)
    {
        await DamageAsync(null);
        Damage("DROP TABLE {0}", model);
        await using var store = Open();
        await using (var running = store.StartProjections(Options, new Counted(), new Tallies(null, "others")))
        {
            await running.RebuildAsync("counted").WaitAsync(Never);
            await running.RebuildAsync("others").WaitAsync(Never);
        }

        await using var again = store.StartProjections(Options, new Counted(), new Tallies(null, "others"));
        await again.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);
        await ShouldCountAsync(store, new Counted(), 4);
        (await store.ReadModel(new Tallies(null, "others")).FindAsync("a"))!.Applied.Should().Equal(1, 2, 3, 4);
    }

    [Theory]
    [MemberData(nameof(OtherFields))]
    public async Task Start_where_the_catalogue_says_other_fields_of_records_than_their_table_has_mends_the_catalogue(string model, string fields)
    {
        await DamageAsync(null);
        await ParkOneAsync();
        var before = FieldsOf(model);
        Damage($"UPDATE read_models SET fields = '{fields}' WHERE name = '{model}'");
        await using var store = Open();
        await using var running = store.StartProjections(Options, new Counted());

        await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);

        FieldsOf(model).Should().Be(before);
        await ShouldCountAsync(store, new Counted(), 4);
        (await store.ProjectionAdmin().GetParkedAsync("failing")).Should().ContainSingle("what was recorded is still there");
    }

    [Fact]
    public async Task Change_the_fields_of_records_in_the_catalogue_under_a_running_projection_is_mended_by_its_rebuild()
    {
        await DamageAsync(null);
        await ParkOneAsync();
        await using var store = Open();

        // A run that is started again mends the list. On a busy machine a short lease can run out, and then it is.
        await using var running = store.StartProjections(Options with { LeaseDuration = TimeSpan.FromMinutes(1) }, new Counted());
        await running.CatchUpAsync(Never);
        ReadModelDamagedException? damage = null;
        for (var tries = 0; damage is null && tries < 10; tries++)
        {
            // Again, if a run has mended it by now.
            foreach (var model in LostRecords) Damage($"UPDATE read_models SET fields = 'other REAL' WHERE name = '{model}'");
            try
            {
                await store.ProjectionAdmin().GetParkedAsync("failing");
            }
            catch (ReadModelDamagedException found)
            {
                damage = found;
            }
        }

        damage!.Message.Should().Match("*'$parked'*fields*");
        await running.RebuildAsync("counted").WaitAsync(Never);

        await ShouldCountAsync(store, new Counted(), 3);
        (await store.ProjectionAdmin().GetParkedAsync("failing")).Should().ContainSingle("what was recorded is still there");
    }

    [Theory]
    [MemberData(nameof(OtherRows))]
    public async Task Store_rows_of_records_otherwise_is_mended_by_rebuilds(string model, string change)
    {
        await DamageAsync(null);
        await KeepRecordsAsync();
        Damage($"UPDATE {{0}} SET {change}", model);
        await using (var store = Open())
        {
            await using var running = store.StartProjections(Options, [.. All()]);
            foreach (var name in new[] { "counted", "others", "failing" }) await running.RebuildAsync(name).WaitAsync(Never);
            (await running.GetStatusAsync()).Should().OnlyContain(status => status.LastError == null);
        }

        await using var reopened = Open();
        await using var again = reopened.StartProjections(Options, [.. All()]);
        await again.WaitForAsync(await reopened.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);
        await ShouldCountAsync(reopened, new Counted(), 4);
        foreach (var name in new[] { "others", "failing" })
            (await reopened.ReadModel(new Tallies(null, name)).FindAsync("a"))!.Applied.Should().Equal(1, 2, 3, 4);
        (await reopened.ProjectionAdmin().GetStatusAsync()).Select(status => status.Name).Should().Equal("counted", "failing", "others");

        static IEnumerable<Projection> All() => [new Counted(), new Tallies(null, "others"), new Tallies(null, "failing")];
    }

    [Theory]
    [InlineData("$projections")]
    [InlineData("$runs")]
    [InlineData("$hosts")]
    [InlineData("$parked")]
    [InlineData("$refolds")]
    [InlineData("$orders")]
    public async Task Store_records_as_text_of_the_same_content_changes_nothing(string model)
    {
        await DamageAsync(null);
        await KeepRecordsAsync();
        Damage("UPDATE {0} SET data = CAST(data AS TEXT)", model);
        await using var store = Open();
        await using var running = store.StartProjections(Options, new Counted());

        await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);

        await ShouldCountAsync(store, new Counted(), 4);
        (await store.ProjectionAdmin().GetParkedAsync("failing")).Should().ContainSingle("what was recorded is still there");
        (await store.ProjectionAdmin().GetStatusAsync()).Should().OnlyContain(status => status.State != ProjectionState.Failed);
    }

    [Theory]
    [InlineData("$projections", "counted", "'x'")]
    [InlineData("$projections", "counted", "''")]
    [InlineData("$projections", "counted", "17")]
    [InlineData("$runs", "counted@1", "'x'")]
    [InlineData("$runs", "counted@1", "''")]
    [InlineData("$runs", "counted@1", "0.5")]
    public async Task Store_no_blob_in_the_place_of_a_record_stops_its_projection_alone(string model, string key, string data)
    {
        await DamageAsync($"UPDATE {{0}} SET data = {data} WHERE key = '{key}'", model);
        await using var store = Open();
        await using var others = store.StartProjections(Options, new Tallies(null, "others"));
        await using var running = store.StartProjections(Options, new Counted());

        await ShouldBeDamagedAsync(() => running.Completion);
        await others.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);
        (await store.ReadModel(new Counted()).FindAsync("a"))!.Applied.Should().Equal(1, 2, 3);
        await running.RebuildAsync("counted").WaitAsync(Never);
        await ShouldCountAsync(store, new Counted(), 4);
    }

    [Theory]
    [InlineData("UPDATE {0} SET data = 'x'")]
    [InlineData("UPDATE {0} SET key = CAST(key AS BLOB)")]
    [InlineData("UPDATE read_models SET fields = 0 WHERE name = '$hosts'")]
    [InlineData("UPDATE read_models SET fields = 0")]
    public async Task Damage_the_signs_of_life_stops_nobody(string damage)
    {
        await DamageAsync(null);
        await KeepRecordsAsync();
        Damage(damage, "$hosts");
        await using var store = Open();
        await using var running = store.StartProjections(Options, new Counted());

        if (damage.EndsWith("fields = 0", StringComparison.Ordinal))
        {
            // That of the read model is damaged too.
            await ShouldBeDamagedAsync(() => running.Completion);
            await running.RebuildAsync("counted").WaitAsync(Never);
        }

        await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);
        await ShouldCountAsync(store, new Counted(), 4);
    }

    [Theory]
    [InlineData("$projections")]
    [InlineData("$runs")]
    [InlineData("$hosts")]
    [InlineData("$parked")]
    [InlineData("$skipped")]
    [InlineData("$refolds")]
    [InlineData("$orders")]
    public async Task Rename_a_column_of_records_fails_rebuilds_at_once_and_says_what_to_do(string model)
    {
        await DamageAsync("ALTER TABLE {0} RENAME COLUMN data TO other", model);
        await using var store = Open();
        await using (var running = store.StartProjections(Options, new Counted()))
        {
            var rebuild = FluentActions.Awaiting(() => running.RebuildAsync("counted").WaitAsync(Never));
            var failure = await rebuild.Should().ThrowAsync<ReadModelDamagedException>();
            failure.Which.Message.Should().Contain($"'{model}'").And.Contain("drop the table");
        }

        (await store.ReadModel(new Counted()).FindAsync("a"))!.Applied.Should().Equal(1, 2, 3);
        Damage("DROP TABLE {0}", model);
        await using var again = store.StartProjections(Options, new Counted());
        await again.RebuildAsync("counted").WaitAsync(Never);
        await again.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);
        await ShouldCountAsync(store, new Counted(), 4);
    }

    [Theory]
    [InlineData("$parked")]
    [InlineData("$skipped")]
    [InlineData("$refolds")]
    public async Task Drop_the_index_of_records_stops_nobody_and_the_next_start_makes_it_anew(string model)
    {
        await DamageAsync(null);
        await KeepRecordsAsync();
        Damage("DROP INDEX {0}_by_projection", model);
        await using var store = Open();
        await using var running = store.StartProjections(Options, new Counted());

        await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);

        await ShouldCountAsync(store, new Counted(), 4);
        (await store.ProjectionAdmin().GetParkedAsync("failing")).Should().ContainSingle("what was recorded is still there");
        using var foreign = Some.ForeignConnection(_folder.Store);
        var id = foreign.Run($"SELECT id FROM read_models WHERE name = '{model}'");
        foreign.Run($"SELECT count(*) FROM sqlite_master WHERE name = 'documents_{id}_by_projection'").Should().Be(1L);
    }

    [Theory]
    [InlineData("$runs")]
    [InlineData("$hosts")]
    [InlineData("$refolds")]
    public async Task Change_the_fields_of_records_in_the_catalogue_is_mended_by_one_who_stands_by(string model)
    {
        await DamageAsync(null);
        await using var owning = Open();
        await using var owner = owning.StartProjections(Options, new Counted());
        using var patience = new CancellationTokenSource(Never);
        while ((await owner.GetStatusAsync())[0].State != ProjectionState.Live) await Task.Delay(5, patience.Token);
        await using var store = Open();
        await using var running = store.StartProjections(Options, new Counted());
        while ((await running.GetStatusAsync())[0].State != ProjectionState.Standby) await Task.Delay(5, patience.Token);

        Damage($"UPDATE read_models SET fields = 'x' WHERE name = '{model}'");
        while (FieldsOf(model) == "x" && !running.Completion.IsCompleted) await Task.Delay(5, patience.Token);
        await owner.DisposeAsync();

        await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);
        await ShouldCountAsync(store, new Counted(), 4);
    }

    [Fact]
    public async Task Rebuild_what_could_not_be_started_fails_with_that_and_succeeds_once_it_can()
    {
        await using var store = Open();
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        using (var foreign = Some.ForeignConnection(_folder.Store)) foreign.Run("CREATE TABLE counts (mine INTEGER)");
        await using var running = store.StartProjections(Options, new Rows());

        await FluentActions.Awaiting(() => running.RebuildAsync("Rows").WaitAsync(Never)).Should().ThrowAsync<ProjectionTablesException>();
        using (var foreign = Some.ForeignConnection(_folder.Store)) foreign.Run("DROP TABLE counts");
        await running.RebuildAsync("Rows").WaitAsync(Never);

        (await ((SqliteEventStorage)store.Storage).CountOf("counts")).Should().Be(1);
    }

    [Fact]
    public async Task Lose_a_table_of_an_app_s_own_fails_the_projection_and_a_rebuild_makes_it_anew()
    {
        await using var store = Open();
        await using (var first = store.StartProjections(Options, new Rows())) await first.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);
        using (var foreign = Some.ForeignConnection(_folder.Store)) foreign.Run("DROP TABLE counts");
        await using var running = store.StartProjections(Options, new Rows());
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);

        (await FluentActions.Awaiting(() => running.Completion.WaitAsync(Never)).Should().ThrowAsync<ReadModelDamagedException>()).WithMessage("*'Rows'*table 'counts'*");
        (await store.ProjectionAdmin().GetParkedAsync("Rows")).Should().BeEmpty();
        await running.RebuildAsync("Rows").WaitAsync(Never);
        (await ((SqliteEventStorage)store.Storage).CountOf("counts")).Should().Be(2);
    }

    [Fact]
    public async Task Lose_what_is_recorded_of_a_table_projection_keeps_its_tables_until_a_rebuild_replaces_them()
    {
        await using var store = Open();
        await using (var first = store.StartProjections(Options, new Rows())) await first.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);
        Damage("UPDATE {0} SET data = CAST('[]' AS BLOB) WHERE key = 'Rows'", "$projections");

        await using var running = store.StartProjections(Options, new Rows());
        (await FluentActions.Awaiting(() => running.Completion.WaitAsync(Never)).Should().ThrowAsync<ReadModelDamagedException>()).WithMessage("*'Rows'*'$projections'*");
        (await ((SqliteEventStorage)store.Storage).CountOf("counts")).Should().Be(1);
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await running.RebuildAsync("Rows").WaitAsync(Never);
        (await ((SqliteEventStorage)store.Storage).CountOf("counts")).Should().Be(2);
    }

    [Fact]
    public async Task Fail_to_create_tables_that_the_app_has_leaves_those_to_the_app_also_at_a_rebuild()
    {
        await using var store = Open();
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        using (var foreign = Some.ForeignConnection(_folder.Store)) foreign.Run("CREATE TABLE counts (mine INTEGER); INSERT INTO counts VALUES (1), (2), (3)");
        await using var running = store.StartProjections(Options, new Rows());
        await FluentActions.Awaiting(() => running.Completion.WaitAsync(Never)).Should().ThrowAsync<ProjectionTablesException>();

        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        await FluentActions.Awaiting(() => running.RebuildAsync("Rows", cancellationToken: patience.Token)).Should().ThrowAsync<Exception>();
        (await ((SqliteEventStorage)store.Storage).CountOf("counts")).Should().Be(3);
    }

    /// <summary>Three events are in the read models; then one of them is damaged.</summary>
    private async Task DamageAsync(string? sql, string model = "counted@1")
    {
        await using (var store = Open())
        {
            await using var running = store.StartProjections(Options, new Counted());
            for (var i = 0; i < 3; i++) await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);
            await using var others = store.StartProjections(Options, new Tallies(null, "others"));
            await others.CatchUpAsync(Never);
        }

        if (sql is not null) Damage(sql, model);
    }

    /// <summary>A record of each kind: something parked, an order, and the sign of life of a process that is gone.</summary>
    private async Task KeepRecordsAsync()
    {
        await ParkOneAsync();
        await using var store = Open();
        await store.ProjectionAdmin().RebuildDocumentAsync("counted", "a");
        var host = new DocumentChange("$hosts", "gone", "{}"u8.ToArray());
        await store.Storage.ReadModels.CommitAsync(new ReadModelCommit { Changes = [host] });
    }

    /// <summary>A projection whose first event is parked, which is recorded.</summary>
    private async Task ParkOneAsync()
    {
        await using var store = Open();
        await using var running = store.StartProjections(Options, new Tallies((_, position) => position == 1, "failing"));
        using var patience = new CancellationTokenSource(Never);
        while ((await store.ProjectionAdmin().GetParkedAsync("failing", patience.Token)).All(parked => parked.RetryAt is not null)) await Task.Delay(5, patience.Token);
    }

    private string FieldsOf(string model)
    {
        using var foreign = Some.ForeignConnection(_folder.Store);
        return (string)foreign.Run($"SELECT fields FROM read_models WHERE name = '{model}'")!;
    }

    private static TheoryData<string, string> AllOf(IReadOnlyList<string> models, IReadOnlyList<string> damages)
    {
        var all = new TheoryData<string, string>();
        foreach (var model in models)
        {
            foreach (var damage in damages) all.Add(model, damage);
        }

        return all;
    }

    private void Damage(string sql, string model = "counted@1")
    {
        using var foreign = Some.ForeignConnection(_folder.Store);
        foreign.Run("PRAGMA foreign_keys = OFF");
        foreign.Run(string.Format(CultureInfo.InvariantCulture, sql, $"documents_{foreign.Run($"SELECT id FROM read_models WHERE name = '{model}'")}"));
    }

    private static async Task ShouldBeDamagedAsync(Func<Task> act)
    {
        var damage = (await FluentActions.Awaiting(() => act().WaitAsync(Never)).Should().ThrowAsync<ReadModelDamagedException>()).Which;
        damage.ReadModel.Should().Match(name => name == "counted@1" || name == "counted");
        damage.Message.Should().StartWith("The read model 'counted").And.Contain("Nothing was written").And.Contain("RebuildAsync");
    }

    private static async Task ShouldCountAsync(EventStore store, Counted projection, int count)
    {
        (await store.ReadModel(projection).FindAsync("a"))!.Applied.Should().HaveCount(count).And.BeInAscendingOrder();
    }

    private EventStore Open(EventStoreOptions? options = null) =>
        new(new SqliteEventStorage(_folder.Store, new SqliteEventStorageOptions { PollInterval = TimeSpan.FromMilliseconds(5) }), Tallied.Types, options);

    private sealed class Counted : Projection<Tally>
    {
        public static readonly DocumentField<Tally, long> Times = new("count", tally => tally.Applied.Count);

        public Counted(int version = 1)
        {
            Version = version;
            On<Tallied>((e, _) => e.Keys, (tally, _, _, recorded) =>
            {
                tally ??= new Tally();
                tally.Applied.Add(recorded.Position);
                return tally;
            });
        }

        public override string Name => "counted";

        public override int Version { get; }

        public override IReadOnlyList<DocumentField<Tally>> Fields => [Times];
    }

    private sealed class Rows : TableProjection
    {
        public Rows()
            : base("counts") => On<Tallied>((tables, _, recorded, cancellationToken) =>
                tables.ExecuteAsync($"INSERT INTO {tables["counts"]} (position) VALUES ($1)", [recorded.Position], cancellationToken));

        protected override ValueTask CreateAsync(ProjectionTables tables, CancellationToken cancellationToken) =>
            tables.ExecuteAsync($"CREATE TABLE {tables["counts"]} (position INTEGER NOT NULL)", [], cancellationToken);
    }
}
