namespace EventSourcing.Generators.Tests.Analyzers;

public class ApplyPurityTests
{
    private const string Events = """
        [EventType("sold")] public sealed record Sold(string Item, decimal Amount) { internal List<string> Notes { get; } = []; public Line Line { get; init; } = new(); }
        public sealed class Line { public int Count { get; set; } }
        public sealed class Sums { public decimal Sum { get; set; } }

        """;

    [Theory]
    [InlineData("_total += e.Amount; Total = 1; _byItem[e.Item] = 1; _items.Add(e.Item); Lines[0].Count++; (_total, Total) = (1, 2);")]
    [InlineData("var line = new Line { Count = 1 }; line.Count = 2; Lines.Add(line); var list = new List<string>(); list.Add(e.Item);")]
    [InlineData("foreach (var each in Lines) each.Count = 0; Lines.First().Count = 1; var n = 0; n++; int.TryParse(e.Item, out n);")]
    [InlineData("_byItem.TryGetValue(e.Item, out _total); var at = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddDays(1); var id = Guid.Parse(e.Item);")]
    [InlineData("var name = System.IO.Path.GetFileName(e.Item); if (name is null) throw new System.IO.InvalidDataException(name);")]
    public async Task Accept_what_changes_the_aggregate_only(string body) => (await InAggregate(body).FindAsync()).Where(IsOfPurity).Should().BeEmpty();

    [Theory]
    [InlineData("Count++", "the static 'Shop.Count'")]
    [InlineData("Shop.Count = 2", "the static 'Shop.Count'")]
    [InlineData("All[e.Item] = 1", "the static 'Shop.All'")]
    [InlineData("All.Add(e.Item, 1)", "the static 'Shop.All'")]
    [InlineData("Interlocked.Increment(ref Count)", "the static 'Shop.Count'")]
    [InlineData("Changed += () => { }", "the static 'Shop.Changed'")]
    [InlineData("e.Notes.Add(\"x\")", "the event")]
    [InlineData("e.Line.Count = 2", "the event")]
    [InlineData("(_total, e.Line.Count) = (1, 2)", "the event")]
    public async Task Warn_of_a_change_outside_the_aggregate(string statement, string changed)
    {
        var code = InAggregate(statement + ";");

        (await code.FindAsync()).Where(IsOfPurity).Should().ContainSingle().Which.Should().StartWith("ES0102 ");
        (await code.MessagesAsync("ES0102")).Should().Equal($"Apply of 'Shop' changes {changed}. It is run again over the same events for ever, so it may change the aggregate's own members only.");
    }

    [Theory]
    [InlineData("DateTime.Now", "DateTime.Now")]
    [InlineData("DateTime.UtcNow", "DateTime.UtcNow")]
    [InlineData("DateTimeOffset.UtcNow", "DateTimeOffset.UtcNow")]
    [InlineData("TimeProvider.System.GetUtcNow()", "TimeProvider.GetUtcNow")]
    [InlineData("System.Diagnostics.Stopwatch.GetTimestamp()", "Stopwatch.GetTimestamp")]
    [InlineData("Environment.TickCount64", "Environment.TickCount64")]
    [InlineData("Guid.NewGuid()", "Guid.NewGuid")]
    [InlineData("Guid.CreateVersion7()", "Guid.CreateVersion7")]
    [InlineData("Random.Shared.Next()", "Random.Shared")]
    [InlineData("new Random().Next()", "new Random")]
    [InlineData("new List<int>().Select(_ => Guid.NewGuid())", "Guid.NewGuid")]
    [InlineData("(Func<Guid>)Guid.NewGuid", "Guid.NewGuid")]
    public async Task Warn_of_a_clock_or_randomness(string expression, string used)
    {
        var code = InAggregate($"object x = {expression};");

        (await code.MessagesAsync("ES0104")).Should().Equal($"Applying an event in 'Shop' uses {used}, which is another one each time the event is applied. Put the value into the event when it is raised.");
        (await code.MessagesAsync("ES0103")).Should().BeEmpty();
    }

    [Theory]
    [InlineData("Console.WriteLine(e)", "calls Console.WriteLine")]
    [InlineData("System.IO.File.ReadAllText(e.Item)", "calls File.ReadAllText")]
    [InlineData("_ = new System.Net.Http.HttpClient()", "calls new HttpClient")]
    [InlineData("System.Diagnostics.Process.Start(e.Item)", "calls Process.Start")]
    [InlineData("Thread.Sleep(1)", "calls Thread.Sleep")]
    public async Task Warn_of_io(string statement, string does)
    {
        var code = InAggregate(statement + ";");

        (await code.MessagesAsync("ES0103")).Should().Equal($"Apply of 'Shop' {does}. It is run again over the same events for ever; do I/O in the command before raising the event, or in a reactor after it.");
    }

    [Fact]
    public async Task Warn_of_an_event_raised_in_Apply() => (await InAggregate("Raise(e);").FindAsync()).Should().Contain("ES0105 Raise(e)");

    [Fact]
    public async Task Look_into_a_hand_written_hook_too()
    {
        var code = CodeUnderTest.Of(Events + """
            public sealed class Shop : Aggregate
            {
                private DateTime _at;
                protected override void Apply(object @event)
                {
                    switch (@event)
                    {
                        case Sold e:
                            _at = DateTime.UtcNow;
                            e.Line.Count = 3;
                            break;
                    }
                }
            }
            """);

        (await code.FindAsync()).Should().Equal("ES0104 DateTime.UtcNow", "ES0102 e.Line.Count = 3");
    }

    [Fact]
    public async Task Leave_commands_alone()
    {
        var code = CodeUnderTest.Of(Events + """
            public sealed class Shop : Aggregate
            {
                public static int Count;
                public void Act() { Count++; Console.WriteLine(DateTime.UtcNow); }
                protected override void Apply(object @event) { }
            }

            public sealed class Elsewhere
            {
                public static int Count;
                public void Apply(Sold e) { Count++; Console.WriteLine(DateTime.UtcNow); }
            }
            """);

        (await code.FindAsync()).Should().BeEmpty();
    }

    [Fact]
    public async Task Warn_of_a_state_that_changes_itself_unless_it_is_a_copy()
    {
        var code = CodeUnderTest.Of(Events + """
            public partial record Total : IState<Total>
            {
                public static Total Initial => new();
                public decimal Sum { get; set; }
                Total Apply(Sold e) { Sum += e.Amount; return this with { Sum = 1 }; }
            }

            public partial struct Copied : IState<Copied>
            {
                public static Copied Initial => default;
                private decimal _sum;
                Copied Apply(Sold e) { _sum += e.Amount; return this; }
            }
            """);

        (await code.FindAsync()).Should().Equal("ES0102 Sum += e.Amount");
        (await code.MessagesAsync("ES0102"))[0].Should().Contain("changes the state that it was given").And.Contain("it may change nothing, and returns the state after the event only");
    }

    [Fact]
    public async Task Let_a_projection_change_its_document_and_nothing_else()
    {
        var code = CodeUnderTest.Of(Events + """
            public sealed partial class Sales : Projection<Sums>
            {
                private int _seen;
                public Sales() => On<Sold>((sums, e) => { sums!.Sum += e.Amount; return sums; });
                Sums? Apply(Sums? sums, Sold e) { sums ??= new Sums(); sums.Sum += e.Amount; _seen++; e.Notes.Clear(); return sums; }
            }
            """);

        (await code.FindAsync()).Where(IsOfPurity).Should().Equal("ES0102 _seen++", "ES0102 e.Notes.Clear()");
    }

    [Fact]
    public async Task Warn_of_a_clock_in_the_handlers_of_projections_and_not_of_reactors()
    {
        var code = CodeUnderTest.Of(Events + """
            public sealed class Sales : Projection<Sums>
            {
                public Sales() => On<Sold>((sums, e) => DateTime.UtcNow.Year > 2000 ? sums : null);
            }

            public sealed class Log : TableProjection
            {
                public Log() : base("log") => On<Sold>((tables, e, recorded, ct) => tables.ExecuteAsync(tables["log"], [Guid.NewGuid()], ct));
                protected override ValueTask CreateAsync(ProjectionTables tables, CancellationToken ct) => default;
            }

            public sealed class Mail : Reactor
            {
                public Mail() => On<Sold>((e, delivery, ct) => { Console.WriteLine(DateTime.UtcNow); return Task.CompletedTask; });
                public override StartFrom Start => StartFrom.Now;
            }
            """);

        (await code.FindAsync()).Should().Equal("ES0104 DateTime.UtcNow", "ES0104 Guid.NewGuid()");
    }

    [Fact]
    public async Task Let_a_projection_into_tables_await_their_commands_and_nothing_else()
    {
        var code = CodeUnderTest.Of(Events + """
            public abstract partial class Log : TableProjection
            {
                private async ValueTask Apply(ProjectionTables tables, Sold e, RecordedEvent recorded, CancellationToken ct)
                {
                    await tables.ExecuteAsync(tables["log"], [e.Item], ct);
                    using var command = tables.Connection.CreateCommand();
                    command.CommandText = "SELECT 1";
                    await command.ExecuteNonQueryAsync(ct);
                    await command.ExecuteNonQueryAsync(ct).ConfigureAwait(false);
                    await System.IO.File.WriteAllTextAsync("x", e.Item, ct);
                }
            }
            """);

        (await code.FindAsync()).Where(IsOfPurity).Should().Equal("ES0103 System.IO.File.WriteAllTextAsync(\"x\", e.Item, ct)");
    }

    private static bool IsOfPurity(string found) => string.CompareOrdinal(found, "ES0102") >= 0 && string.CompareOrdinal(found, "ES0106") < 0;

    private static CodeUnderTest InAggregate(string body) => CodeUnderTest.Of(Events + $$"""
        public sealed partial class Shop : Aggregate
        {
            public static int Count;
            public static readonly Dictionary<string, int> All = [];
            public static event Action? Changed = () => { };
            private readonly Dictionary<string, decimal> _byItem = [];
            private readonly List<string> _items = [];
            private decimal _total;
            public decimal Total { get; private set; }
            public List<Line> Lines { get; } = [];
            private void Apply(Sold e)
            {
                {{body}}
            }
        }
        """);
}
