using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EventSourcing.Benchmarks;

/// <summary>
/// What a registered store adds to the start of an app: each time in a fresh process, with all that the JIT compiler does there, on a file
/// that exists. An app that opens the same store and starts the same projection by hand is the measure.
/// </summary>
internal sealed class HostedStartBenchmarks(bool quick)
{
    /// <summary>The argument by which this program is a process that starts once.</summary>
    public const string Child = "hosted-start-child";

    private static readonly string[] Ways = ["bare", "by hand", "registered"];
    private readonly int _starts = quick ? 11 : 31;

    public IEnumerable<(string Name, Func<Task> Measure)> All => [("hosted-start", MeasureAsync)];

    /// <summary>Starts an app once, and prints how many milliseconds it took.</summary>
    public static async Task StartAsync(string way, string file)
    {
        var began = Stopwatch.GetTimestamp();
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        if (way == "registered")
        {
            builder.AddEventStore("bench", Types, store => store
                .UseStorage((_, _) => new SqliteEventStorage(file))
                .Configure(WithJson)
                .AddProjection<CustomerTotals>());
        }

        using var host = builder.Build();
        EventStore? store = null;
        if (way == "by hand")
        {
            store = new EventStore(new SqliteEventStorage(file), Types, WithJson(new EventStoreOptions()));
            await store.GetHeadAsync();
            _ = store.StartProjections(new CustomerTotals());
        }

        await host.StartAsync();
        Console.WriteLine(Stopwatch.GetElapsedTime(began).TotalMilliseconds.ToString(CultureInfo.InvariantCulture));
        await host.StopAsync();
        if (store is not null) await store.DisposeAsync();
    }

    private static EventTypes Types => new(EventType.Of<OrderItemAdded>());

    private static EventStoreOptions WithJson(EventStoreOptions options) => options with { Json = ProjectedJson.Default.Options };

    private async Task MeasureAsync()
    {
        var folder = Directory.CreateTempSubdirectory("es-bench-");
        var file = Path.Combine(folder.FullName, "bench.db");
        await using (var store = new EventStore(new SqliteEventStorage(file), Types, WithJson(new EventStoreOptions())))
            await store.AppendAsync("order-1", ExpectedVersion.Any, [OrderItemAdded.Number(1)]);
        var times = Ways.ToDictionary(way => way, _ => new List<double>());
        foreach (var way in Ways) await InFreshProcessAsync(way, file);
        for (var start = 0; start < _starts; start++)
        {
            foreach (var way in Ways) times[way].Add(await InFreshProcessAsync(way, file));
        }

        folder.Delete(recursive: true);
        var (bare, byHand, registered) = (Median("bare"), Median("by hand"), Median("registered"));
        var adds = Measurement.Median([.. times["registered"].Zip(times["by hand"], (one, other) => one - other)]);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"(start of an app: without a store {bare:0.0} ms, with one opened by hand {byHand:0.0} ms, registered {registered:0.0} ms; "
            + $"to be registered adds {adds:0.0} ms, medians of {_starts} fresh processes; aim: below 10)"));

        double Median(string way) => Measurement.Median(times[way]);
    }

    private static async Task<double> InFreshProcessAsync(string way, string file)
    {
        var program = Environment.ProcessPath!;
        string[] host = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [Environment.GetCommandLineArgs()[0]] : [];
        using var process = Process.Start(new ProcessStartInfo(program, [.. host, Child, way, file]) { RedirectStandardOutput = true })!;
        var printed = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return double.Parse(printed, CultureInfo.InvariantCulture);
    }
}
