namespace EventSourcing.Tests.Storage;

/// <summary>The decision of an append as a function of facts, without any storage.</summary>
public sealed class AppendDecisionTests
{
    private static readonly DateTimeOffset Now = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Guid Known = Guid.Parse("00000000-0000-0000-0000-0000000000a1");
    private static readonly Guid Next = Guid.Parse("00000000-0000-0000-0000-0000000000a2");

    [Fact]
    public void Decide_events_of_two_streams_says_where_they_will_stand()
    {
        var log = new Facts { Head = 7, LastRecordedAt = Now.AddHours(-1), Versions = { ["a"] = 3 } };
        var request = new AppendRequest([Write("a", 3, Event(), Event()), Write("checked", 0), Write("b", 0, Event())]);

        var decision = AppendDecision.Of(request, log, Now);

        decision.IsToWrite.Should().BeTrue();
        decision.Outcome!.Streams.Should().Equal(new AppendedStream("a", 4, 5), new AppendedStream("b", 1, 1));
        (decision.Outcome.FirstPosition, decision.Outcome.Position).Should().Be((8, 10));
        decision.Preview(request).Select(e => (e.Position, e.Stream, e.Version, e.RecordedAt))
            .Should().Equal((8, "a", 4, Now), (9, "a", 5, Now), (10, "b", 1, Now));
    }

    [Theory]
    [InlineData(60, 0)]
    [InlineData(0, 0)]
    [InlineData(-60, 60)]
    public void Decide_when_the_clock_has_gone_back_keeps_the_last_stamp(int secondsSinceLast, int expectedSecondsAfterNow)
    {
        var log = new Facts { Head = 1, LastRecordedAt = Now.AddSeconds(-secondsSinceLast), Versions = { ["a"] = 1 } };

        AppendDecision.Of(new AppendRequest([Write("a", 1, Event())]), log, Now).RecordedAt.Should().Be(Now.AddSeconds(expectedSecondsAfterNow));
    }

    [Fact]
    public void Decide_with_a_clock_of_another_offset_gives_a_stamp_in_UTC()
    {
        var decision = AppendDecision.Of(new AppendRequest([Write("a", 0, Event())]), new Facts(), Now.ToOffset(TimeSpan.FromHours(5.75)));

        (decision.RecordedAt, decision.RecordedAt.Offset).Should().Be((Now, TimeSpan.Zero));
    }

    [Fact]
    public void Decide_when_several_guards_fail_names_the_first_in_their_order()
    {
        var log = new Facts { Head = 2, Versions = { ["a"] = 1, ["b"] = 1 }, Match = 2 };
        var request = new AppendRequest([Write("a", 1, Event()), Write("b", 0)]) { Conditions = [new AppendCondition(EventQuery.All, 0)], Erase = [9] };

        AppendDecision.Of(request, log, Now).Refusal.Should().BeOfType<WrongExpectedVersionException>().Which.Stream.Should().Be("b");
        log.Versions["b"] = 0;
        AppendDecision.Of(request, log, Now).Refusal.Should().BeOfType<AppendConditionFailedException>().Which.ConflictingPosition.Should().Be(2);
        log.Match = 0;
        AppendDecision.Of(request, log, Now).Refusal.Should().BeOfType<ErasureRefusedException>().Which.Position.Should().Be(9);
        log.Erasable.Add(9);
        AppendDecision.Of(request, log, Now).IsToWrite.Should().BeTrue();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Decide_the_same_events_again_gives_the_original_result_whatever_the_guards_say(bool looksForRepetition)
    {
        var log = new Facts { Head = 9, Versions = { ["a"] = 6 } };
        log.Store("a", 4, 5, Known);
        log.Store("a", 5, 6, Next);
        var request = new AppendRequest([Write("a", 3, Event(Known), Event(Next))]);

        var decision = AppendDecision.Of(request, log, Now, looksForRepetition);

        decision.IsToWrite.Should().BeFalse();
        decision.Outcome!.WasAlreadyStored.Should().BeTrue();
        decision.Outcome.Streams.Should().Equal(new AppendedStream("a", 4, 5));
        (decision.Outcome.FirstPosition, decision.Outcome.Position).Should().Be((5, 6));
        ((Func<object>)(() => decision.Preview(request))).Should().Throw<InvalidOperationException>();
    }

    [Fact]
    public void Decide_without_looking_for_a_repetition_when_the_guards_hold_looks_nothing_up()
    {
        var log = new Facts { Head = 1, Versions = { ["a"] = 1 } };

        AppendDecision.Of(new AppendRequest([Write("a", 1, Event())]), log, Now, looksForRepetition: false).IsToWrite.Should().BeTrue();

        log.LookUps.Should().Be(0);
    }

    [Theory]
    [InlineData("one id is new")]
    [InlineData("another stream")]
    [InlineData("another type")]
    [InlineData("other data")]
    [InlineData("other tags")]
    [InlineData("not in this order")]
    public void Decide_events_that_are_stored_otherwise_refuses_them_as_duplicates(string how)
    {
        var log = new Facts { Head = 9, Versions = { ["a"] = 6 } };
        var second = Event(Next);
        log.Store(how == "another stream" ? "z" : "a", 4, 5, Known);
        if (how != "one id is new") log.Store("a", how == "not in this order" ? 6 : 5, how == "not in this order" ? 7 : 6, Next);
        if (how == "another type") second = new NewEvent(Next, "other", second.Data);
        if (how == "other data") second = second with { Data = new byte[] { 9 } };
        if (how == "other tags") second = second with { Tags = ["x"] };

        var decision = AppendDecision.Of(new AppendRequest([Write("a", 3, Event(Known), second)]), log, Now);

        decision.Refusal.Should().BeOfType<DuplicateEventIdException>();
        decision.Outcome.Should().BeNull();
        decision.IsToWrite.Should().BeFalse();
    }

    [Fact]
    public void Decide_again_what_was_erased_since_compares_no_data()
    {
        var log = new Facts { Head = 5, Versions = { ["a"] = 4 } };
        log.Store("a", 4, 5, Known, isErased: true);

        AppendDecision.Of(new AppendRequest([Write("a", 3, Event(Known))]), log, Now).Outcome!.WasAlreadyStored.Should().BeTrue();
    }

    private static StreamWrite Write(string stream, long expected, params NewEvent[] events) => new(stream, expected, events);

    private static NewEvent Event(Guid id = default) => new(id == default ? Guid.NewGuid() : id, "t", new byte[] { 1 });

    private sealed class Facts : ILogFacts
    {
        private readonly Dictionary<Guid, StoredEvent> _events = [];

        public long Head { get; init; }

        public DateTimeOffset LastRecordedAt { get; init; } = DateTimeOffset.MinValue;

        public Dictionary<string, long> Versions { get; } = [];

        public HashSet<long> Erasable { get; } = [];

        public long Match { get; set; }

        public int LookUps { get; private set; }

        public void Store(string stream, long version, long position, Guid id, bool isErased = false) => _events.Add(id, new StoredEvent
        {
            Position = position,
            Stream = stream,
            Version = version,
            Id = id,
            Type = "t",
            RecordedAt = LastRecordedAt,
            Data = isErased ? default : new byte[] { 1 },
            IsErased = isErased,
            Tags = [],
        });

        public long VersionOf(string stream) => Versions.GetValueOrDefault(stream);

        public bool TryFind(Guid id, out StoredEvent stored)
        {
            LookUps++;
            return _events.TryGetValue(id, out stored);
        }

        public long FirstMatch(AppendRequest request, int condition) => Match;

        public bool CanErase(long position) => Erasable.Contains(position);
    }
}
