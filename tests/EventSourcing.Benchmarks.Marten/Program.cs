using System.Diagnostics;
using System.Globalization;
using EventSourcing.Benchmarks.Peers;

// Marten, told what to do line by line by EventSourcing.Benchmarks: each answer is a rate per second. The argument is the
// connection string. "fill" answers with the count.
if (args is not [var connectionString])
{
    Console.Error.WriteLine("It is started by EventSourcing.Benchmarks: dotnet run -c Release --project tests/EventSourcing.Benchmarks -- postgres");
    return 64;
}

// Only answers go to the standard output: Marten and what it brings write warnings there.
var answers = Console.Out;
Console.SetOut(Console.Error);
await using var peer = new MartenPeer(connectionString);
while (Console.ReadLine() is { } line)
{
    var words = line.Split(' ');
    int Number(int index) => int.Parse(words[index], CultureInfo.InvariantCulture);
    var clock = Stopwatch.StartNew();
    var count = words[0] switch
    {
        "append" => await peer.AppendAsync(callers: Number(1), perAppend: Number(2), appends: Number(3)),
        "fill" => await peer.FillAsync(events: Number(1), perStream: Number(2)),
        "stream" => await peer.ReadStreamsAsync(reads: Number(1)),
        "log" => await peer.ReadLogAsync(),
        "load" => await peer.LoadAsync(loads: Number(1)),
        "catch-up" => await peer.CatchUpAsync(),
        _ => throw new InvalidOperationException($"There is no work '{line}'."),
    };
    var answer = words[0] == "fill" ? count : count / clock.Elapsed.TotalSeconds;
    await answers.WriteLineAsync(answer.ToString("R", CultureInfo.InvariantCulture));
}

return 0;
