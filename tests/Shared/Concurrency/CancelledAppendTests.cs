using System.Runtime.CompilerServices;
using System.Text;
using EventSourcing.Tests.Projections;

namespace EventSourcing.Tests.Concurrency;

/// <summary>Callers give up while a write before theirs takes long.</summary>
public abstract class CancelledAppendTests(IStorageSource source) : IDisposable
{
    private const int Callers = 10_000;

    /// <summary>What the runtime may still hold of a call that has just ended.</summary>
    private const int Rest = 8;

    public void Dispose()
    {
        source.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Cancel_of_appends_behind_a_write_that_takes_long_leaves_nothing_of_them_in_memory()
    {
        await using var storage = source.Open();
        var began = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var slow = Task.Run(async () => await storage.AppendAsync(RequestOf("slow", "{}"u8.ToArray()) with
        {
            ReadModels = async (_, _) =>
            {
                began.TrySetResult();
                await release.Task;
                return new ReadModelCommit();
            },
        }));
        await began.Task;
        var payloads = new List<WeakReference>();
        for (var i = 0; i < Callers; i++) payloads.Add(await AppendAndCancelAsync(storage));

        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        var alive = payloads.Count(payload => payload.IsAlive);

        // Before anything is asserted: the storage waits for the write when a failed test disposes it.
        release.SetResult();
        alive.Should().BeLessThan(Rest);
        (await slow).Position.Should().Be(1);
        (await storage.AppendAsync(RequestOf("next", "{}"u8.ToArray()))).Position.Should().Be(2, "nothing of the others was written");
    }

    private static AppendRequest RequestOf(string stream, byte[] data) =>
        new([new StreamWrite(stream, ExpectedVersion.Any, [new NewEvent(Guid.CreateVersion7(), "something", data)])]);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task<WeakReference> AppendAndCancelAsync(IEventStorage storage)
    {
        using var cancellation = new CancellationTokenSource();
        var data = Encoding.UTF8.GetBytes($"\"{new string('x', 1000)}\"");
        var payload = new WeakReference(data);
        var append = storage.AppendAsync(RequestOf("cancelled", data), cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        await append.ContinueWith(static _ => { }, TaskScheduler.Default);
        append.IsCanceled.Should().BeTrue();
        return payload;
    }
}
