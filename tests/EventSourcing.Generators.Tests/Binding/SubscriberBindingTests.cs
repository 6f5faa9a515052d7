using System.Globalization;

namespace EventSourcing.Generators.Tests.Binding;

public class SubscriberBindingTests
{
    private const string Events = """
        public interface IOf { string Who { get; } }
        public interface IAt { string Where { get; } }
        public sealed record A(string Who, int N) : IOf;
        public sealed record B(string Who, string Where) : IOf, IAt;
        public readonly record struct C(int N);
        public sealed record Doc(string Text) { public static Doc? Of(Doc? before, string more) => new(before?.Text + more + ";"); }
        """;

    /// <summary>Folds three events of the stream 'thing-1' and prints the documents.</summary>
    private const string Program = """

        public static class Program
        {
            public static string Run() => Task.Run(async () =>
            {
                await using var store = new EventStore(new InMemoryEventStorage(), new EventTypes(EventType.Of<A>(), EventType.Of<B>(), EventType.Of<C>()));
                await store.AppendAsync("thing-1", ExpectedVersion.NoStream, [new A("ann", 1), new B("bob", "rome"), new C(7)]);
                var documents = await store.ProjectAsync(new Docs());
                return string.Join(" ", documents.Documents.OrderBy(d => d.Key, StringComparer.Ordinal).Select(d => $"{d.Key}={d.Value.Text}"));
            }).GetAwaiter().GetResult();
        }
        """;

    [Theory]
    [InlineData("Doc? Apply(Doc? d, A e) => Doc.Of(d, $\"{e.N}\");", "1=1;")]
    [InlineData("Doc? Apply(Doc? d, A e, RecordedEvent r) => Doc.Of(d, $\"{e.N}@{r.Version}\");", "1=1@1;")]
    [InlineData("Doc? Apply(Doc? d, string key, A e) => Doc.Of(d, key);", "1=1;")]
    [InlineData("Doc? Apply(Doc? d, string key, A e, RecordedEvent r) => Doc.Of(d, $\"{key}@{r.Version}\");", "1=1@1;")]
    [InlineData("string Key(A e) => e.Who; Doc? Apply(Doc? d, A e) => Doc.Of(d, $\"{e.N}\");", "ann=1;")]
    [InlineData("string Key(A e) => e.Who; Doc? Apply(Doc? d, A e, RecordedEvent r) => Doc.Of(d, $\"{e.N}@{r.Version}\");", "ann=1@1;")]
    [InlineData("string Key(A e, RecordedEvent r) => e.Who + r.Version; Doc? Apply(Doc? d, A e) => Doc.Of(d, $\"{e.N}\");", "ann1=1;")]
    [InlineData("string Key(A e) => e.Who; Doc? Apply(Doc? d, string key, A e) => Doc.Of(d, key);", "ann=ann;")]
    [InlineData("string Key(RecordedEvent r) => r.Stream; Doc? Apply(Doc? d, A e) => Doc.Of(d, $\"{e.N}\");", "thing-1=1;")]
    [InlineData("IEnumerable<string> Keys(B e) => [e.Who, e.Where]; Doc? Apply(Doc? d, string key, B e) => Doc.Of(d, key);", "bob=bob; rome=rome;")]
    [InlineData("string[] Keys(B e, RecordedEvent r) => [e.Who, $\"{r.Version}\"]; Doc? Apply(Doc? d, string key, B e, RecordedEvent r) => Doc.Of(d, key);", "2=2; bob=bob;")]
    [InlineData("List<string> Keys(B e) => [e.Who, e.Where]; Doc? Apply(Doc? d, B e) => Doc.Of(d, \"x\");", "bob=x; rome=x;")]
    [InlineData("static string Key(IOf e) => e.Who; static Doc? Apply(Doc? d, A e) => Doc.Of(d, \"a\"); static Doc? Apply(Doc? d, B e) => Doc.Of(d, \"b\"); static Doc? Apply(Doc? d, C e) => Doc.Of(d, \"c\");", "1=c; ann=a; bob=b;")]
    [InlineData("string Key(IOf e) => e.Who; string Key(IAt e) => e.Where; string Key(A e) => \"a\"; Doc? Apply(Doc? d, A e) => Doc.Of(d, \"a\"); Doc? Apply(Doc? d, B e) => Doc.Of(d, \"b\");", "a=a; bob=b;")]
    [InlineData("Doc? Apply(Doc? d, A e) => Doc.Of(d, \"a\"); Doc Apply(Doc d, C e) => new(d.Text + \"c\");", "1=a;c")]
    [InlineData("Doc? Apply(Doc? d, string key, RecordedEvent r) => Doc.Of(d, r.Type);", "1=A;B;C;")]
    [InlineData("IEnumerable<string> Keys(RecordedEvent r) => [\"all\"]; Doc? Apply(Doc? d, RecordedEvent r) => Doc.Of(d, r.Type); Doc? Apply(Doc? d, A e) => Doc.Of(d, \"a\");", "all=a;B;C;")]
    [InlineData("static Guid Key(A e) => Guid.Parse(\"0D3C1F6E-5F0B-4A5C-9B43-0F6D9C1A2B3C\"); Doc? Apply(Doc? d, A e) => Doc.Of(d, \"a\");", "0d3c1f6e-5f0b-4a5c-9b43-0f6d9c1a2b3c=a;")]
    [InlineData("int Key(C e) => -e.N; Doc? Apply(Doc? d, C e) => Doc.Of(d, \"c\");", "-7=c;")]
    [InlineData("long Key(C e, RecordedEvent r) => r.Position * 1000; Doc? Apply(Doc? d, C e) => Doc.Of(d, \"c\");", "3000=c;")]
    [InlineData("DayOfWeek Key(C e) => (DayOfWeek)1; Doc? Apply(Doc? d, string key, C e) => Doc.Of(d, key);", "Monday=Monday;")]
    [InlineData("DateOnly Key(RecordedEvent r) => new(2026, 3, 1); Doc? Apply(Doc? d, C e) => Doc.Of(d, \"c\");", "2026-03-01=c;")]
    [InlineData("public readonly record struct Id(int N) : IFormattable { public string ToString(string? format, IFormatProvider? by) => string.Create(by, $\"id{N}\"); } Id Key(C e) => new(e.N); Doc? Apply(Doc? d, C e) => Doc.Of(d, \"c\");", "id7=c;")]
    [InlineData("IEnumerable<int> Keys(A e) => [e.N, 2]; Doc? Apply(Doc? d, string key, A e) => Doc.Of(d, key);", "1=1; 2=2;")]
    [InlineData("long[] Keys(IOf e, RecordedEvent r) => [r.Version]; Doc? Apply(Doc? d, A e) => Doc.Of(d, \"a\"); Doc? Apply(Doc? d, B e) => Doc.Of(d, \"b\");", "1=a; 2=b;")]
    [InlineData("int Key(A e, RecordedEvent r) => r.StreamIdAs<int>() + 10; Doc? Apply(Doc? d, A e) => Doc.Of(d, \"a\");", "11=a;")]
    public void Documents_are_kept_by_methods_of_every_form(string methods, string documents)
    {
        var run = GeneratorRun.Of(Events, $"public sealed partial class Docs : Projection<Doc> {{ {methods} }}", Program);
        run.Complaints.Should().BeEmpty();
        run.Execute().Should().Be(documents);
    }

    [Fact]
    public void Derived_projections_and_generic_ones_are_bound_with_their_bases()
    {
        var run = GeneratorRun.Of(Events, """
            public abstract partial class Named<TDoc, TEvent> : Projection<TDoc> where TDoc : class where TEvent : IOf
            {
                protected string Key(IOf e) => e.Who;
                protected abstract TDoc? Apply(TDoc? d, TEvent e);
            }

            public sealed partial class Docs : Named<Doc, A>
            {
                public Docs() => On<C>((d, e) => Doc.Of(d, "by hand"));
                protected override Doc? Apply(Doc? d, A e) => Doc.Of(d, "a");
                Doc? Apply(Doc? d, B e) => Doc.Of(d, "b");
            }
            """, Program);
        run.Complaints.Should().BeEmpty();
        run.Execute().Should().Be("1=by hand; ann=a; bob=b;");
    }

    [Fact]
    public void Generated_binding_reads_as_one_written_by_hand()
    {
        var run = GeneratorRun.Of(Events, "public sealed partial class Docs : Projection<Doc> { string Key(IOf e) => e.Who; Doc? Apply(Doc? d, A e) => d; Doc? Apply(Doc? d, string key, C e) => d; }");
        run.Files["Docs.Bind.g.cs"].Should().Be("""
            // <auto-generated/>
            #nullable enable
            #pragma warning disable CS0612, CS0618

            partial class Docs
            {
                /// <inheritdoc/>
                [global::System.CodeDom.Compiler.GeneratedCode("EventSourcing", "1")]
                protected override void Bind()
                {
                    base.Bind();
                    On<global::A>(e => Key((global::IOf)e), (document, e) => Apply(document, e));
                    On<global::C>((e, recorded) => [recorded.StreamId], (document, key, e, recorded) => Apply(document, key, e));
                }
            }

            """);
    }

    [Theory]
    [InlineData("ValueTask Apply(ProjectionTables t, A e, RecordedEvent r, CancellationToken ct) => default;", "On<global::A>((tables, e, recorded, cancellationToken) => Apply(tables, e, recorded, cancellationToken));")]
    [InlineData("ValueTask Apply(ProjectionTables t, A e, CancellationToken ct) => default;", "On<global::A>((tables, e, recorded, cancellationToken) => Apply(tables, e, cancellationToken));")]
    [InlineData("static async ValueTask Apply(ProjectionTables t, C e) => await Task.Yield();", "On<global::C>((tables, e, recorded, cancellationToken) => Apply(tables, e));")]
    [InlineData("ValueTask Apply(ProjectionTables t, RecordedEvent r, CancellationToken ct) => default;", "OnAny((tables, recorded, cancellationToken) => Apply(tables, recorded, cancellationToken));")]
    public void Tables_are_kept_by_methods_of_every_form(string method, string call)
    {
        var run = GeneratorRun.Of(Events, $"public sealed partial class T() : TableProjection(\"t\") {{ {method} protected override ValueTask CreateAsync(ProjectionTables tables, CancellationToken cancellationToken) => default; }}");
        run.Complaints.Should().BeEmpty();
        run.Files["T.Bind.g.cs"].Should().Contain(call);
    }

    [Theory]
    [InlineData("Task React(A e, Delivery d, CancellationToken ct) => Task.CompletedTask;", "On<global::A>((e, delivery, cancellationToken) => React(e, delivery, cancellationToken));")]
    [InlineData("Task React(A e, CancellationToken ct) => Task.CompletedTask;", "On<global::A>((e, delivery, cancellationToken) => React(e, cancellationToken));")]
    [InlineData("static async Task React(C e) => await Task.Yield();", "On<global::C>((e, delivery, cancellationToken) => React(e));")]
    [InlineData("Task React(Delivery d, CancellationToken ct) => Task.CompletedTask;", "OnAny((delivery, cancellationToken) => React(delivery, cancellationToken));")]
    public void Reactors_react_by_methods_of_every_form(string method, string call)
    {
        var run = GeneratorRun.Of(Events, $"public sealed partial class T : Reactor {{ {method} public override StartFrom Start => StartFrom.Now; }}");
        run.Complaints.Should().BeEmpty();
        run.Files["T.Bind.g.cs"].Should().Contain(call);
    }

    [Theory]
    [InlineData("Doc? Apply(Doc? d, int n, A e) => d;")]
    [InlineData("Doc? Apply(A e) => null;")]
    [InlineData("void Apply(Doc? d, A e) { }")]
    [InlineData("Doc? Apply<T>(Doc? d, T e) => d;")]
    [InlineData("Doc? Apply(Doc? d, ref A e) => d;")]
    [InlineData("Doc? Apply(Doc? d, A e, CancellationToken ct) => d;")]
    [InlineData("protected override void Bind() { } Doc? Apply(Doc? d, A e) => d;")]
    public void Methods_of_another_form_and_bindings_by_hand_generate_nothing(string methods)
    {
        var run = GeneratorRun.Of(Events, $"public sealed partial class Docs : Projection<Doc> {{ {methods} }}");
        run.Complaints.Should().BeEmpty();
        run.Files.Should().BeEmpty();
    }

    [Theory]
    [InlineData("Doc? Apply(Doc? d, IOf e) => d;", "'Apply' handles 'IOf', which is an interface*")]
    [InlineData("Doc? Apply(Doc? d, Attribute e) => d;", "'Apply' handles 'Attribute', which is abstract*")]
    [InlineData("Doc? Apply(Doc? d, object e) => d;", "'Apply' handles 'Object', which is any object*")]
    public void Handler_of_what_is_no_concrete_event_is_an_error(string method, string message) =>
        GeneratorRun.Of(Events, $"public sealed partial class Docs : Projection<Doc> {{ {method} }}").Reported.Should().ContainSingle().Which.GetMessage(CultureInfo.InvariantCulture).Should().Match(message);

    [Theory]
    [InlineData("string? Key(A e) => e.Who;", "'Key' of 'Docs' may return null, and a document needs a key; return 'string', or, for events that change no document, an empty sequence from 'IEnumerable<string> Keys'")]
    [InlineData("Guid? Key(A e) => null;", "*return 'Guid',*'IEnumerable<Guid> Keys'")]
    [InlineData("DayOfWeek? Key(A e) => null;", "*return 'DayOfWeek',*")]
    [InlineData("int? Key(A e, RecordedEvent r) => null;", "*return 'int',*")]
    [InlineData("Name? Key(A e) => null;", "*return 'Name',*")]
    [InlineData("Number? Key(A e) => null;", "*return 'Number',*")]
    [InlineData("string? Key(RecordedEvent r) => null;", "*return 'string',*")]
    [InlineData("IEnumerable<string?> Keys(A e) => [null];", "'Keys' of 'Docs' may return null, and a document needs a key; return a sequence of 'string',*")]
    [InlineData("IEnumerable<string>? Keys(A e) => null;", "*return a sequence of 'string',*")]
    [InlineData("List<Guid?> Keys(A e) => [];", "*return a sequence of 'Guid',*")]
    [InlineData("Name?[] Keys(IOf e) => [];", "*return a sequence of 'Name',*")]
    public void Key_that_may_be_null_is_an_error(string method, string message)
    {
        var run = GeneratorRun.Of(Events, Ids, $"public sealed partial class Docs : Projection<Doc> {{ {method} Doc? Apply(Doc? d, A e) => d; }}");
        var reported = run.Reported.Should().ContainSingle().Which;
        reported.Id.Should().Be("ES0013");
        reported.GetMessage(CultureInfo.InvariantCulture).Should().Match(message);
        run.Files.Should().BeEmpty();
    }

    [Theory]
    [InlineData("string")]
    [InlineData("Guid")]
    [InlineData("DayOfWeek")]
    [InlineData("int")]
    [InlineData("ulong")]
    [InlineData("Int128")]
    [InlineData("char")]
    [InlineData("DateOnly")]
    [InlineData("Name")]
    [InlineData("Number")]
    [InlineData("Plain")]
    [InlineData("Uri")]
    [InlineData("decimal")]
    public void Key_of_any_type_is_bound_or_left_alone(string id)
    {
        foreach (var method in new[] { $"{id} Key(A e) => throw new NotSupportedException();", $"IEnumerable<{id}> Keys(A e) => [];" })
        {
            var run = GeneratorRun.Of(Events, Ids, $"public sealed partial class Docs : Projection<Doc> {{ {method} Doc? Apply(Doc? d, A e) => d; }}");
            run.Complaints.Should().BeEmpty();
        }
    }

    /// <summary>Without the annotations of nullable types nothing is known.</summary>
    [Fact]
    public void Key_of_code_without_nullable_annotations_is_bound()
    {
        var run = GeneratorRun.Of(Events, "#nullable disable\npublic sealed partial class Docs : Projection<Doc> { string Key(A e) => null; Doc Apply(Doc d, A e) => d; }");
        run.Complaints.Should().BeEmpty();
        run.Files["Docs.Bind.g.cs"].Should().Contain("Key(e)");
    }

    private const string Ids = """
        public sealed class Name : IFormattable { public string ToString(string? format, IFormatProvider? by) => ""; }
        public readonly record struct Number(int N) : IFormattable { public string ToString(string? format, IFormatProvider? by) => ""; }
        public readonly record struct Plain(int N);
        """;
}
