namespace EventSourcing.Tool.Tests;

/// <summary>What a shell is told to complete.</summary>
public sealed class CompletionTests
{
    [Theory]
    [InlineData("evs ver", "verify")]
    [InlineData("evs projections re", "rebuild", "rebuild-document", "resume")]
    [InlineData("evs read shop.db --b", "--backwards")]
    [InlineData("/usr/bin/evs read shop.db --b", "--backwards")]
    [InlineData("evs export shop.db --format c", "csv")]
    [InlineData("evs nothing of ours --zzz")]
    public async Task Complete_a_word_lists_what_may_stand_there(string line, params string[] expected)
    {
        var run = await Run.Piped("complete", $"{line.Length}", line);

        run.ExitCode.Should().Be(0);
        run.Lines.Should().BeEquivalentTo(expected);
    }

    [Fact]
    public async Task Complete_in_the_middle_of_a_line_looks_at_what_is_before() =>
        (await Run.Piped("complete", "7", "evs che shop.db")).Lines.Should().Equal("check", "checkpoint");

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    [InlineData("pwsh")]
    public async Task Completion_prints_a_script_that_asks_the_tool(string shell) =>
        (await Run.Piped("completion", shell)).Output.Should().Contain("evs complete ");
}
