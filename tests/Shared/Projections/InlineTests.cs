namespace EventSourcing.Tests.Projections;

/// <summary>Read models that change within each append.</summary>
public abstract class InlineTests(IStorageSource source) : EngineTests(source)
{
    [Fact]
    public async Task Append_from_8_at_once_applies_each_event_once_and_reads_own_writes()
    {
        await OpenStore().AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("all")]);
        var (projection, other) = (new Tallies(), new Tallies(null, "other"));
        var store = OpenInline(projection, other);
        await store.StartInlineProjectionsAsync();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(w => Task.Run(async () =>
        {
            for (var i = 1; i <= 40; i++)
            {
                var result = await store.AppendAsync(
                    [new StreamAppend($"w-{w}", ExpectedVersion.Any, [Tallied.For("all", $"w{w}")]), new StreamAppend($"v-{w}", ExpectedVersion.Any, [Tallied.For($"w{w}")])]);
                (await store.ReadModel(projection).FindAsync($"w{w}"))!.Applied.Should().HaveCount(2 * i).And.EndWith(result.Position);
            }
        })));
        await ShouldBeFoldAsync(store, projection);
        await ShouldBeFoldAsync(store, other);
    }

    [Fact]
    public async Task Fail_refuses_the_append_and_only_that_and_nothing_changes()
    {
        var projection = new Tallies((key, _) => key == "bad");
        var store = OpenInline(new Tallies(null, "other"), projection);
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("good")]);
        var refused = 0;
        await Task.WhenAll(Enumerable.Range(0, 40).Select(i => Task.Run(async () =>
        {
            try
            {
                await store.AppendAsync($"w-{i}", ExpectedVersion.NoStream, [Tallied.For("good"), Tallied.For(i % 2 == 0 ? "bad" : "fine")]);
            }
            catch (ProjectionFailedException)
            {
                Interlocked.Increment(ref refused);
            }
        })));
        refused.Should().Be(20);
        (await store.GetHeadAsync()).Should().Be(41);
        (await store.GetVersionAsync("w-0")).Should().Be(0);
        await ShouldBeFoldAsync(store, projection);
        await ShouldBeFoldAsync(store, new Tallies(null, "other"));
        (await store.ReadModel(projection).GetPositionAsync()).Should().Be(41);
    }

    [Fact]
    public async Task Declare_in_the_options_brings_them_up_to_date_before_the_first_appends()
    {
        var before = OpenStore();
        for (var i = 0; i < 5; i++) await before.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("old")]);
        var (projection, other) = (new Tallies(), new Tallies(null, "other"));
        var store = new EventStore(Open(), Tallied.Types, new EventStoreOptions().WithInlineProjections(projection, other));
        await Task.WhenAll(Enumerable.Range(0, 8).Select(w => Task.Run(async () =>
        {
            for (var i = 1; i <= 10; i++)
            {
                var result = await store.AppendAsync($"w-{w}", ExpectedVersion.Any, [Tallied.For("all", $"w{w}")]);
                (await store.ReadModel(projection).FindAsync($"w{w}"))!.Applied.Should().HaveCount(i).And.EndWith(result.Position);
            }
        })));
        (await store.ReadModel(projection).FindAsync("old"))!.Applied.Should().Equal(1, 2, 3, 4, 5);
        await ShouldBeFoldAsync(store, projection);
        await ShouldBeFoldAsync(store, other);
        for (var i = 0; i < 2; i++) await store.StartInlineProjectionsAsync();
        await ShouldBeFoldAsync(store, projection);
    }

    [Fact]
    public async Task Declare_in_the_options_twice_runs_all_of_them()
    {
        var (projection, other) = (new Tallies(), new Tallies(null, "other"));
        var store = new EventStore(
            Open(), Tallied.Types, new EventStoreOptions().WithInlineProjections(projection).WithInlineProjections(other));
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await ShouldBeFoldAsync(store, projection);
        await ShouldBeFoldAsync(store, other);
    }

    [Fact]
    public async Task Declare_in_the_options_and_start_folds_without_an_append()
    {
        var before = OpenStore();
        await before.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("old")]);
        var projection = new Tallies();
        var store = new EventStore(Open(), Tallied.Types, new EventStoreOptions().WithInlineProjections(projection));
        (await store.ReadModel(projection).FindAsync("old")).Should().BeNull();
        await store.StartInlineProjectionsAsync();
        (await store.ReadModel(projection).FindAsync("old"))!.Applied.Should().Equal(1);
        var none = () => before.StartInlineProjectionsAsync();
        await none.Should().ThrowAsync<InvalidOperationException>().WithMessage("*no inline projections*WithInlineProjections*");
    }

    [Fact]
    public async Task Declare_in_the_options_one_that_fails_refuses_each_append_until_it_is_mended()
    {
        var before = OpenStore();
        await before.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("bad")]);
        var isBad = true;
        var projection = new Tallies((key, _) => key == "bad" && Volatile.Read(ref isBad));
        var store = new EventStore(Open(), Tallied.Types, new EventStoreOptions().WithInlineProjections(projection));
        for (var i = 0; i < 2; i++)
        {
            var append = () => store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("good")]);
            await append.Should().ThrowAsync<ProjectionFailedException>();
        }

        (await store.GetHeadAsync()).Should().Be(1);
        Volatile.Write(ref isBad, false);
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("good")]);
        await ShouldBeFoldAsync(store, projection);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("throws")]
    [InlineData("long")]
    public async Task Fail_with_an_error_of_an_odd_message_refuses_the_append(string message)
    {
        var store = OpenInline(new Tallies { Applying = position => _ = position == 2 ? throw new ParkingTests.OddError(message) : 0 });
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        for (var i = 0; i < 2; i++)
        {
            (await FluentActions.Awaiting(() => store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")])).Should().ThrowAsync<ProjectionFailedException>())
                .Which.Message.Length.Should().BeLessThan(4_500);
        }

        (await store.GetHeadAsync()).Should().Be(1);
    }

    [Fact]
    public async Task Append_of_an_event_on_which_one_fails_says_that_the_append_was_refused()
    {
        var projection = new Tallies((key, _) => key == "bad");
        var store = new EventStore(Open(), Tallied.Types, new EventStoreOptions().WithInlineProjections(projection));
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("good")]);

        var append = () => store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("good"), Tallied.For("bad")]);

        (await append.Should().ThrowAsync<ProjectionFailedException>())
            .WithMessage("'tallies' failed on the event at position 3*The append was refused: none of its events is stored.*repeat the append.");
        (await store.GetHeadAsync()).Should().Be(1);
        await ShouldBeFoldAsync(store, projection);
    }

    [Fact]
    public void Declare_in_the_options_what_is_not_valid_throws_when_the_store_is_opened()
    {
        var none = () => new EventStoreOptions().WithInlineProjections();
        none.Should().Throw<ArgumentException>();
        var twice = new EventStoreOptions().WithInlineProjections(new Tallies(), new Tallies());
        var open = () => new EventStore(Open(), Tallied.Types, twice);
        open.Should().Throw<ArgumentException>().WithMessage("*Two are named*");
    }

    [Fact]
    public async Task Append_without_inline_in_between_is_caught_up_with()
    {
        var projection = new Tallies();
        var (store, without) = (OpenInline(projection), OpenStore());
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await without.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a"), new Ignored(1), Tallied.For("b")]);
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await ShouldBeFoldAsync(store, projection);
    }

    [Fact]
    public async Task Append_again_with_the_same_ids_applies_nothing_twice_and_claims_no_position()
    {
        var projection = new Tallies();
        var (store, without) = (OpenInline(projection), OpenStore());
        EventData first = new(Tallied.For("a")) { Id = Guid.NewGuid() }, second = new(Tallied.For("a")) { Id = Guid.NewGuid() };
        await store.AppendAsync("s-1", ExpectedVersion.Any, [first]);
        (await store.AppendAsync("s-1", ExpectedVersion.Any, [first])).WasAlreadyStored.Should().BeTrue();
        await ShouldBeFoldAsync(store, projection);

        await without.AppendAsync("s-1", ExpectedVersion.Any, [second]);
        (await store.AppendAsync("s-1", ExpectedVersion.Any, [second])).WasAlreadyStored.Should().BeTrue();
        (await store.ReadModel(projection).GetPositionAsync()).Should().Be(1, "the second event was stored by one who does not fold it");
    }

    [Fact]
    public async Task Rebuild_while_8_append_inline_puts_the_new_one_in_place_and_loses_nothing()
    {
        var projection = new Tallies();
        var store = OpenInline(projection);
        await using var running = store.StartProjections(NoRetries, projection);
        using var stop = new CancellationTokenSource();
        var writers = Enumerable.Range(0, 8).Select(w => Task.Run(async () =>
        {
            for (var i = 1; !stop.IsCancellationRequested; i++)
            {
                await store.AppendAsync($"w-{w}", ExpectedVersion.Any, [Tallied.For($"w{w}")]);
                (await store.ReadModel(projection).FindAsync($"w{w}"))!.Applied.Should().HaveCount(i);
            }
        })).ToList();
        try
        {
            for (var i = 0; i < 2; i++) await running.RebuildAsync("tallies").WaitAsync(Never);
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(writers);
        }

        await ShouldBeFoldAsync(store, projection);
    }

    [Fact]
    public async Task Start_inline_with_something_parked_is_refused_and_so_are_appends_but_only_with_it()
    {
        var store = OpenStore();
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("bad")]);
        await using (store.StartProjections(NoRetries, new Tallies((key, _) => key == "bad"))) await UntilParkedAsync(store, "tallies", 1);
        var inline = OpenInline(new Tallies());
        await FluentActions.Awaiting(() => inline.StartInlineProjectionsAsync()).Should().ThrowAsync<ProjectionParkedException>();
        await FluentActions.Awaiting(() => inline.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("good")])).Should().ThrowAsync<ProjectionParkedException>();
        (await store.GetHeadAsync()).Should().Be(1);
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("good")]);
        (await store.ReadModel(new Tallies()).FindAsync("good")).Should().BeNull("nothing runs");
    }

    [Fact]
    public async Task Start_inline_in_an_old_version_while_a_new_one_runs_elsewhere_is_refused()
    {
        var (old, later) = (OpenInline(new Tallies()), OpenStore());
        await old.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await using var running = later.StartProjections(NoRetries, new Tallies(null, version: 2));
        await UntilAsync(async () => (await running.GetStatusAsync())[0] is { Rebuild: null, State: ProjectionState.Live, Position: 1 }, "in place");
        var again = OpenInline(new Tallies());
        await FluentActions.Awaiting(() => again.StartInlineProjectionsAsync().WaitAsync(Never)).Should().ThrowAsync<InvalidOperationException>();
        await OpenStore().AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await running.CatchUpAsync();
        (await later.ReadModel(new Tallies()).FindAsync("a"))!.Applied.Should().Equal(1, 2);
    }
}
