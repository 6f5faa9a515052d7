using System.Collections.Concurrent;

namespace EventSourcing.Tests.Events;

public class EventIdGeneratorTests
{
    [Fact]
    public void Next_has_the_layout_of_RFC_9562_version_7()
    {
        var bytes = new EventIdGenerator(new ManualClock()).Next().ToByteArray(bigEndian: true);
        var milliseconds = bytes[..6].Aggregate(0L, (n, b) => (n << 8) | b);
        milliseconds.Should().Be(ManualClock.Start.ToUnixTimeMilliseconds());
        (bytes[6] >> 4).Should().Be(7, "the version");
        (bytes[8] >> 6).Should().Be(0b10, "the variant");
        new Guid(bytes, bigEndian: true).Version.Should().Be(7);
    }

    [Fact]
    public void Next_is_strictly_increasing_while_the_clock_stands_or_goes_back()
    {
        var clock = new ManualClock();
        var ids = new EventIdGenerator(clock);
        var last = ids.Next();
        for (var n = 0; n < 20_000; n++)
        {
            if (n == 10_000) clock.Now = ManualClock.Start.AddHours(-1);
            var next = ids.Next();
            IsBefore(last, next).Should().BeTrue($"{next} comes after {last}");
            last = next;
        }

        clock.Now = ManualClock.Start.AddHours(1);
        IsBefore(last, ids.Next()).Should().BeTrue();
    }

    [Fact]
    public async Task Next_on_many_threads_is_unique_and_increasing_on_each()
    {
        var ids = new EventIdGenerator(TimeProvider.System);
        var all = new ConcurrentBag<Guid>();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            var last = Guid.Empty;
            for (var n = 0; n < 20_000; n++)
            {
                var next = ids.Next();
                if (!IsBefore(last, next)) throw new InvalidOperationException($"{next} does not come after {last}.");
                all.Add(last = next);
            }
        })));
        all.Distinct().Count().Should().Be(80_000);
    }

    private static bool IsBefore(Guid one, Guid other) => one.ToByteArray(bigEndian: true).AsSpan().SequenceCompareTo(other.ToByteArray(bigEndian: true)) < 0;
}
