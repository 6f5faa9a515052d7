using System.Text;

namespace EventSourcing.Testing;

/// <summary>
/// A storage, and the operations that cases use. Every read goes through all its pages, and checks what holds of every page.
/// </summary>
internal sealed class StoreUnderTest(IEventStorageFixture fixture, EventStorageLimits limits, CancellationToken cancellationToken)
    : IAsyncDisposable
{
    private readonly List<IEventStorage> _opened = [];
    private IEventStorage? _storage;
    private int _ids;

    public IEventStorage Storage => _storage ?? throw new InvalidOperationException("The storage has not been opened.");

    public IReadModelStorage ReadModels => Storage.ReadModels;

    public IStorageCatalog Catalog => Storage.Catalog;

    public ManualClock Clock { get; } = new();

    public CancellationToken CancellationToken => cancellationToken;

    /// <summary>What the case waits for; for the message if it never happens.</summary>
    public string WaitingFor { get; set; } = "the case to end";

    public async Task OpenAsync() => _storage = await OpenAnotherAsync(new EventStorageOptions { TimeProvider = Clock, Limits = limits });

    public async Task<IEventStorage> OpenAnotherAsync(EventStorageOptions options)
    {
        var storage = await fixture.CreateAsync(options, cancellationToken);
        _opened.Add(storage);
        return storage;
    }

    /// <summary>The same store, opened read-only; null if stores of this kind cannot be.</summary>
    public async Task<IEventStorage?> OpenReadOnlyAsync()
    {
        var reading = await fixture.OpenReadOnlyAsync(Storage, cancellationToken);
        if (reading is not null) _opened.Insert(0, reading);
        return reading;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var storage in _opened) await storage.DisposeAsync();
    }

    /// <summary>A new id. Every run gets the same ids, and their order is not that of their bytes.</summary>
    public Guid NewId()
    {
        var n = Interlocked.Increment(ref _ids);
        return new Guid(unchecked(n * (int)0x9E3779B1), (short)n, 0x7abc, 0x81, 2, 3, 4, 5, 6, 7, 8);
    }

    public NewEvent Event(string type = "happened", string data = "{}", string metadata = "", params IReadOnlyList<string> tags) =>
        new(NewId(), type, Encoding.UTF8.GetBytes(data)) { Metadata = Encoding.UTF8.GetBytes(metadata), Tags = tags };

    public NewEvent Tagged(params IReadOnlyList<string> tags) => Event(tags: tags);

    public NewEvent[] Events(int count) => [.. Enumerable.Range(1, count).Select(n => Event(data: $$"""{"n":{{n}}}"""))];

    public static StreamWrite Write(string stream, ExpectedVersion expected, params IReadOnlyList<NewEvent> events) =>
        new(stream, expected, events);

    public static StreamWrite Check(string stream, ExpectedVersion expected) => new(stream, expected, []);

    public static AppendRequest Request(params IReadOnlyList<StreamWrite> writes) => new(writes);

    /// <summary>Appends, and checks what holds of every result: it covers the events written, and they can be read.</summary>
    public async Task<AppendResult> AppendAsync(AppendRequest request)
    {
        var result = await Storage.AppendAsync(request, cancellationToken);
        var written = request.Writes.Where(w => w.Events.Count > 0).Select(w => (w.Stream, w.Events.Count)).ToList();
        Expect.Sequence(
            written,
            [.. result.Streams.Select(s => (s.Stream, (int)(s.LastVersion - s.FirstVersion) + 1))],
            "the streams of the result, with the number of events in each");
        Expect.Equal(request.EventCount, result.Position - result.FirstPosition + 1, "the number of positions in the result");
        Expect.True(
            await HeadAsync() >= result.Position, $"the head is not below the position {result.Position} of an append that has returned");
        return result;
    }

    public Task<AppendResult> AppendAsync(string stream, ExpectedVersion expected, params IReadOnlyList<NewEvent> events) =>
        AppendAsync(Request(Write(stream, expected, events)));

    public Task<AppendResult> AppendAsync(string stream, params IReadOnlyList<NewEvent> events) =>
        AppendAsync(stream, ExpectedVersion.Any, events);

    public Task<AppendResult> AppendIfAsync(AppendCondition condition, string stream, params IReadOnlyList<NewEvent> events) =>
        AppendAsync(Request(Write(stream, ExpectedVersion.Any, events)) with { Conditions = [condition] });

    public async Task<long> HeadAsync() => await Storage.GetHeadAsync(cancellationToken);

    public async Task<long> VersionAsync(string stream)
    {
        using var page = await Storage.ReadStreamAsync(
            new StreamRead(stream) { Direction = ReadDirection.Backwards, Limit = 1 }, cancellationToken);
        Expect.Equal(page.Count == 0 ? 0 : page.Events[0].Version, page.Head, $"the head of stream '{stream}' in a page");
        return page.Head;
    }

    public Task<List<SeenEvent>> LogAsync(EventQuery? filter = null) => LogAsync(new LogRead { Filter = filter ?? EventQuery.All });

    public async Task<List<SeenEvent>> LogAsync(LogRead read)
    {
        var forwards = read.Direction == ReadDirection.Forwards;
        var seen = new List<SeenEvent>();
        while (true)
        {
            using var page = await Storage.ReadLogAsync(read, cancellationToken);
            CheckPage(page, read.Limit, read.After, read.UpTo, forwards, seen, e => e.Position);
            if (page.IsEnd) return seen;
            read = forwards ? read with { After = page.Next } : read with { UpTo = page.Next };
        }
    }

    public Task<List<SeenEvent>> StreamAsync(string stream) => StreamAsync(new StreamRead(stream));

    public async Task<List<SeenEvent>> StreamAsync(StreamRead read)
    {
        var forwards = read.Direction == ReadDirection.Forwards;
        var seen = new List<SeenEvent>();
        while (true)
        {
            using var page = await Storage.ReadStreamAsync(read, cancellationToken);
            CheckPage(page, read.Limit, read.After, read.UpTo, forwards, seen, e => e.Version);
            if (page.IsEnd) break;
            read = forwards ? read with { After = page.Next } : read with { UpTo = page.Next };
        }

        foreach (var e in seen)
        {
            Expect.Equal(read.Stream, e.Stream, $"the stream of an event read from '{read.Stream}'");
            Expect.True(e.Position <= read.UpToPosition, $"a read up to position {read.UpToPosition} returns nothing above it ({e})");
        }

        return seen;
    }

    /// <summary>The append fails with that error, and leaves the log, its head and the versions as they were.</summary>
    public Task<TException> RefusesAsync<TException>(AppendRequest request, CancellationToken? token = null)
        where TException : Exception =>
        RefusesAsync<TException>(
            async () => await Storage.AppendAsync(request, token ?? cancellationToken), [.. request.Writes.Select(w => w.Stream)]);

    public async Task<TException> RefusesAsync<TException>(Func<Task> append, params IReadOnlyList<string> streams)
        where TException : Exception
    {
        var before = await LogAsync();
        var error = await Expect.ThrowsAsync<TException>(append, "the append");
        Expect.Sequence(before, await LogAsync(), "the log after the refused append");
        Expect.Equal(before.Count, await HeadAsync(), "the head after the refused append");
        foreach (var stream in streams.Concat(before.Select(e => e.Stream)).Distinct(StringComparer.Ordinal).Where(IsReadable))
        {
            Expect.Sequence(
                before.Where(e => e.Stream == stream).ToList(), await StreamAsync(stream), $"stream '{stream}' after the refused append");
            Expect.Equal(
                before.Count(e => e.Stream == stream), await VersionAsync(stream), $"the version of '{stream}' after the refused append");
        }

        return error;
    }

    /// <summary>The log is exactly these events, in this order, each at the place that its append returned.</summary>
    public async Task<List<SeenEvent>> ExpectLogAsync(params IReadOnlyList<(string Stream, NewEvent Event)> events)
    {
        var versions = new Dictionary<string, long>(StringComparer.Ordinal);
        var log = await LogAsync();
        Expect.Equal(events.Count, log.Count, "the number of events in the log");
        for (var i = 0; i < log.Count; i++)
        {
            var (stream, e) = events[i];
            var version = versions[stream] = versions.GetValueOrDefault(stream) + 1;
            var expected = new SeenEvent(
                i + 1,
                stream,
                version,
                e.Id,
                e.Type,
                log[i].RecordedAt,
                TimeSpan.Zero,
                SeenEvent.Text(e.Data.Span),
                SeenEvent.Text(e.Metadata.Span),
                SeenEvent.Join(e.Tags));
            Expect.Equal(expected, log[i], $"the event at index {i} of the log");
        }

        Expect.Equal(events.Count, await HeadAsync(), "the head");
        return log;
    }

    public static void ExpectResult(
        AppendResult result, long firstPosition, long position, bool wasAlreadyStored, params IReadOnlyList<AppendedStream> streams)
    {
        Expect.Sequence(streams, result.Streams, "the streams of the result");
        Expect.Equal(firstPosition, result.FirstPosition, "the result's first position");
        Expect.Equal(position, result.Position, "the result's position");
        Expect.Equal(streams[^1].LastVersion, result.Version, "the result's version");
        Expect.Equal(wasAlreadyStored, result.WasAlreadyStored, "whether the result says that the events were already stored");
    }

    private static bool IsReadable(string? stream)
    {
        try
        {
            new StreamRead(stream!).Validate();
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static void CheckPage(
        EventPage page, int limit, long after, long upTo, bool forwards, List<SeenEvent> seen, Func<SeenEvent, long> place)
    {
        Expect.True(page.Count <= limit, $"a page of limit {limit} has no more than that (it has {page.Count})");
        foreach (ref readonly var stored in page.Events)
        {
            var e = SeenEvent.Of(stored);
            var at = place(e);
            Expect.True(at > after && at <= upTo, $"a read of ({after}, {upTo}] returns nothing outside it ({e})");
            Expect.True(at <= page.Head, $"a page has nothing above the head {page.Head} of its snapshot ({e})");
            Expect.True(
                seen.Count == 0 || (forwards ? at > place(seen[^1]) : at < place(seen[^1])),
                $"events come in the order of the read ({e} after {(seen.Count == 0 ? null : seen[^1])})");
            Expect.True(
                forwards ? page.Next >= at : page.Next < at,
                $"the next page begins beyond the events of this one (Next is {page.Next}, it has {e})");
            seen.Add(e);
        }

        if (!page.IsEnd)
            Expect.True(
                forwards ? page.Next > after : page.Next < upTo,
                $"a page that is not the end moves on (Next is {page.Next} in a read of ({after}, {upTo}])");
    }
}
