using System.Text.Json.Nodes;

namespace EventSourcing;

/// <summary>Turns stored events of an old shape into those of the next version, or of other types. Immutable and thread-safe.</summary>
public sealed class Upcaster
{
    private Upcaster()
    {
    }

    // Placeholders of the factories that generated code calls: what upcasts is written elsewhere.
#pragma warning disable CS1591, IDE0060, CA1801
    public static Upcaster Json(string name, int version, Func<JsonObject, JsonObject> upcast) => new();

    public static Upcaster Json<TEvent>(string name, int version, Func<JsonObject, JsonObject> upcast) => new();

    public static Upcaster Split(string name, int version, IReadOnlyList<Type> into, Func<JsonObject, IEnumerable<object>> split) => new();

    public static Upcaster Split<TOld>(IReadOnlyList<Type> into, Func<TOld, IEnumerable<object>> split) => new();

    public static Upcaster Typed<TOld, TNew>(Func<TOld, TNew> upcast) => new();
#pragma warning restore CS1591, IDE0060, CA1801
}
