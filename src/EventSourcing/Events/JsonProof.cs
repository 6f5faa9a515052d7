using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.Unicode;

namespace EventSourcing;

/// <summary>
/// Proves once for a type that its JSON reads back equal: by its shape, and by the first value, which is read back and written
/// again. If a converter of the app's own takes part, it may write anything, so each output is parsed as well. If a part of a
/// value may be of a derived type, each value is looked through for it. Thread-safe: several threads may prove the same type at
/// once.
/// </summary>
/// <param name="info">How JSON handles the type.</param>
/// <param name="writer">How it is written.</param>
/// <param name="isOfDocuments">
/// Whether the values are documents. What an event does to a document may depend on the comparers in it, and whether the document was read
/// back in between depends on the size of a batch, so a comparer that is lost is a flaw.
/// </param>
internal sealed class JsonProof(JsonTypeInfo info, JsonWriterOptions writer, bool isOfDocuments)
{
    private bool _isProven;
    private bool _hasOwnConverters;
    private bool _isForEachValue;
    private JsonDerivedWalk? _derived;

    /// <summary>Whether further values need no more checks.</summary>
    public bool IsDone { get; private set; }

    /// <summary>What in the type would not be read back; null if nothing was found.</summary>
    public string? FlawOfType()
    {
        if (JsonTypeCheck.FlawOf(info, out _hasOwnConverters, out _isForEachValue) is { } flaw) return flaw;

        // Whether an object is written or referred to depends on each value; not everything that is referred to can be read.
        _isForEachValue |= info.Options.ReferenceHandler is not null;
        _derived ??= JsonDerivedWalk.For(info);
        return null;
    }

    /// <summary>Checks one value.</summary>
    /// <param name="value">The value.</param>
    /// <param name="utf8Json">The JSON written for it.</param>
    /// <param name="isOfType">Whether its type is at fault, not this value alone.</param>
    /// <returns>What is wrong, as a sentence; null if nothing is.</returns>
    public string? FlawOf(object value, ReadOnlySpan<byte> utf8Json, out bool isOfType)
    {
        isOfType = false;
        if (!_isProven && FlawOfType() is { } flaw)
        {
            isOfType = true;
            return Capitalized(flaw) + ".";
        }

        if (_hasOwnConverters && FlawOfJson(utf8Json) is { } unreadable) return unreadable;
        if (_isProven && !_isForEachValue) return FlawOfDerived(value);
        if (FlawOfValue(value, utf8Json, out var isOfKeys) is { } lost)
        {
            isOfType = !_isProven && !isOfKeys;
            return lost;
        }

        _isProven = true;
        IsDone = !_hasOwnConverters && !_isForEachValue && _derived is null;
        return null;
    }

    private static string Capitalized(string clause) => char.ToUpperInvariant(clause[0]) + clause[1..];

    /// <summary>What the reader will fail on: invalid JSON, too deep nesting, invalid text.</summary>
    private string? FlawOfJson(ReadOnlySpan<byte> utf8Json)
    {
        var options = info.Options;
        var reader = new Utf8JsonReader(utf8Json, new JsonReaderOptions
        {
            MaxDepth = options.MaxDepth,
            CommentHandling = options.ReadCommentHandling,
            AllowTrailingCommas = options.AllowTrailingCommas,
        });
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName)) continue;
                if (reader.ValueIsEscaped) reader.GetString();
                else if (!Utf8.IsValid(reader.ValueSpan)) return "A converter wrote a text that is not valid UTF-8.";
            }

            return null;
        }
        catch (Exception flaw) when (flaw is JsonException or InvalidOperationException)
        {
            return $"A converter wrote what cannot be read back: {Names.Sentence(Names.MessageOf(flaw))}";
        }
    }

    private string? FlawOfDerived(object value) =>
        _derived?.MayFindIn(value) == true && JsonMembers.Sliced(value, info) is { } sliced
            ? $"The value at {sliced} is of a derived type, which would be read back as its base; seal the base, "
                + "or say by [JsonDerivedType] what it may be."
            : null;

    private string? FlawOfValue(object value, ReadOnlySpan<byte> utf8Json, out bool isOfKeys)
    {
        isOfKeys = false;
        if (FlawOfDerived(value) is { } derived) return derived;
        if (JsonMembers.CollectionWithMore(value, info) is var (path, type, member))
            return $"The value at {path} is a {type.Name}, and its '{member}' is not written, as JSON writes only the items of a "
                + "collection; keep the collection and that value as two members, or mark the value [JsonIgnore].";
        object? copy;
        try
        {
            copy = JsonSerializer.Deserialize(utf8Json, info);
        }
        catch (Exception flaw)
        {
            // Any exception: the type's own constructor and converters run in there.
            return $"It is written, and cannot be read back: {Names.Sentence(Names.MessageOf(flaw))}";
        }

        if (copy is null) return "It is written as null.";
        if (isOfDocuments && ComparerJson.Of(value, info) is { Length: > 0 } comparers && comparers != ComparerJson.Of(copy, info))
            return "A set or a dictionary in it has a comparer of its own, and JSON does not keep comparers: once it is read back, it "
                + "compares as a new one does. Change what is compared instead, as by ToUpperInvariant().";
        byte[] again;
        try
        {
            again = Write(copy);
        }
        catch (Exception flaw)
        {
            // Any exception: the copy's own members and converters run in there.
            return $"What is read back is no longer the same, and cannot be written: {Names.Sentence(Names.MessageOf(flaw))}";
        }

        if (utf8Json.SequenceEqual(again)) return null;
        var (first, second) = (JsonElement.Parse(utf8Json, Lenient), JsonElement.Parse(again, Lenient));

        // A comparison by key sees only one of several values. JSON that the value itself holds may repeat keys, and is kept.
        if (RepeatedKeys(first, "").Except(RepeatedKeys(second, ""), StringComparer.Ordinal).FirstOrDefault() is { } key)
        {
            isOfKeys = true;
            return $"'{key}' is written more than once, and only one of the values would be read back; "
                + "extension data and dictionaries need keys that nothing else is written as.";
        }

        var changes = MemberChange.Between(first, second);
        if (changes.Count == 0) return null;

        // What differs between two writings of the same value is computed from something else, such as a clock.
        var unstable = MemberChange.Between(first, JsonElement.Parse(Write(value), Lenient))
            .Select(change => change.Path).ToHashSet(StringComparer.Ordinal);
        var lost = changes.Where(change => !unstable.Contains(change.Path)).ToList();
        if (lost.Count == 0 || IsReordered(first, second)) return null;
        return $"After it was read back, '{lost[0].Path}' is {Shown(lost[0].After)} and no longer {Shown(lost[0].Before)}.";
    }

    /// <summary>The paths of the members that an object in the JSON has more than once.</summary>
    private static IEnumerable<string> RepeatedKeys(JsonElement json, string path)
    {
        if (json.ValueKind == JsonValueKind.Object)
        {
            var met = new HashSet<string>(StringComparer.Ordinal);
            foreach (var member in json.EnumerateObject())
            {
                var at = path.Length == 0 ? member.Name : $"{path}.{member.Name}";
                if (!met.Add(member.Name)) yield return Names.Printable(at);
                foreach (var below in RepeatedKeys(member.Value, at)) yield return below;
            }
        }
        else if (json.ValueKind == JsonValueKind.Array)
        {
            var i = 0;
            foreach (var item in json.EnumerateArray())
            {
                foreach (var below in RepeatedKeys(item, $"{path}[{i}]")) yield return below;
                i++;
            }
        }
    }

    /// <summary>
    /// Whether only the order differs, and no longer differs after one more round trip. That is the order of a set, which
    /// depends on what was removed from it. An order that is reversed each time is not that of such a set.
    /// </summary>
    private bool IsReordered(JsonElement first, JsonElement second) =>
        JsonOrder.AreEqual(first, second)
        && JsonSerializer.Deserialize(second, info) is { } third
        && JsonElement.DeepEquals(JsonElement.Parse(Write(third), Lenient), second);

    private JsonDocumentOptions Lenient => new()
    {
        MaxDepth = info.Options.MaxDepth,
        CommentHandling = info.Options.ReadCommentHandling == JsonCommentHandling.Allow
            ? JsonCommentHandling.Skip
            : info.Options.ReadCommentHandling,
        AllowTrailingCommas = info.Options.AllowTrailingCommas,
    };

    private static string Shown(string? json) => json is null ? "missing" : Names.Printable(json);

    private byte[] Write(object value)
    {
        using var output = new JsonOutput(writer);
        var json = output.Begin();
        JsonSerializer.Serialize(json, value, info);
        json.Flush();
        return output.Written.ToArray();
    }
}
