using System.Collections.Immutable;
using System.ComponentModel;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace EventSourcing.CodeGeneration;

/// <summary>
/// How generated code writes the fields of an aggregate into a snapshot and reads them back: one JSON object with all of them, in one
/// order. Reading is strict, and throws <see cref="JsonException"/> on anything but what was written. A collection is read item by item
/// into a new one, which compares like the one that the constructor has given the field.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class SnapshotFields
{
    /// <summary>Writes a field.</summary>
    /// <typeparam name="T">Its type.</typeparam>
    /// <param name="writer">The writer, within the object.</param>
    /// <param name="name">Its name.</param>
    /// <param name="value">Its value.</param>
    /// <param name="json">The store's JSON options.</param>
    /// <exception cref="NotSupportedException">
    /// The value's type is derived from <typeparamref name="T"/>, and would be read back as the base type.
    /// </exception>
    public static void Write<T>(Utf8JsonWriter writer, string name, T value, JsonSerializerOptions json)
    {
        writer.WritePropertyName(name);
        if (!ComparerJson.TryWrite(writer, value, InfoOf<T>(json))) WriteValue(writer, value, InfoOf<T>(json));
    }

    /// <summary>Writes a collection, or null.</summary>
    /// <typeparam name="T">The type of its items.</typeparam>
    /// <inheritdoc cref="Write"/>
    public static void WriteItems<T>(Utf8JsonWriter writer, string name, IEnumerable<T>? value, JsonSerializerOptions json)
    {
        writer.WritePropertyName(name);
        if (value is null)
        {
            writer.WriteNullValue();
            return;
        }

        var info = InfoOf<T>(json);
        if (ComparerJson.TryWrite(writer, value, value, info)) return;
        writer.WriteStartArray();
        if (ComparisonJson.IsOf(json) && value is ISet<T> or IReadOnlySet<T>)
        {
            WriteSorted(writer, value.Select(item => BytesOf(item, info)));
            writer.WriteEndArray();
            return;
        }

        // A stack enumerates its last item first.
        foreach (var item in value is Stack<T> ? value.Reverse() : value) WriteValue(writer, item, info);
        writer.WriteEndArray();
    }

    /// <summary>Writes a dictionary, or null: a key, its value, the next key.</summary>
    /// <typeparam name="TKey">The type of its keys.</typeparam>
    /// <typeparam name="TValue">The type of its values.</typeparam>
    /// <inheritdoc cref="Write"/>
    public static void WriteEntries<TKey, TValue>(
        Utf8JsonWriter writer, string name, IEnumerable<KeyValuePair<TKey, TValue>>? value, JsonSerializerOptions json)
    {
        writer.WritePropertyName(name);
        if (value is null)
        {
            writer.WriteNullValue();
            return;
        }

        var (keys, values) = (InfoOf<TKey>(json), InfoOf<TValue>(json));
        if (ComparerJson.TryWrite(writer, value, value.Select(entry => entry.Value), values)) return;
        writer.WriteStartArray();
        if (ComparisonJson.IsOf(json))
        {
            WriteSorted(writer, value.Select(entry =>
                (byte[])[(byte)'[', .. BytesOf(entry.Key, keys), (byte)',', .. BytesOf(entry.Value, values), (byte)']']));
            writer.WriteEndArray();
            return;
        }

        foreach (var entry in value)
        {
            WriteValue(writer, entry.Key, keys);
            WriteValue(writer, entry.Value, values);
        }

        writer.WriteEndArray();
    }

    /// <summary>Begins to read the object.</summary>
    /// <param name="reader">The reader, at the start of the object.</param>
    /// <exception cref="JsonException">There is no object.</exception>
    public static void ReadStart(ref Utf8JsonReader reader) =>
        Expect(reader.TokenType == JsonTokenType.StartObject, "the start of the state", ref reader);

    /// <summary>Ends reading the object.</summary>
    /// <param name="reader">The reader, at the last field.</param>
    /// <exception cref="JsonException">The object has more fields.</exception>
    public static void ReadEnd(ref Utf8JsonReader reader) =>
        Expect(reader.Read() && reader.TokenType == JsonTokenType.EndObject, "the end of the state", ref reader);

    /// <summary>Reads the next field.</summary>
    /// <typeparam name="T">Its type.</typeparam>
    /// <param name="reader">The reader, before the field.</param>
    /// <param name="name">Its name.</param>
    /// <param name="field">The field.</param>
    /// <param name="json">The store's JSON options.</param>
    /// <exception cref="JsonException">The next field is another one, or has another type.</exception>
    public static void Read<T>(ref Utf8JsonReader reader, string name, ref T field, JsonSerializerOptions json)
    {
        ReadName(ref reader, name);
        field = JsonSerializer.Deserialize(ref reader, InfoOf<T>(json))!;
    }

    /// <summary>Reads the next field, a collection, into a new one that compares like the current one.</summary>
    /// <typeparam name="T">The type of its items.</typeparam>
    /// <typeparam name="TCollection">Its own type.</typeparam>
    /// <inheritdoc cref="Read"/>
    public static void ReadItems<T, TCollection>(ref Utf8JsonReader reader, string name, ref TCollection? field, JsonSerializerOptions json)
        where TCollection : class, ICollection<T>, new()
    {
        if (ItemsOf<T>(ref reader, name, json) is not { } items)
        {
            field = null;
            return;
        }

        // Never into the current one: all new instances may share it.
        object collection = (object?)field switch
        {
            HashSet<T> set => new HashSet<T>(set.Comparer),
            SortedSet<T> set => new SortedSet<T>(set.Comparer),
            _ => new TCollection(),
        };
        field = (TCollection)collection;
        foreach (var item in items) field.Add(item);
    }

    /// <summary>Reads the next field, a stack.</summary>
    /// <typeparam name="T">The type of its items.</typeparam>
    /// <inheritdoc cref="Read"/>
    public static void ReadItems<T>(ref Utf8JsonReader reader, string name, ref Stack<T>? field, JsonSerializerOptions json)
    {
        field = ItemsOf<T>(ref reader, name, json) is { } items ? new Stack<T>(items) : null;
    }

    /// <summary>Reads the next field, a queue.</summary>
    /// <typeparam name="T">The type of its items.</typeparam>
    /// <inheritdoc cref="Read"/>
    public static void ReadItems<T>(ref Utf8JsonReader reader, string name, ref Queue<T>? field, JsonSerializerOptions json)
    {
        field = ItemsOf<T>(ref reader, name, json) is { } items ? new Queue<T>(items) : null;
    }

    /// <summary>Reads the next field, an immutable set.</summary>
    /// <typeparam name="T">The type of its items.</typeparam>
    /// <typeparam name="TSet">Its own type.</typeparam>
    /// <param name="reader">The reader, before the field.</param>
    /// <param name="name">Its name.</param>
    /// <param name="field">The field.</param>
    /// <param name="empty">What to begin with if the field is null.</param>
    /// <param name="json">The store's JSON options.</param>
    /// <exception cref="JsonException">The next field is another one, or has another type.</exception>
    public static void ReadItems<T, TSet>(ref Utf8JsonReader reader, string name, ref TSet? field, TSet empty, JsonSerializerOptions json)
        where TSet : class, IImmutableSet<T> =>
        field = ItemsOf<T>(ref reader, name, json) is { } items ? (TSet)(field ?? empty).Clear().Union(items) : null;

    /// <summary>Reads the next field, a dictionary, into a new one that compares like the current one.</summary>
    /// <typeparam name="TKey">The type of its keys.</typeparam>
    /// <typeparam name="TValue">The type of its values.</typeparam>
    /// <typeparam name="TDictionary">Its own type.</typeparam>
    /// <inheritdoc cref="Read"/>
    public static void ReadEntries<TKey, TValue, TDictionary>(
        ref Utf8JsonReader reader, string name, ref TDictionary? field, JsonSerializerOptions json)
        where TKey : notnull
        where TDictionary : class, IDictionary<TKey, TValue>, new()
    {
        if (EntriesOf<TKey, TValue>(ref reader, name, json) is not { } entries)
        {
            field = null;
            return;
        }

        object collection = (object?)field switch
        {
            Dictionary<TKey, TValue> dictionary => new Dictionary<TKey, TValue>(dictionary.Comparer),
            SortedDictionary<TKey, TValue> sorted => new SortedDictionary<TKey, TValue>(sorted.Comparer),
            SortedList<TKey, TValue> list => new SortedList<TKey, TValue>(list.Comparer),
            _ => new TDictionary(),
        };
        field = (TDictionary)collection;
        foreach (var (key, value) in entries) field.Add(key, value);
    }

    /// <summary>Reads the next field, an immutable dictionary.</summary>
    /// <typeparam name="TKey">The type of its keys.</typeparam>
    /// <typeparam name="TValue">The type of its values.</typeparam>
    /// <typeparam name="TDictionary">Its own type.</typeparam>
    /// <param name="reader">The reader, before the field.</param>
    /// <param name="name">Its name.</param>
    /// <param name="field">The field.</param>
    /// <param name="empty">What to begin with if the field is null.</param>
    /// <param name="json">The store's JSON options.</param>
    /// <exception cref="JsonException">The next field is another one, or has another type.</exception>
    public static void ReadEntries<TKey, TValue, TDictionary>(
        ref Utf8JsonReader reader, string name, ref TDictionary? field, TDictionary empty, JsonSerializerOptions json)
        where TKey : notnull
        where TDictionary : class, IImmutableDictionary<TKey, TValue> =>
        field = EntriesOf<TKey, TValue>(ref reader, name, json) is { } entries
            ? (TDictionary)(field ?? empty).Clear().AddRange(entries)
            : null;

    /// <summary>Writes values in an order that depends only on the values.</summary>
    private static void WriteSorted(Utf8JsonWriter writer, IEnumerable<byte[]> values)
    {
        foreach (var value in values.Order(Comparer<byte[]>.Create(static (first, second) => first.AsSpan().SequenceCompareTo(second))))
            writer.WriteRawValue(value);
    }

    private static byte[] BytesOf<T>(T value, JsonTypeInfo<T> info)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(
            buffer, new JsonWriterOptions { Encoder = info.Options.Encoder, MaxDepth = info.Options.MaxDepth }))
            WriteValue(writer, value, info);
        return buffer.WrittenSpan.ToArray();
    }

    private static JsonTypeInfo<T> InfoOf<T>(JsonSerializerOptions json) => (JsonTypeInfo<T>)json.GetTypeInfo(typeof(T));

    /// <summary>Writes a value with the type that it is read back with, or fails.</summary>
    private static void WriteValue<T>(Utf8JsonWriter writer, T value, JsonTypeInfo<T> info)
    {
        if (value is not null && info is { Kind: JsonTypeInfoKind.Object, PolymorphismOptions: null }
            && Nullable.GetUnderlyingType(typeof(T)) is null && value.GetType() != typeof(T))
            throw new NotSupportedException(
                $"A value of {value.GetType()} would come back from a snapshot as {typeof(T)}. Seal that type, "
                + "or say by [JsonDerivedType] what it may be.");
        JsonSerializer.Serialize(writer, value, info);
    }

    private static void ReadName(ref Utf8JsonReader reader, string name) =>
        Expect(
            reader.Read() && reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals(name) && reader.Read(),
            $"the field '{name}'",
            ref reader);

    private static List<T>? ItemsOf<T>(ref Utf8JsonReader reader, string name, JsonSerializerOptions json)
    {
        if (!ReadArrayStart(ref reader, name)) return null;
        var info = InfoOf<T>(json);
        var items = new List<T>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) items.Add(JsonSerializer.Deserialize(ref reader, info)!);
        return items;
    }

    private static List<KeyValuePair<TKey, TValue>>? EntriesOf<TKey, TValue>(
        ref Utf8JsonReader reader, string name, JsonSerializerOptions json)
    {
        if (!ReadArrayStart(ref reader, name)) return null;
        var (keys, values) = (InfoOf<TKey>(json), InfoOf<TValue>(json));
        var entries = new List<KeyValuePair<TKey, TValue>>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var key = JsonSerializer.Deserialize(ref reader, keys)!;
            Expect(reader.Read() && reader.TokenType != JsonTokenType.EndArray, "the value of a key", ref reader);
            entries.Add(KeyValuePair.Create(key, JsonSerializer.Deserialize(ref reader, values)!));
        }

        return entries;
    }

    /// <summary>Whether an array begins; false if the value is null.</summary>
    private static bool ReadArrayStart(ref Utf8JsonReader reader, string name)
    {
        ReadName(ref reader, name);
        if (reader.TokenType == JsonTokenType.Null) return false;
        Expect(reader.TokenType == JsonTokenType.StartArray, $"the items of '{name}'", ref reader);
        return true;
    }

    private static void Expect(bool isThere, string what, ref Utf8JsonReader reader)
    {
        if (!isThere)
            throw new JsonException(
                $"The snapshot is not of this state: at byte {reader.TokenStartIndex} there is {reader.TokenType}, not {what}.");
    }
}
