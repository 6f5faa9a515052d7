using System.Globalization;
using EventSourcing.Tamper;

if (args is ["worker", ..]) return await FaultProcesses.WorkAsync(args[1..]);

var quick = args.Contains("--quick");
var seed = Option("--seed") ?? Random.Shared.Next(1_000_000);
var processes = Option("--processes") ?? 2;
Console.WriteLine($"seed {seed}, SQLite {Shell.Version}, .NET {Environment.Version}");
switch (args.FirstOrDefault())
{
    case "edits":
        var tallies = await EditSuite.RunAsync(Option("--runs") ?? (quick ? 500 : 5000), seed, Option("--events") ?? 2000, Option("--only"), Console.WriteLine);
        EditTally.Print(Console.Out, tallies);
        return tallies.All(t => t.IsGood) ? 0 : 1;
    case "bits":
        using (var folder = new WorkFolder())
        {
            var cases = await BitCases.CreateAsync(folder, Option("--events") ?? 260, seed);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{cases.Pages} pages, {cases.Count:N0} bits"));
            var every = Option("--every") ?? (quick ? 211 : 1);
            var tally = Option("--only") is { } only ? await FaultProcesses.RunOneAsync(cases, folder, only) : await FaultProcesses.RunAsync("bits", cases, every, seed % every, processes, Console.WriteLine);
            tally.Print(Console.Out, "bit of");
            return tally.IsGood ? 0 : 1;
        }

    case "wal":
        using (var folder = new WorkFolder())
        {
            var every = args.Contains("--all") ? 1 : Option("--every") ?? (quick ? 1511 : 97);
            var cases = await WalCases.CreateAsync(folder, seed, every, seed % every);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{cases.Frames} frames, {cases.AllBits:N0} bits"));
            var tally = Option("--only") is { } only ? await FaultProcesses.RunOneAsync(cases, folder, only) : await FaultProcesses.RunAsync("wal", cases, 1, 0, processes, Console.WriteLine);
            tally.Print(Console.Out, "fault of the log");
            return tally.IsGood ? 0 : 1;
        }

    case "columns":
        using (var folder = new WorkFolder())
        {
            var suite = await ColumnSuite.CreateAsync(folder);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{suite.Cases.Count:N0} values"));
            var every = Option("--every") ?? (quick ? 97 : 1);
            var table = Text("--table") ?? "";
            var numbers = Option("--only") is { } only
                ? [only]
                : Enumerable.Range(0, suite.Cases.Count).Where(number => number % every == seed % every && suite.Cases[number].Group.StartsWith(table, StringComparison.Ordinal)).ToArray();
            new Random(seed).Shuffle(numbers);
            await suite.RunAsync(numbers, 2 * processes, Console.WriteLine);
            suite.Tally.Print(Console.Out, "value of");
            suite.Operations.Print(Console.Out);
            return suite.IsGood ? 0 : 1;
        }

    default:
        Console.WriteLine("""
            Holds the library's verification against edits and faults. Usage:
              edits [--runs N] [--events N] [--only RUN]     random edits by an administrator with full access, by default 5,000
              bits  [--every N] [--only CASE] [--events N]   every bit of a small database, flipped
              wal   [--all | --every N] [--only CASE]        faults of the write-ahead log, and every 97th of its bits
              columns [--every N] [--only CASE] [--table T]  hostile values in every column of every table
            Each also takes [--seed N] [--quick], bits, wal and columns [--processes N].
            """);
        return 64;
}

int? Option(string name) => Text(name) is { } number ? int.Parse(number, CultureInfo.InvariantCulture) : null;

string? Text(string name) => Array.IndexOf(args, name) is var at and >= 0 && at + 1 < args.Length ? args[at + 1] : null;
