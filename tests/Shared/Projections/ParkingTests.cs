using System.Collections.Concurrent;
using System.Text;

namespace EventSourcing.Tests.Projections;

/// <summary>What fails waits, in order; all else goes on; nothing is lost, skipped or applied twice.</summary>
public abstract class ParkingTests(IStorageSource source) : EngineTests(source)
{
    [Fact]
    public async Task Fail_on_one_document_parks_it_alone_and_resume_goes_on_in_order()
    {
        var store = OpenStore();
        var isMended = false;
        var projection = new Tallies((key, position) => !isMended && key == "a" && position == 2);
        await using var running = store.StartProjections(NoRetries, projection);
        await AppendAsync(store, ["a"], ["a", "b"], ["b"], ["a"], ["c", "a"]);
        await UntilParkedAsync(store, "tallies", 1);
        await UntilAsync(async () => await store.ReadModel(projection).GetPositionAsync() == 5, "level");
        await ShouldBeFoldAsync(store, projection, (key, position) => key == "a" && position >= 2);
        var parked = (await store.ProjectionAdmin().GetParkedAsync("tallies")).Single();
        parked.Should().BeEquivalentTo(new { Kind = ParkedKind.Document, Partition = "a", Stream = "s-1", Position = 2L, Attempts = 1, EventType = "tallied" });

        isMended = true;
        (await OpenStore().ProjectionAdmin().ResumeAsync(parked)).Should().BeTrue();
        await UntilParkedAsync(store, "tallies", 0);
        await ShouldBeFoldAsync(store, projection);
    }

    /// <summary>An error's message is code of the app, too.</summary>
    [Theory]
    [InlineData("null")]
    [InlineData("empty")]
    [InlineData("throws")]
    [InlineData("long")]
    public async Task Fail_with_an_error_of_an_odd_message_parks_it_alone_and_keeps_little_of_the_message(string message)
    {
        var store = OpenStore();
        var projection = new Tallies { Applying = position => _ = position == 2 ? throw new OddError(message) : 0 };
        var reactor = new Reacts((delivery, _) => delivery.Event.Position == 2 ? throw new OddError(message) : Task.CompletedTask);
        await using var running = store.StartProjections(NoRetries, projection);
        await using var reacting = await store.StartReactorsAsync(NoRetries, reactor);
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await store.AppendAsync("s-2", ExpectedVersion.Any, [Tallied.For("b")]);
        await store.AppendAsync("s-3", ExpectedVersion.Any, [Tallied.For("c")]);
        foreach (var name in new[] { "tallies", "reacts" })
        {
            await UntilParkedAsync(store, name, 1);
            await UntilAsync(async () => (await store.ProjectionAdmin().GetStatusAsync()).Single(status => status.Name == name).Position == 3, "level");
            var parked = (await store.ProjectionAdmin().GetParkedAsync(name)).Single();
            parked.Position.Should().Be(2);
            parked.ErrorType.Should().Be(typeof(OddError).FullName);
            parked.Error.Length.Should().BeInRange(10, 4_001);
        }

        (await store.ReadModel(projection).FindAsync("c"))!.Applied.Should().Equal(3);
    }

    internal sealed class OddError(string message) : Exception
    {
        public override string Message => message switch
        {
            "null" => null!,
            "empty" => "",
            "throws" => throw new InvalidOperationException("There is no message."),
            _ => string.Concat(Enumerable.Repeat("\U0001F600", 1_000_000)),
        };
    }

    [Fact]
    public async Task Skip_leaves_out_one_event_of_one_document()
    {
        var store = OpenStore();
        var projection = new Tallies((key, position) => key == "a" && position == 1);
        await using var running = store.StartProjections(NoRetries, projection);
        await AppendAsync(store, ["a", "b"], ["a"]);
        await UntilParkedAsync(store, "tallies", 1);
        var parked = (await store.ProjectionAdmin().GetParkedAsync("tallies")).Single();
        (await OpenStore().ProjectionAdmin().SkipAsync(parked, "ann", "a test")).Should().BeTrue();
        await UntilParkedAsync(store, "tallies", 0);
        await ShouldBeFoldAsync(store, projection, (key, position) => key == "a" && position == 1);
        (await store.ProjectionAdmin().GetSkippedAsync("tallies")).Single().Should().BeEquivalentTo(new { Position = 1L, Partition = "a", By = "ann", Reason = "a test" });
        (await store.ProjectionAdmin().SkipAsync(parked, "ann", "again")).Should().BeFalse();
        (await store.ProjectionAdmin().ResumeAsync(parked)).Should().BeFalse();
    }

    [Fact]
    public async Task Skip_an_event_that_is_no_longer_the_failing_one_does_nothing()
    {
        var store = OpenStore();
        var mendedUpTo = 0L;
        var projection = new Tallies((_, position) => position > mendedUpTo);
        await using var running = store.StartProjections(NoRetries, projection);
        await AppendAsync(store, ["a"], ["a"]);
        await UntilParkedAsync(store, "tallies", 1);
        var first = (await store.ProjectionAdmin().GetParkedAsync("tallies")).Single();
        mendedUpTo = 1;
        await store.ProjectionAdmin().ResumeAsync(first);
        await UntilAsync(async () => (await store.ProjectionAdmin().GetParkedAsync("tallies")).Single() is { Position: 2, RetryAt: null }, "the second event fails");
        (await store.ProjectionAdmin().SkipAsync(first, "ann", "too late")).Should().BeFalse();
        (await store.ProjectionAdmin().GetSkippedAsync("tallies")).Should().BeEmpty();
        await ShouldBeFoldAsync(store, projection, (_, position) => position == 2);
    }

    [Fact]
    public async Task Skip_an_event_that_has_gone_through_does_not_take_back_what_comes_behind_it()
    {
        var (store, faults) = OpenFaulty();
        var isMended = false;
        var projection = new Tallies((_, position) => !isMended && position == 1);
        await using var running = store.StartProjections(NoRetries with { MaxBatchEvents = 1 }, projection);
        await AppendAsync(store, ["a"], ["a"], ["a"], ["a"]);
        await UntilParkedAsync(store, "tallies", 1);
        await UntilAsync(async () => await store.ReadModel(projection).GetPositionAsync() == 4, "level");
        var admin = OpenStore().ProjectionAdmin();
        var parked = (await admin.GetParkedAsync("tallies")).Single();
        isMended = true;

        // The order comes between two of the batches by which the document goes on.
        bool? isTaken = null;
        faults.AfterCommit = async commit =>
        {
            if (isTaken is null && commit.Changes.Any(change => change.Model == "tallies@1")) isTaken = await admin.SkipAsync(parked, "ann", "too late");
        };
        await admin.ResumeAsync(parked);
        await UntilParkedAsync(store, "tallies", 0);
        isTaken.Should().BeFalse();
        await ShouldBeFoldAsync(store, projection);
        (await admin.GetSkippedAsync("tallies")).Should().BeEmpty();
    }

    [Fact]
    public async Task Skip_an_event_of_a_stream_leaves_it_out_of_a_document_that_is_parked_before_it()
    {
        var store = OpenStore();
        var isMended = false;
        var projection = new Tallies((key, position) => !isMended && key == "a" && position == 1) { FailsKeysAt = position => !isMended && position == 2 };
        await using var running = store.StartProjections(NoRetries, projection);
        await AppendAsync(store, ["a", "b"]);
        await store.AppendAsync("s-2", ExpectedVersion.Any, [Tallied.For("a", "b"), Tallied.For("a", "b")]);
        await UntilParkedAsync(store, "tallies", 2);
        var parked = await store.ProjectionAdmin().GetParkedAsync("tallies");
        await store.ProjectionAdmin().SkipAsync(parked[1], "ann", "a test");
        await UntilParkedAsync(store, "tallies", 1);
        isMended = true;
        await store.ProjectionAdmin().ResumeAsync(parked[0]);
        await UntilParkedAsync(store, "tallies", 0);
        await ShouldBeFoldAsync(store, projection, (_, position) => position == 2);
    }

    [Fact]
    public async Task Resume_without_retry_delays_goes_through_more_events_than_one_batch()
    {
        var store = OpenStore();
        var isMended = false;
        var projection = new Tallies((_, position) => !isMended && position == 1);
        await using var running = store.StartProjections(NoRetries with { MaxBatchEvents = 2 }, projection);
        await AppendAsync(store, [.. Enumerable.Repeat<string[]>(["a"], 9)]);
        await UntilParkedAsync(store, "tallies", 1);
        await UntilAsync(async () => await store.ReadModel(projection).GetPositionAsync() == 9, "level");
        isMended = true;
        await store.ProjectionAdmin().ResumeAsync((await store.ProjectionAdmin().GetParkedAsync("tallies")).Single());
        await Task.WhenAny(running.Completion, UntilParkedAsync(store, "tallies", 0));
        running.Completion.IsFaulted.Should().BeFalse(running.Completion.Exception?.ToString());
        await ShouldBeFoldAsync(store, projection);
    }

    [Fact]
    public async Task Fail_a_few_times_only_goes_on_by_itself()
    {
        var store = OpenStore();
        var failures = new ConcurrentDictionary<(string, long), int>();
        var projection = new Tallies((key, position) => position == 2 && failures.AddOrUpdate((key, position), 1, (_, n) => n + 1) <= 4);
        await using var running = store.StartProjections(NoRetries with { RetryDelays = [.. Enumerable.Repeat(TimeSpan.FromMilliseconds(1), 5)] }, projection);
        var last = await AppendAsync(store, ["a"], ["a", "b"], ["b"], ["a"]);
        await running.WaitForAsync(last);
        await UntilAsync(async () => (await store.ProjectionAdmin().GetParkedAsync("tallies")).Count == 0, "nothing parked");
        await ShouldBeFoldAsync(store, projection);
    }

    [Fact]
    public async Task Fail_on_keys_or_on_an_unknown_type_parks_the_stream()
    {
        var store = OpenStore();
        var isMended = false;
        var projection = new AnyTallies { FailsKeysAt = position => !isMended && position == 3 };
        await using var running = store.StartProjections(NoRetries, projection);
        await AppendAsync(store, ["a"]);
        await AppendUnknownAsync(store, "s-2");
        await store.AppendAsync("s-3", ExpectedVersion.Any, [Tallied.For("b", "c")]);
        await store.AppendAsync("s-2", ExpectedVersion.Any, [Tallied.For("a", "d")]);
        await store.AppendAsync("s-3", ExpectedVersion.Any, [Tallied.For("a")]);
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a", "b")]);
        await UntilParkedAsync(store, "any", 2);
        await UntilAsync(async () => await store.ReadModel(projection).GetPositionAsync() == 6, "level");
        await ShouldBeFoldOfAnyAsync(store, [1, 6]);
        var parked = await store.ProjectionAdmin().GetParkedAsync("any");
        parked.Should().BeEquivalentTo([
            new { Kind = ParkedKind.Stream, Partition = "s-2", Position = 2L, EventType = "from-the-future" },
            new { Kind = ParkedKind.Stream, Partition = "s-3", Position = 3L, EventType = "tallied" }]);
        parked[0].ErrorType.Should().Contain(nameof(UnknownEventTypeException));

        isMended = true;
        await store.ProjectionAdmin().ResumeAsync(parked[1]);
        await UntilParkedAsync(store, "any", 1);
        await store.ProjectionAdmin().SkipAsync(parked[0], "ann", "not ours");
        await UntilParkedAsync(store, "any", 0);
        await ShouldBeFoldOfAnyAsync(store, [1, 3, 4, 5, 6]);
    }

    [Fact]
    public async Task Wait_for_an_event_whose_stream_is_parked_throws_that_and_not_the_error_of_the_keys()
    {
        var store = OpenStore();
        var projection = new Tallies((key, position) => position == 1) { FailsKeysAt = position => position == 2 };
        await using var running = store.StartProjections(NoRetries, projection);
        await AppendAsync(store, ["a"], ["b"]);
        await UntilParkedAsync(store, "tallies", 2);
        var error = (await FluentActions.Awaiting(() => running.WaitForAsync(2)).Should().ThrowAsync<ProjectionParkedException>()).Which;
        error.Should().BeEquivalentTo(new { Position = 2L });
        error.Parked.Partition.Should().Be("s-1");
    }

    [Fact]
    public async Task Park_more_than_allowed_stops_and_applies_nothing_of_that_batch()
    {
        var store = OpenStore();
        var projection = new Tallies((key, position) => key.StartsWith("bad", StringComparison.Ordinal));
        await AppendAsync(store, ["bad-1", "good"], ["bad-2", "good"], ["bad-3", "good"]);
        await using var running = store.StartProjections(NoRetries with { MaxParked = 2 }, projection);
        (await FluentActions.Awaiting(() => running.Completion.WaitAsync(Never)).Should().ThrowAsync<ProjectionFailedException>()).WithMessage("*MaxParked*");
        (await store.ReadModel(projection).Query().CountAsync()).Should().Be(0);
        (await store.ReadModel(projection).GetPositionAsync()).Should().Be(0);
        (await store.ProjectionAdmin().GetParkedAsync("tallies")).Should().BeEmpty();
        (await running.GetStatusAsync()).Single().State.Should().Be(ProjectionState.Failed);
        await FluentActions.Awaiting(() => running.WaitForAsync(3, Never)).Should().ThrowAsync<ProjectionFailedException>();
    }

    [Fact]
    public async Task Fail_in_stop_mode_stops_before_the_event_and_start_goes_on_there()
    {
        var store = OpenStore();
        var isMended = false;
        var attempts = 0;
        var projection = new Tallies((key, position) => !isMended && position == 3 && key == "a" && Interlocked.Increment(ref attempts) > 0);
        await AppendAsync(store, ["a"], ["b"], ["b", "a"], ["b"]);
        var options = NoRetries with { OnFailure = FailureMode.Stop, RetryDelays = [TimeSpan.Zero, TimeSpan.Zero] };
        await using (var running = store.StartProjections(options, projection))
        {
            var failure = (await FluentActions.Awaiting(() => running.Completion.WaitAsync(Never)).Should().ThrowAsync<ProjectionFailedException>()).Which;
            failure.Should().BeEquivalentTo(new { Position = 3L, Stream = "s-1", Projection = "tallies" });
            (await FluentActions.Awaiting(() => running.WaitForAsync(3, Never)).Should().ThrowAsync<ProjectionFailedException>()).Which.Should().BeSameAs(failure);
            await running.WaitForAsync(2, Never);
        }

        attempts.Should().Be(3, "it is tried once, and again after each delay");
        await ShouldBeFoldAsync(store, projection, (_, position) => position >= 3);
        (await store.ProjectionAdmin().GetParkedAsync("tallies")).Should().BeEmpty();
        isMended = true;
        await using (var running = store.StartProjections(options, projection)) await running.CatchUpAsync();
        await ShouldBeFoldAsync(store, projection);
    }

    [Theory]
    [InlineData(FailureMode.Park)]
    [InlineData(FailureMode.Stop)]
    public async Task Throw_a_cancellation_nobody_asked_for_is_a_failure(FailureMode mode)
    {
        var store = OpenStore();
        var projection = new Tallies { Applying = _ => throw new OperationCanceledException() };
        await AppendAsync(store, ["a"]);
        await using var running = store.StartProjections(NoRetries with { OnFailure = mode }, projection);
        if (mode == FailureMode.Stop) await FluentActions.Awaiting(() => running.Completion.WaitAsync(Never)).Should().ThrowAsync<ProjectionFailedException>();
        else await FluentActions.Awaiting(() => running.WaitForAsync(1, Never)).Should().ThrowAsync<ProjectionParkedException>();
    }

    [Fact]
    public async Task Rebuild_one_document_makes_it_anew_and_leaves_the_others()
    {
        var store = OpenStore();
        var folds = new ConcurrentDictionary<long, int>();
        var projection = new Tallies { Applying = position => folds.AddOrUpdate(position, 1, (_, n) => n + 1) };
        await using var running = store.StartProjections(NoRetries, projection);
        await AppendAsync(store, ["a"], ["b"], ["a"]);
        await running.CatchUpAsync();
        await OpenStore().ProjectionAdmin().RebuildDocumentAsync("tallies", "a");
        await UntilAsync(() => Task.FromResult(folds.GetValueOrDefault(3) == 2), "folded again");
        await running.WaitForAsync(await AppendAsync(store, ["a"]));
        await ShouldBeFoldAsync(store, projection);
        folds[2].Should().Be(1);
    }

    [Fact]
    public async Task Rebuild_one_document_on_which_an_event_fails_leaves_the_old_one_and_says_so()
    {
        var store = OpenStore();
        var fails = false;
        var failures = 0;
        var projection = new Tallies((key, position) => fails && position == 2 && Interlocked.Increment(ref failures) > 0);
        await using var running = store.StartProjections(NoRetries, projection);
        await AppendAsync(store, ["a"], ["a"], ["a"]);
        await running.CatchUpAsync();
        fails = true;
        await store.ProjectionAdmin().RebuildDocumentAsync("tallies", "a");
        await UntilAsync(() => Task.FromResult(failures == 1), "has failed");
        fails = false;
        await running.WaitForAsync(await AppendAsync(store, ["a"]));

        await ShouldBeFoldAsync(store, projection);
        (await store.ProjectionAdmin().GetParkedAsync("tallies")).Should().BeEmpty();
    }

    [Fact]
    public async Task Rebuild_one_document_of_what_has_none_is_refused()
    {
        var store = OpenStore();
        var reactor = new Reacts((_, _) => Task.CompletedTask);
        await using var running = await store.StartReactorsAsync(NoRetries, reactor);
        await FluentActions.Awaiting(() => store.ProjectionAdmin().RebuildDocumentAsync(reactor.Name, "a")).Should().ThrowAsync<ArgumentException>()
            .WithMessage($"'{reactor.Name}' has no documents*");
    }

    [Fact]
    public async Task Rebuild_a_parked_document_that_is_mended_ends_its_parking()
    {
        var store = OpenStore();
        var isMended = false;
        var projection = new Tallies((key, position) => !isMended && position == 2);
        await using var running = store.StartProjections(NoRetries, projection);
        await AppendAsync(store, ["a"], ["a"], ["a"]);
        await UntilParkedAsync(store, "tallies", 1);
        isMended = true;
        await store.ProjectionAdmin().RebuildDocumentAsync("tallies", "a");
        await UntilParkedAsync(store, "tallies", 0);
        await running.CatchUpAsync();
        await ShouldBeFoldAsync(store, projection);
    }

    [Fact]
    public async Task Restart_keeps_what_is_parked_and_holds_back_what_comes_behind_it()
    {
        var store = OpenStore();
        var isMended = false;
        var projection = new Tallies((key, position) => !isMended && position == 1 && key == "a");
        await using (store.StartProjections(NoRetries, projection))
        {
            await AppendAsync(store, ["a", "b"]);
            await UntilParkedAsync(store, "tallies", 1);
        }

        await AppendAsync(store, ["a", "b"]);
        await using var running = store.StartProjections(NoRetries, projection);
        await FluentActions.Awaiting(() => running.WaitForAsync(2)).Should().ThrowAsync<ProjectionParkedException>();
        await ShouldBeFoldAsync(store, projection, (key, _) => key == "a");
        isMended = true;
        await store.ProjectionAdmin().ResumeAsync((await store.ProjectionAdmin().GetParkedAsync("tallies")).Single());
        await running.WaitForAsync(2);
        await ShouldBeFoldAsync(store, projection);
    }

    /// <summary>
    /// Documents and keys that fail at random until they are mended, and whoever looks after them resuming, skipping,
    /// restarting and rebuilding documents at random meanwhile. In the end each pair of document and event was applied
    /// once and in order, but for those that were skipped.
    /// </summary>
    [Theory]
    [Trait("Speed", "Slow")]
    [InlineData(1, 3)]
    [InlineData(2, 1)]
    [InlineData(3, 1000)]
    [InlineData(4, 7)]
    public async Task Fail_resume_skip_and_restart_at_random_applies_all_but_what_is_skipped_once(int seed, int maxBatchEvents)
    {
        var random = new Random(seed);
        var store = OpenStore();
        var admin = OpenStore().ProjectionAdmin();
        var broken = new ConcurrentDictionary<(string, long), bool>();
        var brokenKeys = new ConcurrentDictionary<long, bool>();
        var tended = 0;
        for (var position = 1; position <= 160; position++)
        {
            for (var key = 0; key < 8; key++)
            {
                if (random.Next(30) == 0) broken[($"k{key}", position)] = true;
            }

            if (random.Next(25) == 0) brokenKeys[position] = true;
        }

        var projection = new Tallies((key, position) => broken.ContainsKey((key, position))) { FailsKeysAt = brokenKeys.ContainsKey };
        var options = NoRetries with { MaxBatchEvents = maxBatchEvents, RetryDelays = seed % 2 == 0 ? [TimeSpan.FromMilliseconds(2)] : [] };
        var running = store.StartProjections(options, projection);
        try
        {
            for (var round = 0; round < 80; round++)
            {
                for (var i = 0; i < 2; i++)
                    await store.AppendAsync($"s-{random.Next(5)}", ExpectedVersion.Any, [new Tallied([.. Enumerable.Range(0, 1 + random.Next(3)).Select(_ => $"k{random.Next(8)}")])]);
                var parked = await admin.GetParkedAsync("tallies");
                if (parked.Count > 0 && random.Next(3) == 0) await TendAsync(parked[random.Next(parked.Count)]);
                if (random.Next(12) != 0) continue;
                await running.DisposeAsync();
                running = store.StartProjections(options, projection);
            }

            await UntilAsync(
                async () =>
                {
                    var parked = await admin.GetParkedAsync("tallies");
                    foreach (var one in parked.Where(p => p.RetryAt is null)) await TendAsync(one);
                    return parked.Count == 0 && await store.ReadModel(projection).GetPositionAsync() == 160;
                },
                "all mended or skipped");
        }
        finally
        {
            await running.DisposeAsync();
        }

        // An event of a parked stream fails as a whole where one of its documents does.
        var skipped = await admin.GetSkippedAsync("tallies");
        var documents = skipped.Where(s => s.Kind == ParkedKind.Document).Select(s => (s.Partition, s.Position)).ToHashSet();
        var events = skipped.Where(s => s.Kind == ParkedKind.Stream).Select(s => s.Position).ToHashSet();
        skipped.Should().NotBeEmpty();
        await ShouldHoldOnceAsync(store, projection, (key, position) => documents.Contains((key, position)) || events.Contains(position));

        async Task TendAsync(ParkedEvents parked)
        {
            // The first is always skipped: how many there are depends on timing, and by chance alone none might be.
            if (tended++ == 0 || random.Next(4) == 0)
            {
                await admin.SkipAsync(parked, "test", "at random");
                return;
            }

            if (parked.Kind == ParkedKind.Document) broken.TryRemove((parked.Partition, parked.Position), out _);
            else brokenKeys.TryRemove(parked.Position, out _);
            for (var key = 0; parked.Kind == ParkedKind.Stream && key < 8; key++) broken.TryRemove(($"k{key}", parked.Position), out _);
            await admin.ResumeAsync(parked);
        }
    }

    /// <summary>As <see cref="EngineTests.ShouldBeFoldAsync"/>, but where streams were parked a document has the events of several streams in another order.</summary>
    private static async Task ShouldHoldOnceAsync(EventStore store, Tallies projection, Func<string, long, bool> isLeftOut)
    {
        var expected = new List<string>();
        var streams = new Dictionary<long, string>();
        await foreach (var e in store.ReadLogAsync())
        {
            streams.Add(e.Position, e.Stream);
            foreach (var key in ((Tallied)e.Data).Keys.Distinct())
            {
                if (!isLeftOut(key, e.Position)) expected.Add($"{key} {e.Position}");
            }
        }

        var actual = new List<string>();
        await foreach (var (key, tally) in store.ReadModel(projection).Query().ToAsyncEnumerable())
        {
            actual.AddRange(tally.Applied.Select(position => $"{key} {position}"));
            foreach (var stream in tally.Applied.GroupBy(position => streams[position])) stream.Should().BeInAscendingOrder("the events of {0} wait for each other at '{1}'", stream.Key, key);
        }

        actual.Should().BeEquivalentTo(expected);
    }

    private static async Task ShouldBeFoldOfAnyAsync(EventStore store, IReadOnlyList<long> positions)
    {
        var actual = new List<long>();
        await foreach (var (_, tally) in store.ReadModel(new AnyTallies()).Query().ToAsyncEnumerable()) actual.AddRange(tally.Applied);
        var expected = new List<long>();
        await foreach (var e in store.ReadLogAsync(new LogReadOptions { UnknownEvents = UnknownEvents.AsRaw }))
        {
            if (positions.Contains(e.Position)) expected.AddRange(((Tallied)e.Data).Keys.Select(_ => e.Position));
        }

        actual.Should().BeEquivalentTo(expected);
    }

    private static async Task<long> AppendAsync(EventStore store, params string[][] keys)
    {
        var last = 0L;
        foreach (var of in keys) last = (await store.AppendAsync("s-1", ExpectedVersion.Any, [new Tallied(of)])).Position;
        return last;
    }

    private static async Task AppendUnknownAsync(EventStore store, string stream) =>
        await store.Storage.AppendAsync(new AppendRequest([new StreamWrite(stream, ExpectedVersion.Any, [new NewEvent(Guid.NewGuid(), "from-the-future", Encoding.UTF8.GetBytes("{}"))])]));

    private sealed class AnyTallies : Projection<Tally>
    {
        public AnyTallies() => OnAny(
            e => FailsKeysAt(e.Position) ? throw new InvalidOperationException("The keys fail.") : ((Tallied)e.Data).Keys,
            (tally, _, e) => new Tally { Applied = [.. tally?.Applied ?? [], e.Position] });

        public override string Name => "any";

        public Func<long, bool> FailsKeysAt { get; init; } = _ => false;
    }
}
