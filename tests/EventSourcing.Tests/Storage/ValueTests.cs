using System.Text;

namespace EventSourcing.Tests.Storage;

public class ValueTests
{
    [Fact]
    public void Expect_a_version_is_met_by_exactly_that()
    {
        ExpectedVersion.Any.Should().Match<ExpectedVersion>(e => e.IsMetBy(0) && e.IsMetBy(7));
        ExpectedVersion.NoStream.Should().Match<ExpectedVersion>(e => e.IsMetBy(0) && !e.IsMetBy(1));
        ExpectedVersion.StreamExists.Should().Match<ExpectedVersion>(e => !e.IsMetBy(0) && e.IsMetBy(1));
        ExpectedVersion.Exactly(3).Should().Match<ExpectedVersion>(e => !e.IsMetBy(2) && e.IsMetBy(3) && !e.IsMetBy(4));
        default(ExpectedVersion).Should().Be(ExpectedVersion.NoStream).And.Be(ExpectedVersion.Exactly(0));
        FluentActions.Invoking(() => ExpectedVersion.Exactly(-1)).Should().Throw<ArgumentOutOfRangeException>();
        new[] { ExpectedVersion.Any, ExpectedVersion.NoStream, ExpectedVersion.StreamExists, 5 }.Select(e => e.ToString()).Should().Equal("Any", "NoStream", "StreamExists", "5");
    }

    [Fact]
    public void Build_a_query_of_nothing_is_a_bad_argument()
    {
        FluentActions.Invoking(() => EventQuery.Any()).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => EventQuery.OfTypes()).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => EventQuery.WithTags()).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => EventQuery.InStreams("")).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => new EventQueryItem()).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => EventQuery.WithTags("\0")).Should().Throw<ArgumentException>();
        EventQuery.Any(new EventQueryItem(["A", "B", "A"], ["x"]), new EventQueryItem(streamPrefix: "s")).ToString().Should().Be("(type A or B, tag x) or (streams 's…')");
        EventQuery.All.ToString().Should().Be("every event");
    }

    [Fact]
    public void Merge_queries_matches_whatever_either_does()
    {
        var random = new Random(11);
        for (var i = 0; i < 2000; i++)
        {
            var (one, other) = (Query(), Query());
            var (type, stream, tags) = ($"T{random.Next(3)}", $"s{random.Next(3)}", Tags());
            one.Or(other).Matches(type, stream, tags).Should().Be(one.Matches(type, stream, tags) || other.Matches(type, stream, tags), $"({one}) or ({other})");
        }

        EventQuery Query() => random.Next(8) == 0 ? EventQuery.All : EventQuery.Any(Enumerable.Range(0, random.Next(1, 3)).Select(_ => Item()).ToArray());
        EventQueryItem Item() => random.Next(3) switch { 0 => new(["T0"], Tags()), 1 => new(tags: ["x"], streamPrefix: "s1"), _ => new(["T1", "T2"]) };
        string[] Tags() => new[] { "x", "y" }.Where(_ => random.Next(2) == 0).ToArray();
    }

    [Fact]
    public void Compare_by_code_point_agrees_with_the_order_of_UTF8_bytes()
    {
        var random = new Random(4);
        int[] alphabet = [1, 'a', 'b', 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x1F600, 0x10FFFF];
        for (var i = 0; i < 20_000; i++)
        {
            var (one, other) = (Text(), Text());
            var expected = Math.Sign(Encoding.UTF8.GetBytes(one).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(other)));
            Math.Sign(CodePointComparer.Instance.Compare(one, other)).Should().Be(expected);
        }

        string Text() => string.Concat(Enumerable.Range(0, random.Next(4)).Select(_ => char.ConvertFromUtf32(alphabet[random.Next(alphabet.Length)])));
    }

    [Fact]
    public async Task Signal_wakes_waits_below_the_head_and_lets_cancelled_ones_go()
    {
        var signal = new HeadSignal();
        using var cancel = new CancellationTokenSource();
        var (low, high, cancelled) = (signal.WaitAsync(0), signal.WaitAsync(1), signal.WaitAsync(5, cancel.Token));
        signal.Advance(1);
        await low;
        high.IsCompleted.Should().BeFalse();
        await cancel.CancelAsync();
        await FluentActions.Awaiting(() => cancelled).Should().ThrowAsync<OperationCanceledException>();
        signal.Advance(0);
        signal.Head.Should().Be(1, "a head does not go back");
        signal.Close();
        await FluentActions.Awaiting(() => high).Should().ThrowAsync<ObjectDisposedException>();
        await signal.WaitAsync(0);
    }
}
