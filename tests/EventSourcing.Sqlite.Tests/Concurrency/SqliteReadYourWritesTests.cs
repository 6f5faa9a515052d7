using System.Diagnostics;
using EventSourcing.Tests.Concurrency;
using Xunit.Abstractions;

namespace EventSourcing.Sqlite.Tests.Concurrency;

public sealed class SqliteReadYourWritesTests(ITestOutputHelper output) : ReadYourWritesTests, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private int _files;

    [Fact]
    public async Task Run_one_projection_in_two_processes_folds_each_event_once()
    {
        var path = NextFile();
        await using var store = Notes.Open(new SqliteEventStorage(path));
        await NoteAsync(store, "before", 20);

        // Each host has a time in which it is the only one, so that both certainly fold some; between, they compete.
        using var one = await StartHostAsync(path, "one");
        await NoteAsync(store, "one-alone", 20);
        await ReachHeadAsync(store);
        using var other = await StartHostAsync(path, "other");
        foreach (var host in new[] { one, other }) await host.StandardInput.WriteLineAsync("write");
        foreach (var host in new[] { one, other }) (await host.StandardOutput.ReadLineAsync()).Should().Be("written");
        await StopAsync(one);
        await NoteAsync(store, "other-alone", 20);
        await ReachHeadAsync(store);
        await StopAsync(other);

        var folded = await Notes.CompareWithLogAsync(store);
        output.WriteLine(string.Join(", ", folded.Select(host => $"{host.Value} events by host {host.Key}")));
        folded.Values.Sum().Should().Be(60 + (2 * ProjectionHost.Writers * ProjectionHost.NotesPerWriter));
        folded.Keys.Should().BeEquivalentTo("one", "other");
    }

    public void Dispose() => _folder.Dispose();

    protected override IReadOnlyList<IEventStorage> OpenHandles(int count)
    {
        var path = NextFile();
        return [.. Enumerable.Range(0, count).Select(_ => new SqliteEventStorage(path))];
    }

    private static async Task<Process> StartHostAsync(string path, string name)
    {
        var host = WorkerProgram.Start("host", path, name);
        (await host.StandardOutput.ReadLineAsync()).Should().Be("ready");
        return host;
    }

    private static async Task StopAsync(Process host)
    {
        host.StandardInput.Close();
        await host.WaitForExitAsync();
        host.ExitCode.Should().Be(0);
    }

    private static async Task NoteAsync(EventStore store, string writer, int notes)
    {
        for (var i = 0; i < notes; i++) await store.AppendAsync("book-0", ExpectedVersion.Any, [new Noted(writer, i)]);
    }

    /// <summary>Waits until some host has the read model at the log's head; a minute without that counts as never.</summary>
    private static async Task ReachHeadAsync(EventStore store)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (await store.ReadModel(new NoteBooks("")).GetPositionAsync() < await store.GetHeadAsync()) await Task.Delay(5, patience.Token);
    }

    private string NextFile() => _folder.FileNamed($"{Interlocked.Increment(ref _files)}.db");
}
