namespace EventSourcing.Tests.Concurrency;

/// <summary>Somebody wrote into the book that the stream is named for.</summary>
internal sealed record Noted(string Writer, int Number);

/// <summary>All that was written into one book, in order.</summary>
internal sealed record NoteBook(IReadOnlyList<Note> Notes);

/// <param name="Position">The event's position.</param>
/// <param name="Writer">Who wrote it.</param>
/// <param name="Number">The writer's own number for it.</param>
/// <param name="Host">Who folded it: not a thing for a read model to know, but what these tests look at.</param>
internal sealed record Note(long Position, string Writer, int Number, string Host);

/// <summary>A projection in which a lost or repeated event shows.</summary>
internal sealed class NoteBooks : Projection<NoteBook>
{
    public NoteBooks(string host) =>
        On<Noted>((_, e) => [e.StreamId], (book, _, noted, e) => new NoteBook([.. book?.Notes ?? [], new Note(e.Position, noted.Writer, noted.Number, host)]));

    public override string Name => "note-books";
}

internal static class Notes
{
    private const int Books = 3;

    public static EventStore Open(IEventStorage storage) => new(storage, new EventTypes(EventType.Of<Noted>("noted")));

    /// <summary>
    /// Lets a host on each handle run the projection and write, then holds the read model to the log. Meanwhile each host
    /// is taken for dead again and again, so that they take the projection from each other at any moment.
    /// </summary>
    public static async Task RaceAsync(IReadOnlyList<IEventStorage> handles, int writers, int notes)
    {
        var stores = handles.Select(Open).ToList();
        var options = new ProjectionOptions { LeaseDuration = TimeSpan.FromSeconds(0.1) };
        var hosts = stores.Select((store, i) => (Store: store, Name: $"host{i}", Running: store.StartProjections(options, new NoteBooks($"host{i}")))).ToList();
        using var done = new CancellationTokenSource();
        var thief = handles.Count > 1 ? TakeForDeadAsync(handles[0].ReadModels, done.Token) : Task.CompletedTask;
        try
        {
            await Task.WhenAll(hosts.Select(host => WriteAsync(host.Store, host.Running, host.Name, writers, notes)));
            foreach (var host in hosts) await host.Running.CatchUpAsync();
            (await CompareWithLogAsync(stores[0])).Values.Sum().Should().Be(handles.Count * writers * notes);
        }
        finally
        {
            await done.CancelAsync();
            await thief.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            foreach (var host in hosts) await host.Running.DisposeAsync();
            foreach (var store in stores) await store.DisposeAsync();
        }
    }

    /// <summary>
    /// Lets writers append at once, each waiting for every one of its own events to be in the read model, and looking
    /// whether it is.
    /// </summary>
    public static Task WriteAsync(EventStore store, RunningProjections running, string host, int writers, int notes) =>
        Task.WhenAll(Enumerable.Range(0, writers).Select(n => Task.Run(async () =>
        {
            for (var number = 0; number < notes; number++)
            {
                var book = $"{(n + number) % Books}";
                var result = await store.AppendAsync($"book-{book}", ExpectedVersion.Any, [new Noted($"{host}-{n}", number)]);
                await running.WaitForAsync(result);
                var document = await store.ReadModel(new NoteBooks(host)).FindAsync(book);
                if (document?.Notes.Count(note => note.Position == result.Position && note.Writer == $"{host}-{n}" && note.Number == number) != 1)
                    Assert.Fail($"The read model had position {result.Position}, but book {book} did not hold what {host}-{n} wrote there once: {document}.");
            }
        })));

    /// <summary>Holds the read model to the log: each event once, in order, and nothing else.</summary>
    /// <returns>How many events each host has folded.</returns>
    public static async Task<IReadOnlyDictionary<string, int>> CompareWithLogAsync(EventStore store)
    {
        var readModel = store.ReadModel(new NoteBooks(""));
        (await readModel.GetPositionAsync()).Should().Be(await store.GetHeadAsync());
        var log = await store.ReadLogAsync().ToListAsync();
        var documents = await readModel.Query().ToAsyncEnumerable().ToDictionaryAsync(document => document.Key, document => document.Value.Notes);
        documents.Keys.Should().BeEquivalentTo(log.Select(e => e.StreamId).Distinct());
        foreach (var (book, notes) in documents)
        {
            notes.Select(note => (note.Position, note.Writer, note.Number)).Should()
                .Equal(log.Where(e => e.StreamId == book).Select(e => (e.Position, ((Noted)e.Data).Writer, ((Noted)e.Data).Number)), "book {0} is the fold of its stream", book);
        }

        return documents.Values.SelectMany(notes => notes).CountBy(note => note.Host).ToDictionary();
    }

    /// <summary>Removes the signs of life of all hosts, which look dead until they give the next one.</summary>
    private static async Task TakeForDeadAsync(IReadModelStorage storage, CancellationToken cancellationToken)
    {
        while (true)
        {
            var hosts = await storage.QueryAsync("$hosts", new DocumentQuery(), cancellationToken);
            if (hosts.Count > 0) await storage.CommitAsync(new ReadModelCommit { Changes = [.. hosts.Select(host => new DocumentChange("$hosts", host.Key, null))] }, cancellationToken);
            await Task.Delay(60, cancellationToken);
        }
    }
}
