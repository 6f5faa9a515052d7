using EventSourcing;
using EventSourcing.Benchmarks;

var quick = args.Contains("--quick");
var only = args.FirstOrDefault(a => !a.StartsWith('-'));
using var bench = new SqliteBenchmarks(quick);
Console.WriteLine($"| work | floor, /s | library, /s | ratio, median (min–max) | aim |");
Console.WriteLine("|---|---|---|---|---|");
foreach (var (name, measure) in bench.All)
{
    if (only is null || name.Contains(only, StringComparison.Ordinal)) await measure();
}
