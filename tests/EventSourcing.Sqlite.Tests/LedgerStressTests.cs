namespace EventSourcing.Sqlite.Tests;

/// <summary>
/// Anything at once: several handles on a file, some closed and opened again, appends of all sizes from buffers that are used
/// again at once, refusals, failures within a transaction, erasures of the newest events, and verifications all the while.
/// </summary>
public sealed class LedgerStressTests : IDisposable
{
    private static readonly int[] Sizes = [1, 1, 1, 1, 1, 1, 2, 3, 5, 14, 15, 16, 17, 31, 33, 100, 240, 255, 256, 257, 520];
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Append_whatever_happens_beside_it_keeps_the_tree(int seed)
    {
        var random = new Random(seed);
        await using (var made = new SqliteEventStorage(_folder.Store)) await made.AppendAsync(Some.Append("first", 0));
        using (var foreign = Some.ForeignConnection(_folder.Store)) foreign.Run(Some.IndexThatFailsFor("bad"));
        var handles = Enumerable.Range(0, 1 + (seed % 3)).Select(_ => new Handle(_folder.Store)).ToArray();
        var isOver = false;
        var verifying = Task.Run(async () =>
        {
            do await ExpectSoundAsync();
            while (!Volatile.Read(ref isOver));
        });
        await Task.WhenAll(Enumerable.Range(0, 2 + seed).Select(n => Task.Run(() => WorkAsync(handles, new Random((seed * 1000) + n), $"s-{n}"))));
        Volatile.Write(ref isOver, true);
        await verifying;
        foreach (var handle in handles) await handle.UseAsync(Tree.ExpectWholeAsync);
        foreach (var handle in handles.OrderBy(_ => random.Next())) await handle.DisposeAsync();
        await ExpectSoundAsync();
        await using var reopened = new SqliteEventStorage(_folder.Store);
        await Tree.ExpectWholeAsync(reopened);
    }

    private async Task ExpectSoundAsync()
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        var ledger = new EventStore(storage, new EventTypes()).Ledger;
        (await ledger.VerifyAsync()).Findings.Should().BeEmpty();
        var size = await storage.GetHeadAsync() - 1;
        if (size < 300) return;
        var from = new Checkpoint("stress", size, (await MerkleFrontier.ReadAsync(storage.Ledger, size)).Root());
        (await ledger.VerifyAsync(new LedgerVerification { From = from, Checkpoints = [from] })).Findings.Should().BeEmpty();
    }

    private static async Task WorkAsync(Handle[] handles, Random random, string stream)
    {
        var buffer = new byte[24_000];
        Guid? known = null;
        for (var i = 0; i < 50; i++)
        {
            var handle = handles[random.Next(handles.Length)];
            if (random.Next(40) == 0) await handle.ReopenAsync();
            else await handle.UseAsync(storage => StepAsync(storage));
        }

        async Task StepAsync(SqliteEventStorage storage)
        {
            try
            {
                switch (random.Next(12))
                {
                    case 0:
                        var head = await storage.GetHeadAsync();
                        await new EventStore(storage, new EventTypes()).ErasePayloadsAsync([.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Math.Max(1, head - random.Next(20))).Distinct()], "asked for");
                        break;
                    case 1:
                        await RefusedAsync<WrongExpectedVersionException>(storage, Some.Append(stream, 999_999, Events()));
                        break;
                    case 2 when known is { } id:
                        await RefusedAsync<DuplicateEventIdException>(storage, Some.Append(stream, ExpectedVersion.Any, [.. Events(), Some.Event(id: id)]));
                        break;
                    case 3:
                        await storage.AppendAsync(Some.Append(stream, ExpectedVersion.Any, [.. Events(), Some.Event(data: "bad")]));
                        break;
                    default:
                        var events = Events();
                        await storage.AppendAsync(Some.Append($"shared-{random.Next(4)}", ExpectedVersion.Any, events));
                        known = events[^1].Id;
                        break;
                }
            }
            catch (Exception failure) when (failure is StorageFailedException or ErasureRefusedException)
            {
                // An event that the index refuses fails all that share its transaction; a record of erasures is not erased.
            }
            finally
            {
                random.NextBytes(buffer);
            }
        }

        NewEvent[] Events()
        {
            var isLarge = random.Next(6) == 0;
            var count = Sizes[random.Next(Sizes.Length)];
            return [.. Enumerable.Range(0, isLarge ? Math.Min(count, 40) : count).Select(_ => new NewEvent(Guid.CreateVersion7(), $"type-{random.Next(3)}", buffer.AsMemory(random.Next(1000), random.Next(isLarge ? 20_000 : 600)))
            {
                Metadata = random.Next(3) == 0 ? buffer.AsMemory(random.Next(1000), random.Next(1, 100)) : default,
                Tags = random.Next(4) == 0 ? ["a", $"b-{random.Next(5)}"] : [],
            })];
        }
    }

    private static async Task RefusedAsync<TRefusal>(SqliteEventStorage storage, AppendRequest append)
    {
        var refusal = await Record.ExceptionAsync(() => storage.AppendAsync(append).AsTask());
        refusal.Should().Match<Exception>(e => e is TRefusal || e is StorageFailedException, "it is refused, unless it fails with others of its transaction");
    }

    /// <summary>A storage that many use, and that can be closed and opened again in between.</summary>
    private sealed class Handle(string path) : IAsyncDisposable
    {
        private const int Places = 100;
        private readonly SemaphoreSlim _places = new(Places, Places);
        private readonly SemaphoreSlim _reopening = new(1, 1);
        private SqliteEventStorage _storage = new(path);

        public async Task UseAsync(Func<SqliteEventStorage, Task> work)
        {
            await _places.WaitAsync();
            try
            {
                await work(_storage);
            }
            finally
            {
                _places.Release();
            }
        }

        public async Task ReopenAsync()
        {
            await _reopening.WaitAsync();
            for (var i = 0; i < Places; i++) await _places.WaitAsync();
            await _storage.DisposeAsync();
            _storage = new SqliteEventStorage(path);
            _places.Release(Places);
            _reopening.Release();
        }

        public async ValueTask DisposeAsync()
        {
            await _storage.DisposeAsync();
            _places.Dispose();
            _reopening.Dispose();
        }
    }
}
