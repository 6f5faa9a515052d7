namespace EventSourcing.Generators.Analyzers;

/// <summary>A member of a shape: its name, and its type, followed by <c>?</c> if it is optional.</summary>
internal sealed record ShapeMember(string Name, string Type)
{
    private const string Opening = "{[(<";
    private const string Closing = "}])>";

    /// <summary>Reads the members of <c>{ name: type, name?: type }</c>.</summary>
    public static bool TryRead(string shape, out List<ShapeMember> members)
    {
        members = [];
        if (shape.Length < 2 || shape[0] != '{' || shape[shape.Length - 1] != '}') return false;
        var inside = shape.Substring(1, shape.Length - 2);
        if (inside.Trim().Length == 0) return true;
        if (Split(inside) is not { } parts) return false;
        foreach (var part in parts)
        {
            var colon = FindColon(part);
            if (colon < 1) return false;
            var name = part.Substring(0, colon).Trim();
            var isOptional = name.EndsWith("?", StringComparison.Ordinal);
            if (isOptional) name = name.Substring(0, name.Length - 1);
            var type = part.Substring(colon + 1).Trim();
            if (name.Length == 0 || type.Length == 0) return false;
            members.Add(new ShapeMember(name, isOptional ? type + "?" : type));
        }

        return true;
    }

    /// <summary>What has changed from one shape to another, in words; nothing if they differ only in order and spaces.</summary>
    public static IEnumerable<string> Differences(string before, string after, string path = "")
    {
        TryRead(before, out var old);
        TryRead(after, out var current);
        foreach (var added in current.Where(member => !old.Exists(other => other.Name == member.Name)))
            yield return $"added '{path}{added}'";
        foreach (var removed in old.Where(member => !current.Exists(other => other.Name == member.Name)))
            yield return $"removed '{path}{removed}'";
        foreach (var member in current)
        {
            if (old.Find(other => other.Name == member.Name) is not { } was || was.Type == member.Type) continue;
            var inner = IsObject(was.Type) && IsObject(member.Type) ? Differences(was.Type, member.Type, $"{path}{member.Name}.")
                : IsObjects(was.Type) && IsObjects(member.Type)
                    ? Differences(Inner(was.Type), Inner(member.Type), $"{path}{member.Name}[].")
                : [$"retyped '{path}{member.Name}' from {was.Type} to {member.Type}"];
            foreach (var difference in inner) yield return difference;
        }
    }

    public override string ToString() =>
        Type.EndsWith("?", StringComparison.Ordinal) ? $"{Name}?: {Type.Substring(0, Type.Length - 1)}" : $"{Name}: {Type}";

    private static bool IsObject(string type) => type[0] == '{' && type[type.Length - 1] == '}';

    private static bool IsObjects(string type) =>
        type.StartsWith("[{", StringComparison.Ordinal) && type.EndsWith("}]", StringComparison.Ordinal);

    private static string Inner(string type) => type.Substring(1, type.Length - 2);

    /// <summary>The parts between commas that are outside all brackets; null if brackets or quotes do not match.</summary>
    private static List<string>? Split(string text)
    {
        var parts = new List<string>();
        var open = new Stack<char>();
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '"')
            {
                i = QuotedName.EndIn(text, i);
                if (i < 0) return null;
            }
            else if (Opening.IndexOf(text[i]) is >= 0 and var kind)
            {
                open.Push(Closing[kind]);
            }
            else if (Closing.IndexOf(text[i]) >= 0)
            {
                if (open.Count == 0 || open.Pop() != text[i]) return null;
            }
            else if (text[i] == ',' && open.Count == 0)
            {
                parts.Add(text.Substring(start, i - start));
                start = i + 1;
            }
        }

        parts.Add(text.Substring(start));
        return open.Count == 0 ? parts : null;
    }

    private static int FindColon(string part)
    {
        for (var i = 0; i < part.Length; i++)
        {
            if (part[i] == ':') return i;
            if (part[i] == '"' && (i = QuotedName.EndIn(part, i)) < 0) return -1;
        }

        return -1;
    }
}
