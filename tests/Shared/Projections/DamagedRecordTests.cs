using System.Text;

namespace EventSourcing.Tests.Projections;

/// <summary>
/// What is stored of a projection is damaged: the projection stops with an error that says so, the others go on, and a rebuild or
/// a new version makes the read model anew.
/// </summary>
public abstract class DamagedRecordTests(IStorageSource source) : EngineTests(source)
{
    /// <summary>What is found in the place of a record.</summary>
    private static readonly string[] Contents = ["x", "null", "[]", "{}", "", "{\"position\":-1}", "{\"generations\":[null]}"];

    public static TheoryData<string, string, string?> Damages { get; } = AllDamages();

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task Start_fails_with_that_and_others_go_on(string model, string key, string? content)
    {
        var store = await StoreAsync();
        await DamageAsync(store, model, key, content);
        await using var others = store.StartProjections(NoRetries, new Tallies(null, "others"));
        await using var running = store.StartProjections(NoRetries, new Tallies());

        await ShouldBeDamagedAsync(() => running.Completion, model, key);
        var appended = await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await ShouldBeDamagedAsync(() => running.WaitForAsync(appended, Never), model, key);
        await ShouldBeDamagedAsync(() => running.CatchUpAsync(Never), model, key);
        await others.WaitForAsync(appended, Never);
        await ShouldBeFoldAsync(store, new Tallies(null, "others"));
        (await running.GetStatusAsync())[0].Should().Match<ProjectionStatus>(s => s.State == ProjectionState.Failed && s.LastError is ReadModelDamagedException);
    }

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task List_all_and_say_which_is_damaged(string model, string key, string? content)
    {
        var store = await StoreAsync();
        await using (var others = store.StartProjections(NoRetries, new Tallies(null, "others"))) await others.CatchUpAsync(Never);
        await DamageAsync(store, model, key, content);

        var all = (await OpenStore().ProjectionAdmin().GetStatusAsync()).ToDictionary(status => status.Name);

        all["others"].Should().Match<ProjectionStatus>(s => s.State == ProjectionState.NotStarted && s.LastError == null && s.Position == 3);
        if (model == "$projections" && content is null)
        {
            all.Should().ContainSingle("who is not recorded cannot be listed");
            return;
        }

        all["tallies"].State.Should().Be(ProjectionState.Failed);
        all["tallies"].LastError.Should().BeOfType<ReadModelDamagedException>().Which.Message.Should().Contain(key).And.Contain(model);
    }

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task Rebuild_makes_it_anew(string model, string key, string? content)
    {
        var store = await StoreAsync();
        await DamageAsync(store, model, key, content);
        await using (var running = store.StartProjections(NoRetries, new Tallies()))
        {
            await running.RebuildAsync("tallies").WaitAsync(Never);
            await ShouldBeFoldAsync(store, new Tallies());
            await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);
            (await running.GetStatusAsync())[0].LastError.Should().BeNull();
        }

        await using var again = store.StartProjections(NoRetries, new Tallies());
        await again.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);
        await ShouldBeFoldAsync(store, new Tallies());
    }

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task Start_a_new_version_replaces_it(string model, string key, string? content)
    {
        var store = await StoreAsync();
        await DamageAsync(store, model, key, content);
        await using var running = store.StartProjections(NoRetries, new Tallies(null, version: 2));
        await running.CatchUpAsync(Never);

        await ShouldBeFoldAsync(store, new Tallies(null, version: 2));
        (await store.Storage.ReadModels.CountAsync("tallies@1", [])).Should().Be(0, "the damaged one is gone");
    }

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task Append_with_it_inline_is_refused_and_a_rebuild_mends_that(string model, string key, string? content)
    {
        await StoreAsync();
        var store = OpenInline(new Tallies(), new Tallies(null, "others"));
        await store.StartInlineProjectionsAsync();
        await DamageAsync(store, model, key, content);

        await ShouldBeDamagedAsync(() => store.AppendAsync("s-2", ExpectedVersion.NoStream, [Tallied.For("a")]), model, key);
        (await store.GetHeadAsync()).Should().Be(3);
        (await store.GetVersionAsync("s-2")).Should().Be(0);
        await ShouldBeFoldAsync(store, new Tallies(null, "others"));

        await using (var running = store.StartProjections(NoRetries, new Tallies())) await running.RebuildAsync("tallies").WaitAsync(Never);
        await store.AppendAsync("s-2", ExpectedVersion.NoStream, [Tallied.For("a")]);
        await ShouldBeFoldAsync(store, new Tallies());
        await ShouldBeFoldAsync(store, new Tallies(null, "others"));
    }

    [Fact]
    public async Task Lose_the_read_model_while_it_is_served_fails_the_wait_and_a_rebuild_makes_it_anew()
    {
        var store = await StoreAsync();
        await using var running = store.StartProjections(NoRetries, new Tallies());
        await running.CatchUpAsync(Never);
        await store.Storage.ReadModels.CommitAsync(new ReadModelCommit { Drops = ["tallies@1"] });

        var appended = await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        (await FluentActions.Awaiting(() => running.WaitForAsync(appended, Never)).Should().ThrowAsync<ReadModelDamagedException>()).WithMessage("*'tallies@1'*missing*RebuildAsync*");
        await running.RebuildAsync("tallies").WaitAsync(Never);
        await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);
        await ShouldBeFoldAsync(store, new Tallies());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Lose_the_read_model_or_its_name_while_nothing_runs_fails_the_start_and_reads_until_a_rebuild(bool isNameAlone)
    {
        var store = await StoreAsync();
        var other = new ReadModelDefinition("another", []);
        await store.Storage.ReadModels.CommitAsync(isNameAlone
            ? new ReadModelCommit { Creates = [other], Aliases = [new ReadModelAlias("tallies", "another")] }
            : new ReadModelCommit { Drops = ["tallies@1"] });

        var again = OpenStore();
        await ShouldBeLostAsync(() => again.ReadModel(new Tallies()).FindAsync("a"));
        await ShouldBeLostAsync(() => again.ReadModel(new Tallies()).Query().CountAsync());
        await ShouldBeLostAsync(() => again.ReadModel(new Tallies()).WaitForAsync(3, Never));
        await using var running = again.StartProjections(NoRetries, new Tallies());
        await ShouldBeLostAsync(() => running.WaitForAsync(3, Never));
        await ShouldBeLostAsync(() => running.CatchUpAsync(Never));
        await ShouldBeLostAsync(() => running.Completion);
        await running.RebuildAsync("tallies").WaitAsync(Never);
        await running.CatchUpAsync(Never);
        await ShouldBeFoldAsync(again, new Tallies());

        static async Task ShouldBeLostAsync(Func<Task> act) =>
            (await FluentActions.Awaiting(() => act().WaitAsync(Never)).Should().ThrowAsync<ReadModelDamagedException>()).WithMessage("*'tallies@1'*RebuildAsync*");
    }

    [Fact]
    public async Task Lose_the_read_model_of_an_inline_projection_refuses_appends_until_it_is_rebuilt()
    {
        await StoreAsync();
        var store = OpenInline(new Tallies());
        await store.StartInlineProjectionsAsync();
        await store.Storage.ReadModels.CommitAsync(new ReadModelCommit { Drops = ["tallies@1"] });

        (await FluentActions.Awaiting(() => store.AppendAsync("s-2", ExpectedVersion.Any, [Tallied.For("a")])).Should().ThrowAsync<ReadModelDamagedException>()).WithMessage("*'tallies@1'*missing*");
        (await store.GetHeadAsync()).Should().Be(3);
        await using (var running = store.StartProjections(NoRetries, new Tallies())) await running.RebuildAsync("tallies").WaitAsync(Never);
        await store.AppendAsync("s-2", ExpectedVersion.NoStream, [Tallied.For("a")]);
        await ShouldBeFoldAsync(store, new Tallies());
    }

    [Theory]
    [InlineData("x")]
    [InlineData("{}")]
    [InlineData(null)]
    public async Task Damage_what_is_parked_stops_it_and_a_rebuild_makes_it_anew(string? content)
    {
        var store = await StoreAsync();
        await using (var failing = store.StartProjections(NoRetries, new Tallies((_, position) => position == 4)))
        {
            await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
            await UntilParkedAsync(store, "tallies", 1);
        }

        var key = (await store.Storage.ReadModels.QueryAsync("$parked", new DocumentQuery()))[0].Key;
        await DamageAsync(store, "$parked", key, content);

        await using var running = store.StartProjections(NoRetries, new Tallies());
        await FluentActions.Awaiting(() => running.Completion.WaitAsync(Never)).Should().ThrowAsync<ReadModelDamagedException>().WithMessage("*'tallies'*'$parked'*");
        if (content is not null) (await store.ProjectionAdmin().GetStatusAsync())[0].LastError.Should().BeOfType<ReadModelDamagedException>();
        await running.RebuildAsync("tallies").WaitAsync(Never);
        await ShouldBeFoldAsync(store, new Tallies());
        (await store.ProjectionAdmin().GetParkedAsync("tallies")).Should().BeEmpty();
    }

    [Fact]
    public async Task Damage_an_order_stops_it_and_a_rebuild_gets_past_it()
    {
        var store = await StoreAsync();
        await store.ProjectionAdmin().RebuildDocumentAsync("tallies", "a");
        await DamageAsync(store, "$refolds", (await store.Storage.ReadModels.QueryAsync("$refolds", new DocumentQuery()))[0].Key, "x");

        await using var running = store.StartProjections(NoRetries, new Tallies());
        await FluentActions.Awaiting(() => running.Completion.WaitAsync(Never)).Should().ThrowAsync<ReadModelDamagedException>().WithMessage("*'tallies'*'$refolds'*");
        await running.RebuildAsync("tallies").WaitAsync(Never);
        await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);
        await ShouldBeFoldAsync(store, new Tallies());
    }

    [Fact]
    public async Task Lose_the_record_of_a_reactor_goes_on_from_where_it_was()
    {
        var store = await StoreAsync();
        var delivered = new List<long>();
        await using (var running = await store.StartReactorsAsync(NoRetries, new Letters(delivered))) await running.CatchUpAsync(Never);
        await DamageAsync(store, "$projections", "Letters", null);
        await using (var running = await store.StartReactorsAsync(NoRetries, new Letters(delivered)))
        {
            await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);
        }

        delivered.Should().Equal(1, 2, 3, 4);
        await DamageAsync(store, "$runs", "Letters@1", "[]");
        await using var damaged = await store.StartReactorsAsync(NoRetries, new Letters(delivered));
        await FluentActions.Awaiting(() => damaged.Completion.WaitAsync(Never)).Should().ThrowAsync<ReadModelDamagedException>().WithMessage("*'Letters'*another name*");
        delivered.Should().HaveCount(4);
    }

    [Fact]
    public async Task Store_the_record_of_a_reactor_as_a_projection_s_stops_it_with_that()
    {
        var store = await StoreAsync();
        var delivered = new List<long>();
        await using (var running = await store.StartReactorsAsync(NoRetries, new Letters(delivered))) await running.CatchUpAsync(Never);
        await ReplaceAsync(store, "Letters", "\"reactor\"", "\"reactos\"");
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);

        var start = FluentActions.Awaiting(() => store.StartReactorsAsync(NoRetries, new Letters(delivered)));
        await start.Should().ThrowAsync<ReadModelDamagedException>()
            .WithMessage("*'Letters'*'$projections'*is a projection*is a reactor*another name*");
        delivered.Should().Equal(1, 2, 3);
        await ReplaceAsync(store, "Letters", "\"reactos\"", "\"reactor\"");
        await using var mended = await store.StartReactorsAsync(NoRetries, new Letters(delivered));
        await mended.CatchUpAsync(Never);
        delivered.Should().Equal(1, 2, 3, 4);
    }

    [Fact]
    public async Task Store_the_record_of_a_reactor_as_another_class_s_projection_says_whose_it_is()
    {
        var store = await StoreAsync();
        await using (var running = await store.StartReactorsAsync(NoRetries, new Letters([]))) await running.CatchUpAsync(Never);
        await ReplaceAsync(store, "Letters", "\"reactor\"", "\"reactos\"");
        await ReplaceAsync(store, "Letters", "Letters\"", "Lettres\"");

        var start = FluentActions.Awaiting(() => store.StartReactorsAsync(NoRetries, new Letters([])));
        var taken = (await start.Should().ThrowAsync<SubscriberNameTakenException>()).Which;

        taken.Owner.Should().EndWith("Lettres");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Store_the_record_of_a_projection_as_a_reactor_s_is_mended_by_a_rebuild_and_by_a_new_version(int version)
    {
        var store = await StoreAsync();
        var record = Encoding.UTF8.GetString((await store.Storage.ReadModels.LoadAsync("$projections", ["tallies"]))[0]!);
        var fingerprint = System.Text.Json.JsonDocument.Parse(record).RootElement.EnumerateObject()
            .First(property => property.Name.Equals("generations", StringComparison.OrdinalIgnoreCase)).Value[0].EnumerateObject()
            .First(property => property.Name.Equals("fingerprint", StringComparison.OrdinalIgnoreCase)).Value.GetRawText();
        await ReplaceAsync(store, "tallies", fingerprint, "\"reactor\"");
        var projection = new Tallies(null, version: version);
        await using (var running = store.StartProjections(NoRetries, projection))
        {
            if (version == 1)
            {
                await ShouldBeDamagedAsync(() => running.Completion, "$projections", "tallies");
                await running.RebuildAsync("tallies").WaitAsync(Never);
            }

            await running.CatchUpAsync(Never);
        }

        await using var again = store.StartProjections(NoRetries, projection);
        await again.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);
        await ShouldBeFoldAsync(store, projection);
    }

    [Theory]
    [InlineData("$projections")]
    [InlineData("$runs")]
    [InlineData("$hosts")]
    [InlineData("$parked")]
    [InlineData("$skipped")]
    [InlineData("$refolds")]
    [InlineData("$orders")]
    public async Task Store_records_with_other_fields_stops_who_needs_them_with_that_and_no_append(string model)
    {
        var store = await StoreAsync();
        var other = new ReadModelDefinition(model, [new FieldDefinition("other", FieldKind.WholeNumber), new FieldDefinition("projection", FieldKind.Number)]);
        await store.Storage.ReadModels.CommitAsync(new ReadModelCommit { Drops = [model], Creates = [other] });

        await using (var running = store.StartProjections(NoRetries, new Tallies())) await ShouldNameAsync(() => running.Completion);
        await ShouldNameAsync(() => store.StartReactorsAsync(NoRetries, new Letters([])));
        var admin = store.ProjectionAdmin();
        if (model is "$parked") await ShouldNameAsync(() => admin.GetParkedAsync("tallies"));
        if (model is "$skipped") await ShouldNameAsync(() => admin.GetSkippedAsync("tallies"));
        if (model is not "$projections") await ShouldNameAsync(() => admin.RebuildDocumentAsync("tallies", "a"));
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);

        // Nothing was written: what was read then is what is read now.
        (await store.ReadModel(new Tallies()).FindAsync("a"))!.Applied.Should().Equal(1, 2, 3);
        (await store.Storage.ReadModels.CountAsync(model, [])).Should().Be(0);

        async Task ShouldNameAsync(Func<Task> act)
        {
            var damage = (await FluentActions.Awaiting(() => act().WaitAsync(Never)).Should().ThrowAsync<ReadModelDamagedException>()).Which;
            damage.Message.Should().Contain(model).And.Contain("Nothing was written");
        }
    }

    /// <summary>A store of three events, all in the read model.</summary>
    private async Task<EventStore> StoreAsync()
    {
        var store = OpenStore();
        await using var running = store.StartProjections(NoRetries, new Tallies());
        for (var i = 0; i < 3; i++) await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]), Never);
        return store;
    }

    private static async Task DamageAsync(EventStore store, string model, string key, string? content)
    {
        var change = new DocumentChange(model, key, content is null ? null : (ReadOnlyMemory<byte>?)Encoding.UTF8.GetBytes(content));
        if (model is "$parked" or "$refolds") change = change with { Fields = [new FieldValue("tallies")] };
        await store.Storage.ReadModels.CommitAsync(new ReadModelCommit { Changes = [change] });
    }

    /// <summary>Changes a part of what is recorded in '$projections'.</summary>
    private static async Task ReplaceAsync(EventStore store, string key, string part, string by)
    {
        var record = Encoding.UTF8.GetString((await store.Storage.ReadModels.LoadAsync("$projections", [key]))[0]!);
        record.Should().Contain(part);
        await DamageAsync(store, "$projections", key, record.Replace(part, by, StringComparison.Ordinal));
    }

    private static async Task ShouldBeDamagedAsync(Func<Task> act, string model, string key)
    {
        var damage = (await FluentActions.Awaiting(() => act().WaitAsync(Never)).Should().ThrowAsync<ReadModelDamagedException>()).Which;
        damage.ReadModel.Should().Be("tallies");
        damage.Message.Should().Contain($"'{key}'").And.Contain($"'{model}'").And.Contain("Nothing was written").And.Contain("RebuildAsync");
    }

    private static TheoryData<string, string, string?> AllDamages()
    {
        var all = new TheoryData<string, string, string?>();
        foreach (var (model, key) in new[] { ("$runs", "tallies@1"), ("$projections", "tallies") })
        {
            foreach (var content in Contents) all.Add(model, key, content);
            all.Add(model, key, null);
        }

        return all;
    }

    private sealed class Letters : Reactor
    {
        public Letters(List<long> delivered) => On<Tallied>((_, delivery, _) =>
        {
            delivered.Add(delivery.Event.Position);
            return Task.CompletedTask;
        });

        public override string Name => "Letters";

        public override StartFrom Start => StartFrom.Beginning;
    }
}
