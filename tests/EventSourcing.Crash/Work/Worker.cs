using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Crash;

/// <summary>What a worker process does: see <see cref="WorkerProcess"/>.</summary>
internal static class Worker
{
    public static async Task<int> RunAsync()
    {
        var output = new Output(Console.OpenStandardOutput());
        await WarmUpAsync();
        output.Write("ready");
        var job = (await Console.In.ReadLineAsync())?.Split(' ');
        switch (job)
        {
            case ["append", var path, var seed, var callers, var pages, var clockDays]:
                EndWithParent();
                await AppendForEverAsync(output, path, Number(seed), Number(callers), Number(pages), Number(clockDays));
                return 0;
            case ["project", var path, var seed, var pages]:
                EndWithParent();
                await ProjectForEverAsync(output, path, Number(seed), Number(pages));
                return 0;
            case ["note", var path, var seed]:
                EndWithParent();
                await FollowingWork.NoteForEverAsync(output, path, Number(seed));
                return 0;
            case ["follow", var path, var posted, var seed, var lease, var rebuilds]:
                EndWithParent();
                await FollowingWork.FollowForEverAsync(output, path, posted, Number(seed), TimeSpan.FromMilliseconds(Number(lease)), bool.Parse(rebuilds));
                return 0;
            case ["append-to-postgres", var server, var schema, var seed, var callers]:
                EndWithParent();
                await PostgresWork.AppendForEverAsync(output, Uri.UnescapeDataString(server), schema, Number(seed), Number(callers));
                return 0;
            case ["script", var path, var seed, var count, var pages]:
                await new ScriptedWork(new Marks()).RunAsync(path, Number(seed), Number(count), Number(pages));
                return 0;
            case ["script-raw", var path, var seed, var count, var synchronous]:
                RawWriter.Run(new Marks(), path, Number(seed), Number(count), synchronous);
                return 0;
            case ["calls", var folder, var control, var call, var error, var action, var from, var to]:
                await CallWork.RunAsync(output, folder, control, Enum.Parse<Call>(call), Number(error), Enum.Parse<CallAction>(action), Number(from), Number(to));
                return 0;
            case ["full", var folder, var control, var cycles]:
                await FullDiskWork.RunOnBudgetAsync(output, folder, control, Number(cycles));
                return 0;
            case ["full-mounted", var folder, var cycles]:
                await FullDiskWork.RunOnMountAsync(output, folder, Number(cycles));
                return 0;
            case ["hold", var path, .. var sql]:
                await HoldAsync(output, path, string.Join(' ', sql));
                return 0;
            case ["scribble", var path]:
                Scribble(path);
                return 0;
            default:
                return 64;
        }
    }

    /// <summary>Who works for ever must not outlive a harness that was itself stopped: the end of the input tells.</summary>
    private static void EndWithParent() => new Thread(() =>
    {
        while (Console.In.ReadLine() is not null)
        {
        }

        Environment.Exit(1);
    }) { IsBackground = true }.Start();

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    /// <summary>Runs everything once on a store of its own, so that the job meets compiled code.</summary>
    private static async Task WarmUpAsync()
    {
        using var folder = Folder.InMemory();
        await using var storage = new SqliteEventStorage(folder.FileNamed("warm.db"), new SqliteEventStorageOptions { CheckpointPages = 4 });
        var workload = new Workload(1, "warm");
        for (var i = 0; i < 12; i++) await storage.AppendAsync(workload.Next().Request);
        using var page = await storage.ReadLogAsync(new LogRead());
    }

    private static async Task AppendForEverAsync(Output output, string path, int seed, int callers, int pages, int clockDays)
    {
        var clock = clockDays == 0 ? TimeProvider.System : new JumpingClock(seed, clockDays);
        var storage = new SqliteEventStorage(path, new SqliteEventStorageOptions { CheckpointPages = pages, TimeProvider = clock });
        await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            var workload = new Workload((seed * 31) + caller, FormattableString.Invariant($"own-{seed}-{caller}"), bigPercent: pages < 1000 ? 10 : 2);
            while (true)
            {
                var batch = workload.Next();
                output.Write(Acknowledgement.Of(batch, await storage.AppendAsync(batch.Request)).ToLine());
            }
        })));
    }

    /// <summary>Appends, and beside that folds the log into a document that counts events and so must equal the checkpoint.</summary>
    private static async Task ProjectForEverAsync(Output output, string path, int seed, int pages)
    {
        await using var storage = new SqliteEventStorage(path, new SqliteEventStorageOptions { CheckpointPages = pages });
        var appending = Task.Run(async () =>
        {
            var workload = new Workload(seed, FormattableString.Invariant($"own-{seed}"));
            while (true)
            {
                var batch = workload.Next();
                output.Write(Acknowledgement.Of(batch, await storage.AppendAsync(batch.Request)).ToLine());
            }
        });
        while (true)
        {
            try
            {
                var (count, checkpoint) = await CountModel.ReadAsync(storage);
                await storage.WaitForEventsAsync(checkpoint);
                using var page = await storage.ReadLogAsync(new LogRead { After = checkpoint, Limit = 7 });
                await storage.ReadModels.CommitAsync(CountModel.Move(checkpoint, page.Next, count + page.Count));
                output.Write(FormattableString.Invariant($"C {page.Next} ."));
            }
            catch (ReadModelConflictException)
            {
                // A rival folds the same log; the checkpoint is read again.
            }

            if (appending.IsFaulted) await appending;
        }
    }

    /// <summary>
    /// Changes the second copy of the header of a shared-memory file, as if its writer had stopped between the copies.
    /// A process that has the store open must not do this itself: closing the file would drop its locks.
    /// </summary>
    private static void Scribble(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 1);
        file.Position = 48 + 8;
        file.Write([0xFF, 0xFF, 0xFF, 0xFF]);
    }

    /// <summary>Runs a statement on a connection of its own, says so, and keeps what it holds until told.</summary>
    private static async Task HoldAsync(Output output, string path, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
        output.Write("held");
        await Console.In.ReadLineAsync();
        command.CommandText = "COMMIT";
        command.ExecuteNonQuery();
        output.Write("released");
    }
}

/// <summary>Lines to the parent, each with one call to the kernel: a kill loses none that was written.</summary>
internal sealed class Output(Stream stream)
{
    private readonly Lock _lock = new();

    public void Write(string line)
    {
        var bytes = Encoding.ASCII.GetBytes(line + "\n");
        lock (_lock)
        {
            stream.Write(bytes);
            stream.Flush();
        }
    }
}

/// <summary>Acknowledgements in the fault library's journal, between the writes and syncs that were before and after.</summary>
internal sealed unsafe class Marks
{
    private readonly delegate* unmanaged<byte*, uint, void> _mark;

    public Marks()
    {
        // Loaded already, by LD_PRELOAD: this is the same one.
        var library = NativeLibrary.Load(Environment.GetEnvironmentVariable("FAULTS_LIBRARY") ?? throw new InvalidOperationException("There is no fault library."));
        _mark = (delegate* unmanaged<byte*, uint, void>)NativeLibrary.GetExport(library, "faults_mark");
    }

    public void Write(Acknowledgement acknowledgement) => Write(acknowledgement.ToLine());

    public void Write(string line)
    {
        fixed (byte* bytes = Encoding.ASCII.GetBytes(line)) _mark(bytes, (uint)line.Length);
    }
}

/// <summary>A clock that somebody keeps setting, by up to so many days in either direction.</summary>
internal sealed class JumpingClock(int seed, int days) : TimeProvider
{
    private readonly Random _random = new(seed);

    public override DateTimeOffset GetUtcNow()
    {
        lock (_random) return base.GetUtcNow().AddDays(((_random.NextDouble() * 2) - 1) * days);
    }
}
