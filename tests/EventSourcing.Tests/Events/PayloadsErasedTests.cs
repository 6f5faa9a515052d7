using System.Text;
using System.Text.Json;

namespace EventSourcing.Tests.Events;

public class PayloadsErasedTests
{
    [Theory]
    [InlineData("""{"positions":[1,2],"reason":"r","by":"Ann"}""")]
    [InlineData("""{"positions":[9223372036854775807],"reason":"Å „“ \" \\ é"}""")]
    public void Write_what_was_read_gives_the_same_bytes(string json) =>
        Encoding.UTF8.GetString(PayloadsErased.Parse(Encoding.UTF8.GetBytes(json)).ToBytes()).Should().Be(json);

    [Fact]
    public void Read_members_that_are_not_known_or_null_leaves_them_out()
    {
        var record = PayloadsErased.Parse("""{"by":null,"later":{"a":[1]},"reason":"r","positions":[3]}"""u8);
        (record.Positions[0], record.Reason, record.By).Should().Be((3, "r", null));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"positions":[1]}""")]
    [InlineData("""{"positions":[1],"reason":null}""")]
    [InlineData("""{"positions":[1],"reason":7}""")]
    [InlineData("""{"positions":[],"reason":"r"}""")]
    [InlineData("""{"positions":1,"reason":"r"}""")]
    [InlineData("""{"positions":[0],"reason":"r"}""")]
    [InlineData("""{"positions":[1.5],"reason":"r"}""")]
    [InlineData("""{"positions":[9223372036854775808],"reason":"r"}""")]
    [InlineData("""{"positions":[1,1],"reason":"r"}""")]
    [InlineData("""{"positions":[2,1],"reason":"r"}""")]
    [InlineData("""{"positions":["1"],"reason":"r"}""")]
    [InlineData("""{"positions":[1],"positions":[2],"reason":"r"}""")]
    [InlineData("""{"positions":[1],"reason":"r","reason":"s"}""")]
    [InlineData("""{"positions":[1],"reason":"r","by":"a","by":"b"}""")]
    [InlineData("""{"positions":[1],"reason":"r","by":7}""")]
    [InlineData("""{"positions":[[1]],"reason":"r"}""")]
    [InlineData("""{"positions":[1],"reason":"r"} x""")]
    [InlineData("""{"positions":[1],"reason":"r"}{}""")]
    [InlineData("""{"positions":[1],"reason":"r" """)]
    [InlineData("""{"positions":[1],"reason":"\ud800"}""")]
    [InlineData("""{"positions":[1],"reason":"r","\ud800":1}""")]
    [InlineData("""{"\ud800":1}""")]
    [InlineData("""{"b\udc00":1,"positions":[1],"reason":"r"}""")]
    public void Read_what_is_none_is_an_error(string json) =>
        FluentActions.Invoking(() => PayloadsErased.Parse(Encoding.UTF8.GetBytes(json))).Should().Throw<JsonException>();

    [Fact]
    public void Read_a_record_with_a_name_that_is_no_text_is_an_error()
    {
        byte[] json = [.. """{"positions":[1],"reason":"r","b"""u8, 0xF9, .. "\":1}"u8];

        FluentActions.Invoking(() => PayloadsErased.Parse(json)).Should().Throw<JsonException>();
    }

    [Fact]
    public void Read_any_damaged_bytes_is_right_or_an_error()
    {
        var random = new Random(1);
        var json = """{"positions":[1,22,333],"reason":"a reason","by":"Ann"}"""u8.ToArray();
        for (var i = 0; i < 20_000; i++)
        {
            var damaged = json[..random.Next(json.Length + 1)];
            for (var n = random.Next(3); n >= 0 && damaged.Length > 0; n--) damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            try
            {
                PayloadsErased.Parse(damaged).Positions.Should().BeInAscendingOrder();
            }
            catch (JsonException)
            {
            }
        }
    }
}
