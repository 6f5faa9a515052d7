namespace EventSourcing.Generators.Tests.Analyzers;

public class EventNameTests
{
    [Theory]
    [InlineData("[EventType(\"x\")] record A; [EventType(\"x\")] record B;", "x", 1)]
    [InlineData("[EventType(\"x\")] record A; [EventType(\"y\", Aliases = [\"x\"])] record B;", "x", 1)]
    [InlineData("[EventType(\"x\", Aliases = [\"z\"])] record A; [EventType(\"y\", Aliases = [\"z\"])] record B;", "z", 1)]
    [InlineData("[EventType(\"x\", Version = 2)] record A; [EventType(\"x\", Version = 2)] record B;", "x", 2)]
    [InlineData("[EventType(\"B\")] record A; [EventType] record B;", "B", 1)]
    public async Task Refuse_a_name_that_is_claimed_twice_at_both_places(string source, string name, int version)
    {
        var code = CodeUnderTest.Of(source);

        (await code.MessagesAsync("ES0111")).Should().Equal(
            $"The event name '{name}' of version {version} is claimed by A and by B. Give one of them another name or version.",
            $"The event name '{name}' of version {version} is claimed by B and by A. Give one of them another name or version.");
    }

    [Theory]
    [InlineData("[EventType(\"x\")] record A; [EventType(\"y\")] record B; record C;")]
    [InlineData("[EventType(\"x\")] record A; [EventType(\"x\", Version = 2)] record B;")]
    [InlineData("[EventType(\"x\")] record A; [EventType(\"X\")] record B;")]
    [InlineData("[EventType(\"x\", Aliases = [\"x\"])] record A;")]
    public async Task Accept_names_that_can_be_told_apart(string source) => (await CodeUnderTest.Of(source).FindAsync()).Should().BeEmpty();
}
