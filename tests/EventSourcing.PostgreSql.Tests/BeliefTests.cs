namespace EventSourcing.PostgreSql.Tests;

/// <summary>
/// What a process believes of streams may be outdated, since others write too. An append is stored by what is so, and refused by what
/// is so. Two storages on one schema are as two processes.
/// </summary>
public sealed class BeliefTests : IDisposable
{
    private readonly OneSchema _schema = new();

    public void Dispose() => _schema.Dispose();

    [Fact]
    public async Task Append_on_the_version_that_another_process_has_made_succeeds_and_on_the_one_before_is_refused_with_the_actual()
    {
        await using var one = _schema.Open();
        await using var other = _schema.Open();
        for (var version = 0; version < 3; version++) await one.AppendAsync(Some.Append("s", version));
        await other.AppendAsync(Some.Append("s", 3));

        (await one.AppendAsync(Some.Append("s", 4))).Version.Should().Be(5);
        var refused = await FluentActions.Awaiting(() => other.AppendAsync(Some.Append("s", 4)).AsTask()).Should().ThrowAsync<WrongExpectedVersionException>();

        refused.Which.ActualVersion.Should().Be(5);
        (await Some.ExpectRegularAsync(one)).Should().HaveCount(5);
    }

    [Fact]
    public async Task Append_on_a_version_that_is_outdated_by_another_process_is_refused_with_the_actual_and_writes_nothing()
    {
        await using var one = _schema.Open();
        await using var other = _schema.Open();
        await one.AppendAsync(Some.Append("s", 0));
        await other.AppendAsync(Some.Append("s", 1));

        var refused = await FluentActions.Awaiting(() => one.AppendAsync(Some.Append("s", 1)).AsTask()).Should().ThrowAsync<WrongExpectedVersionException>();

        refused.Which.ActualVersion.Should().Be(2);
        (await Some.ExpectRegularAsync(one)).Should().HaveCount(2);
    }

    [Fact]
    public async Task Append_to_a_stream_that_another_process_has_begun_is_decided_by_what_is_there()
    {
        await using var one = _schema.Open();
        await using var other = _schema.Open();
        await one.AppendAsync(Some.Append("first", 0));
        await other.AppendAsync(Some.Append("s", 0));

        var refused = await FluentActions.Awaiting(() => one.AppendAsync(Some.Append("s", ExpectedVersion.NoStream)).AsTask()).Should().ThrowAsync<WrongExpectedVersionException>();
        refused.Which.ActualVersion.Should().Be(1);
        (await one.AppendAsync(Some.Append("s", ExpectedVersion.Any))).Version.Should().Be(2);
        (await one.AppendAsync(Some.Append("s", ExpectedVersion.StreamExists))).Version.Should().Be(3);
        (await Some.ExpectRegularAsync(other)).Should().HaveCount(4);
    }

    [Fact]
    public async Task Append_with_a_checked_stream_that_another_process_has_moved_is_decided_by_what_is_there()
    {
        await using var one = _schema.Open();
        await using var other = _schema.Open();
        await one.AppendAsync(Some.Append("checked", 0));
        await other.AppendAsync(Some.Append("checked", 1));
        await other.AppendAsync(Some.Append("begun", 0));

        await RefusedAsync(new StreamWrite("checked", 1, []));
        await RefusedAsync(new StreamWrite("begun", 0, []));
        await one.AppendAsync(new AppendRequest([new StreamWrite("checked", 2, []), new StreamWrite("begun", 1, []), new StreamWrite("absent", 0, []), new StreamWrite("s", 0, [Some.Event()])]));
        (await Some.ExpectRegularAsync(one)).Should().HaveCount(4);

        Task RefusedAsync(StreamWrite check) => FluentActions
            .Awaiting(() => one.AppendAsync(new AppendRequest([check, new StreamWrite("s", 0, [Some.Event()])])).AsTask()).Should().ThrowAsync<WrongExpectedVersionException>();
    }

    [Fact]
    public async Task Result_has_the_places_that_the_events_have_although_others_appended_between()
    {
        await using var one = _schema.Open();
        await using var other = _schema.Open();
        await one.AppendAsync(Some.Append("a", 0));
        await other.AppendAsync(Some.Append("b", 0, Some.Event(), Some.Event(), Some.Event()));
        var e = Some.Event();

        var result = await one.AppendAsync(Some.Append("a", 1, e, Some.Event()));

        (result.FirstPosition, result.Position, result.Version).Should().Be((5, 6, 3));
        (await other.GetPositionAsync(e.Id)).Should().Be(5);
    }

    [Fact]
    public async Task Condition_is_broken_by_an_event_that_another_process_appends_after_the_decision()
    {
        await using var one = _schema.Open();
        await using var other = _schema.Open();
        await one.AppendAsync(Some.Append("a", 0, Some.Event(tags: "x")));
        var known = await one.GetHeadAsync();
        await other.AppendAsync(Some.Append("b", 0, Some.Event(tags: "x")));

        var refused = await FluentActions.Awaiting(() => one.AppendAsync(If(known, "x")).AsTask()).Should().ThrowAsync<AppendConditionFailedException>();

        refused.Which.ConflictingPosition.Should().Be(2);
        (await one.AppendAsync(If(2, "x"))).Position.Should().Be(3);
        (await one.AppendAsync(If(2, "y"))).Position.Should().Be(4);
    }

    /// <summary>Each decision reads the number of events so far and appends one on condition that none has come: all numbers differ.</summary>
    [Fact]
    public async Task Conditions_of_several_processes_at_once_let_each_decision_through_once()
    {
        await using var one = _schema.Open();
        await using var other = _schema.Open();
        await Task.WhenAll(Enumerable.Range(0, 6).Select(n => Task.Run(async () =>
        {
            var storage = n % 2 == 0 ? one : other;
            for (var stored = 0; stored < 15;)
            {
                using var page = await storage.ReadLogAsync(new LogRead { Filter = EventQuery.WithTags("counter"), Limit = 1, Direction = ReadDirection.Backwards });
                var last = page.Count == 0 ? 0 : page.Events[0].Position;
                var number = page.Count == 0 ? 0 : int.Parse(System.Text.Encoding.UTF8.GetString(page.Events[0].Data.Span), System.Globalization.CultureInfo.InvariantCulture);
                try
                {
                    await storage.AppendAsync(Some.Append($"s-{n}", ExpectedVersion.Any, Some.Event("counted", $"{number + 1}", null, "counter")) with { Conditions = [new AppendCondition(EventQuery.WithTags("counter"), last)] });
                    stored++;
                }
                catch (AppendConditionFailedException)
                {
                    // Another decision came first; this one is made again.
                }
            }
        })));

        var numbers = new List<string>();
        using var all = await one.ReadLogAsync(new LogRead());
        foreach (var e in all.Events) numbers.Add(System.Text.Encoding.UTF8.GetString(e.Data.Span));
        numbers.Should().Equal(Enumerable.Range(1, 90).Select(n => $"{n}"));
    }

    private static AppendRequest If(long after, string tag) =>
        Some.Append("c", ExpectedVersion.Any) with { Conditions = [new AppendCondition(EventQuery.WithTags(tag), after)] };
}
