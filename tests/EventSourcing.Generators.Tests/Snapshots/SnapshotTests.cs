using System.Globalization;

namespace EventSourcing.Generators.Tests.Snapshots;

public class SnapshotTests
{
    /// <summary>Writes the state of one aggregate, reads it into another and prints what that has.</summary>
    private const string Program = """

        public static class Program
        {
            public static string Run()
            {
                var json = new System.Text.Json.JsonSerializerOptions { TypeInfoResolver = new System.Text.Json.Serialization.Metadata.DefaultJsonTypeInfoResolver() };
                var from = new Thing();
                from.Fill();
                using var stream = new System.IO.MemoryStream();
                using (var writer = new System.Text.Json.Utf8JsonWriter(stream)) ((ISnapshotState)from).WriteState(writer, json);
                var into = new Thing();
                var reader = new System.Text.Json.Utf8JsonReader(stream.ToArray());
                reader.Read();
                ((ISnapshotState)into).ReadState(ref reader, json);
                if (reader.TokenType != System.Text.Json.JsonTokenType.EndObject || reader.Read()) throw new InvalidOperationException("The reader is not left at the end.");
                if (from.Show() != into.Show()) throw new InvalidOperationException($"{from.Show()} != {into.Show()}");
                return into.Show();
            }
        }
        """;

    [Theory]
    [InlineData("int _n; long? _l; string? _s; string _t = \"\";", "_n = 1; _l = 2; _t = \"x\";", "$\"{_n} {_l} {_s ?? \"-\"} {_t}\"", "1 2 - x")]
    [InlineData("bool _b; char _c; byte _y; double _d; decimal _m;", "_b = true; _c = 'c'; _y = 3; _d = 0.1; _m = 1.10m;", "FormattableString.Invariant($\"{_b} {_c} {_y} {_d} {_m}\")", "True c 3 0.1 1.10")]
    [InlineData("Guid _g; DateTimeOffset _o; DateTime _t; DateOnly _d; TimeOnly _h; TimeSpan _s; Uri? _u;", "_g = new Guid(1,2,3,4,5,6,7,8,9,10,11); _o = DateTimeOffset.UnixEpoch; _t = DateTime.UnixEpoch; _d = new(2020,1,2); _h = new(1,2); _s = TimeSpan.FromDays(9); _u = new(\"http://a/\");", "FormattableString.Invariant($\"{_g:N} {_o:u} {_t.Kind} {_d:o} {_h} {_s} {_u}\")", "00000001000200030405060708090a0b 1970-01-01 00:00:00Z Utc 2020-01-02 01:02 9.00:00:00 http://a/")]
    [InlineData("DayOfWeek _day; Nested? _n; enum Nested { A, B }", "_day = DayOfWeek.Friday; _n = Nested.B;", "$\"{_day} {_n}\"", "Friday B")]
    [InlineData("public int A { get; private set; } public int B { get; } = 7; public int C { get; init; } public int D { get => field; set => field = value * 2; }", "A = 1; D = 5; Set();} void Set() {", "$\"{A} {B} {C} {D}\"", "1 7 0 10")]
    [InlineData("public virtual int A { get; protected set; } public int @class { get; private set; } int @event;", "A = 1; @class = 2; @event = 3;", "$\"{A} {@class} {@event}\"", "1 2 3")]
    [InlineData("string json = \"\"; int reader; int writer; readonly List<int> e = [];", "json = \"j\"; reader = 1; writer = 2; e.Add(3);", "$\"{json} {reader} {writer} {e[0]}\"", "j 1 2 3")]
    [InlineData("readonly List<int> _l = [9]; List<string>? _n; int[] _a = [];", "_l.Add(1); _a = [1, 2];", "$\"{string.Join(\",\", _l)} {_n is null} {_a.Length}\"", "9,1 True 2")]
    [InlineData("readonly Dictionary<string, int> _d = new(StringComparer.OrdinalIgnoreCase) { [\"z\"] = 0 };", "_d.Remove(\"Z\"); _d[\"a\"] = 1;", "$\"{_d[\"A\"]} {_d.Count}\"", "1 1")]
    [InlineData("HashSet<string> _h = new(StringComparer.OrdinalIgnoreCase); SortedSet<int> _s = new(Comparer<int>.Create((a, b) => b - a));", "_h.Add(\"a\"); _s.Add(1); _s.Add(2);", "$\"{_h.Contains(\"A\")} {string.Join(\",\", _s)}\"", "True 2,1")]
    [InlineData("readonly SortedDictionary<string, Guid?> _s = new(StringComparer.OrdinalIgnoreCase); SortedList<int, string> _l = []; readonly Dictionary<Key, string> _k = []; sealed record Key(int A, int B);", "_s[\"b\"] = null; _l[2] = \"two\"; _l[1] = \"one\"; _k[new(1, 2)] = \"k\";", "$\"{_s.ContainsKey(\"B\")} {string.Join(\",\", _l.Values)} {_k[new(1, 2)]}\"", "True one,two k")]
    [InlineData("readonly Stack<int> _s = new(); readonly Queue<int> _q = new(); readonly LinkedList<int> _l = [];", "for (var i = 0; i < 3; i++) { _s.Push(i); _q.Enqueue(i); _l.AddFirst(i); }", "$\"{string.Join(\",\", _s)} {string.Join(\",\", _q)} {string.Join(\",\", _l)}\"", "2,1,0 0,1,2 2,1,0")]
    [InlineData("ImmutableList<int> _l = []; ImmutableArray<int> _a = []; ImmutableHashSet<string> _h = ImmutableHashSet.Create(StringComparer.OrdinalIgnoreCase, \"z\"); ImmutableDictionary<string, int> _d = ImmutableDictionary.Create<string, int>(StringComparer.OrdinalIgnoreCase); ImmutableSortedSet<int> _s = []; ImmutableSortedDictionary<int, int>? _n; ImmutableQueue<int> _q = [];", "_l = [1]; _a = [2]; _h = _h.Remove(\"Z\").Add(\"a\"); _d = _d.Add(\"b\", 3); _s = [5, 4]; _q = [6, 7];", "$\"{_l[0]} {_a[0]} {_h.Contains(\"A\")}{_h.Count} {_d[\"B\"]} {_s[0]} {_n is null} {string.Join(\",\", _q)}\"", "1 2 True1 3 4 True 6,7")]
    [InlineData("readonly List<Line> _lines = []; Address? _home; Point _p; sealed record Line(string Sku, IReadOnlyList<int> Counts); sealed class Address { public string? Street { get; set; } public int Number { get; init; } } readonly record struct Point(int X, int Y);", "_lines.Add(new(\"a\", [1, 2])); _home = new() { Street = \"s\", Number = 4 }; _p = new(5, 6);", "$\"{_lines[0].Sku}{_lines[0].Counts[1]} {_home!.Street}{_home.Number} {_p.X}{_p.Y}\"", "a2 s4 56")]
    [InlineData("IReadOnlyList<string?> _l = []; IReadOnlyCollection<int> _c = [1]; List<List<int>> _deep = []; Dictionary<string, List<int>> _map = [];", "_l = [null, \"x\"]; _deep.Add([1]); _map[\"m\"] = [2];", "$\"{_l[1]} {_c.Count} {_deep[0][0]} {_map[\"m\"][0]}\"", "x 1 1 2")]
    [InlineData("Shape? _s; [System.Text.Json.Serialization.JsonDerivedType(typeof(Circle), \"c\")] abstract record Shape; sealed record Circle(int R) : Shape;", "_s = new Circle(3);", "$\"{((Circle)_s!).R}\"", "3")]
    [InlineData("static int _shared; const int C = 1; public int Computed => _n * 2; int _n;", "_n = 4; _shared = C;", "$\"{Computed}\"", "8")]
    public void State_of_every_kind_survives(string members, string fill, string show, string expected)
    {
        var run = GeneratorRun.Of($$"""
            using System.Collections.Immutable;
            #pragma warning disable CS0649, CS0414, CS8618
            [Snapshots(10)]
            public partial class Thing : Aggregate { {{members}} public void Fill() { {{fill}} } public string Show() => {{show}}; }
            """, Program);
        run.Complaints.Should().BeEmpty();
        run.Execute().Should().Be(expected);
    }

    [Fact]
    public void State_of_base_classes_survives()
    {
        var run = GeneratorRun.Of("""
            public abstract class Root : Aggregate { private int _n; private readonly List<int> _list = []; public int P { get; private set; } protected void FillRoot() { _n = 1; _list.Add(2); P = 3; } protected string ShowRoot => $"{_n} {_list[0]} {P}"; }
            public abstract class Middle<T, TEnum> : Root where T : notnull where TEnum : struct, Enum { private int _n; private List<TEnum> _enums = []; protected int Q { get; private set; } protected void FillMiddle(TEnum e) { _n = 4; _enums.Add(e); Q = 5; } protected string ShowMiddle => $"{_n} {_enums[0]} {Q}"; }
            [Snapshots(10)]
            public sealed partial class Thing : Middle<string, DayOfWeek> { private int _n; public void Fill() { FillRoot(); FillMiddle(DayOfWeek.Sunday); _n = 6; } public string Show() => $"{ShowRoot} {ShowMiddle} {_n}"; }
            """, Program);
        run.Complaints.Should().BeEmpty();
        run.Execute().Should().Be("1 2 3 4 Sunday 5 6");
    }

    [Fact]
    public void State_of_generic_and_nested_aggregates_survives()
    {
        var run = GeneratorRun.Of("""
            public partial class Outer<TOuter> where TOuter : class
            {
                [Snapshots(10)]
                public partial class Inner<T> : Aggregate where T : struct { public int A { get; private set; } private readonly List<int> _l = []; public void Fill() { A = 1; _l.Add(2); } public string Show() => $"{A} {_l[0]}"; }
            }
            public sealed class Thing : Outer<string>.Inner<int>;
            """, Program);
        run.Complaints.Should().BeEmpty();
        run.Execute().Should().Be("1 2");
    }

    [Fact]
    public void Generated_state_reads_as_one_written_by_hand()
    {
        var run = GeneratorRun.Of("namespace Shop; [Snapshots(100)] public sealed partial class Cart : Aggregate { private readonly List<string> _lines = []; private int _count; public string? Customer { get; private set; } public int Count => _count + _lines.Count; public void Add() => _count++; }");
        run.Complaints.Should().BeEmpty();
        var file = run.Files["Shop.Cart.Snapshots.g.cs"];
        file.Replace(FingerprintIn(file), "…", StringComparison.Ordinal).Should().Be("""
            // <auto-generated/>
            #nullable enable
            #pragma warning disable CS0612, CS0618

            namespace Shop;

            partial class Cart : global::EventSourcing.ISnapshotState
            {
                /// <inheritdoc/>
                [global::System.CodeDom.Compiler.GeneratedCode("EventSourcing", "1")]
                string global::EventSourcing.ISnapshotState.Fingerprint => "…";

                /// <inheritdoc/>
                [global::System.CodeDom.Compiler.GeneratedCode("EventSourcing", "1")]
                void global::EventSourcing.ISnapshotState.WriteState(global::System.Text.Json.Utf8JsonWriter writer, global::System.Text.Json.JsonSerializerOptions json)
                {
                    writer.WriteStartObject();
                    global::EventSourcing.CodeGeneration.SnapshotFields.WriteItems(writer, "_lines", SnapshotAccess._linesOf(this), json);
                    global::EventSourcing.CodeGeneration.SnapshotFields.Write(writer, "_count", this._count, json);
                    global::EventSourcing.CodeGeneration.SnapshotFields.Write(writer, "Customer", SnapshotAccess.CustomerOf(this), json);
                    writer.WriteEndObject();
                }

                /// <inheritdoc/>
                [global::System.CodeDom.Compiler.GeneratedCode("EventSourcing", "1")]
                void global::EventSourcing.ISnapshotState.ReadState(ref global::System.Text.Json.Utf8JsonReader reader, global::System.Text.Json.JsonSerializerOptions json)
                {
                    global::EventSourcing.CodeGeneration.SnapshotFields.ReadStart(ref reader);
                    global::EventSourcing.CodeGeneration.SnapshotFields.ReadItems<string, global::System.Collections.Generic.List<string>>(ref reader, "_lines", ref SnapshotAccess._linesOf(this)!, json);
                    global::EventSourcing.CodeGeneration.SnapshotFields.Read(ref reader, "_count", ref this._count, json);
                    global::EventSourcing.CodeGeneration.SnapshotFields.Read(ref reader, "Customer", ref SnapshotAccess.CustomerOf(this), json);
                    global::EventSourcing.CodeGeneration.SnapshotFields.ReadEnd(ref reader);
                }

                /// <summary>Fields that the language keeps from this part of the class, or lets be set in a constructor only.</summary>
                [global::System.CodeDom.Compiler.GeneratedCode("EventSourcing", "1")]
                private static class SnapshotAccess
                {
                    [global::System.Runtime.CompilerServices.UnsafeAccessor(global::System.Runtime.CompilerServices.UnsafeAccessorKind.Field, Name = "_lines")]
                    public static extern ref global::System.Collections.Generic.List<string> _linesOf(global::Shop.Cart aggregate);

                    [global::System.Runtime.CompilerServices.UnsafeAccessor(global::System.Runtime.CompilerServices.UnsafeAccessorKind.Field, Name = "<Customer>k__BackingField")]
                    public static extern ref string? CustomerOf(global::Shop.Cart aggregate);
                }
            }

            """);
    }

    [Theory]
    [InlineData("Action? _a;", "'_a' of 'Thing' cannot be kept in a snapshot: 'Action' is a delegate; change its type, or implement ISnapshotState by hand")]
    [InlineData("event EventHandler? E;", "'E' of*")]
    [InlineData("object? _o;", "*it may hold any object*")]
    [InlineData("IList<int>? _o;", "*'IList' is an interface*")]
    [InlineData("public IEnumerable<int>? P { get; set; }", "'P' of*is an interface*")]
    [InlineData("int[,]? _a;", "*an array of several dimensions*")]
    [InlineData("(int A, int B) _t;", "*is not a kind of type that can be*")]
    [InlineData("System.Text.StringBuilder? _t;", "*is not a kind of type that can be*")]
    [InlineData("List<Stack<int>>? _t;", "*is not a kind of type that can be*")]
    [InlineData("Dictionary<string, List<Func<int>>>? _t;", "*'Func' is a delegate*")]
    [InlineData("A? _a; sealed class A { private int _hidden; public int Next() => _hidden++; }", "*JSON does not read back '_hidden' of 'A'*")]
    [InlineData("A? _a; sealed class A { public int N { get; private set; } public void Set() => N++; }", "*JSON does not read back 'N' of 'A'*")]
    [InlineData("A? _a; sealed class A { public int N; }", "*JSON does not read back 'N' of 'A'*")]
    [InlineData("A? _a; sealed record A(int N) { [System.Text.Json.Serialization.JsonIgnore] public int M { get; set; } }", "*JSON does not read back 'M' of 'A'*")]
    [InlineData("A? _a; sealed class A { private A() { } public A(int n) { } public A(string s) { } }", "*'A' has no constructor that JSON can choose*")]
    [InlineData("A? _a; abstract record A;", "*'A' is abstract*")]
    [InlineData("A? _a; sealed record A(B B); sealed record B(IDisposable D);", "*'IDisposable' is an interface*")]
    [InlineData("private readonly List<int> _l = []; public IReadOnlyList<int> L { get; } public Thing() { L = _l; }", "'L' of 'Thing'*it is read-only, so it can only show what another field holds*")]
    [InlineData("private readonly List<int> _l = []; private readonly IReadOnlyCollection<int> _view; public Thing() => _view = _l.AsReadOnly();", "'_view' of 'Thing'*it is read-only, so it can only show what another field holds*")]
    [InlineData("A _a; readonly struct A(int n) { public int N { get; } = n; }", "*JSON does not read back 'N' of 'A'*")]
    public void State_that_cannot_be_kept_is_an_error_on_the_field(string members, string message)
    {
        var run = GeneratorRun.Of($"[Snapshots(10)] public sealed partial class Thing : Aggregate {{ {members} }}");
        var reported = run.Reported.Should().ContainSingle().Which;
        reported.Id.Should().Be("ES0009");
        reported.GetMessage(CultureInfo.InvariantCulture).Should().Match(message);
        run.Files.Keys.Should().NotContain(file => file.Contains("Snapshots"));
    }

    [Fact]
    public void Read_a_state_into_an_aggregate_leaves_what_others_begin_with()
    {
        var run = GeneratorRun.Of("""
            [Snapshots(10)]
            public sealed partial class Thing : Aggregate
            {
                private static readonly List<int> Nothing = []; private static readonly Dictionary<string, int> Nobody = new(StringComparer.OrdinalIgnoreCase);
                private List<int> _l = Nothing; private Dictionary<string, int> _d = Nobody;
                public void Fill() { _l = [.. _l, 1]; _d = new(_d, _d.Comparer) { ["a"] = 1 }; }
                public string Show() => $"{_l.Count} {_d["A"]} {Nothing.Count} {Nobody.Count}";
            }
            """, Program);
        run.Complaints.Should().BeEmpty();
        run.Execute().Should().Be("1 1 0 0");
    }

    [Fact]
    public void State_of_a_base_class_of_types_that_only_this_can_name_is_an_error() =>
        GeneratorRun.Of("""
            public abstract class B<T> : Aggregate { private readonly List<Line> _l = []; private T[] _t = []; public int N => _l.Count + _t.Length; protected void Add() => _l.Add(new(1)); private sealed record Line(int N); }
            [Snapshots(10)] public sealed partial class Thing : B<Thing.Own> { public sealed record Own(int N); }
            """).Reported.Should().ContainSingle()
            .Which.GetMessage(CultureInfo.InvariantCulture).Should().Match("'_l' of 'B'*generated code cannot name its type 'List'*not accessible outside of 'B'*");

    [Theory]
    [InlineData("int _n; public int N => _n++;", 1)]
    [InlineData("public int N { get; private set; }", 1)]
    [InlineData("public override void WriteState(Utf8JsonWriter writer, JsonSerializerOptions json) => writer.WriteNumberValue(_n); int _n = 1;", 0)]
    [InlineData("public int N => 1;", 0)]
    public void State_that_a_base_class_kept_by_hand_does_not_see_is_an_error(string members, int flaws) =>
        GeneratorRun.Of($$"""
            using System.Text.Json;
            public abstract class B : Aggregate, ISnapshotState
            {
                public string Fingerprint => "mine";
                public virtual void WriteState(Utf8JsonWriter writer, JsonSerializerOptions json) => writer.WriteNullValue();
                public virtual void ReadState(ref Utf8JsonReader reader, JsonSerializerOptions json) { }
                protected override void Apply(object e) { }
            }
            [Snapshots(10)] public sealed partial class Thing : B { {{members}} }
            """).Reported.Where(d => d.Id == "ES0009" && d.GetMessage(CultureInfo.InvariantCulture).Contains("its base class 'B' implements ISnapshotState by hand", StringComparison.Ordinal)).Should().HaveCount(flaws);

    [Fact]
    public void State_of_a_base_class_in_another_assembly_is_an_error()
    {
        var reference = Microsoft.CodeAnalysis.MetadataReference.CreateFromImage(GeneratorRun.Of("public abstract class Far : Aggregate { private int _n; public int N => _n++; }").Emit());
        GeneratorRun.With([reference], "[Snapshots(10)] public sealed partial class Thing : Far;").Reported.Should().ContainSingle()
            .Which.GetMessage(CultureInfo.InvariantCulture).Should().StartWith("'Far' of 'Thing' cannot be kept in a snapshot: it is a base class in another assembly");
    }

    [Fact]
    public void State_in_parameters_of_the_class_is_an_error() =>
        GeneratorRun.Of("[Snapshots(10)] public sealed partial class Thing(int n) : Aggregate { public Thing() : this(1) { } public int N => n++; }").Reported.Should().ContainSingle()
            .Which.GetMessage(CultureInfo.InvariantCulture).Should().StartWith("'n' of 'Thing' cannot be kept in a snapshot: parameters of a class");

    [Fact]
    public void Aggregate_that_is_not_partial_is_an_error() =>
        GeneratorRun.Of("[Snapshots(10)] public sealed class Thing : Aggregate { protected override void Apply(object e) { } }").Reported.Should().ContainSingle().Which.Id.Should().Be("ES0001");

    [Fact]
    public void State_kept_by_hand_stays()
    {
        var run = GeneratorRun.Of("""
            using System.Text.Json;
            [Snapshots(10)]
            public sealed class Thing : Aggregate, ISnapshotState
            {
                public string Fingerprint => "mine";
                public void WriteState(Utf8JsonWriter writer, JsonSerializerOptions json) => writer.WriteNullValue();
                public void ReadState(ref Utf8JsonReader reader, JsonSerializerOptions json) { }
                protected override void Apply(object e) { }
            }
            """);
        run.Complaints.Should().BeEmpty();
        run.Files.Should().BeEmpty();
    }

    [Theory]
    [InlineData("_n += e.N", "_n -= e.N", true)]
    [InlineData("int _n;", "long _n;", true)]
    [InlineData("_base += 1", "_base += 2", true)]
    [InlineData("record A(int N)", "record A(int N, int M)", true)]
    [InlineData("record B(int N)", "record B(int N) { public int M => N; }", true)]
    [InlineData("record Line(int N)", "record Line(long N)", true)]
    [InlineData("Version = 1", "Version = 2", true)]
    [InlineData("Snapshots(10,", "Snapshots(20,", false)]
    [InlineData("void Apply(A e)", "// Applies.\n/* it */ void    Apply( A e )", false)]
    [InlineData("Far => 1", "Far => 2", false)]
    public void Fingerprint_changes_with_the_fold_and_the_shape_and_nothing_else(string what, string with, bool changes)
    {
        const string Source = """
            public record A(int N); public record B(int N); public record Line(int N);
            public static class Other { public static int Far => 1; }
            public abstract partial class Base : Aggregate { protected int _base; private void Apply(B e) => _base += 1; }
            [Snapshots(10, Version = 1)] public sealed partial class Thing : Base { private int _n; private List<Line> _lines = []; private void Apply(A e) => _n += e.N; }
            """;
        Source.Should().Contain(what);
        FingerprintIn(With(Source)).Should().Be(FingerprintIn(With(Source)));
        (FingerprintIn(With(Source.Replace(what, with, StringComparison.Ordinal))) != FingerprintIn(With(Source))).Should().Be(changes);

        static string With(string source) => GeneratorRun.Of(source).Files["Thing.Snapshots.g.cs"];
    }

    [Theory]
    [InlineData("A, B }", "B, A }")]
    [InlineData("N + 1", "N + 2")]
    [InlineData("N + 3", "N + 4")]
    [InlineData("N + 5", "N + 6")]
    public void Fingerprint_of_a_state_changes_with_all_that_it_is_made_of(string what, string with)
    {
        const string Source = """
            public sealed record Opened;
            public enum Kind { A, B }
            public sealed record Line(int N) { public Line Next() => new(N + 1); }
            public sealed record Item(int N) { public Item Next() => new(N + 5); }
            [System.Text.Json.Serialization.JsonDerivedType(typeof(Open), "o")]
            public abstract partial record Door(Kind Kind, IReadOnlyDictionary<string, Line> Lines, Item[] Items) : IState<Door>
            {
                public static Door Initial => new Open(0);
                protected abstract Door Apply(Opened e);
            }
            public sealed record Open(int N) : Door(Kind.A, new Dictionary<string, Line>(), []) { protected override Door Apply(Opened e) => new Open(N + 3); }
            """;
        Source.Should().Contain(what);
        FingerprintIn(Of(Source.Replace(what, with, StringComparison.Ordinal))).Should().NotBe(FingerprintIn(Of(Source)));

        static string Of(string source) => GeneratorRun.Of(source).Files["Door.State.g.cs"];
    }

    [Fact]
    public void Fingerprint_does_not_depend_on_the_order_of_files()
    {
        string[] parts = ["[Snapshots(10)] public sealed partial class Thing : Aggregate { private int _n; }", "public sealed partial class Thing { public int N => _n++; }"];
        FingerprintIn(GeneratorRun.Of(parts[0], parts[1]).Files["Thing.Snapshots.g.cs"]).Should().Be(FingerprintIn(GeneratorRun.Of(parts[1], parts[0]).Files["Thing.Snapshots.g.cs"]));
    }

    private static string FingerprintIn(string file) => file.Split("Fingerprint => \"")[1].Split('"')[0];
}
