namespace EventSourcing.Tests.Reading;

/// <summary>
/// The only event of a stream has a version or a stamp that the library does not write. Every storage refuses it on every way that finds
/// it, and never takes the stream for a new one.
/// </summary>
public abstract class DamagedPlaceTests
{
    private const string Stream = "b-1";
    private const long Position = 2;

    public static TheoryData<string, string> Values => new()
    {
        { "version = 0", "version" },
        { "version = -9223372036854775807 - 1", "version" },
        { "recorded = -1", "recorded" },
        { "recorded = 9223372036854775807", "recorded" },
    };

    [Theory]
    [MemberData(nameof(Values))]
    public async Task Read_an_event_of_such_a_value_is_refused(string value, string column)
    {
        await MakeAsync(value);
        await using var storage = Open();

        await ShouldNameAsync(() => storage.Catalog.ListStreamsAsync(new StreamListing()).AsTask(), column);
        foreach (var direction in Enum.GetValues<ReadDirection>())
        {
            await ShouldNameAsync(() => storage.ReadLogAsync(new LogRead { Direction = direction }).AsTask(), column);
            await ShouldNameAsync(
                () => storage.ReadLogAsync(new LogRead { Direction = direction, Filter = EventQuery.InStreams("b-") }).AsTask(), column);

            // A storage may look at the version of the stream first, which is that of the event.
            var read = new StreamRead(Stream) { Direction = direction };
            foreach (var limited in new[] { read, read with { Limit = 1 } })
            {
                (await FluentActions.Awaiting(() => storage.ReadStreamAsync(limited).AsTask()).Should().ThrowAsync<StoreCorruptedException>())
                    .Which.Message.Should().ContainAny($"position {Position}", $"'{Stream}'").And.Contain(column);
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-7)]
    public async Task Append_to_a_stream_whose_last_version_is_below_1_is_refused_and_nothing_is_written(long version)
    {
        await MakeAsync(FormattableString.Invariant($"version = {version}"));
        await using var storage = Open();

        foreach (var expected in new[] { ExpectedVersion.Any, ExpectedVersion.NoStream })
        {
            var request = new AppendRequest([new StreamWrite(Stream, expected, [NewEvent()])]);
            (await FluentActions.Awaiting(() => storage.AppendAsync(request).AsTask()).Should().ThrowAsync<StoreCorruptedException>())
                .Which.Message.Should().Contain($"'{Stream}'").And.Contain(FormattableString.Invariant($"{version}"));
        }

        var read = () => storage.ReadStreamAsync(new StreamRead(Stream) { After = 3 }).AsTask();
        (await read.Should().ThrowAsync<StoreCorruptedException>()).Which.Message.Should().Contain($"'{Stream}'").And.Contain(FormattableString.Invariant($"{version}"));
        (await storage.GetHeadAsync()).Should().Be(4);
        await storage.AppendAsync(new AppendRequest([new StreamWrite("c-1", 2, [NewEvent()])]));
    }

    /// <summary>Opens the storage of the test, once more.</summary>
    protected abstract IEventStorage Open();

    /// <summary>Runs an UPDATE of the table of events, past what guards it.</summary>
    protected abstract void Change(string update);

    private static NewEvent NewEvent() => new(Guid.CreateVersion7(), "noted", "{}"u8.ToArray());

    private static async Task ShouldNameAsync(Func<Task> read, string column) =>
        (await FluentActions.Awaiting(read).Should().ThrowAsync<StoreCorruptedException>())
            .Which.Message.Should().Contain($"position {Position}").And.Contain($"'{column}'");

    private async Task MakeAsync(string value)
    {
        await using (var storage = Open())
        {
            foreach (var (stream, count) in new[] { ("a-1", 1), (Stream, 1), ("c-1", 2) })
            {
                var events = Enumerable.Range(0, count).Select(_ => NewEvent()).ToList();
                await storage.AppendAsync(new AppendRequest([new StreamWrite(stream, ExpectedVersion.NoStream, events)]));
            }
        }

        Change($"UPDATE {{0}} SET {value} WHERE position = {Position}");
    }
}
