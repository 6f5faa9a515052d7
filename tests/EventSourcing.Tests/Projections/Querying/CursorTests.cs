namespace EventSourcing.Tests.Projections.Querying;

public class CursorTests
{
    public static TheoryData<string?, FieldValue, string> Places() => new()
    {
        { null, default, "k" },
        { null, default, new string('k', 200) },
        { null, default, string.Concat(Enumerable.Repeat("😀", 100)) },
        { "city", default, "ann" },
        { "city", new FieldValue(""), "ann" },
        { "city", new FieldValue("Åse 😀\u0001"), "\t" },
        { "city", new FieldValue(new string('x', 20_000)), "ann" },
        { "n", new FieldValue(0L), "0" },
        { "n", new FieldValue(long.MinValue), "0" },
        { "n", new FieldValue(long.MaxValue), "0" },
        { "d", new FieldValue(0.1), "0" },
        { "d", new FieldValue(double.NegativeInfinity), "0" },
        { new string('f', 60), new FieldValue(double.Epsilon), "0" },
    };

    [Theory]
    [MemberData(nameof(Places))]
    public void Parse_a_cursor_gives_the_place_it_was_made_of(string? field, FieldValue value, string key)
    {
        var place = new DocumentCursor(value, key);
        var text = CursorText.Write(field, place);
        text.Should().MatchRegex("^[A-Za-z0-9_-]+$");
        CursorText.Parse(text).Should().Be((field, place));
    }

    [Fact]
    public void Write_a_cursor_stays_the_same_from_version_to_version()
    {
        // Cursors are in other people's bookmarks: a change here needs a new version, and the old one still read.
        CursorText.Write(null, new DocumentCursor(default, "ann")).Should().Be("AQAAA2Fubg");
        CursorText.Write("city", new DocumentCursor(new FieldValue("Paris"), "ann")).Should().Be("AQRjaXR5AwVQYXJpcwNhbm4");
        CursorText.Write("n", new DocumentCursor(new FieldValue(-2L), "ann")).Should().Be("AQFuAf_________-A2Fubg");
        CursorText.Write("d", new DocumentCursor(new FieldValue(1.5), "ann")).Should().Be("AQFkAj_4AAAAAAAAA2Fubg");
    }

    [Theory]
    [InlineData("", "nothing")]
    [InlineData("ann", "a key")]
    [InlineData("AgAAA2Fubg", "another version")]
    [InlineData("AQAAA2Fub", "the end is missing")]
    [InlineData("AQAAA2FubgA", "a byte is left over")]
    [InlineData("AQAAA2Fubh", "bits that mean nothing")]
    [InlineData("AQAAA2Fubg==", "padding")]
    [InlineData(" AQAAA2Fubg", "a space")]
    [InlineData("AQAAA2F ubg", "a space within")]
    [InlineData("AQFuAf/////////+A2Fubg", "the other Base64")]
    [InlineData("AQAAAA", "an empty key")]
    [InlineData("AQAAAQA", "U+0000 in the key")]
    [InlineData("AQAAAf8", "not UTF-8")]
    [InlineData("AQAAgwBhbm4", "a length that takes more bytes than it needs")]
    [InlineData("AQAA_____w8", "a length beyond all")]
    [InlineData("AQAAA0Fubg\ud800", "no character at all")]
    [InlineData("AQAEA2Fubg", "a kind that there is not")]
    [InlineData("AQADAWEDYW5u", "a value without a field")]
    [InlineData("AQFkAn_4AAAAAAAAA2Fubg", "NaN")]
    [InlineData("AQFkAoAAAAAAAAAAA2Fubg", "minus zero")]
    public async Task Go_on_after_what_is_no_cursor_throws_FormatException(string text, string because)
    {
        await using var store = Bank.Open();
        var query = (await store.CustomersAsync()).Query();
        FluentActions.Invoking(() => query.After(text)).Should().Throw<FormatException>(because).WithMessage("The text is not a cursor*");
    }

    [Fact]
    public async Task Go_on_after_a_cursor_of_another_kind_of_value_throws_FormatException()
    {
        await using var store = Bank.Open();
        var query = (await store.CustomersAsync()).Query().OrderBy(Customers.Spent);
        var whenItWasText = CursorText.Write("spent", new DocumentCursor(new FieldValue("5"), "ann"));
        FluentActions.Invoking(() => query.After(whenItWasText)).Should().Throw<FormatException>().WithMessage("*it was found when 'spent' held Text values; now it holds Number values.");
        var strange = CursorText.Write("a\r\nb", new DocumentCursor(default, "ann"));
        FluentActions.Invoking(() => query.After(strange)).Should().Throw<FormatException>().Which.Message.Should().NotContain("\n");
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Go_on_after_any_text_either_works_or_throws_FormatException()
    {
        await using var store = Bank.Open();
        var query = (await store.CustomersAsync(("ann", new Customer("Paris", 5)))).Query();
        ReadModelQuery<Customer>[] queries = [query, query.OrderBy(Customers.City), query.OrderByDescending(Customers.Spent), query.OrderBy(Customers.LastSeen)];
        var random = new Random(20260131);
        var accepted = 0;
        for (var i = 0; i < 200_000; i++)
        {
            var asked = queries[random.Next(queries.Length)];
            var text = random.Next(4) == 0 ? Noise(random) : Mangled(random, CursorText.Write("city", new DocumentCursor(new FieldValue("Paris"), "ann")), CursorText.Write("spent", new DocumentCursor(new FieldValue(5.0), "ann")), CursorText.Write(null, new DocumentCursor(default, "ann")));
            try
            {
                _ = await asked.After(text).FirstOrDefaultAsync();
                accepted++;
            }
            catch (FormatException)
            {
            }
        }

        accepted.Should().BeGreaterThan(100, "some of the texts must get past the first check");
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public void Parse_any_bytes_gives_their_one_place_or_throws_FormatException()
    {
        var random = new Random(20260201);
        for (var i = 0; i < 200_000; i++)
        {
            var bytes = new byte[random.Next(40)];
            random.NextBytes(bytes);
            for (var at = 0; at < bytes.Length; at++)
            {
                // Small numbers are what lengths and kinds are made of.
                if (random.Next(2) == 0) bytes[at] = (byte)random.Next(6);
            }

            if (bytes.Length > 0) bytes[0] = 1;
            var text = System.Buffers.Text.Base64Url.EncodeToString(bytes);
            try
            {
                var (field, place) = CursorText.Parse(text);
                CursorText.Write(field, place).Should().Be(text);
            }
            catch (FormatException)
            {
            }
        }
    }

    private static string Noise(Random random) => new([.. Enumerable.Range(0, random.Next(30)).Select(_ => (char)random.Next(random.Next(2) == 0 ? 128 : 65536))]);

    private static string Mangled(Random random, params string[] cursors)
    {
        const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        var text = cursors[random.Next(cursors.Length)].ToCharArray().ToList();
        for (var changes = random.Next(4); changes > 0 && text.Count > 0; changes--)
        {
            var at = random.Next(text.Count);
            switch (random.Next(3))
            {
                case 0: text[at] = Alphabet[random.Next(Alphabet.Length)]; break;
                case 1: text.RemoveAt(at); break;
                default: text.Insert(at, Alphabet[random.Next(Alphabet.Length)]); break;
            }
        }

        return new string([.. text]);
    }
}
