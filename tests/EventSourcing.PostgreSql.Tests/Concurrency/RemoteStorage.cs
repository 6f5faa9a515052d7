using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace EventSourcing.PostgreSql.Tests.Concurrency;

/// <summary>
/// A test's store as another process has it open: appends and reads of streams are asked of that process, one line each, many at once, and
/// answered by it. So a history with one clock can be made by several processes.
/// </summary>
internal sealed class RemoteStorage : IEventStorage
{
    private readonly Process _process;
    private readonly ConcurrentDictionary<int, TaskCompletionSource<Answer>> _open = [];
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly Task _reading;
    private int _last;

    private RemoteStorage(Process process)
    {
        _process = process;
        _reading = Task.Run(ReadAnswersAsync);
    }

    public EventStorageOptions Options => throw NotAsked();

    public IReadModelStorage ReadModels => throw NotAsked();

    public ILedgerStorage Ledger => throw NotAsked();

    public IStorageCatalog Catalog => throw NotAsked();

    /// <summary>Starts a process that opens a store.</summary>
    public static async Task<RemoteStorage> StartAsync(string connectionString, string schema)
    {
        var process = WorkerProgram.Start("serve", connectionString, schema);
        (await process.StandardOutput.ReadLineAsync()).Should().Be("ready");
        return new RemoteStorage(process);
    }

    /// <summary>What the process does: it answers lines until there are no more.</summary>
    public static async Task<int> ServeAsync(string connectionString, string schema)
    {
        await using var storage = WorkerProgram.Open(connectionString, schema);
        await storage.GetHeadAsync();
        await Console.Out.WriteLineAsync("ready");
        var cancellations = new ConcurrentDictionary<int, CancellationTokenSource>();
        var calls = new List<Task>();
        while (await Console.In.ReadLineAsync() is { } line)
        {
            var question = JsonSerializer.Deserialize<Question>(line)!;
            if (question.Kind == "cancel")
            {
                if (cancellations.TryGetValue(question.Number, out var cancellation)) await cancellation.CancelAsync();
                continue;
            }

            var source = cancellations[question.Number] = new CancellationTokenSource();
            calls.Add(Task.Run(async () =>
            {
                var answer = JsonSerializer.Serialize(await AnswerAsync(storage, question, source.Token));
                lock (calls) Console.Out.WriteLine(answer);
            }));
        }

        await Task.WhenAll(calls);
        return 0;
    }

    public async ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var (stream, expected, events) = request.Writes.Single();
        long? version = expected == ExpectedVersion.Any ? null
            : expected == ExpectedVersion.NoStream ? 0 : long.Parse(expected.ToString(), CultureInfo.InvariantCulture);
        var number = Interlocked.Increment(ref _last);
        var asked = AskAsync(new Question(number, "append", stream, version, [.. events.Select(e => e.Id)]));
        using var cancelling = cancellationToken.Register(() => _ = WriteAsync(new Question(number, "cancel", "", null, [])));
        var answer = await asked;
        return answer.Kind switch
        {
            "result" => new AppendResult([new AppendedStream(stream, answer.Version - events.Count + 1, answer.Version)],
                answer.Position - events.Count + 1, answer.Position, answer.WasAlreadyStored),
            "conflict" => throw new WrongExpectedVersionException(stream, expected, answer.Version),
            "duplicate" => throw new DuplicateEventIdException(events[0].Id, 0, "some of the ids are stored"),
            "cancelled" => throw new OperationCanceledException(cancellationToken),
            _ => throw new InvalidOperationException(answer.Kind),
        };
    }

    public async ValueTask<EventPage> ReadStreamAsync(StreamRead read, CancellationToken cancellationToken = default)
    {
        var answer = await AskAsync(new Question(Interlocked.Increment(ref _last), "read", read.Stream, null, []));
        if (answer.Kind != "page") throw new InvalidOperationException(answer.Kind);
        var page = new EventPage(answer.Ids.Count + 1);
        for (var i = 0; i < answer.Ids.Count; i++)
        {
            page.Add(new StoredEvent
            {
                Position = i + 1,
                Stream = read.Stream,
                Version = i + 1,
                Id = answer.Ids[i],
                Type = "happened",
                RecordedAt = default,
                Data = default,
                Tags = [],
            });
        }

        page.Complete(answer.Version, isEnd: true, answer.Version);
        return page;
    }

    public ValueTask<long> ImportAsync(ImportRequest request, CancellationToken cancellationToken = default) => throw NotAsked();

    public ValueTask<EventPage> ReadLogAsync(LogRead read, CancellationToken cancellationToken = default) => throw NotAsked();

    public ValueTask<long> GetHeadAsync(CancellationToken cancellationToken = default) => throw NotAsked();

    public ValueTask<long> GetPositionAsync(Guid eventId, CancellationToken cancellationToken = default) => throw NotAsked();

    public ValueTask<string?> GetMovedToAsync(CancellationToken cancellationToken = default) => throw NotAsked();

    public ValueTask<bool> SetMovedToAsync(string? movedTo, long head, CancellationToken cancellationToken = default) => throw NotAsked();

    public ValueTask<long> WaitForEventsAsync(long position, CancellationToken cancellationToken = default) => throw NotAsked();

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        await _reading;
        var code = _process.ExitCode;
        _process.Dispose();
        _writing.Dispose();
        code.Should().Be(0);
    }

    private static NotSupportedException NotAsked() => new("Histories are made of appends and reads of streams.");

    private static async Task<Answer> AnswerAsync(PostgresEventStorage storage, Question question, CancellationToken cancellationToken)
    {
        try
        {
            if (question.Kind == "read")
            {
                using var page = await storage.ReadStreamAsync(new StreamRead(question.Stream) { Limit = 10_000 }, CancellationToken.None);
                return new Answer(question.Number, "page", page.Head, 0, false, [.. page.Events.ToArray().Select(e => e.Id)]);
            }

            var expected = question.Expected is { } version ? ExpectedVersion.Exactly(version) : ExpectedVersion.Any;
            var result = await storage.AppendAsync(new AppendRequest([new StreamWrite(question.Stream, expected,
                [.. question.Ids.Select(id => new NewEvent(id, "happened", default))])]), cancellationToken);
            return new Answer(question.Number, "result", result.Version, result.Position, result.WasAlreadyStored, []);
        }
        catch (WrongExpectedVersionException conflict)
        {
            return new Answer(question.Number, "conflict", conflict.ActualVersion, 0, false, []);
        }
        catch (DuplicateEventIdException)
        {
            return new Answer(question.Number, "duplicate", 0, 0, false, []);
        }
        catch (OperationCanceledException)
        {
            return new Answer(question.Number, "cancelled", 0, 0, false, []);
        }
        catch (Exception failure)
        {
            return new Answer(question.Number, failure.ToString(), 0, 0, false, []);
        }
    }

    private async Task<Answer> AskAsync(Question question)
    {
        var answered = new TaskCompletionSource<Answer>(TaskCreationOptions.RunContinuationsAsynchronously);
        _open[question.Number] = answered;
        await WriteAsync(question);
        return await answered.Task;
    }

    private async Task WriteAsync(Question question)
    {
        await _writing.WaitAsync();
        try
        {
            await _process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(question));
            await _process.StandardInput.FlushAsync();
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task ReadAnswersAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            var answer = JsonSerializer.Deserialize<Answer>(line)!;
            if (_open.TryRemove(answer.Number, out var asked)) asked.SetResult(answer);
        }

        foreach (var (_, asked) in _open) asked.TrySetException(new InvalidOperationException("The process has ended."));
    }

    private sealed record Question(int Number, string Kind, string Stream, long? Expected, IReadOnlyList<Guid> Ids);

    private sealed record Answer(int Number, string Kind, long Version, long Position, bool WasAlreadyStored, IReadOnlyList<Guid> Ids);
}
