using System.Text.Encodings.Web;
using System.Text.Json;

namespace EventSourcing.Explorer;

/// <summary>JSON to look at: as a tree and as text. Numbers are shown as they are stored, whatever their size.</summary>
internal static class JsonMarkup
{
    private const int MaxNodes = 2_000;
    private const int OpenDepth = 3;

    private static readonly JsonWriterOptions Indented = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A text as a JSON string in quotes, with as few escapes as can be.</summary>
    public static string Text(JsonElement text) => '"' + JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text.GetString()!) + '"';

    /// <summary>The value as a tree that opens without a script.</summary>
    public static Html Tree(JsonElement value)
    {
        var left = MaxNodes;
        var tree = Node(value, depth: 0, ref left);
        var cut = Html.When(left <= 0, $"<p class=\"none\">Only the first {MaxNodes} values are shown. The rest is in the whole text.</p>");
        return Html.Of($"<div class=\"tree\">{tree}{cut}</div>");
    }

    /// <summary>The value as indented text.</summary>
    public static string Pretty(JsonElement value)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, Indented)) value.WriteTo(writer);
        return System.Text.Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    /// <summary>The members of a state, one a row.</summary>
    public static Html Members(JsonElement state)
    {
        if (state.ValueKind != JsonValueKind.Object) return Tree(state);
        if (state.GetPropertyCount() == 0) return Html.Of($"<p class=\"none\">It has no public members.</p>");
        var left = MaxNodes;
        var rows = new List<Html>();
        foreach (var member in state.EnumerateObject())
            rows.Add(Html.Of($"<div><dt>{member.Name}</dt><dd>{Node(member.Value, OpenDepth, ref left)}</dd></div>"));
        return Html.Of($"<dl class=\"facts state\">{rows}</dl>");
    }

    private static Html Node(JsonElement value, int depth, ref int left)
    {
        if (--left < 0) return Html.None;
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                if (value.GetPropertyCount() == 0) return Html.Of($"<span class=\"punct\">{{ }}</span>");
                var members = new List<Html>();
                foreach (var member in value.EnumerateObject())
                {
                    if (left <= 0) break;
                    var child = Node(member.Value, depth + 1, ref left);
                    members.Add(Html.Of($"<li><span class=\"key\">{member.Name}</span><span class=\"punct\">:</span> {child}</li>"));
                }

                return Branch(members, depth, Parts.Count(value.GetPropertyCount(), "member"));
            case JsonValueKind.Array:
                if (value.GetArrayLength() == 0) return Html.Of($"<span class=\"punct\">[ ]</span>");
                var items = new List<Html>();
                foreach (var item in value.EnumerateArray())
                {
                    if (left <= 0) break;
                    items.Add(Html.Of($"<li>{Node(item, depth + 1, ref left)}</li>"));
                }

                return Branch(items, depth, Parts.Count(value.GetArrayLength(), "item"));
            case JsonValueKind.String:
                return Html.Of($"<span class=\"text\">{Parts.Cut(Text(value), 2_000)}</span>");
            case JsonValueKind.Number:
                return Html.Of($"<span class=\"number\">{value.GetRawText()}</span>");
            default:
                return Html.Of($"<span class=\"word\">{value.GetRawText()}</span>");
        }
    }

    private static Html Branch(List<Html> children, int depth, string summary) => depth == 0
        ? Html.Of($"<ul>{children}</ul>")
        : depth < OpenDepth
            ? Html.Of($"<details open><summary>{summary}</summary><ul>{children}</ul></details>")
            : Html.Of($"<details><summary>{summary}</summary><ul>{children}</ul></details>");
}
