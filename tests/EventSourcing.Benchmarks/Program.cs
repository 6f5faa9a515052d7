using System.Globalization;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using EventSourcing.Benchmarks;

// No argument: the SQLite storage against the hand-written floor, about a quarter of an hour; --quick: some three minutes.
// A word picks the rows whose name has it; "micro" runs what happens in process, by BenchmarkDotNet; "cost" measures processor
// time and bytes per event; "hot" runs commands on one
// aggregate; "idle" measures what stores cost at rest; "fair" has many stores append to one file; "wide" asks for streams by
// their beginning and for many types in 5,000,000 events; "postgres" compares the PostgreSQL storage with hand-written Npgsql and
// with Marten on one server; "explorer" asks for the explorer's pages in 1,000,000 events; "hosted" compares a store that a
// host runs with one opened by hand, and "hosted-start" starts a web app with each many times; "tool [EVS [STORE]]" starts the command
// line tool on 5,000,000 events; "startup" starts this program many times; "import FILE" is the floor for the banking sample's import.
if (args is [StartupBenchmarks.Child, var types])
{
    await StartupBenchmarks.StartAsync(int.Parse(types, CultureInfo.InvariantCulture));
    return;
}

if (args is [HostedStartBenchmarks.Child, var way, var existing])
{
    await HostedStartBenchmarks.StartAsync(way, existing);
    return;
}

if (args is [FairBenchmarks.Child, var path, var stores])
{
    await FairBenchmarks.AppendAsync(path, int.Parse(stores, CultureInfo.InvariantCulture));
    return;
}

if (args is [PostgresProcesses.Child, var server, var schema, var callers, var seconds])
{
    await PostgresProcesses.AppendAsync(server, schema, int.Parse(callers, CultureInfo.InvariantCulture), int.Parse(seconds, CultureInfo.InvariantCulture));
    return;
}

var quick = args.Contains("--quick");
var only = args.FirstOrDefault(a => !a.StartsWith('-'));
if (only == "micro")
{
    var job = (quick ? Job.ShortRun : Job.Default).WithToolchain(InProcessEmitToolchain.Instance);
    BenchmarkRunner.Run([typeof(MicroBenchmarks), typeof(FoldBenchmarks), typeof(DecodeBenchmarks)], DefaultConfig.Instance.AddJob(job));
    return;
}

if (only == "cost")
{
    using var costs = new CostBenchmarks(quick);
    await costs.RunAsync();
    return;
}

if (only == "hot")
{
    await HotBenchmarks.RunAsync(quick);
    return;
}

if (only == "idle")
{
    await IdleBenchmarks.RunAsync();
    return;
}

if (only == "fair")
{
    await FairBenchmarks.RunAsync(args.Where(a => !a.StartsWith('-')).ElementAtOrDefault(1));
    return;
}

if (only == "wide")
{
    await WideBenchmarks.RunAsync(quick);
    return;
}

if (only == "explorer")
{
    await ExplorerBenchmarks.RunAsync(quick);
    return;
}

if (only == "postgres")
{
    await PostgresBenchmarks.RunAsync(quick, args.Where(a => !a.StartsWith('-')).ElementAtOrDefault(1));
    return;
}

if (only == "tool")
{
    var paths = args.Where(a => !a.StartsWith('-')).Skip(1).ToList();
    await ToolBenchmarks.RunAsync(quick, paths.ElementAtOrDefault(0), paths.ElementAtOrDefault(1));
    return;
}

if (args is ["import", var file])
{
    RawImport.Run(file);
    return;
}

using var bench = new SqliteBenchmarks(quick);
using var projections = new ProjectionBenchmarks(quick);
using var ledger = new LedgerBenchmarks(quick);
using var hosted = new HostedBenchmarks(quick);
Console.WriteLine("| work | floor, /s | library, /s | ratio, median (min–max) | aim |");
Console.WriteLine("|---|---|---|---|---|");
var starts = new HostedStartBenchmarks(quick).All.Concat(new StartupBenchmarks(quick).All);
foreach (var (name, measure) in bench.All.Concat(projections.All).Concat(ledger.All).Concat(hosted.All).Concat(starts))
{
    if (only is null || name.Contains(only, StringComparison.Ordinal)) await measure();
}
