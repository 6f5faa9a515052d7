using System.Buffers.Binary;

namespace EventSourcing.Tests.Concurrency;

/// <summary>What several clients did to a storage at once, and when, and what came of it.</summary>
public sealed class History
{
    private const int Clients = 4;
    private const int OperationsPerClient = 48;
    private static readonly string[] Streams = ["a", "b", "c"];

    private readonly IReadOnlyList<IEventStorage> _handles;
    private readonly List<Timed<StreamOperation>>[] _recorded = [.. Enumerable.Range(0, Clients + 1).Select(_ => new List<Timed<StreamOperation>>())];
    private readonly List<Task>[] _givenUp = [.. Enumerable.Range(0, Clients).Select(_ => new List<Task>())];

    // One counter for all is a clock that orders whatever happened one after the other.
    private long _time;
    private int _lastId;

    private History(IReadOnlyList<IEventStorage> handles) => _handles = handles;

    /// <summary>All operations, by the time of their calls.</summary>
    public IReadOnlyList<Timed<StreamOperation>> Operations => [.. _recorded.SelectMany(r => r).OrderBy(o => o.Called)];

    /// <summary>How many operations were called before another client's had returned.</summary>
    public int Overlaps
    {
        get
        {
            var (overlaps, busyUntil) = (0, 0L);
            foreach (var operation in Operations.Where(o => o.Returned != Timed<StreamOperation>.Never))
            {
                if (operation.Called < busyUntil) overlaps++;
                busyUntil = Math.Max(busyUntil, operation.Returned);
            }

            return overlaps;
        }
    }

    /// <summary>Lets clients append to and read the same few streams at once, then reads what they left.</summary>
    /// <param name="handles">One storage or several handles to it; clients spread over them.</param>
    /// <param name="seed">What the clients' choices depend on. Their timing depends on nothing.</param>
    public static async Task<History> RecordAsync(IReadOnlyList<IEventStorage> handles, int seed)
    {
        var history = new History(handles);
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var clients = Enumerable.Range(0, Clients).Select(client => Task.Run(async () =>
        {
            await go.Task;
            await history.RunAsync(client, new Random((seed * Clients) + client));
        })).ToList();
        go.SetResult();
        await Task.WhenAll(clients);
        await Task.WhenAll(history._givenUp.SelectMany(task => task)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var stream in Streams) await history.ReadAsync(Clients, stream);
        return history;
    }

    /// <summary>What no storage that keeps the contract could have answered, with the operations concerned; or null.</summary>
    public string? FindFault()
    {
        foreach (var stream in Operations.GroupBy(o => o.Operation.Stream))
        {
            if (!Linearizability.Check([.. stream], StreamState.Empty, (state, operation) => state.After(operation)))
                return $"The operations on stream '{stream.Key}' cannot have happened in any order:{Describe(stream)}";
        }

        // Positions are given in commit order: what had returned before an append was called stands before it.
        var byReturn = new Queue<Timed<StreamOperation>>(Operations.Where(o => o.Operation.Outcome == Outcome.Stored).OrderBy(o => o.Returned));
        var before = default(Timed<StreamOperation>);
        foreach (var append in Operations.Where(o => o.Operation.Outcome == Outcome.Stored))
        {
            while (byReturn.TryPeek(out var earlier) && earlier.Returned < append.Called)
            {
                byReturn.Dequeue();
                if (before.Operation is null || earlier.Operation.Position > before.Operation.Position) before = earlier;
            }

            if (before.Operation is not null && append.Operation.Position - append.Operation.Ids.Count < before.Operation.Position)
                return $"The second of these had been called after the first had returned, and stands before it:{Describe([before, append])}";
        }

        return null;
    }

    private static string Describe(IEnumerable<Timed<StreamOperation>> operations) =>
        string.Concat(operations.Select(o => $"\n  {o.Called}–{(o.Returned == Timed<StreamOperation>.Never ? "?" : o.Returned)} {o.Operation}"));

    private static Guid IdOf(int number) => new(number, 0, 0x7000, 0x80, 0, 0, 0, 0, 0, 0, 0);

    private static int NumberOf(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        return BinaryPrimitives.ReadInt32BigEndian(bytes);
    }

    private async Task RunAsync(int client, Random random)
    {
        var known = Streams.ToDictionary(stream => stream, _ => 0L);
        var mine = new List<StreamOperation>();
        for (var i = 0; i < OperationsPerClient; i++)
        {
            var stream = Streams[random.Next(Streams.Length)];
            var append = new StreamOperation(stream, known[stream], NewIds(random.Next(1, 4)), Outcome.Unknown);
            switch (random.Next(20))
            {
                case < 5:
                    known[stream] = (await ReadAsync(client, stream)).Version;
                    break;
                case < 7 when mine.Count > 0:
                    await AppendAsync(client, mine[random.Next(mine.Count)]);
                    break;
                case 7 when mine.Count > 0:
                    var other = mine[random.Next(mine.Count)];
                    mine.Add(await AppendAsync(client, other with { Ids = [other.Ids[^1], .. append.Ids] }));
                    break;
                case 8:
                    mine.Add(append);
                    GiveUp(client, append);
                    break;
                case 9:
                    mine.Add(await CancelAsync(client, append, random));
                    break;
                case 10:
                    mine.Add(await AppendAsync(client, append with { Expected = null }));
                    break;
                default:
                    append = await AppendAsync(client, append);
                    known[stream] = append.Version;
                    mine.Add(append);
                    break;
            }

            if (random.Next(4) == 0) await Task.Yield();
        }
    }

    private async Task<StreamOperation> ReadAsync(int client, string stream)
    {
        var called = Interlocked.Increment(ref _time);
        using var page = await HandleOf(client).ReadStreamAsync(new StreamRead(stream) { Limit = 10_000 });
        var returned = Interlocked.Increment(ref _time);
        var ids = new List<int>(page.Count);
        foreach (ref readonly var e in page.Events) ids.Add(NumberOf(e.Id));
        return Record(client, new StreamOperation(stream, null, ids, Outcome.Read, page.Head), called, returned);
    }

    private async Task<StreamOperation> AppendAsync(int client, StreamOperation append, CancellationToken cancellationToken = default)
    {
        var called = Interlocked.Increment(ref _time);
        var ended = await EndOfAsync(append, StartAppend(client, append, cancellationToken));
        return Record(client, ended, called, ended.Outcome == Outcome.Unknown ? Timed<StreamOperation>.Never : Interlocked.Increment(ref _time));
    }

    private async Task<StreamOperation> CancelAsync(int client, StreamOperation append, Random random)
    {
        using var cancellation = new CancellationTokenSource();
        if (random.Next(3) == 0) await cancellation.CancelAsync();
        var ended = AppendAsync(client, append, cancellation.Token);
        Thread.SpinWait(random.Next(2000));
        await cancellation.CancelAsync();
        return await ended;
    }

    /// <summary>Appends without ever looking at the answer, as a client does whose connection is lost.</summary>
    private void GiveUp(int client, StreamOperation append)
    {
        var called = Interlocked.Increment(ref _time);
        _givenUp[client].Add(StartAppend(client, append, CancellationToken.None));
        Record(client, append, called, Timed<StreamOperation>.Never);
    }

    private Task<AppendResult> StartAppend(int client, StreamOperation append, CancellationToken cancellationToken)
    {
        var expected = append.Expected is { } version ? ExpectedVersion.Exactly(version) : ExpectedVersion.Any;
        var request = new AppendRequest([new StreamWrite(append.Stream, expected, [.. append.Ids.Select(id => new NewEvent(IdOf(id), "happened", default))])]);
        try
        {
            return HandleOf(client).AppendAsync(request, cancellationToken).AsTask();
        }
        catch (OperationCanceledException cancelled)
        {
            return Task.FromException<AppendResult>(cancelled);
        }
    }

    private static async Task<StreamOperation> EndOfAsync(StreamOperation append, Task<AppendResult> task)
    {
        try
        {
            var result = await task;
            return append with { Outcome = result.WasAlreadyStored ? Outcome.Repeated : Outcome.Stored, Version = result.Version, Position = result.Position };
        }
        catch (WrongExpectedVersionException conflict)
        {
            return append with { Outcome = Outcome.Conflict, Version = conflict.ActualVersion, Position = 0 };
        }
        catch (DuplicateEventIdException)
        {
            return append with { Outcome = Outcome.Duplicate, Version = 0, Position = 0 };
        }
        catch (OperationCanceledException)
        {
            return append with { Outcome = Outcome.Cancelled, Version = 0, Position = 0 };
        }
        catch (StorageFailedException failure) when (failure.OutcomeIsUnknown)
        {
            return append with { Outcome = Outcome.Unknown, Version = 0, Position = 0 };
        }
    }

    private IEventStorage HandleOf(int client) => _handles[client % _handles.Count];

    private int[] NewIds(int count)
    {
        var last = Interlocked.Add(ref _lastId, count);
        return [.. Enumerable.Range(last - count + 1, count)];
    }

    private StreamOperation Record(int client, StreamOperation operation, long called, long returned)
    {
        _recorded[client].Add(new Timed<StreamOperation>(operation, called, returned));
        return operation;
    }
}
