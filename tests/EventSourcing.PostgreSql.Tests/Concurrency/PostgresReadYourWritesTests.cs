using System.Diagnostics;
using EventSourcing.Tests.Concurrency;
using EventSourcing.Tests.Postgres;
using Xunit.Abstractions;

namespace EventSourcing.PostgreSql.Tests.Concurrency;

public sealed class PostgresReadYourWritesTests(ITestOutputHelper output) : ReadYourWritesTests, IDisposable
{
    private readonly SchemaPerStore _schemas = new();

    [Fact]
    public async Task Run_one_projection_in_two_processes_folds_each_event_once()
    {
        var schema = _schemas.Next();
        await using var store = Notes.Open(schema.Open());


        // Each host has a time in which it is the only one, so that both certainly fold some; between, they compete.
        using var one = await StartHostAsync(schema.Name, "one");
        await NoteAsync(store, "one-alone", 20);
        await ReachHeadAsync(store);
        using var other = await StartHostAsync(schema.Name, "other");
        foreach (var host in new[] { one, other }) await host.StandardInput.WriteLineAsync("write");
        foreach (var host in new[] { one, other }) (await host.StandardOutput.ReadLineAsync()).Should().Be("written");
        await StopAsync(one);
        await NoteAsync(store, "other-alone", 20);
        await ReachHeadAsync(store);
        await StopAsync(other);

        var folded = await Notes.CompareWithLogAsync(store);
        output.WriteLine(string.Join(", ", folded.Select(host => $"{host.Value} events by host {host.Key}")));
        folded.Values.Sum().Should().Be(40 + (2 * ProjectionHost.Writers * ProjectionHost.NotesPerWriter));
        folded.Keys.Should().BeEquivalentTo("one", "other");
    }

    public void Dispose() => _schemas.Dispose();

    protected override IReadOnlyList<IEventStorage> OpenHandles(int count)
    {
        var schema = _schemas.Next();
        return [.. Enumerable.Range(0, count).Select(_ => schema.Open())];
    }

    private static async Task<Process> StartHostAsync(string schema, string name)
    {
        var host = WorkerProgram.Start("host", PostgresServer.ConnectionString, schema, name);
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
        while (await store.ReadModel(new NoteBooks("")).GetPositionAsync() < await store.GetHeadAsync())
            await Task.Delay(5, patience.Token);
    }
}
