using EventSourcing.Tests.Concurrency;

namespace EventSourcing.PostgreSql.Tests.Concurrency;

/// <summary>
/// A process that runs a projection on a test's store until its input ends. It says when it has caught up, writes and reads its
/// own writes when it is told to, and says when that is done.
/// </summary>
internal static class ProjectionHost
{
    public const int Writers = 4;
    public const int NotesPerWriter = 25;

    public static async Task<int> RunAsync(string connectionString, string schema, string name)
    {
        await using var store = Notes.Open(WorkerProgram.Open(connectionString, schema));
        await using var running = store.StartProjections(new NoteBooks(name));
        await running.CatchUpAsync();
        Console.WriteLine("ready");
        if (Console.ReadLine() is null) return 1;
        await Notes.WriteAsync(store, running, name, Writers, NotesPerWriter);
        Console.WriteLine("written");
        return Console.ReadLine() is null ? 0 : 1;
    }
}
