using System.Text;
using System.Text.Json.Serialization.Metadata;

namespace EventSourcing;

/// <summary>
/// The JSON shape of a type as a text: the names and types of its members, and of their members. Those of a type are shown wherever it
/// occurs; if that were too many, because types refer to each other, they are shown once.
/// </summary>
internal sealed class JsonShape
{
    private const int MaxDepth = 8;
    private const int MaxObjects = 1_000;

    private readonly StringBuilder _text = new();

    /// <summary>The types whose members are not shown here: those around, or, if each is shown once, all that were shown.</summary>
    private readonly HashSet<Type> _left = [];

    private readonly bool _showsOnce;
    private int _objects;

    private JsonShape(bool showsOnce) => _showsOnce = showsOnce;

    private bool IsTooLong => !_showsOnce && _objects > MaxObjects;

    public static string Of(JsonTypeInfo type)
    {
        var shape = new JsonShape(showsOnce: false);
        shape.Write(type, 0);
        if (shape.IsTooLong)
        {
            shape = new JsonShape(showsOnce: true);
            shape.Write(type, 0);
        }

        return shape._text.ToString();
    }

    private void Write(JsonTypeInfo type, int depth)
    {
        if (IsTooLong) return;
        if (type.Kind == JsonTypeInfoKind.Object && (depth < MaxDepth || _showsOnce) && _left.Add(type.Type))
        {
            _objects++;
            _text.Append('{');
            foreach (var property in type.Properties.OrderBy(p => p.Name, StringComparer.Ordinal))
            {
                _text.Append(property.Name).Append(':');
                WriteType(property.PropertyType, type, depth);
                _text.Append(' ');
            }

            _text.Append('}');
            if (!_showsOnce) _left.Remove(type.Type);
        }
        else if (type.Kind is JsonTypeInfoKind.Enumerable or JsonTypeInfoKind.Dictionary && type.ElementType is { } element
            && (_showsOnce ? _left.Add(type.Type) : depth < MaxDepth))
        {
            _text.Append(type.Kind == JsonTypeInfoKind.Enumerable ? "[" : "<");
            WriteType(element, type, depth);
            _text.Append(type.Kind == JsonTypeInfoKind.Enumerable ? "]" : ">");
        }
        else
        {
            _text.Append(type.Type);
        }
    }

    private void WriteType(Type member, JsonTypeInfo of, int depth)
    {
        if (of.Options.TryGetTypeInfo(member, out var info)) Write(info, depth + 1);
        else _text.Append(member);
    }
}
