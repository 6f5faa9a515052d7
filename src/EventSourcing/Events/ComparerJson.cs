using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace EventSourcing;

/// <summary>
/// Options by which a state is written as no more than the comparers of its sets and dictionaries. JSON does not keep them: a set that
/// ignores case would come back as one that does not, and the next command would be decided by another rule.
/// </summary>
internal sealed class ComparerJson : IJsonTypeInfoResolver
{
    /// <summary>The comparers that an app makes of a function of its own. They are of the same namespace as the default ones.</summary>
    private static readonly Type[] MadeOfDelegates =
    [
        Comparer<int>.Create(static (_, _) => 0).GetType().GetGenericTypeDefinition(),
        EqualityComparer<int>.Create(static (_, _) => true).GetType().GetGenericTypeDefinition(),
    ];

    private readonly IJsonTypeInfoResolver _inner;

    public ComparerJson(JsonSerializerOptions json)
    {
        _inner = json.TypeInfoResolver!;
        Options = new JsonSerializerOptions(json) { TypeInfoResolver = this };
        Options.MakeReadOnly();
    }

    public JsonSerializerOptions Options { get; }

    public JsonTypeInfo? GetTypeInfo(Type type, JsonSerializerOptions options) => _inner.GetTypeInfo(type, options);

    /// <summary>Writes the comparers within a value, if its type comes from such options; false if not, and nothing is written.</summary>
    public static bool TryWrite(Utf8JsonWriter writer, object? value, JsonTypeInfo info)
    {
        if (!IsOf(info)) return false;
        var found = new StringBuilder();
        Add(value, info, found, depth: 0);
        writer.WriteStringValue(found.ToString());
        return true;
    }

    /// <summary>The same for a collection that is written item by item: its own comparer, and those within its items.</summary>
    public static bool TryWrite<T>(Utf8JsonWriter writer, object collection, IEnumerable<T> items, JsonTypeInfo<T> info)
    {
        if (!IsOf(info)) return false;
        var found = new StringBuilder();
        AddOwn(collection, found);
        foreach (var item in items) Add(item, info, found, depth: 0);
        writer.WriteStringValue(found.ToString());
        return true;
    }

    /// <summary>The comparers within a value other than those that a new collection has, each as a line, in order; empty if none.</summary>
    public static string Of(object value, JsonTypeInfo info)
    {
        var found = new StringBuilder();
        Add(value, info, found, depth: 0);
        return found.Length == 0 ? "" : string.Join('\n', found.ToString().Split(';').Order(StringComparer.Ordinal));
    }

    private static bool IsOf(JsonTypeInfo info) => info.Options.TypeInfoResolver is ComparerJson;

    private static void Add(object? value, JsonTypeInfo info, StringBuilder found, int depth)
    {
        if (value is null or string || depth > JsonOutput.MaxDepthOf(info.Options)) return;
        if (value.GetType() != info.Type && info.PolymorphismOptions is not null
            && info.Options.TryGetTypeInfo(value.GetType(), out var derived))
            info = derived;
        switch (info.Kind)
        {
            case JsonTypeInfoKind.Enumerable or JsonTypeInfoKind.Dictionary:
                AddOwn(value, found);
                if (info.ElementType is not { } type || !info.Options.TryGetTypeInfo(type, out var element)
                    || element.Kind == JsonTypeInfoKind.None)
                    return;
                var isDictionary = info.Kind == JsonTypeInfoKind.Dictionary;
                var items = value is IDictionary dictionary && isDictionary ? dictionary.Values : value as IEnumerable;
                foreach (var item in items ?? Array.Empty<object>()) Add(item, element, found, depth + 1);
                return;
            case JsonTypeInfoKind.Object:
                foreach (var property in info.Properties)
                {
                    if (property.Get is { } get && JsonMembers.IsKept(property, info)
                        && info.Options.TryGetTypeInfo(property.PropertyType, out var of) && of.Kind != JsonTypeInfoKind.None)
                        Add(get(value), of, found, depth + 1);
                }

                return;
            default:
                return;
        }
    }

    [UnconditionalSuppressMessage(
        "Trimming", "IL2075", Justification = "Finds more if members are kept. The comparer of a collection that is trimmed is not used.")]
    private static void AddOwn(object? collection, StringBuilder found)
    {
        if (collection?.GetType() is not { IsGenericType: true } type) return;
        var property = type.GetProperty("Comparer") ?? type.GetProperty("KeyComparer");
        if (property?.GetValue(collection) is not { } comparer) return;
        var isSorted = type.Name.Contains("Sorted", StringComparison.Ordinal);
        if (!IsOfNew(comparer, isSorted)) found.Append(type.Name).Append(' ').Append(comparer.GetType().FullName).Append(';');
    }

    /// <summary>Whether a new collection without a comparer compares alike.</summary>
    private static bool IsOfNew(object comparer, bool isSorted)
    {
        var type = comparer.GetType();
        var isDefault = type.Assembly == typeof(object).Assembly && type.Namespace == typeof(EqualityComparer<>).Namespace
            && !(type.IsGenericType && MadeOfDelegates.Contains(type.GetGenericTypeDefinition()));
        return isDefault || (!isSorted && ReferenceEquals(comparer, StringComparer.Ordinal));
    }
}
