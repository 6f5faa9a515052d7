using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Tests;

/// <summary>
/// Processes that write to one file take turns. The locks belong to an open file and not to a process. So if a test needs another process
/// that does exactly one thing, a second <see cref="ProcessTurns"/> stands for it.
/// </summary>
public sealed class ProcessTurnsTests : IDisposable
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);

    private readonly TemporaryFolder _folder = new();

    private readonly List<ProcessTurns> _opened = [];

    public void Dispose()
    {
        foreach (var turns in _opened) turns.Close();
        _folder.Dispose();
    }

    private static bool AreThere => OperatingSystem.IsLinux() && Environment.Is64BitProcess;

    [Fact]
    public async Task Take_by_several_is_in_the_order_in_which_they_came()
    {
        if (!AreThere) return;
        var path = MakeFile();
        var all = Enumerable.Range(0, 5).Select(_ => Open(path)).ToList();
        (await all[0].TakeAsync(Long, default)).Should().BeTrue();
        var (order, takers) = (new List<int>(), new List<Task>());
        for (var i = 1; i < all.Count; i++)
        {
            takers.Add(TakeAsync(i, all[i].TakeAsync(Long, default)));
            all[0].IsAnotherInLine().Should().BeTrue();
        }

        all[0].TryYield().Should().BeTrue("others wait");
        await Task.WhenAll(takers).WaitAsync(Long);

        order.Should().Equal(1, 2, 3, 4);
        all[0].IsAnotherInLine().Should().BeFalse();

        async Task TakeAsync(int number, ValueTask<bool> first)
        {
            for (var isTaken = await first; !isTaken; isTaken = await all[number].TakeAsync(Long, default)) await Task.Delay(1);
            order.Add(number); // needs no lock, since only one has the turn
            all[number].Release();
        }
    }

    [Fact]
    public async Task Yield_if_nobody_waits_keeps_the_turn()
    {
        if (!AreThere) return;
        var turns = Open(MakeFile());
        (await turns.TakeAsync(Long, default)).Should().BeTrue();
        turns.TryYield().Should().BeFalse();
        (await turns.TakeAsync(Long, default)).Should().BeTrue();
    }

    [Fact]
    public async Task Turn_of_who_no_longer_wants_it_is_passed_on()
    {
        if (!AreThere) return;
        var path = MakeFile();
        var first = Open(path);
        var second = Open(path);
        var third = Open(path);
        await first.TakeAsync(Long, default);
        using var cancellation = new CancellationTokenSource();
        var given = second.TakeAsync(Long, cancellation.Token);
        var waiting = third.TakeAsync(Long, default);
        await cancellation.CancelAsync();
        (await given).Should().BeFalse();
        second.Release();

        first.Release();

        for (var isTaken = await waiting; !isTaken; isTaken = await third.TakeAsync(Long, default)) await Task.Delay(1);
    }

    [Fact]
    public async Task Turns_at_a_file_that_cannot_be_opened_are_not_waited_for()
    {
        var turns = Open(Path.Combine(Path.GetDirectoryName(_folder.Store)!, "missing", "x-wal"));
        turns.IsAnotherInLine().Should().BeFalse();
        (await turns.TakeAsync(Long, default)).Should().BeFalse();
        turns.TryYield().Should().BeFalse();
        turns.Release();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(long.MaxValue)]
    public async Task Take_while_another_program_has_locked_the_whole_file_is_refused_at_once(long length)
    {
        if (!AreThere) return;
        var path = MakeFile();
        using var foreign = LockByAnother(path, length);
        var turns = Open(path);
        (await Task.Run(async () => await turns.TakeAsync(Long, default)).WaitAsync(Long)).Should().BeFalse();
        turns.IsAnotherInLine().Should().BeTrue();
        foreign.Dispose();
        (await turns.TakeAsync(Long, default)).Should().BeTrue();
    }

    [Fact]
    public async Task Take_behind_a_long_range_that_another_program_has_locked_waits_for_that_lock()
    {
        if (!AreThere) return;
        var path = MakeFile();
        using var foreign = LockByAnother(path, (1L << 62) + 1_000_000_000_000);
        var turns = Open(path);
        (await Task.Run(async () => await turns.TakeAsync(TimeSpan.FromMilliseconds(1), default)).WaitAsync(Long)).Should().BeFalse();
        turns.IsWaiting.Should().BeTrue();
        foreign.Dispose();
        using var patience = new CancellationTokenSource(Long);
        while (!await turns.TakeAsync(Long, default)) await Task.Delay(1, patience.Token);
    }

    [Fact]
    public async Task Append_while_another_program_has_locked_the_whole_log_goes_on_without_turns()
    {
        if (!AreThere) return;
        await using var storage = new SqliteEventStorage(_folder.Store);
        await storage.AppendAsync(Some.Append("s", 0));
        using var foreign = LockByAnother(_folder.Store + "-wal", length: 0);
        for (var version = 1; version < 20; version++) await storage.AppendAsync(Some.Append("s", version)).AsTask().WaitAsync(Long);
        (await Some.LogOf(storage)).Should().HaveCount(20);
    }

    [Fact]
    public async Task Append_goes_on_without_its_turn_if_whoever_has_it_does_not_move()
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        await storage.AppendAsync(Some.Append("s", 0));
        var stopped = Open(_folder.Store + "-wal");
        await stopped.TakeAsync(Long, default);

        for (var version = 1; version < 50; version++) await storage.AppendAsync(Some.Append("s", version));

        stopped.Release();
        for (var version = 50; version < 60; version++) await storage.AppendAsync(Some.Append("s", version));
        (await Some.LogOf(storage)).Should().HaveCount(60);
    }

    [Fact]
    public async Task Append_while_a_stopped_process_has_turn_and_lock_is_busy_and_writes_nothing()
    {
        await using var storage = new SqliteEventStorage(_folder.Store, new SqliteEventStorageOptions { BusyTimeout = TimeSpan.FromMilliseconds(200) });
        await storage.AppendAsync(Some.Append("s", 0));
        var stopped = Open(_folder.Store + "-wal");
        await stopped.TakeAsync(Long, default);
        await using (var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = _folder.Store, Pooling = false }.ToString()))
        {
            await connection.OpenAsync();
            await using var transaction = connection.BeginTransaction(deferred: false);
            var append = async () => await storage.AppendAsync(Some.Append("s", 1));
            for (var i = 0; i < 3; i++) (await append.Should().ThrowAsync<StoreBusyException>()).Which.Waited.Should().BeGreaterThanOrEqualTo(TimeSpan.FromMilliseconds(200));
        }

        (await Some.LogOf(storage)).Should().ContainSingle();
        stopped.Release();
        (await storage.AppendAsync(Some.Append("s", 1))).Position.Should().Be(2);
    }

    [Fact]
    public async Task Dispose_while_waiting_for_the_turn_refuses_the_append_and_leaves_the_line()
    {
        if (!AreThere) return;
        var storage = new SqliteEventStorage(_folder.Store);
        await storage.AppendAsync(Some.Append("s", 0));
        var holder = Open(_folder.Store + "-wal");
        await holder.TakeAsync(Long, default);
        var append = storage.AppendAsync(Some.Append("s", 1)).AsTask();
        while (!holder.IsAnotherInLine() && !append.IsCompleted) await Task.Delay(1);

        await storage.DisposeAsync();

        try
        {
            await append;
        }
        catch (ObjectDisposedException)
        {
            // The append was still waiting. If it had waited long enough before, it was written without its turn.
        }

        holder.Release();
        while (holder.IsAnotherInLine()) await Task.Delay(1);
    }

    [Fact]
    public async Task Close_while_another_process_does_not_move_leaves_one_thread_however_often()
    {
        if (!AreThere) return;
        var path = MakeFile();
        var stopped = Open(path);
        await stopped.TakeAsync(Long, default);
        var turns = Open(path);
        (await turns.TakeAsync(TimeSpan.FromMilliseconds(1), default)).Should().BeFalse();
        for (var i = 0; i < 20; i++)
        {
            turns.Close();
            turns.IsWaiting.Should().BeTrue();
            turns.Open(path);
            (await turns.TakeAsync(Long, default)).Should().BeFalse("it does not begin another wait");
            stopped.IsAnotherInLine().Should().BeTrue();
        }

        turns.Close();
        stopped.Release();

        while (turns.IsWaiting) await Task.Delay(1);
        stopped.IsAnotherInLine().Should().BeFalse();
        turns.Open(path);
        (await turns.TakeAsync(Long, default)).Should().BeTrue();
    }

    [Fact]
    public async Task Append_by_two_processes_goes_to_and_fro()
    {
        if (!AreThere) return;
        const int Each = 600;
        var workers = new[] { "one", "other" }.Select(name => WorkerProgram.StartAppendingByMany(_folder.Store, name, Each)).ToList();
        foreach (var worker in workers) (await worker.StandardOutput.ReadLineAsync()).Should().Be("ready");
        foreach (var worker in workers) await worker.StandardInput.WriteLineAsync("go");
        foreach (var worker in workers)
        {
            await worker.WaitForExitAsync();
            worker.ExitCode.Should().Be(0);
            worker.Dispose();
        }

        await using var storage = new SqliteEventStorage(_folder.Store);
        var streams = (await Some.LogOf(storage)).Select(e => e.Stream).ToList();
        streams.Should().HaveCount(2 * Each);

        // From when the later one begins until the first one ends, both always have something to write.
        var began = Math.Max(streams.IndexOf("one"), streams.IndexOf("other"));
        var ended = Math.Min(streams.LastIndexOf("one"), streams.LastIndexOf("other"));
        var contested = streams[began..ended];
        var changes = contested.Zip(contested.Skip(1)).Count(pair => pair.First != pair.Second);
        changes.Should().BeGreaterThan(contested.Count / (4 * WorkerProgram.Callers), "a turn is one group, with at most one append of each caller");
    }

    [Fact]
    public async Task Kill_of_processes_that_wait_or_write_stops_no_other()
    {
        const int Count = 400;
        using var survivor = WorkerProgram.StartAppending(_folder.Store, "survivor", Count);
        (await survivor.StandardOutput.ReadLineAsync()).Should().Be("ready");
        var rest = survivor.StandardOutput.ReadToEndAsync();
        for (var round = 0; round < 4; round++)
        {
            using var victim = WorkerProgram.StartAppending(_folder.Store, $"victim-{round}", int.MaxValue);
            for (var line = 0; line < 20; line++) (await victim.StandardOutput.ReadLineAsync()).Should().NotBeNull();
            victim.Kill();
            await victim.WaitForExitAsync();
        }

        (await rest).Split('\n', StringSplitOptions.RemoveEmptyEntries).Should().HaveCount(Count);
        await survivor.WaitForExitAsync();
        survivor.ExitCode.Should().Be(0);
    }

    /// <summary>
    /// Locks the first bytes of a file, as any program may do, until the result is disposed. A length of 0 locks the whole file. The lock
    /// belongs to this process, and excludes locks of open files just as a lock of another process would.
    /// </summary>
    private static FileStream LockByAnother(string path, long length)
    {
        if (!OperatingSystem.IsLinux()) throw new PlatformNotSupportedException();
        var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        file.Lock(0, length);
        return file;
    }

    private ProcessTurns Open(string path)
    {
        var turns = new ProcessTurns();
        turns.Open(path);
        _opened.Add(turns);
        return turns;
    }

    private string MakeFile()
    {
        File.WriteAllBytes(_folder.Store + "-line", []);
        return _folder.Store + "-line";
    }
}
