using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SQLitePCL;

namespace EventSourcing.Tamper;

/// <summary>What somebody may put in the place of a value.</summary>
/// <param name="What">What it is.</param>
/// <param name="Make">Makes it: large ones are not kept.</param>
/// <param name="IsByte">Whether it is the value that is there but for one byte.</param>
internal readonly record struct HostileValue(string What, Func<Cell> Make, bool IsByte = false);

/// <summary>Makes hostile values out of the one that is there.</summary>
internal static class HostileValues
{
    private const int Large = 1_000_000;
    private const int Deep = 2_000;
    private const int ChecksumLength = 32;

    private static readonly SearchValues<byte> HexDigits = SearchValues.Create("0123456789abcdef"u8);

    private static readonly byte[] OtherBytes = [0x00, (byte)'"', 0xFF, (byte)'\\', (byte)'9', (byte)'}'];

    private static readonly string[] OtherDigits = ["١٢٣", "１", "1", "-1", "1e999"];

    private static readonly string[] Json =
    [
        "null", "{}", "[]", "\"\"", "0", "-1", "true", "[null]", "[[\"x\"]]", "[1]", "[\"x\",\"x\"]", "[\"\"]", "{\"a\":1,\"a\":2}",
        "[\"\\ud800\"]", "\"\\ud800\"", "{\"\\ud800\":1}", "{\"amount\":\"\\udfff\",\"note\":\"\\ud800\"}", "[\"\\u0000\"]",
        "1e999", "[1e999]",
        "{\"positions\":[1],\"reason\":\"x\"}", "{\"positions\":[2,1],\"reason\":\"x\"}", "/**/[]", "[\"x\",]", "NaN",
    ];

    private static readonly string[] Members =
        ["null", "\"x\"", "\"\\ud800\"", "-1", "9223372036854775807", "1e999", "{}", "[null]", "[{}]"];

    /// <summary>All hostile values for one, each byte of it changed included.</summary>
    /// <param name="original">The value.</param>
    /// <param name="others">What the same column has in other rows.</param>
    /// <param name="everyBit">Whether each bit is flipped, or few of each byte.</param>
    public static IEnumerable<HostileValue> Of(Cell original, IEnumerable<Cell> others, bool everyBit)
    {
        foreach (var value in OfAnyClass(original)) yield return value;
        foreach (var other in others.Where(other => !other.Equals(original)).Take(2)) yield return new("that of another row", () => other);
        switch (original.Class)
        {
            case raw.SQLITE_INTEGER:
                for (var bit = 0; bit < 64; bit++)
                {
                    var flipped = original.Number ^ (1L << bit);
                    yield return new($"bit {bit} flipped", () => Cell.Of(flipped));
                }

                break;
            case raw.SQLITE_FLOAT:
                for (var bit = 0; bit < 64; bit++)
                {
                    var flipped = BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(original.Real) ^ (1L << bit));
                    yield return new($"bit {bit} flipped", () => Cell.Of(flipped));
                }

                break;
            case raw.SQLITE_TEXT or raw.SQLITE_BLOB:
                var bytes = original.ToBytes();
                foreach (var (what, make) in Changed(bytes, everyBit)) yield return new(what, () => Like(original, make()), IsByte: true);
                foreach (var (what, json) in Shapes(bytes)) yield return new(what, () => Like(original, json));
                if (!IsSnapshot(bytes)) break;

                // The checksum is no secret.
                foreach (var (what, make) in Changed(bytes[(ChecksumLength + 1)..], everyBit: false))
                    yield return new($"its content {what}, its checksum made anew", () => Like(original, Signed(make())), IsByte: true);
                foreach (var (what, content) in SnapshotShapes(bytes))
                    yield return new($"its content {what}, its checksum made anew", () => Like(original, Signed(content)));
                break;
        }
    }

    private static IEnumerable<HostileValue> OfAnyClass(Cell original)
    {
        yield return new("NULL", () => Cell.Null);
        long[] numbers = [0, 1, -1, 2, 255, int.MaxValue, 1L + int.MaxValue, long.MaxValue, long.MinValue, 9_007_199_254_740_993];
        foreach (var number in numbers)
            yield return new(string.Create(CultureInfo.InvariantCulture, $"the integer {number}"), () => Cell.Of(number));
        foreach (var real in (double[])[0.5, -0.0, 1, 9.3e18, double.PositiveInfinity, double.NegativeInfinity, double.NaN])
            yield return new(string.Create(CultureInfo.InvariantCulture, $"the real {real}"), () => Cell.Of(real));
        byte[][] byteValues =
        [
            [], [0], [(byte)'x'], [0xC3, 0x28], [0xED, 0xA0, 0x80], [0xFF, 0xFE, (byte)'a', 0], [0xEF, 0xBB, 0xBF],
            new byte[16], new byte[32],
            .. OtherDigits.Select(Encoding.UTF8.GetBytes),
        ];
        foreach (var bytes in byteValues.Concat(Json.Select(Encoding.UTF8.GetBytes)))
        {
            yield return new($"the text {Name(bytes)}", () => Cell.TextOf(bytes));
            yield return new($"the blob {Name(bytes)}", () => Cell.Of(bytes));
        }

        yield return new("a large text", () => Cell.Of(new string('x', Large)));
        yield return new("a large blob", () => Cell.Of(new byte[Large]));
        foreach (var (open, close) in ((string, string)[])[("[", "]"), ("{\"a\":", "}")])
        {
            var deep = string.Concat(Enumerable.Repeat(open, Deep)) + "1" + string.Concat(Enumerable.Repeat(close, Deep));
            yield return new($"deep JSON of '{open}' as text", () => Cell.Of(deep));
            yield return new($"deep JSON of '{open}' as blob", () => Cell.Of(Encoding.UTF8.GetBytes(deep)));
        }

        if (original.IsNull) yield break;
        var own = original.Class switch
        {
            raw.SQLITE_INTEGER => Encoding.UTF8.GetBytes(original.ToString()),
            raw.SQLITE_FLOAT => Encoding.UTF8.GetBytes(original.Real.ToString("R", CultureInfo.InvariantCulture)),
            _ => original.ToBytes(),
        };
        yield return new("its own bytes as text", () => Cell.TextOf(own));
        yield return new("its own bytes as blob", () => Cell.Of(own));
        yield return new("its own, a BOM before it", () => Like(original, [0xEF, 0xBB, 0xBF, .. own]));
        yield return new("its own, a NUL behind it", () => Like(original, [.. own, 0]));
        yield return new("its own, twice", () => Like(original, [.. own, .. own]));
        yield return new("its own, a blank behind it", () => Like(original, [.. own, (byte)' ']));
        if (original.Class == raw.SQLITE_INTEGER) yield return new("its own as real", () => Cell.Of((double)original.Number));
    }

    private static IEnumerable<HostileValue<byte[]>> Changed(byte[] bytes, bool everyBit)
    {
        // Of a long value, such as the marks of a tile, a byte of each few.
        var step = 1 + (bytes.Length / 256);
        for (var i = 0; i < bytes.Length; i += step)
        {
            var at = i;
            for (var bit = everyBit ? 0 : at % 8; bit < 8; bit += everyBit ? 1 : 8)
            {
                var mask = (byte)(1 << bit);
                yield return new($"byte {at} changed by {mask:x2}", () => Replaced(bytes, at, (byte)(bytes[at] ^ mask)));
            }

            var other = OtherBytes[at % OtherBytes.Length];
            if (bytes[at] != other) yield return new($"byte {at} made {other:x2}", () => Replaced(bytes, at, other));
            if (everyBit || at % 2 == 0)
                yield return new($"byte {other:x2} inserted before byte {at}", () => [.. bytes[..at], other, .. bytes[at..]]);
            if (everyBit || at % 2 == 1) yield return new($"byte {at} removed", () => [.. bytes[..at], .. bytes[(at + 1)..]]);
        }
    }

    /// <summary>JSON of another shape, if it is JSON: each value in it replaced by others, left out, or there twice.</summary>
    private static IEnumerable<(string What, byte[] Json)> Shapes(byte[] bytes)
    {
        if (Parse(bytes) is not { } root || root is JsonValue) yield break;
        var paths = new List<string[]>();
        AddPaths(root, [], paths);
        foreach (var path in paths)
        {
            foreach (var value in Members) yield return ($"{string.Join('.', path)} made {value}", With(bytes, path, value));
            yield return ($"{string.Join('.', path)} left out", With(bytes, path, null));
        }

        var text = Encoding.UTF8.GetString(bytes);
        if (root is JsonObject { Count: > 0 } members)
        {
            yield return ("an unknown member added", Encoding.UTF8.GetBytes($"{{\"unknown\":1,{text[1..]}"));
            yield return ("all members twice", Encoding.UTF8.GetBytes($"{text[..^1]},{text[1..]}"));
            var first = members.First().Key;
            foreach (var value in Members)
                yield return ($"'{first}' a second time, {value}", Encoding.UTF8.GetBytes($"{text[..^1]},\"{first}\":{value}}}"));
        }

        yield return ("in an array", Encoding.UTF8.GetBytes($"[{text}]"));
        yield return ("with blanks", Encoding.UTF8.GetBytes($" {text}"));
        yield return ("with a comment", Encoding.UTF8.GetBytes($"{text}/**/"));
        var escaped = System.Text.RegularExpressions.Regex.Replace(text, "(?<=\")[a-z]", letter => $"\\u{(int)letter.Value[0]:x4}");
        yield return ("first letters escaped", Encoding.UTF8.GetBytes(escaped));
    }

    private static IEnumerable<(string What, byte[] Content)> SnapshotShapes(byte[] document)
    {
        var content = document[(ChecksumLength + 1)..];
        var end = Array.IndexOf(content, (byte)'\n');
        byte[] header = content[..end], state = content[(end + 1)..];
        foreach (var (what, json) in Shapes(header)) yield return ($"header {what}", [.. json, (byte)'\n', .. state]);
        foreach (var (what, json) in Shapes(state)) yield return ($"state {what}", [.. header, (byte)'\n', .. json]);
        yield return ("empty", []);
        yield return ("header alone", header);
        yield return ("state empty", [.. header, (byte)'\n']);
    }

    private static bool IsSnapshot(byte[] bytes) =>
        bytes.Length > ChecksumLength && bytes[ChecksumLength] == '\n'
        && !bytes.AsSpan(0, ChecksumLength).ContainsAnyExcept(HexDigits)
        && bytes.AsSpan(ChecksumLength + 1).Contains((byte)'\n');

    private static byte[] Signed(byte[] content) =>
        [.. Encoding.ASCII.GetBytes(Convert.ToHexStringLower(SHA256.HashData(content)[..(ChecksumLength / 2)])), (byte)'\n', .. content];

    private static void AddPaths(JsonNode? node, string[] path, List<string[]> paths)
    {
        if (path.Length > 0) paths.Add(path);
        if (node is JsonObject members)
        {
            foreach (var (key, value) in members) AddPaths(value, [.. path, key], paths);
        }
        else if (node is JsonArray items)
        {
            for (var i = 0; i < Math.Min(items.Count, 2); i++)
                AddPaths(items[i], [.. path, i.ToString(CultureInfo.InvariantCulture)], paths);
        }
    }

    private static byte[] With(byte[] json, string[] path, string? value)
    {
        const string Placeholder = "$$here$$";
        var root = JsonNode.Parse(json)!;
        var parent = root;
        foreach (var step in path[..^1])
            parent = (parent is JsonArray array ? array[int.Parse(step, CultureInfo.InvariantCulture)] : parent[step])!;
        if (parent is JsonArray items)
        {
            var index = int.Parse(path[^1], CultureInfo.InvariantCulture);
            if (value is null) items.RemoveAt(index);
            else items[index] = Placeholder;
        }
        else if (value is null) ((JsonObject)parent).Remove(path[^1]);
        else parent[path[^1]] = Placeholder;
        return Encoding.UTF8.GetBytes(root.ToJsonString().Replace($"\"{Placeholder}\"", value, StringComparison.Ordinal));
    }

    private static JsonNode? Parse(byte[] bytes)
    {
        try
        {
            return JsonNode.Parse(bytes);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static byte[] Replaced(byte[] bytes, int at, byte value)
    {
        var replaced = bytes.ToArray();
        replaced[at] = value;
        return replaced;
    }

    private static Cell Like(Cell original, byte[] bytes) => original.Class == raw.SQLITE_BLOB ? Cell.Of(bytes) : Cell.TextOf(bytes);

    private static string Name(byte[] bytes) =>
        bytes.Length == 0 ? "of no bytes" : $"x'{Convert.ToHexStringLower(bytes.AsSpan(0, Math.Min(bytes.Length, 24)))}'";

    private readonly record struct HostileValue<T>(string What, Func<T> Make);
}
