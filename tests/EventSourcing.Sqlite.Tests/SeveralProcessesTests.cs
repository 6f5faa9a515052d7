namespace EventSourcing.Sqlite.Tests;

public sealed class SeveralProcessesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Append_from_two_handles_sees_each_others_versions()
    {
        await using var one = new SqliteEventStorage(_folder.Store);
        await using var other = new SqliteEventStorage(_folder.Store);
        await one.AppendAsync(Some.Append("s", 0));
        (await other.AppendAsync(Some.Append("s", 1))).Version.Should().Be(2);

        var stale = async () => await one.AppendAsync(Some.Append("s", 1));

        (await stale.Should().ThrowAsync<WrongExpectedVersionException>()).Which.ActualVersion.Should().Be(2);
        (await one.AppendAsync(Some.Append("s", 2))).Position.Should().Be(3);
        (await Some.LogOf(other)).Select(e => e.Version).Should().Equal(1, 2, 3);
    }

    [Fact]
    public async Task Append_to_a_stream_that_another_handle_created_uses_that_stream()
    {
        await using var one = new SqliteEventStorage(_folder.Store);
        await using var other = new SqliteEventStorage(_folder.Store);
        await one.AppendAsync(Some.Append("mine", ExpectedVersion.NoStream));
        await other.AppendAsync(Some.Append("shared", ExpectedVersion.NoStream, Some.Event("made-there")));
        await one.AppendAsync(Some.Append("shared", ExpectedVersion.StreamExists, Some.Event("made-there")));
        (await Some.LogOf(one)).Select(e => (e.Stream, e.Version)).Should().Equal(("mine", 1), ("shared", 1), ("shared", 2));
    }

    [Fact]
    public async Task Wait_for_events_is_woken_by_another_handle()
    {
        await using var one = new SqliteEventStorage(_folder.Store);
        await using var other = new SqliteEventStorage(_folder.Store);
        var woken = one.WaitForEventsAsync(0).AsTask();
        await other.AppendAsync(Some.Append("s", 0));
        (await woken.WaitAsync(TimeSpan.FromSeconds(30))).Should().Be(1);
    }

    [Fact]
    public async Task Open_of_a_new_file_by_many_handles_at_once_makes_one_store()
    {
        var handles = Enumerable.Range(0, 8).Select(_ => new SqliteEventStorage(_folder.Store)).ToList();
        await Task.WhenAll(handles.Select((handle, i) => Task.Run(async () => await handle.AppendAsync(Some.Append($"s-{i}", 0)))));
        (await Some.LogOf(handles[0])).Select(e => e.Position).Should().Equal(Enumerable.Range(1, 8).Select(i => (long)i));
        foreach (var handle in handles) await handle.DisposeAsync();
    }

    [Fact]
    public async Task Append_from_three_processes_loses_and_repeats_nothing()
    {
        const int Each = 300;
        var workers = Enumerable.Range(0, 3).Select(i => WorkerProgram.StartAppending(_folder.Store, i == 0 ? "own" : "shared", Each)).ToList();
        var acknowledged = new List<Guid>();
        foreach (var worker in workers)
        {
            var lines = (await worker.StandardOutput.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            await worker.WaitForExitAsync();
            worker.ExitCode.Should().Be(0);
            acknowledged.AddRange(lines.Skip(1).Select(Guid.Parse));
        }

        await using var storage = new SqliteEventStorage(_folder.Store);
        var log = await Some.LogOf(storage);
        log.Select(e => e.Id).Should().BeEquivalentTo(acknowledged).And.HaveCount(3 * Each);
        log.Select(e => e.Position).Should().Equal(Enumerable.Range(1, 3 * Each).Select(i => (long)i));
        log.Where(e => e.Stream == "shared").Select(e => e.Version).Should().Equal(Enumerable.Range(1, 2 * Each).Select(i => (long)i));
    }

    [Fact]
    public async Task Kill_of_a_writing_process_loses_nothing_acknowledged()
    {
        var acknowledged = new HashSet<Guid>();
        for (var round = 0; round < 5; round++)
        {
            using var worker = WorkerProgram.StartAppending(_folder.Store, $"s-{round % 2}", int.MaxValue);
            (await worker.StandardOutput.ReadLineAsync()).Should().Be("ready");
            for (var i = 0; i < 20 + (37 * round); i++) acknowledged.Add(Guid.Parse((await worker.StandardOutput.ReadLineAsync())!));
            worker.Kill();
            var rest = await worker.StandardOutput.ReadToEndAsync();
            foreach (var line in rest.Split('\n').SkipLast(1)) acknowledged.Add(Guid.Parse(line));
            await worker.WaitForExitAsync();

            await using var storage = new SqliteEventStorage(_folder.Store);
            var log = await Some.LogOf(storage);
            log.Select(e => e.Id).Should().Contain(acknowledged).And.OnlyHaveUniqueItems();
            log.Select(e => e.Position).Should().Equal(Enumerable.Range(1, log.Count).Select(i => (long)i));
            foreach (var stream in log.GroupBy(e => e.Stream)) stream.Select(e => e.Version).Should().Equal(Enumerable.Range(1, stream.Count()).Select(i => (long)i));
        }
    }
}
