using System.Text.Json.Serialization.Metadata;

namespace EventSourcing;

/// <summary>
/// An event type and how JSON handles it, which is found out when the first such event is met: an app should not wait
/// at its start for hundreds of types that it may not meet for long. Thread-safe.
/// </summary>
internal sealed class EventJson(EventType type, JsonEventSerializer serializer)
{
    // Several may find it out at once; the options keep one of each type, so all find the same.
    private JsonTypeInfo? _info;
    private JsonProof? _proof;

    public EventType Type => type;

    /// <exception cref="NotSupportedException">JSON cannot handle the type.</exception>
    public JsonTypeInfo Info => _info ??= Resolve();

    /// <summary>Whether nothing is left to check of any further event that is written.</summary>
    public bool IsProven { get; private set; }

    /// <summary>Checks that an event is read back as it was written: the first of its type, unless converters of the app's own take part.</summary>
    /// <param name="payload">The event.</param>
    /// <param name="utf8Json">What was written of it.</param>
    /// <exception cref="ArgumentException">This event would not be.</exception>
    /// <exception cref="NotSupportedException">No event of the type would be.</exception>
    public void Prove(object payload, ReadOnlySpan<byte> utf8Json)
    {
        _proof ??= new JsonProof(Info, serializer.EventOutput);
        if (_proof.FlawOf(payload, utf8Json, out var isOfType) is { } flaw)
        {
            var message = $"An event '{type.StoredName}' ({type.ClrType}) would not be read back as it is written. {flaw} Nothing was written.";
            throw isOfType ? new NotSupportedException(message) : new ArgumentException(message, nameof(payload));
        }

        IsProven = _proof.IsDone;
    }

    private JsonTypeInfo Resolve()
    {
        try
        {
            return serializer.EventOptions.GetTypeInfo(type.ClrType);
        }
        catch (NotSupportedException e)
        {
            throw new NotSupportedException($"JSON cannot handle {type.ClrType}. Where EventStoreOptions.Json names a JsonSerializerContext, add [JsonSerializable(typeof({type.ClrType.Name}))] to that.", e);
        }
        catch (InvalidOperationException e)
        {
            throw new NotSupportedException($"JSON cannot handle {type.ClrType}: {Names.Sentence(e.Message)}", e);
        }
    }
}
