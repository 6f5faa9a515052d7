using System.Text;
using System.Text.Json.Serialization.Metadata;

namespace EventSourcing;

/// <summary>The JSON shape of a type as a text: the names and types of its members, and of their members.</summary>
internal static class JsonShape
{
    private const int MaxDepth = 8;

    public static string Of(JsonTypeInfo type)
    {
        var text = new StringBuilder();
        Write(text, type, [], 0);
        return text.ToString();
    }

    private static void Write(StringBuilder text, JsonTypeInfo type, HashSet<Type> above, int depth)
    {
        if (type.Kind == JsonTypeInfoKind.Object && depth < MaxDepth && above.Add(type.Type))
        {
            text.Append('{');
            foreach (var property in type.Properties.OrderBy(p => p.Name, StringComparer.Ordinal))
            {
                text.Append(property.Name).Append(':');
                WriteType(text, property.PropertyType, type, above, depth);
                text.Append(' ');
            }

            text.Append('}');
            above.Remove(type.Type);
        }
        else if (type.Kind is JsonTypeInfoKind.Enumerable or JsonTypeInfoKind.Dictionary && type.ElementType is { } element
            && depth < MaxDepth)
        {
            text.Append(type.Kind == JsonTypeInfoKind.Enumerable ? "[" : "<");
            WriteType(text, element, type, above, depth);
            text.Append(type.Kind == JsonTypeInfoKind.Enumerable ? "]" : ">");
        }
        else
        {
            text.Append(type.Type);
        }
    }

    private static void WriteType(StringBuilder text, Type member, JsonTypeInfo of, HashSet<Type> above, int depth)
    {
        if (of.Options.TryGetTypeInfo(member, out var info)) Write(text, info, above, depth + 1);
        else text.Append(member);
    }
}
