using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace EventSourcing.Tests;

/// <summary>
/// A storage as the plainest thing that keeps the contract, a list, and random sequences of operations that run on both
/// it and a real storage. Shared by the tests of every storage.
/// </summary>
public static class StorageModel
{
    private static readonly string[] Streams = ["a-1", "a-2", "b-1"];
    private static readonly string[] Types = ["A", "B", "C"];
    private static readonly string[] Tags = ["x", "y", "z"];

    /// <summary>Runs random sequences on new storages; throws with the shortest sequence found on which storage and model differ.</summary>
    public static void Check(Func<IEventStorage> open, int sequences, int operations)
    {
        var seeds = ArbMap.Default.ArbFor<int>().Generator.ListOf(operations).ToArbitrary(s => ArbMap.Default.ArbFor<List<int>>().Shrinker(s));
        Prop.ForAll(seeds, list => RunAsync(open(), list).GetAwaiter().GetResult()).Check(Config.QuickThrowOnFailure.WithMaxTest(sequences).WithReplay(1730205, 271));
    }

    private static Arbitrary<List<int>> ToArbitrary(this Gen<List<int>> generator, Func<List<int>, IEnumerable<List<int>>> shrink) => Arb.From(generator, shrink);

    private static async Task RunAsync(IEventStorage storage, IReadOnlyList<int> seeds)
    {
        await using (storage)
        {
            var log = new List<Expected>();
            var requests = new List<AppendRequest>();
            foreach (var seed in seeds)
            {
                // Each operation is a function of its seed and of what happened so far, so that a shorter sequence still makes sense.
                var random = new Random(seed);
                switch (random.Next(4))
                {
                    case 0 or 1: await AppendAsync(storage, log, requests, random); break;
                    case 2: await ReadLogAsync(storage, log, random); break;
                    default: await ReadStreamAsync(storage, log, random); break;
                }

                var head = await storage.GetHeadAsync();
                if (head != log.Count) throw new InvalidOperationException($"The head is {head}, and {log.Count} in the model.");
            }
        }
    }

    private static async Task AppendAsync(IEventStorage storage, List<Expected> log, List<AppendRequest> requests, Random random)
    {
        var request = requests.Count > 0 && random.Next(6) == 0 ? requests[random.Next(requests.Count)] : RandomRequest(log, random);
        var expected = Predict(log, request);
        string actual;
        try
        {
            actual = Describe(await storage.AppendAsync(request));
        }
        catch (WrongExpectedVersionException e)
        {
            actual = $"wrong version: {e.Stream} expected {e.Expected} is {e.ActualVersion}";
        }
        catch (AppendConditionFailedException e)
        {
            actual = $"condition failed at {e.ConflictingPosition}";
        }
        catch (DuplicateEventIdException)
        {
            actual = "duplicate id";
        }

        if (actual != expected) throw new InvalidOperationException($"An append came to '{actual}', and in the model to '{expected}'.");
        if (actual.StartsWith("stored", StringComparison.Ordinal)) Store(log, request);
        requests.Add(request);
    }

    private static AppendRequest RandomRequest(List<Expected> log, Random random)
    {
        var streams = Streams.OrderBy(_ => random.Next()).Take(random.Next(1, 4)).ToArray();
        var stored = log.Count > 0 && random.Next(8) == 0 ? log[random.Next(log.Count)] : null;
        var writes = streams.Select((stream, i) => new StreamWrite(stream, RandomExpectation(log, stream, random), [.. Enumerable.Range(0, i == 0 ? random.Next(1, 4) : random.Next(0, 3)).Select(n =>
            i == 0 && n == 0 && stored is not null ? stored.Event : RandomEvent(random))])).ToArray();
        return new AppendRequest(writes)
        {
            Conditions = [.. Enumerable.Range(0, random.Next(4) == 0 ? random.Next(1, 3) : 0).Select(_ => new AppendCondition(RandomQuery(random), random.Next(log.Count + 3)))],
        };
    }

    private static NewEvent RandomEvent(Random random)
    {
        var id = new byte[16];
        random.NextBytes(id);
        return new NewEvent(new Guid(id), Types[random.Next(Types.Length)], Encoding.UTF8.GetBytes($"data {random.Next(1000)}")) { Tags = RandomTags(random), Metadata = random.Next(2) == 0 ? "{}"u8.ToArray() : default };
    }

    private static ExpectedVersion RandomExpectation(List<Expected> log, string stream, Random random) => random.Next(8) switch
    {
        0 => ExpectedVersion.NoStream,
        1 => ExpectedVersion.StreamExists,
        2 => random.Next(5),
        3 or 4 or 5 => VersionOf(log, stream),
        _ => ExpectedVersion.Any,
    };

    private static string[] RandomTags(Random random) => [.. Tags.Where(_ => random.Next(3) == 0)];

    private static EventQuery RandomQuery(Random random)
    {
        if (random.Next(5) == 0) return EventQuery.All;
        return EventQuery.Any([.. Enumerable.Range(0, random.Next(1, 4)).Select(_ =>
        {
            var (types, tags, prefix) = (Types.Where(_ => random.Next(3) == 0).ToArray(), RandomTags(random), random.Next(3) == 0 ? new[] { "a", "a-1", "b-" }[random.Next(3)] : null);
            return types.Length + tags.Length == 0 && prefix is null ? new EventQueryItem(["A"]) : new EventQueryItem(types, tags, prefix);
        })]);
    }

    private static string Predict(List<Expected> log, AppendRequest request)
    {
        var events = request.Writes.SelectMany(w => w.Events.Select(e => (w.Stream, Event: e))).ToList();
        var stored = events.Select(e => log.FirstOrDefault(l => l.Event.Id == e.Event.Id)).ToList();
        if (stored.Any(s => s is not null))
        {
            for (var i = 0; i < events.Count; i++)
            {
                if (stored[i] is not { } s || s.Stream != events[i].Stream || !IsSame(s.Event, events[i].Event) || (i > 0 && s.Position != stored[i - 1]!.Position + 1)) return "duplicate id";
            }

            return "already " + Describe(stored.OfType<Expected>().Select(s => (s.Stream, s.Version)), stored[0]!.Position);
        }

        foreach (var write in request.Writes)
        {
            var actual = VersionOf(log, write.Stream);
            if (!write.Expected.IsMetBy(actual)) return $"wrong version: {write.Stream} expected {write.Expected} is {actual}";
        }

        foreach (var condition in request.Conditions)
        {
            var conflict = log.FirstOrDefault(e => e.Position > condition.After && Matches(condition.Query, e));
            if (conflict is not null) return $"condition failed at {conflict.Position}";
        }

        var after = log.ToList();
        Store(after, request);
        return "stored " + Describe(after.Skip(log.Count).Select(e => (e.Stream, e.Version)), log.Count + 1);
    }

    private static string Describe(AppendResult result) =>
        (result.WasAlreadyStored ? "already " : "stored ") + $"{result.FirstPosition}: " + string.Join(", ", result.Streams.Select(s => $"{s.Stream} {s.FirstVersion}-{s.LastVersion}")) + $" to {result.Position}";

    private static string Describe(IEnumerable<(string Stream, long Version)> events, long firstPosition)
    {
        var list = events.ToList();
        return $"{firstPosition}: " + string.Join(", ", list.GroupBy(e => e.Stream).Select(g => $"{g.Key} {g.First().Version}-{g.Last().Version}")) + $" to {firstPosition + list.Count - 1}";
    }

    private static void Store(List<Expected> log, AppendRequest request)
    {
        foreach (var write in request.Writes)
        {
            foreach (var e in write.Events) log.Add(new Expected(log.Count + 1, write.Stream, VersionOf(log, write.Stream) + 1, e));
        }
    }

    private static async Task ReadLogAsync(IEventStorage storage, List<Expected> log, Random random)
    {
        var read = new LogRead
        {
            After = random.Next(3) == 0 ? random.Next(log.Count + 3) : 0,
            UpTo = random.Next(3) == 0 ? random.Next(log.Count + 3) : long.MaxValue,
            Direction = (ReadDirection)random.Next(2),
            Filter = RandomQuery(random),
            Limit = random.Next(1, 6),
        };
        var whole = read;
        var expected = log.Where(e => e.Position > whole.After && e.Position <= whole.UpTo && Matches(whole.Filter, e)).ToList();
        if (read.Direction == ReadDirection.Backwards) expected.Reverse();
        var seen = new List<string>();
        while (true)
        {
            using var page = await storage.ReadLogAsync(read);
            foreach (var e in page.Events) seen.Add(Describe(e));
            if (page.IsEnd) break;
            read = read.Direction == ReadDirection.Forwards ? read with { After = page.Next } : read with { UpTo = page.Next };
        }

        Compare(whole.ToString(), expected, seen);
    }

    private static async Task ReadStreamAsync(IEventStorage storage, List<Expected> log, Random random)
    {
        var read = new StreamRead(Streams[random.Next(Streams.Length)])
        {
            After = random.Next(3) == 0 ? random.Next(8) : 0,
            UpTo = random.Next(3) == 0 ? random.Next(8) : long.MaxValue,
            UpToPosition = random.Next(3) == 0 ? random.Next(log.Count + 3) : long.MaxValue,
            Direction = (ReadDirection)random.Next(2),
            Limit = random.Next(1, 6),
        };
        var whole = read;
        var expected = log.Where(e => e.Stream == whole.Stream && e.Version > whole.After && e.Version <= whole.UpTo && e.Position <= whole.UpToPosition).ToList();
        if (read.Direction == ReadDirection.Backwards) expected.Reverse();
        var seen = new List<string>();
        while (true)
        {
            using var page = await storage.ReadStreamAsync(read);
            if (page.Head != VersionOf(log, read.Stream)) throw new InvalidOperationException($"The head of '{read.Stream}' is {page.Head}, and {VersionOf(log, read.Stream)} in the model.");
            foreach (var e in page.Events) seen.Add(Describe(e));
            if (page.IsEnd) break;
            read = read.Direction == ReadDirection.Forwards ? read with { After = page.Next } : read with { UpTo = page.Next };
        }

        Compare(whole.ToString(), expected, seen);
    }

    private static void Compare(string read, List<Expected> expected, List<string> seen)
    {
        var inModel = expected.Select(e => Describe(e.Position, e.Stream, e.Version, e.Event.Id, e.Event.Type, e.Event.Data, e.Event.Metadata, e.Event.Tags)).ToList();
        if (!inModel.SequenceEqual(seen)) throw new InvalidOperationException($"{read} returned\n{string.Join('\n', seen)}\nand in the model\n{string.Join('\n', inModel)}");
    }

    private static string Describe(in StoredEvent e) => Describe(e.Position, e.Stream, e.Version, e.Id, e.Type, e.Data, e.Metadata, e.Tags);

    private static string Describe(long position, string stream, long version, Guid id, string type, ReadOnlyMemory<byte> data, ReadOnlyMemory<byte> metadata, IReadOnlyList<string> tags) =>
        string.Create(CultureInfo.InvariantCulture, $"#{position} {stream}@{version} {id} {type} {Encoding.UTF8.GetString(data.Span)} {Encoding.UTF8.GetString(metadata.Span)} [{string.Join(',', tags)}]");

    private static bool Matches(EventQuery query, Expected e) => query.Items.Count == 0 || query.Items.Any(item =>
        (item.Types.Count == 0 || item.Types.Contains(e.Event.Type)) && item.Tags.All(e.Event.Tags.Contains) && e.Stream.StartsWith(item.StreamPrefix ?? "", StringComparison.Ordinal));

    private static bool IsSame(NewEvent one, NewEvent other) => one.Type == other.Type && one.Data.Span.SequenceEqual(other.Data.Span) && one.Tags.ToHashSet().SetEquals(other.Tags);

    private static long VersionOf(List<Expected> log, string stream) => log.Count(e => e.Stream == stream);

    private sealed record Expected(long Position, string Stream, long Version, NewEvent Event);
}
