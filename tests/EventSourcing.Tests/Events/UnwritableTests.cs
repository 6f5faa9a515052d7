using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace EventSourcing.Tests.Events;

#pragma warning disable ES0112 // What the compiler would find in these types is to be found at run time too.

/// <summary>Whatever System.Text.Json throws at an event, the append says which event it is, which member, and what to do.</summary>
public class UnwritableTests
{
    public static TheoryData<object, string> Unwritable => new()
    {
        { new Halved(Half.NaN), "at $.x: It is NaN, for which JSON has no number. Make it null, or " },
        { new Halved(Half.NegativeInfinity), "at $.x: It is -Infinity, for which JSON has no number." },
        { new Measured([1, double.PositiveInfinity]), "at $.items[1]: It is Infinity, for which JSON has no number." },
        { new Floated(float.NaN), "at $.x: It is NaN, for which JSON has no number." },
        { new Raw(default(JsonElement), 1), "at $.data: It is a JsonElement that was never set. Set it, or make the member nullable." },
        { new Raw(null, 1) { More = [default] }, "at $.more[0]: It is a JsonElement that was never set." },
        { Node.Circle(2), "at $.next.next: It contains itself. Let one of the two hold the other's key instead." },
        { new Branch { Of = { new Branch(), Branch.Circle() } }, "at $.of[1].of[0]: It contains itself." },
        { Node.Chain(70), "It is nested deeper than the 64 levels of JsonSerializerOptions.MaxDepth. " },
    };

    [Theory]
    [MemberData(nameof(Unwritable))]
    public async Task Append_what_JSON_has_no_form_for_says_so_briefly_first_and_later(object lost, string why)
    {
        await using var store = Open(lost.GetType());
        for (var i = 0; i < 2; i++)
        {
            var refusal = (await FluentActions.Awaiting(() => store.AppendAsync("s-1", ExpectedVersion.Any, [new Fine(1), lost])).Should().ThrowAsync<ArgumentException>()).Which;
            refusal.Message.Should().StartWith("An event 'lost' cannot be written: ").And.Contain(why).And.EndWith("Nothing was written. (Parameter 'events')")
                .And.Match(message => message.Length < 400);
        }

        (await store.GetHeadAsync()).Should().Be(0);
    }

    public static TheoryData<Type> Exceptions =>
    [
        typeof(JsonException), typeof(InvalidOperationException), typeof(ArgumentException), typeof(ArgumentOutOfRangeException), typeof(FormatException),
        typeof(ObjectDisposedException), typeof(IOException), typeof(OperationCanceledException), typeof(KeyNotFoundException),
    ];

    [Theory]
    [MemberData(nameof(Exceptions))]
    public async Task Append_what_throws_while_it_is_written_is_refused_alike_first_and_later(Type exception)
    {
        foreach (var hasFirst in (bool[])[false, true])
        {
            foreach (var lost in (object[])[new Throwing(exception), new Converted(new Fussy(exception)), new Listed(Throwing.Numbers(exception))])
            {
                await using var store = Open(lost.GetType());
                if (hasFirst) await store.AppendAsync("s-1", ExpectedVersion.Any, [lost is Throwing ? new Throwing(null) : lost is Converted ? new Converted(new Fussy(null)) : new Listed([1])]);
                var refusal = (await FluentActions.Awaiting(() => store.AppendAsync("s-1", ExpectedVersion.Any, [new Fine(1), lost])).Should().ThrowAsync<ArgumentException>()).Which;
                refusal.Message.Should().StartWith("An event 'lost' cannot be written: ").And.Contain("boom").And.EndWith("Nothing was written. (Parameter 'events')")
                    .And.NotContain("Parameter 'value'").And.NotContain("\n");
                (await store.GetHeadAsync()).Should().Be(hasFirst ? 1 : 0);
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Append_a_member_whose_type_JSON_cannot_make_sense_of_says_so_even_if_it_is_null(bool isNull)
    {
        object[] all = isNull
            ? [new Holds(null), new HoldsMany(null), new HoldsDeep(null)]
            : [new Holds(new Two()), new HoldsMany([new Two()]), new HoldsDeep(new() { ["a"] = new Holds(new Two()) })];
        foreach (var lost in all)
        {
            await using var store = Open(lost.GetType());
            (await FluentActions.Awaiting(() => store.AppendAsync("s-1", ExpectedVersion.Any, [new Fine(1), lost])).Should().ThrowAsync<NotSupportedException>())
                .WithMessage("An event 'lost' *Two*collides*Nothing was written.");
            (await store.GetHeadAsync()).Should().Be(0);
        }
    }

    [Fact]
    public async Task Append_what_cannot_be_read_back_says_why_in_sentences()
    {
        await using var store = Open(typeof(Picky));
        (await FluentActions.Awaiting(() => store.AppendAsync("s-1", ExpectedVersion.Any, [new Picky { IsWriting = true, Name = "" }])).Should().ThrowAsync<Exception>())
            .Which.Message.Should().StartWith("An event 'lost' ").And.Contain("It is empty (Parameter 'value'). Nothing was written.");
        (await store.GetHeadAsync()).Should().Be(0);
    }

    [Fact]
    public async Task Append_what_was_read_back_and_cannot_be_written_again_is_refused()
    {
        await using var store = Open(typeof(Once));
        (await FluentActions.Awaiting(() => store.AppendAsync("s-1", ExpectedVersion.Any, [new Once(5) { IsNew = true }])).Should().ThrowAsync<Exception>())
            .Which.Should().Match(refusal => refusal is ArgumentException || refusal is NotSupportedException)
            .And.Match<Exception>(refusal => refusal.Message.StartsWith("An event 'lost' ") && refusal.Message.Contains("boom") && refusal.Message.Contains("Nothing was written."));
        (await store.GetHeadAsync()).Should().Be(0);
    }

    [Fact]
    public void Write_a_document_that_throws_names_its_type()
    {
        var serializer = new JsonEventSerializer(new EventTypes(), null);
        byte[] Write<T>(T document)
            where T : class => serializer.WriteDocument(document, (JsonTypeInfo<T>)serializer.InfoOfDocuments(typeof(T)));
        FluentActions.Invoking(() => Write(new Halved(Half.NaN))).Should().Throw<ArgumentException>().WithMessage("A document *Halved cannot be written: at $.x: It is NaN*");
        FluentActions.Invoking(() => Write(new Typed(typeof(int)))).Should().Throw<NotSupportedException>().WithMessage("A document *Typed cannot be written: *System.Type*");
    }

    [Fact]
    public async Task Start_a_projection_whose_document_JSON_cannot_make_sense_of_says_so()
    {
        await using var store = Open(typeof(Halved));
        FluentActions.Invoking(() => store.StartProjections(new Senseless())).Should().Throw<NotSupportedException>()
            .WithMessage("JSON cannot handle *Holds, the document of the projection*Two*collides*");
    }

    private static EventStore Open(Type type)
    {
        var of = typeof(EventType).GetMethod(nameof(EventType.Of), 1, [typeof(string)])!.MakeGenericMethod(type);
        return new EventStore(new InMemoryEventStorage(), new EventTypes(EventType.Of<Fine>("fine"), (EventType)of.Invoke(null, ["lost"])!));
    }

    public sealed record Fine(int A);

    public sealed record Halved(Half X);

    public sealed record Floated(float? X);

    public sealed record Measured(IReadOnlyList<double> Items);

    public sealed record Raw(JsonElement? Data, int At)
    {
        public IReadOnlyList<JsonElement> More { get; init; } = [];
    }

    public sealed class Node
    {
        public Node? Next { get; set; }

        public static Node Circle(int length)
        {
            var first = new Node();
            var last = first;
            for (var i = 1; i < length; i++) last = last.Next = new Node();
            last.Next = first;
            return first;
        }

        public static Node Chain(int length)
        {
            var first = new Node();
            for (var i = 1; i < length; i++) first = new Node { Next = first };
            return first;
        }

        public override string ToString() => "a node";
    }

    public sealed class Branch
    {
        public List<Branch> Of { get; init; } = [];

        public static Branch Circle()
        {
            var branch = new Branch();
            branch.Of.Add(branch);
            return branch;
        }

        public override string ToString() => "a branch";
    }

    public sealed class Throwing
    {
        public Throwing()
        {
        }

        public Throwing(Type? exception) => Exception = exception;

        [JsonIgnore]
        public Type? Exception { get; }

        public int At
        {
            get => Exception is null ? 1 : throw Of(Exception);
            init => _ = value;
        }

        public static Exception Of(Type exception) => exception == typeof(ArgumentException) ? new ArgumentException("boom", "value")
            : exception == typeof(ArgumentOutOfRangeException) ? new ArgumentOutOfRangeException("value", 5, "boom")
            : exception == typeof(ObjectDisposedException) ? new ObjectDisposedException("boom")
            : (Exception)Activator.CreateInstance(exception, "boom")!;

        public static IEnumerable<int> Numbers(Type exception)
        {
            yield return 1;
            throw Of(exception);
        }
    }

    public sealed record Listed(IEnumerable<int> Items);

    public sealed record Converted(Fussy Of);

    [JsonConverter(typeof(FussyConverter))]
    public sealed record Fussy(Type? Exception);

    private sealed class FussyConverter : JsonConverter<Fussy>
    {
        public override Fussy Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new((Type?)null);

        public override void Write(Utf8JsonWriter writer, Fussy value, JsonSerializerOptions options)
        {
            if (value.Exception is { } exception) throw Throwing.Of(exception);
            writer.WriteNumberValue(1);
        }
    }

    public sealed class Two
    {
        public int Value { get; init; }

        [JsonPropertyName("value")]
        public int Other { get; init; }
    }

    public sealed record Holds(Two? Of);

    public sealed class Senseless : Projection<Holds>
    {
        public Senseless() => On<Fine>((document, _) => document);
    }

    public sealed record HoldsMany(IReadOnlyList<Two>? Of);

    public sealed record HoldsDeep(Dictionary<string, Holds>? Of);

    public sealed record Typed(Type Of);

    public sealed class Picky
    {
        public string Name
        {
            get;
            set => field = IsWriting || value.Length > 0 ? value : throw new ArgumentException("It is empty", nameof(value));
        } = "";

        [JsonIgnore]
        public bool IsWriting { get; init; }
    }

    public sealed record Once(int At)
    {
        [JsonIgnore]
        public bool IsNew { get; init; }

        public int More
        {
            get => IsNew ? 1 : throw new InvalidOperationException("boom");
            init => _ = value;
        }
    }
}
