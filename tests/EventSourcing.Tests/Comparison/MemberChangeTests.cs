using System.Text.Json;

namespace EventSourcing.Tests.Comparison;

public class MemberChangeTests
{
    [Theory]
    [InlineData("""{"a":1,"b":"x"}""", """{"b":"x","a":1.0}""")]
    [InlineData("""{"a":[1,{"b":null}]}""", """{"a":[1,{"b":null}]}""")]
    [InlineData("{}", "{}")]
    [InlineData("null", "null")]
    public void Compare_equal_values_gives_no_change(string before, string after) =>
        MemberChange.Between(JsonElement.Parse(before), JsonElement.Parse(after)).Should().BeEmpty();

    [Theory]
    [InlineData("""{"a":1}""", """{"a":2}""", "a: 1 → 2")]
    [InlineData("""{"a":{"b":{"c":"x"}}}""", """{"a":{"b":{"c":"y"}}}""", "a.b.c: \"x\" → \"y\"")]
    [InlineData("""{"a":1}""", """{"b":1}""", "a: 1 → (none)", "b: (none) → 1")]
    [InlineData("""{"a":null}""", "{}", "a: null → (none)")]
    [InlineData("""{"a":[1,2]}""", """{"a":[1,3,4]}""", "a[1]: 2 → 3", "a[2]: (none) → 4")]
    [InlineData("""{"a":[{"n":1}]}""", """{"a":[{"n":2},{"n":3}]}""", "a[0].n: 1 → 2", "a[1].n: (none) → 3")]
    [InlineData("""{"a":[]}""", "{}", "a: [] → (none)")]
    [InlineData("""{"a":{}}""", """{"a":[]}""", "a: {} → []")]
    [InlineData("""{"a":"1"}""", """{"a":1}""", "a: \"1\" → 1")]
    [InlineData("""{"x.y":{"":1}}""", """{"x.y":{"":2}}""", "['x.y']['']: 1 → 2")]
    [InlineData("1", "2", "1 → 2")]
    public void Compare_different_values_names_each_member(string before, string after, params string[] changes) =>
        MemberChange.Between(JsonElement.Parse(before), JsonElement.Parse(after)).Select(change => change.ToString()).Should().Equal(changes);

    [Fact]
    public void Compare_with_nothing_gives_every_member()
    {
        var state = JsonElement.Parse("""{"a":1,"b":{"c":[2]}}""");

        MemberChange.Between(null, state).Should().Equal(new MemberChange("a", null, "1"), new MemberChange("b.c[0]", null, "2"));
        MemberChange.Between(state, null).Should().Equal(new MemberChange("a", "1", null), new MemberChange("b.c[0]", "2", null));
        MemberChange.Between(null, null).Should().BeEmpty();
    }
}
