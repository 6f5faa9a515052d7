using EventSourcing.Generators.Analyzers;

namespace EventSourcing.Generators.Tests.Analyzers;

/// <summary>A check that is begun and dropped lets its test pass, whatever it finds.</summary>
public class UnawaitedCheckTests
{
    private const string Types = "[EventType(\"e\")] public sealed record E; public sealed partial class Box : Aggregate { public void Do() => Raise(new E()); void Apply(E e) { } } ";

    [Theory]
    [InlineData("public void Test() { Scenario.For<Box>().When(b => b.Do()).ThenAsync(new E()); }", "Scenario.For<Box>().When(b => b.Do()).ThenAsync(new E())")]
    [InlineData("public void Test() => Scenario.For<Box>().When(b => b.Do()).ThenNothingAsync();", "Scenario.For<Box>().When(b => b.Do()).ThenNothingAsync()")]
    [InlineData("public void Test() { Scenario.For<Box>().When(b => b.Do()).ThenThrowsAsync<Exception>(); }", "Scenario.For<Box>().When(b => b.Do()).ThenThrowsAsync<Exception>()")]
    [InlineData("public void Test() { Scenario.For<Box>().When(b => b.Do()).ThenStateAsync(b => { }); }", "Scenario.For<Box>().When(b => b.Do()).ThenStateAsync(b => { })")]
    [InlineData("public void Test() { Scenario.For<Box>().When(b => b.Do()); }", "Scenario.For<Box>().When(b => b.Do())")]
    [InlineData("public void Test() { Scenario.For<Box>().Given(new E()); }", "Scenario.For<Box>().Given(new E())")]
    [InlineData("public void Test() { Action a = () => Scenario.For<Box>().When(b => b.Do()).ThenNothingAsync(); a(); }", "Scenario.For<Box>().When(b => b.Do()).ThenNothingAsync()")]
    [InlineData("public void Test() { EventHistory.CheckAsync(new EventTypes(), \"x\"); }", "EventHistory.CheckAsync(new EventTypes(), \"x\")")]
    [InlineData("public void Test(EventStore s, Func<Projection<Box>> p) { ProjectionModes.AssertAgreeAsync(s, p); }", "ProjectionModes.AssertAgreeAsync(s, p)")]
    public async Task Refuse_a_check_that_is_dropped(string test, string place) => (await FindAsync(test)).Should().Equal($"ES0113 {place}");

    [Theory]
    [InlineData("public async Task Test() { await Scenario.For<Box>().When(b => b.Do()).ThenAsync(new E()); }")]
    [InlineData("public async Task Test() { await Scenario.For<Box>().When(b => b.Do()).ThenAsync(new E()).ConfigureAwait(false); }")]
    [InlineData("public Task Test() => Scenario.For<Box>().When(b => b.Do()).ThenAsync(new E());")]
    [InlineData("public async Task Test() { var given = Scenario.For<Box>(); var done = given.When(b => b.Do()); await Task.WhenAll(done.ThenNothingAsync(), done.ThenNothingAsync()); }")]
    [InlineData("public void Test() { Scenario.For<Box>().When(b => b.Do()).ThenNothingAsync().GetAwaiter().GetResult(); }")]
    [InlineData("public void Test() { Func<Task> f = () => Scenario.For<Box>().When(b => b.Do()).ThenNothingAsync(); f().Wait(); }")]
    public async Task Accept_a_check_that_is_awaited_or_handed_on(string test) => (await FindAsync(test)).Should().BeEmpty();

    [Fact]
    public async Task Say_what_to_do()
    {
        (await Code("public void Test() { Scenario.For<Box>().When(b => b.Do()).ThenNothingAsync(); }").MessagesAsync("ES0113"))
            .Should().Equal("'ThenNothingAsync' is not awaited, so the test passes whatever it finds. Await it, or return its task.");
        (await Code("public void Test() { Scenario.For<Box>().When(b => b.Do()); }").MessagesAsync("ES0113"))
            .Should().Equal("'When' only describes a scenario: nothing is run, and the test passes. Go on to a 'Then…Async', and await that.");
    }

    private static CodeUnderTest Code(string test) => CodeUnderTest.Of($"using EventSourcing.Testing; {Types} public class Tests {{ {test} }}").By(new UnawaitedCheckAnalyzer());

    private static Task<string[]> FindAsync(string test) => Code(test).FindAsync();
}
