using System.Collections.Immutable;
using System.Net;
using System.Numerics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace EventSourcing.Tests.Events;

#pragma warning disable CA1051, CA1822 // Public fields, and a value that is another one each time, are what is tested.
#pragma warning disable ES0112 // What the compiler would find in these types is to be found at run time too.

/// <summary>What is written reads back equal, or nothing is written.</summary>
public class ReadBackTests
{
    public static TheoryData<object, string> LostEvents => new()
    {
        { new Tupled((1, 2)), "'Item1'" },
        { new Big(5), "BigInteger" },
        { new Vectored(new Vector3(1, 2, 3)), "'X'" },
        { new WithField(0), "'At'" },
        { new PrivateSet(), "'at'" },
        { new TwoWays(0), "'at'" },
        { new GetOnlyList(), "'at'" },
        { new Stacked(new Stack<int>()), "Stack<Int32>" },
        { new Counted(new CountedList { 1 }), "'Extra' of CountedList is not written" },
        { new Nested([new CountedList { 1 }]), "'Extra' of CountedList is not written" },
        { new Listing(new CountedList { 1 }), "The value at $.items is a CountedList, and its 'Extra' is not written" },
        { new Shown(new CountedList { 1 }), "The value at $.items is a CountedList, and its 'Extra' is not written" },
        { new Mapped([new() { ["k"] = new NamedMap { ["a"] = 1 } }]), "The value at $.items[0]['k'] is a NamedMap, and its 'Name' is not written" },
        { new Setted(new HashSet<int>()), "IReadOnlySet<Int32>" },
        { new Interfaced(null), "IThing" },
        { new TwoConstructors(1), "TwoConstructors" },
        { new OtherName(1), "'where'" },
        { new Anything(5), "'object'" },
        { new Deep([null, new PrivateSet()]), "PrivateSet" },
        { new Based(new Derived(1, 2)), "$.at" },
        { new Hidden(7), "'at'" },
        { new Built(new StringBuilder("hello")), "StringBuilder" },
        { new Addressed(IPAddress.Loopback), "IPAddress" },
        { new LeftOutOfParameter(3), "'rate' of LeftOutOfParameter is left out if it is 0, and is 5 if it is missing" },
        { new LeftOutOfSetter { Rate = 3 }, "'rate' of LeftOutOfSetter is left out if it is 0, and is 5 if it is missing" },
        { new LeftOutBeside(1) { Rate = 3 }, "'rate' of LeftOutBeside is left out if it is 0, and is 5 if it is missing" },
        { new LeftOutNull { Text = "a" }, "'text' of LeftOutNull is left out if it is null, and is none if it is missing" },
        { new LeftOutRequired { Rate = 3 }, "'rate' of LeftOutRequired is left out if it is 0, and cannot be read back then" },
    };

    [Theory]
    [MemberData(nameof(LostEvents))]
    public async Task Append_what_is_not_read_back_names_it_and_writes_nothing(object lost, string named)
    {
        await using var store = Open(lost.GetType());
        for (var i = 0; i < 2; i++)
        {
            (await FluentActions.Awaiting(() => store.AppendAsync("s-1", ExpectedVersion.Any, [new Fine(1), lost])).Should().ThrowAsync<NotSupportedException>())
                .WithMessage($"An event 'lost'*{lost.GetType().Name}*{named}*Nothing was written.");
        }

        (await store.GetHeadAsync()).Should().Be(0);
    }

    public static TheoryData<object> KeptEvents =>
    [
        new Fine(1), new Listing(new TotalledList { 1, 2 }), new Totalled(new TotalledList { 1, 2 }), new Computed(2, 3), new Clocked(1), new Initialized { Rate = 3 }, new Shaped(new Circle(2)), new Raw(JsonElement.Parse("[1,{\"a\":null}]")),
        new Sets(new SortedSet<int>(Descending) { 1, 2, 3 }, ["x"]), new Marked { At = 5 }, new Filled { Items = { 1, 2 } }, new Struct(4), new Texts("\uFFFD 😀 \u2028"),
    ];

    [Theory]
    [MemberData(nameof(KeptEvents))]
    public async Task Append_what_is_read_back_is_accepted(object kept)
    {
        await using var store = Open(kept.GetType());
        for (var i = 0; i < 2; i++) await store.AppendAsync("s-1", ExpectedVersion.Any, [kept]);
        (await store.StreamAsync("s-1"))[1].Data.Should().BeOfType(kept.GetType());
    }

    /// <summary>The text that an address was made of may be a path, which is read as a relative one.</summary>
    [Fact]
    public async Task Append_addresses_reads_them_back_equal_and_of_the_same_kind()
    {
        Uri[] addresses =
        [
            new("/p/q?x=1#y", UriKind.Relative), new("", UriKind.Relative), new("p/q", UriKind.Relative), new("https://example.org/ä?q=%20"), new("HTTP://Example.org:80"), new("file:///p/q"), new("urn:isbn:1"),
            .. OperatingSystem.IsWindows() ? Array.Empty<Uri>() : [new("/p/q", UriKind.Absolute), new("/a b/ä%41")],
        ];
        foreach (var json in new[] { null, new JsonSerializerOptions() })
        {
            await using var store = Open(typeof(UriHolder), json);
            foreach (var address in addresses)
                await store.AppendAsync("s-1", ExpectedVersion.Any, [new UriHolder(address, new Dictionary<Uri, int> { [address] = 1 })]);

            var read = (await store.StreamAsync("s-1")).Select(e => (UriHolder)e.Data).ToList();
            read.Select(e => e.Address).Should().Equal(addresses);
            read.Select(e => e.Address.IsAbsoluteUri).Should().Equal(addresses.Select(address => address.IsAbsoluteUri));
            read.Select(e => e.Counts.Keys.Single()).Should().Equal(addresses);
        }
    }

    /// <summary>What the library says of a key must not depend on the calendar of a culture, nor on code of the key.</summary>
    [Theory]
    [InlineData("ar-SA")]
    [InlineData("th-TH")]
    [InlineData("fa-IR")]
    public async Task Append_keys_that_cannot_be_shown_reads_them_back(string culture)
    {
        System.Globalization.CultureInfo.CurrentCulture = System.Globalization.CultureInfo.GetCultureInfo(culture);
        DateTime[] keys = [DateTime.MinValue, DateTime.MaxValue, new(2026, 1, 31)];
        await using var store = Open(typeof(ByTime));
        for (var i = 0; i < 2; i++) await store.AppendAsync("s-1", ExpectedVersion.Any, [new ByTime(keys.ToDictionary(key => key, key => new Uri("/p", UriKind.Relative)))]);
        ((ByTime)(await store.StreamAsync("s-1"))[1].Data).Times.Keys.Should().Equal(keys);
    }

    [Fact]
    public async Task Append_an_enum_of_which_two_members_have_one_name_is_refused()
    {
        var json = new JsonSerializerOptions { Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) } };
        await using var store = Open(typeof(Cased), json);

        (await FluentActions.Awaiting(() => store.AppendAsync("s-1", ExpectedVersion.Any, [new Cased(Case.Ab)])).Should().ThrowAsync<NotSupportedException>())
            .WithMessage("*'ab' of *Case is written as \"ab\", and read back as another member*Nothing was written.");
        (await store.GetHeadAsync()).Should().Be(0);
        await using var numbers = Open(typeof(Cased));
        await numbers.AppendAsync("s-1", ExpectedVersion.Any, [new Cased(Case.ab)]);
        (await numbers.StreamAsync("s-1")).Single().Data.Should().Be(new Cased(Case.ab));
    }

    [Fact]
    public async Task Append_an_enum_with_two_names_for_one_member_is_accepted()
    {
        await using var store = Open(typeof(Aliased), new JsonSerializerOptions { Converters = { new JsonStringEnumConverter() } });
        await store.AppendAsync("s-1", ExpectedVersion.Any, [new Aliased(Alias.Other)]);
        (await store.StreamAsync("s-1")).Single().Data.Should().Be(new Aliased(Alias.One));
    }

    public static TheoryData<object, string> LostValues => new()
    {
        { new Texts("a\uD800b"), "at $.value: *lone surrogate, U+D800 at index 1" },
        { new Texts("a\uDC00"), "at $.value: *lone surrogate, U+DC00 at index 1" },
        { new Keyed(new Dictionary<string, int> { ["\uD800"] = 1 }), "at $.values: *lone surrogate" },
        { new Noded(JsonValue.Create("\uDBFF")), "at $.node: *lone surrogate" },
        { new Raw(JsonElement.Parse("\"\\ud800\"")), "at $.data: " },
        { new Raw(JsonElement.Parse(new string('[', 64) + new string(']', 64))), "at $.data: " },
        { new Noded(JsonNode.Parse(new string('[', 64) + new string(']', 64))), "at $.node: " },
        { new Measured(1, double.NaN), "at $.to: " },
        { new Measured(double.PositiveInfinity, 1), "at $.from: " },
        { new Listed(default), "at $.items: *ImmutableArray" },
        { new Written(new RawText(new string('[', 64) + new string(']', 64))), "A converter wrote" },
        { new Written(new RawText("{oh")), "A converter wrote" },
        { new Written(new RawText("\"\\ud800\"")), "A converter wrote" },
    };

    [Theory]
    [MemberData(nameof(LostValues))]
    public async Task Append_a_value_that_is_not_read_back_names_the_member_and_writes_nothing(object lost, string why)
    {
        await using var store = Open(lost.GetType());
        for (var i = 0; i < 2; i++)
        {
            (await FluentActions.Awaiting(() => store.AppendAsync("s-1", ExpectedVersion.Any, [new Fine(1), lost])).Should().ThrowAsync<ArgumentException>())
                .WithMessage($"An event 'lost'*{why}*Nothing was written.*");
        }

        (await store.GetHeadAsync()).Should().Be(0);
    }

    [Fact]
    public async Task Append_through_a_converter_is_checked_each_time()
    {
        await using var store = Open(typeof(Written));
        await store.AppendAsync("s-1", ExpectedVersion.Any, [new Written(new RawText("[1]"))]);
        await FluentActions.Awaiting(() => store.AppendAsync("s-1", ExpectedVersion.Any, [new Written(new RawText("[1"))])).Should().ThrowAsync<ArgumentException>();
        (await store.GetHeadAsync()).Should().Be(1);
    }

    [Theory]
    [InlineData("a", "1")]
    [InlineData("inner", """{"a":2}""")]
    public async Task Append_with_extension_data_named_as_a_member_is_refused_first_and_later(string key, string json)
    {
        await using var store = Open(typeof(Extended));
        var lost = new Extended { A = 7, Inner = new Fine(1), Extra = new() { ["x"] = JsonElement.Parse("1"), [key] = JsonElement.Parse(json) } };
        async Task Refuse() =>
            (await FluentActions.Awaiting(() => store.AppendAsync("s-1", ExpectedVersion.Any, [new Fine(1), lost])).Should().ThrowAsync<ArgumentException>())
                .WithMessage($"An event 'lost'*'{key}' is written more than once*Nothing was written.*");
        await Refuse();
        await store.AppendAsync("s-1", ExpectedVersion.Any, [new Extended { A = 7, Extra = new() { ["A"] = JsonElement.Parse("1") } }]);
        await Refuse();
        (await store.StreamAsync("s-1")).Should().ContainSingle().Which.Data.Should().BeOfType<Extended>()
            .Which.Extra.Should().ContainSingle().Which.Key.Should().Be("A");
    }

    [Fact]
    public async Task Append_with_extension_data_that_sets_a_member_of_another_case_is_refused()
    {
        await using var store = Open(typeof(Extended), new JsonSerializerOptions { PropertyNameCaseInsensitive = true });
        await store.AppendAsync("s-1", ExpectedVersion.Any, [new Extended { A = 7 }]);
        await FluentActions.Awaiting(() => store.AppendAsync("s-1", ExpectedVersion.Any, [new Extended { A = 7, Extra = new() { ["a"] = JsonElement.Parse("1") } }]))
            .Should().ThrowAsync<ArgumentException>();
        (await store.GetHeadAsync()).Should().Be(1);
    }

    [Fact]
    public async Task Append_json_that_itself_repeats_a_key_is_accepted()
    {
        await using var store = Open(typeof(ClockedRaw));
        for (var i = 0; i < 2; i++) await store.AppendAsync("s-1", ExpectedVersion.Any, [new ClockedRaw(JsonElement.Parse("""{"a":1,"a":2}"""))]);
        ((ClockedRaw)(await store.StreamAsync("s-1"))[1].Data).Data.GetRawText().Should().Be("""{"a":1,"a":2}""");
    }

    public static TheoryData<object, object, string> LaterDerived => new()
    {
        { new Based(new Base(1)), new Based(new Derived(1, 2)), "$.at" },
        { new BasedList([]), new BasedList([new Base(1), new Derived(1, 2)]), "$.items[1]" },
        { new BasedSet([]), new BasedSet([new Derived(1, 2)]), "$.items[0]" },
        { new BasedMap([]), new BasedMap(new() { ["k"] = new Derived(1, 2) }), "$.items['k']" },
        { new BasedNested(null, null), new BasedNested(new BasedStruct(new Based(new Derived(1, 2))), null), "$.part.held.at" },
        { new BasedNested(null, null), new BasedNested(null, new BasedNested(null, new BasedNested(new BasedStruct(new Based(new Derived(1, 2))), null))), "$.next.next.part.held.at" },
        { new BasedFilled(), new BasedFilled { Items = { new Derived(1, 2) } }, "$.items[0]" },
        { new BasedFigure(new Figure()), new BasedFigure(new Square()), "$.figure" },
        { new BasedFigure(new Oval { Of = new Base(1) }), new BasedFigure(new Oval { Of = new Derived(1, 2) }), "$.figure.of" },
    };

    [Theory]
    [MemberData(nameof(LaterDerived))]
    public async Task Append_a_derived_value_after_the_type_was_proven_is_refused(object first, object lost, string path)
    {
        await using var store = Open(first.GetType());
        await store.AppendAsync("s-1", ExpectedVersion.Any, [first]);
        for (var i = 0; i < 2; i++)
        {
            (await FluentActions.Awaiting(() => store.AppendAsync("s-1", ExpectedVersion.Any, [new Fine(1), lost])).Should().ThrowAsync<ArgumentException>())
                .WithMessage($"An event 'lost'*The value at {path} is of a derived type*Nothing was written.*");
        }

        await store.AppendAsync("s-1", ExpectedVersion.Any, [first]);
        (await store.GetHeadAsync()).Should().Be(2);
    }

    [Fact]
    public async Task Append_as_deep_as_can_be_read_is_accepted()
    {
        await using var store = Open(typeof(Raw));
        await store.AppendAsync("s-1", ExpectedVersion.Any, [new Raw(JsonElement.Parse(new string('[', 63) + new string(']', 63)))]);
        (await store.StreamAsync("s-1")).Should().ContainSingle();
    }

    [Fact]
    public async Task Append_metadata_that_is_no_text_is_refused()
    {
        await using var store = Open(typeof(Texts));
        EventMetadata[] refused =
        [
            new() { Values = new Dictionary<string, string> { ["tenant"] = "a\uD800" } },
            new() { Values = new Dictionary<string, string> { ["ten\uD800ant"] = "a" } },
            new() { CorrelationId = "\uD800" },
            new() { CausationId = "\uDC00" },
        ];
        foreach (var metadata in refused)
        {
            (await FluentActions.Awaiting(() => store.AppendAsync("s-1", ExpectedVersion.Any, [new Fine(1)], metadata)).Should().ThrowAsync<ArgumentException>())
                .WithMessage("The metadata '*' of an event 'fine'*lone surrogate*Nothing was written.*");
        }

        (await store.GetHeadAsync()).Should().Be(0);
    }

    [Theory]
    [InlineData(JsonIgnoreCondition.WhenWritingDefault, true)]
    [InlineData(JsonIgnoreCondition.WhenWritingNull, false)]
    [InlineData(JsonIgnoreCondition.Never, false)]
    public async Task Append_by_options_that_leave_out_a_value_which_is_another_if_it_is_missing_is_refused(JsonIgnoreCondition condition, bool isRefused)
    {
        await using var store = Open(typeof(Rated), new JsonSerializerOptions { DefaultIgnoreCondition = condition });
        foreach (var rate in new[] { 3, 0 })
        {
            var append = FluentActions.Awaiting(() => store.AppendAsync("s-1", ExpectedVersion.Any, [new Rated("a", rate)]));
            if (isRefused) (await append.Should().ThrowAsync<NotSupportedException>()).WithMessage("*'Rate' of Rated is left out if it is 0, and is 5 if it is missing*");
            else await append.Should().NotThrowAsync();
        }

        if (isRefused) (await store.GetHeadAsync()).Should().Be(0);
        else (await store.StreamAsync("s-1")).Select(e => ((Rated)e.Data).Rate).Should().Equal(3, 0);
    }

    [Fact]
    public async Task Append_by_options_that_leave_out_what_is_read_as_the_same_if_it_is_missing_is_accepted()
    {
        await using var store = Open(typeof(Optional), new JsonSerializerOptions { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault });
        Optional[] events = [new(1) { Note = "a", Count = 2, Price = 1.5m }, new(0), new(0) { Price = 0 }];
        foreach (var e in events) await store.AppendAsync("s-1", ExpectedVersion.Any, [e]);
        (await store.StreamAsync("s-1")).Select(e => e.Data).Should().Equal(events);
    }

    [Fact]
    public async Task Append_where_the_type_does_not_tell_what_a_missing_member_is_checks_each_value()
    {
        await using var store = Open(typeof(Untold));
        await store.AppendAsync("s-1", ExpectedVersion.Any, [new Untold("a") { Rate = 3 }]);
        (await FluentActions.Awaiting(() => store.AppendAsync("s-1", ExpectedVersion.Any, [new Untold("b") { Rate = 0 }])).Should().ThrowAsync<ArgumentException>())
            .WithMessage("An event 'lost'*'rate' is 5*Nothing was written.*");
        await store.AppendAsync("s-1", ExpectedVersion.Any, [new Untold("c") { Rate = 7 }]);
        (await store.StreamAsync("s-1")).Select(e => ((Untold)e.Data).Rate).Should().Equal(3, 7);
    }

    [Fact]
    public async Task Append_what_only_its_own_code_can_enumerate_writes_it_or_refuses_it_typed()
    {
        await using var store = Open(typeof(Remembered));
        var append = await Record.ExceptionAsync(() => store.AppendAsync("s-1", ExpectedVersion.Any, [new Remembered(new[] { 1, 2 })]));
        if (append is null) ((Remembered)(await store.StreamAsync("s-1"))[0].Data).Items.ToArray().Should().Equal(1, 2);
        else append.Should().Match(e => e is NotSupportedException || e is ArgumentException);
    }

    [Fact]
    public async Task Append_by_options_of_the_app_that_bring_it_back_is_accepted()
    {
        await using var store = Open(typeof(Tupled), new JsonSerializerOptions { IncludeFields = true });
        await store.AppendAsync("s-1", ExpectedVersion.Any, [new Tupled((1, 2))]);
        (await store.StreamAsync("s-1"))[0].Data.Should().Be(new Tupled((1, 2)));
    }

    [Fact]
    public async Task Upcast_by_a_discriminator_that_is_added_last_is_read()
    {
        await using var store = new EventStore(
            new InMemoryEventStorage(), new EventTypes([EventType.Of<Shaped>("shaped", 2)], [Upcaster.Json("shaped", 1, e => { e["shape"]!["$type"] = "circle"; return e; })]));
        await StoreAsync(store, "shaped", """{"shape":{"r":2}}""");
        (await store.StreamAsync("s-1"))[0].Data.Should().Be(new Shaped(new Circle(2)));
    }

    [Fact]
    public async Task Upcast_that_puts_a_node_in_two_places_is_told_how_to_rename()
    {
        await using var store = new EventStore(new InMemoryEventStorage(), new EventTypes([EventType.Of<Raw>("raw", 2)], [Upcaster.Json("raw", 1, e => { e["data"] = e["old"]; return e; })]));
        await StoreAsync(store, "raw", """{"old":{"a":1}}""");
        (await FluentActions.Awaiting(() => store.StreamAsync("s-1")).Should().ThrowAsync<EventSerializationException>())
            .WithMessage("The event 'raw' at version 1 of stream 's-1'*already has a parent. A JsonNode stands in one place: to rename a member*e.Remove(\"old\", out var value)*");
    }

    [Fact]
    public async Task Start_a_projection_whose_document_is_not_read_back_says_so()
    {
        await using var store = Open(typeof(Texts));
        FluentActions.Invoking(() => store.StartProjections(new Lossy())).Should().Throw<NotSupportedException>()
            .WithMessage("*PrivateSet, the document of the projection*'at' of PrivateSet*");
    }

    [Fact]
    public void Write_a_document_that_is_not_read_back_is_refused()
    {
        var serializer = new JsonEventSerializer(new EventTypes(), null);
        byte[] Write<T>(T document)
            where T : class => serializer.WriteDocument(document, (System.Text.Json.Serialization.Metadata.JsonTypeInfo<T>)serializer.Options.GetTypeInfo(typeof(T)));
        FluentActions.Invoking(() => Write(new Texts("\uD800"))).Should().Throw<ArgumentException>().WithMessage("*at $.value:*lone surrogate*");
        FluentActions.Invoking(() => Write(new Raw(JsonElement.Parse(new string('[', 64) + new string(']', 64))))).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => Write<Base>(new Derived(1, 2))).Should().Throw<ArgumentException>().WithMessage("*Derived*read back as*Base*");
        FluentActions.Invoking(() => Write(new Hidden(7))).Should().Throw<NotSupportedException>().WithMessage("*'at' is 0 and no longer 7*");
        Encoding.UTF8.GetString(Write(new Texts("ä"))).Should().Be("""{"value":"ä"}""");
    }

    /// <summary>What an event does to such a document would depend on whether the document was read back before.</summary>
    [Fact]
    public void Write_a_document_that_would_lose_a_comparer_is_refused()
    {
        var serializer = new JsonEventSerializer(new EventTypes(), null);
        byte[] Write<T>(T document)
            where T : class => serializer.WriteDocument(document, (System.Text.Json.Serialization.Metadata.JsonTypeInfo<T>)serializer.Options.GetTypeInfo(typeof(T)));
        var ignoresCase = StringComparer.OrdinalIgnoreCase;
        FluentActions.Invoking(() => Write(new Roll(new HashSet<string>(ignoresCase)))).Should().Throw<NotSupportedException>().WithMessage("*JSON does not keep comparers*");
        FluentActions.Invoking(() => Write(new Rolls([new Roll(["a"]), new Roll(new HashSet<string>(ignoresCase) { "b" })]))).Should().Throw<NotSupportedException>();
        FluentActions.Invoking(() => Write(new SortedRoll(new SortedDictionary<int, string>(Descending) { [1] = "a" }))).Should().Throw<NotSupportedException>();
        FluentActions.Invoking(() => Write(new OtherRoll(new HashSet<string>(EqualityComparer<string>.Create((_, _) => false))))).Should().Throw<NotSupportedException>();
        Encoding.UTF8.GetString(Write(new KeptRoll { Names = { "a" } })).Should().Be("""{"names":["a"]}""", "what is read back has the same comparer");
        Encoding.UTF8.GetString(Write(new FineRoll(new HashSet<string>(StringComparer.Ordinal) { "a" }))).Should().Be("""{"names":["a"]}""");
        Write(new DefaultRoll(["a"], [1], new() { [DayOfWeek.Friday] = Guid.Empty }, new() { ["a"] = 1 }, [1], [1, null])).Should().NotBeEmpty();
    }

    private static EventStore Open(Type type, JsonSerializerOptions? json = null)
    {
        var of = typeof(EventType).GetMethod(nameof(EventType.Of), 1, [typeof(string)])!.MakeGenericMethod(type);
        var lost = (EventType)of.Invoke(null, ["lost"])!;
        return new EventStore(new InMemoryEventStorage(), new EventTypes(type == typeof(Fine) ? [lost] : [EventType.Of<Fine>("fine"), lost]), new EventStoreOptions { Json = json });
    }

    private static async Task StoreAsync(EventStore store, string type, string json) =>
        await store.Storage.AppendAsync(new AppendRequest([new StreamWrite("s-1", ExpectedVersion.NoStream, [new NewEvent(Guid.NewGuid(), type, Encoding.UTF8.GetBytes(json))])]));

    /// <summary>An order that JSON does not keep: the set that is read back has the same items in the usual one.</summary>
    private static Comparer<int> Descending { get; } = Comparer<int>.Create((one, other) => other.CompareTo(one));

    public sealed record Fine(int A);

    public sealed record ByTime(Dictionary<DateTime, Uri> Times);

    public sealed record UriHolder(Uri Address, Dictionary<Uri, int> Counts);

#pragma warning disable CA1708, CA1069 // that is what is tested
    public enum Case
    {
        Ab,
        ab,
    }

    public sealed record Cased(Case Case);

    public enum Alias
    {
        One = 1,
        Other = 1,
    }
#pragma warning restore CA1708, CA1069

    public sealed record Aliased(Alias Alias);

    public sealed record Roll(HashSet<string> Names);

    public sealed record OtherRoll(HashSet<string> Names);

    public sealed record DefaultRoll(HashSet<string> Names, SortedSet<int> Numbers, Dictionary<DayOfWeek, Guid> Days, SortedDictionary<string, int?> Sorted, HashSet<byte> Bytes, HashSet<int?> Optional);

    public sealed record FineRoll(HashSet<string> Names);

    public sealed record Rolls(List<Roll> All);

    public sealed record SortedRoll(SortedDictionary<int, string> Names);

    public sealed record KeptRoll
    {
        [JsonObjectCreationHandling(JsonObjectCreationHandling.Populate)]
        public HashSet<string> Names { get; } = new(StringComparer.OrdinalIgnoreCase);
    }

    public sealed record Built(StringBuilder At);

    public sealed record Addressed(IPAddress At);

    public sealed record Remembered(ReadOnlyMemory<int> Items);

    public sealed record Rated(string Id, int Rate = 5);

    public sealed record Optional(int At)
    {
        public string? Note { get; init; }

        public int Count { get; init; }

        public decimal? Price { get; init; }
    }

    public sealed record LeftOutOfParameter([property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] int Rate = 5);

    public sealed record LeftOutOfSetter
    {
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
        public int Rate { get; init; } = 5;
    }

    public sealed record LeftOutBeside(int At)
    {
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
        public int Rate { get; init; } = 5;
    }

    public sealed record LeftOutNull
    {
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public string? Text { get; init; } = "none";
    }

    public sealed record LeftOutRequired
    {
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
        public required int Rate { get; init; }
    }

    /// <summary>Its constructor takes no text that is null, so what a missing rate would be cannot be tried.</summary>
    public sealed record Untold
    {
        public Untold(string id) => Id = id.Length > 0 ? id : throw new ArgumentException("empty", nameof(id));

        public string Id { get; }

        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
        public int Rate { get; init; } = 5;
    }

    public sealed record Tupled((int X, int Y) At);

    public sealed record Big(BigInteger At);

    public sealed record Vectored(Vector3 At);

    public sealed class WithField(int at)
    {
        public readonly int At = at;
    }

    public sealed class PrivateSet
    {
        public int At { get; private set; }

        public void Move() => At++;
    }

    public sealed class TwoWays
    {
        public TwoWays()
        {
        }

        public TwoWays(int at) => At = at;

        public int At { get; }
    }

    public sealed class GetOnlyList
    {
        public List<int> At { get; } = [];
    }

    public sealed record Counted(CountedList At);

    public sealed record Nested(IReadOnlyList<CountedList> At);

    public sealed class CountedList : List<int>
    {
        public int Extra { get; set; }
    }

    public sealed record Totalled(TotalledList At);

    public sealed class TotalledList : List<int>
    {
        public int Total => this.Sum();

        [JsonIgnore]
        public int Cached { get; set; }
    }

    public sealed record Listing(List<int> Items);

    public sealed record Shown(IReadOnlyList<int> Items);

    public sealed record Mapped(List<Dictionary<string, Dictionary<string, int>>> Items);

    public sealed class NamedMap : Dictionary<string, int>
    {
        public string? Name { get; set; }
    }

    public sealed record Stacked(Stack<int> At);

    public sealed record Setted(IReadOnlySet<int> At);

    public interface IThing
    {
        int A { get; }
    }

    public sealed record Interfaced(IThing? At);

    public sealed class TwoConstructors
    {
        public TwoConstructors(int at) => At = at;

        public TwoConstructors(int at, int more) => At = at + more;

        public int At { get; }
    }

    public sealed class OtherName(int where)
    {
        public int At { get; } = where;

        public int More { get; init; }
    }

    public sealed record Anything(object At);

    public sealed record Deep(IReadOnlyList<PrivateSet?> Parts);

    public record Base(int A);

    public sealed record Derived(int A, int B) : Base(A);

    public sealed record Based(Base At);

    public sealed record BasedList(List<Base> Items);

    public sealed record BasedSet(ImmutableHashSet<Base> Items);

    public sealed record BasedMap(Dictionary<string, Base> Items);

    public readonly record struct BasedStruct(Based Held);

    public sealed record BasedNested(BasedStruct? Part, BasedNested? Next);

    public sealed class BasedFilled
    {
        [JsonObjectCreationHandling(JsonObjectCreationHandling.Populate)]
        public List<Base> Items { get; } = [];
    }

    [JsonPolymorphic(UnknownDerivedTypeHandling = JsonUnknownDerivedTypeHandling.FallBackToBaseType)]
    [JsonDerivedType(typeof(Oval), "oval")]
    public class Figure;

    public sealed class Oval : Figure
    {
        public Base? Of { get; init; }
    }

    public sealed class Square : Figure
    {
        public int Side { get; init; }
    }

    public sealed record BasedFigure(Figure Figure);

    public sealed class Extended
    {
        public int A { get; init; }

        public Fine? Inner { get; init; }

        [JsonExtensionData]
        public Dictionary<string, JsonElement>? Extra { get; init; }
    }

    public sealed record ClockedRaw(JsonElement Data)
    {
        public long Now => System.Diagnostics.Stopwatch.GetTimestamp();
    }

    public sealed class Hidden
    {
        private readonly int _at;

        public Hidden()
        {
        }

        public Hidden(int at) => _at = at;

        public int At => _at;
    }

    public sealed record Computed(int A, int B)
    {
        public int Sum => A + B;

        public int Product { get; } = A * B;

        public string Kind { get; } = "computed";
    }

    public sealed record Clocked(int A)
    {
        public long Now => System.Diagnostics.Stopwatch.GetTimestamp();
    }

    public sealed record Initialized
    {
        public int Rate { get; init; } = 5;

        public string Kind { get; } = "initialized";
    }

    [JsonDerivedType(typeof(Circle), "circle")]
    public abstract record Shape;

    public sealed record Circle(int R) : Shape;

    public sealed record Shaped(Shape Shape);

    public sealed record Raw(JsonElement Data);

    public sealed record Noded(JsonNode? Node);

    public sealed record Sets(SortedSet<int> Items, ImmutableHashSet<string> Names);

    public sealed class Marked
    {
        [JsonInclude]
        public int At;

        [JsonIgnore]
        public int Other;

        [JsonInclude]
        public int More { get; private set; }
    }

    public sealed class Filled
    {
        [JsonObjectCreationHandling(JsonObjectCreationHandling.Populate)]
        public List<int> Items { get; } = [];
    }

    public readonly record struct Struct(int A);

    public sealed record Texts(string Value);

    public sealed record Keyed(Dictionary<string, int> Values);

    public sealed record Measured(double From, double To);

    public sealed record Listed(ImmutableArray<int> Items);

    public sealed record Written(RawText Text);

    [JsonConverter(typeof(RawTextConverter))]
    public sealed record RawText(string Json);

    public sealed class Lossy : Projection<PrivateSet>
    {
        public Lossy() => On<Fine>((document, _) => document);
    }

    private sealed class RawTextConverter : JsonConverter<RawText>
    {
        public override RawText Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new(JsonElement.ParseValue(ref reader).GetRawText());

        public override void Write(Utf8JsonWriter writer, RawText value, JsonSerializerOptions options) => writer.WriteRawValue(value.Json, skipInputValidation: true);
    }
}
