using System.Globalization;

namespace EventSourcing.Crash;

/// <summary>Processes that append to a store of notes, and processes that project it.</summary>
internal static class FollowingWork
{
    private const int Streams = 12;

    /// <summary>Appends one to four events at a time, now in a burst and now with pauses, and says where each stands.</summary>
    public static async Task NoteForEverAsync(Output output, string path, int seed)
    {
        await using var store = Notes.Open(path);
        var random = new Random(seed);
        for (var number = 0; ;)
        {
            var events = Enumerable.Range(0, random.Next(1, 5)).Select(_ => (object)new Noted(seed, number++)).ToList();
            var appended = await store.AppendAsync($"note-{random.Next(Streams)}", ExpectedVersion.Any, events);
            output.Write(FormattableString.Invariant($"N {appended.FirstPosition} {appended.Position} ."));
            if (random.Next(40) > 0) await Task.Delay(random.Next(5));
        }
    }

    /// <summary>Projects and delivers, has the read models rebuilt now and then, and says how far they are.</summary>
    public static async Task FollowForEverAsync(Output output, string path, string posted, int seed, TimeSpan lease, bool rebuilds)
    {
        var random = new Random(seed);
        await using var store = Notes.Open(path);
        using var post = new Post(posted);

        // Small batches have a kill fall between two of them, large ones into the middle.
        var options = new ProjectionOptions { LeaseDuration = lease, MaxBatchEvents = random.Next(3) switch { 0 => 7, 1 => 150, _ => 16_384 } };
        await using var projections = store.StartProjections(options, new Ledger(), new Lines());
        await using var reactors = await store.StartReactorsAsync(options, post);
        output.Write("following");
        var rebuilding = rebuilds ? RebuildNowAndThenAsync(projections, random) : new TaskCompletionSource().Task;
        var telling = TellAsync(output, projections);
        await await Task.WhenAny(projections.Completion, reactors.Completion, rebuilding, telling);
    }

    private static async Task RebuildNowAndThenAsync(RunningProjections projections, Random random)
    {
        while (true)
        {
            await Task.Delay(random.Next(400));
            await projections.RebuildAsync(random.Next(2) == 0 ? nameof(Ledger) : nameof(Lines));
        }
    }

    private static async Task TellAsync(Output output, RunningProjections projections)
    {
        while (true)
        {
            try
            {
                var position = await projections.CatchUpAsync();
                output.Write(string.Create(CultureInfo.InvariantCulture, $"C {position} ."));
            }
            catch (EventSourcingException e) when (e is ReadModelLateException or StoreBusyException)
            {
                // Another process runs them and is suspended, perhaps with the file locked.
            }

            await Task.Delay(20);
        }
    }
}
