using EventSourcing.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;

namespace EventSourcing.Generators.Tests.Analyzers;

/// <summary>Whatever an event is named, its line in the contract file is read as what was written.</summary>
public class ContractNameTests
{
    public static TheoryData<string> OddNames =>
    [
        "a@1 { }", "#hash", " #hash", "#", "\"quoted\"", "\"", "a\"b", "a\\", "\\\"", " a ", "a@1 { b: int }@2 {", "@", "a@", "{ }", "a\u2028b", "a\u2029", "😀", "a: b, c", "a?", "ä/ö", "x@1 { \"", "\\u2028",
    ];

    [Theory]
    [MemberData(nameof(OddNames))]
    public async Task Fix_of_an_event_of_any_name_adds_a_line_that_is_read_as_that(string name)
    {
        var code = CodeUnderTest.Of($"[EventType({SymbolDisplay.FormatLiteral(name, quote: true)})] public sealed record Odd(int A);", "# ours\nm@1 { }\n");

        var mended = await code.FixAllAsync(new ContractFileFix());

        (await mended.FindAsync()).Should().Equal("ES0122 m@1 { }");
        mended.Contracts.Split('\n').Should().HaveCount(4, "one line was added");
        (await mended.MessagesAsync("ES0124")).Should().BeEmpty();
        var changed = CodeUnderTest.Of($"[EventType({SymbolDisplay.FormatLiteral(name, quote: true)})] public sealed record Odd(long B);", mended.Contracts);
        (await changed.FindAsync()).Should().BeEquivalentTo("ES0121 Odd", "ES0122 m@1 { }");
        (await (await changed.FixAsync(new ContractFileFix())).FindAsync()).Should().Equal("ES0122 m@1 { }");
    }

    [Theory]
    [InlineData("a\u2028b")]
    [InlineData("a\nb")]
    [InlineData("a\r")]
    [InlineData("\u0085")]
    [InlineData("}, {:\"\\?")]
    public async Task Fix_of_a_member_of_any_name_adds_a_line_that_is_read_as_that(string name)
    {
        var code = CodeUnderTest.Of($"[EventType(\"x\")] public sealed record X([property: JsonPropertyName({SymbolDisplay.FormatLiteral(name, quote: true)})] int A);", "");

        var mended = await code.FixAllAsync(new ContractFileFix());

        (await mended.FindAsync()).Should().BeEmpty();
        mended.Contracts.Count(c => c == '\n').Should().Be(1);
    }

    [Fact]
    public async Task Names_that_were_always_read_are_written_as_before()
    {
        foreach (var name in new[] { "a", "a b", "a/b: c@d%41", "a@b", "a#", "ä", "a\"b\"" })
        {
            var mended = await CodeUnderTest.Of($"[EventType({SymbolDisplay.FormatLiteral(name, quote: true)})] public sealed record X;", "").FixAllAsync(new ContractFileFix());
            mended.Contracts.Should().Be(name + "@1 { }\n");
        }
    }

    [Theory]
    [InlineData("\"a\\x\"@1 { }")]
    [InlineData("\"a\\u12\"@1 { }")]
    [InlineData("\"\"@1 { }")]
    [InlineData("\"a\" @1 { }")]
    [InlineData("\"a\"b@1 { }")]
    [InlineData("\"a\"@0 { }")]
    [InlineData("\"a\"")]
    public async Task Refuse_a_malformed_name_in_quotes(string line) => (await CodeUnderTest.Of("", line + "\n").FindAsync()).Should().Equal("ES0124 " + line);

    [Theory]
    [InlineData("\r", "m@1 { }\r")]
    [InlineData("\n\n", "m@1 { }\n\n\n# end")]
    [InlineData("mixed", "a@1 { }\r\nm@1 { }\n\u2028# a separator is a line of its own\u2029")]
    public async Task Fix_of_a_file_with_any_line_ends_leaves_the_other_lines_as_they_are(string kind, string contracts)
    {
        var mended = await CodeUnderTest.Of("[EventType(\"b\")] public sealed record B; [EventType(\"z\")] public sealed record Z;", contracts).FixAllAsync(new ContractFileFix());

        (await mended.FindAsync()).Should().OnlyContain(found => found.StartsWith("ES0122"), kind);
        foreach (var line in new[] { "b@1 { }", "z@1 { }" }) mended.Contracts.Should().Contain(line);
        var rest = mended.Contracts;
        foreach (var line in new[] { "b@1 { }", "z@1 { }" }) rest = rest.Replace(line, "", StringComparison.Ordinal);
        string Squeezed(string text) => string.Concat(text.Where(c => c is not ('\r' or '\n')));
        Squeezed(rest).Should().Be(Squeezed(contracts));
    }

    /// <summary>Whatever stands in the file, it is read to its end, and each line is content, a comment or an error.</summary>
    [Fact]
    public async Task Read_lines_of_any_content()
    {
        var random = new Random(1);
        string[] pieces = ["a", "@1", " ", "{", "}", " { }", ":", ",", "\"", "\\", "#", "[", "]", "<", "(", "?", "int", "\\u00", "^1", "@99999999999", "\u2028", "é"];
        var lines = Enumerable.Range(0, 2_000).Select(_ => string.Concat(Enumerable.Range(0, random.Next(1, 12)).Select(_ => pieces[random.Next(pieces.Length)])));
        var code = CodeUnderTest.Of("[EventType(\"deposited\")] public sealed record Deposited(int A);", string.Join("\n", lines) + "\n");
        (await code.FindAsync()).Should().Contain("ES0120 Deposited");
        (await (await code.FixAsync(new ContractFileFix())).FindAsync()).Should().NotContain(found => found.StartsWith("ES0120"));
    }

    [Fact]
    public async Task Leave_events_alone_whose_version_is_an_error_anyway()
    {
        (await CodeUnderTest.Of("[EventType(\"x\", Version = 0)] public sealed record X;", "").FindAsync()).Should().BeEmpty();
        (await (await CodeUnderTest.Of("[EventType(\"x\", Version = 2147483647)] public sealed record X;", "").FixAsync(new ContractFileFix())).FindAsync()).Should().BeEmpty();
    }
}
