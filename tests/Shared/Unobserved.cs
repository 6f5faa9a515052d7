using System.Runtime.CompilerServices;

namespace EventSourcing.Tests;

/// <summary>
/// The errors of tasks at which nobody has looked. An app is told of them by <see cref="TaskScheduler.UnobservedTaskException"/>, and many
/// apps end then.
/// </summary>
internal static class Unobserved
{
    /// <summary>Runs code, loses all that it had, and returns the errors at which nobody has looked.</summary>
    /// <param name="mark">What only the errors of this test have in their text: other tests run at the same time.</param>
    /// <param name="run">The code, which must leave nothing where others find it.</param>
    public static async Task<IReadOnlyList<string>> AfterAsync(string mark, Func<Task> run)
    {
        var errors = new List<string>();
        TaskScheduler.UnobservedTaskException += Note;
        try
        {
            // On a thread of its own, whose stack is gone afterwards.
            await Task.Factory.StartNew(
                () => RunOnThisStack(run), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            for (var i = 0; i < 5; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= Note;
        }

        lock (errors) return [.. errors];

        void Note(object? sender, UnobservedTaskExceptionEventArgs told)
        {
            var text = told.Exception.ToString();
            if (!text.Contains(mark, StringComparison.Ordinal)) return;
            lock (errors) errors.Add(text);
        }
    }

    /// <summary>A text that no other test has.</summary>
    public static string NewMark() => $"mark-{Guid.NewGuid():N}";

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void RunOnThisStack(Func<Task> run) => run().GetAwaiter().GetResult();
}
