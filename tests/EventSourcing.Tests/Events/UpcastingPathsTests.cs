using System.Globalization;
using System.Text.Json.Nodes;
using EventSourcing.Tests.Upcasting;
using FsCheck;
using FsCheck.Fluent;

namespace EventSourcing.Tests.Events;

/// <summary>Random chains of upcasters over random histories: every way to read gives the same.</summary>
public class UpcastingPathsTests
{
    [Fact]
    [Trait("Speed", "Slow")]
    public void Read_in_every_way_gives_the_same_for_any_upcasters_and_history() =>
        Prop.ForAll(Cases.ToArbitrary(), c =>
        {
            CheckAsync(c).GetAwaiter().GetResult();
            return true;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(60));

    private static Gen<Case> Cases =>
        from last in Gen.Choose(1, 4)
        from typed in Gen.ArrayOf(ArbMap.Default.GeneratorFor<bool>(), 3)
        from events in Gen.ListOf(Events(last), 12)
        select new Case(last, typed, [.. events]);

    private static Gen<OldEvent> Events(int last) =>
        from name in Gen.Elements("step", "pace", "joined", "parts", "gone", "mark")
        from version in Gen.Choose(1, last)
        from number in Gen.Choose(0, 3)
        from stream in Gen.Choose(1, 3)
        select new OldEvent($"s-{stream}", name, name is "step" or "pace" ? version : 1, number);

    private static async Task CheckAsync(Case c)
    {
        var storage = new InMemoryEventStorage();
        var inline = new SeenByStream("inline");
        await using var store = new EventStore(storage, c.Types, new EventStoreOptions().WithInlineProjections(inline));
        await store.StartInlineProjectionsAsync();
        var expected = new List<object>();
        foreach (var e in c.Events)
        {
            await storage.AppendRawAsync(e.Stream, EventType.StoredNameOf(e.Name, e.Version), e.Json);
            expected.AddRange(c.TodayOf(e));
        }

        await store.AppendAsync("end-1", 0, [new Mark(9)]);
        expected.Add(new Mark(9));
        var current = c.Types.All.Where(c.Types.IsCurrent).Select(type => type.Name).ToList();
        var paths = await EveryPath.ReadAsync(() => store, inline, current);
        (await store.ReadLogAsync().ToListAsync()).Select(e => e.Data).Should().Equal(expected);
        foreach (var (path, seen) in paths) seen.Should().Equal(paths["log"], path);
        foreach (var name in current)
        {
            (await store.QueryAsync(EventQuery.OfTypes(name))).Events.Select(Seen.Text)
                .Should().Equal((await store.ReadLogAsync().ToListAsync()).Where(e => e.Type == name).Select(Seen.Text), $"queried by '{name}'");
        }

        foreach (var stream in c.Events.Select(e => e.Stream).Distinct())
        {
            var applied = (await store.Aggregate<Steps>(StreamName.IdOf(stream)).LoadAsync()).Applied;
            applied.Should().Equal((await store.StreamAsync(stream)).Select(e => e.Data));
        }
    }

    /// <summary>Which versions there are of an event, and whether each old one is upcast by type or as JSON.</summary>
    private sealed record Case(int Last, bool[] IsTyped, IReadOnlyList<OldEvent> Events)
    {
        public EventTypes Types { get; } = new(TypesOf(Last, IsTyped), UpcastersOf(Last, IsTyped));

        public IEnumerable<object> TodayOf(OldEvent e) => e.Name switch
        {
            "step" or "pace" => [Step(e.Number)],
            "joined" => [Step(e.Number)],
            "parts" => Enumerable.Range(0, e.Number).Select(i => i % 2 == 0 ? Step(i) : new Mark(i)),
            "mark" => [new Mark(e.Number)],
            _ => [],
        };

        /// <summary>Each version adds a member, which is 10 times the version for events from before it.</summary>
        private object Step(int number) => StepOf(Last, number);

        private static object StepOf(int last, int number) => last switch
        {
            1 => new Step1(number),
            2 => new Step2(number, 20),
            3 => new Step3(number, 20, 30),
            _ => new Step4(number, 20, 30, 40),
        };

        private static IEnumerable<EventType> TypesOf(int last, bool[] isTyped)
        {
            EventType[] steps = [EventType.Of<Step1>("step", 1, "pace"), EventType.Of<Step2>("step", 2, "pace"), EventType.Of<Step3>("step", 3), EventType.Of<Step4>("step", 4, "pace")];
            for (var version = 1; version <= last; version++)
            {
                var isNeeded = version == last || isTyped[version - 1] || (version > 1 && isTyped[version - 2]);
                if (isNeeded) yield return version == 3 && last == 3 ? EventType.Of<Step3>("step", 3, "pace") : steps[version - 1];
            }

            yield return EventType.Of<Mark>("mark");
        }

        private static IEnumerable<Upcaster> UpcastersOf(int last, bool[] isTyped)
        {
            Upcaster[] typed = [Upcaster.Typed<Step1, Step2>(e => new(e.A, 20)), Upcaster.Typed<Step2, Step3>(e => new(e.A, e.B, 30)), Upcaster.Typed<Step3, Step4>(e => new(e.A, e.B, e.C, 40))];
            for (var version = 1; version < last; version++)
            {
                var (added, value) = (((char)('a' + version)).ToString(), (version + 1) * 10);
                yield return isTyped[version - 1] ? typed[version - 1] : Upcaster.Json("step", version, e =>
                {
                    e[added] = value;
                    return e;
                });
            }

            Type step = last switch { 1 => typeof(Step1), 2 => typeof(Step2), 3 => typeof(Step3), _ => typeof(Step4) };
            yield return Upcaster.Split("parts", 1, [step, typeof(Mark)], e => Enumerable.Range(0, (int)e["a"]!).Select(i => i % 2 == 0 ? StepOf(last, i) : new Mark(i)));
            yield return Upcaster.Split("gone", 1, [], _ => []);
            Func<JsonObject, JsonObject> join = e => new JsonObject { ["a"] = (int)e["a"]!, ["b"] = 20, ["c"] = 30, ["d"] = 40 };
            yield return last switch
            {
                1 => Upcaster.Json<Step1>("joined", 1, join),
                2 => Upcaster.Json<Step2>("joined", 1, join),
                3 => Upcaster.Json<Step3>("joined", 1, join),
                _ => Upcaster.Json<Step4>("joined", 1, join),
            };
        }
    }

    private sealed record OldEvent(string Stream, string Name, int Version, int Number)
    {
        public string Json { get; } = string.Create(CultureInfo.InvariantCulture, $"{{\"a\":{Number}{string.Concat(Enumerable.Range(2, Version - 1).Select(v => $",\"{(char)('a' + v - 1)}\":{v * 10}"))}}}");
    }

    [AggregateCategory("s")]
    private sealed class Steps : Aggregate
    {
        public List<object> Applied { get; } = [];

        protected override void Apply(object @event) => Applied.Add(@event);
    }

    private sealed record Step1(int A);

    private sealed record Step2(int A, int B);

    private sealed record Step3(int A, int B, int C);

    private sealed record Step4(int A, int B, int C, int D);

    private sealed record Mark(int A);
}
