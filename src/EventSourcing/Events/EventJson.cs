using System.Text.Json.Serialization.Metadata;

namespace EventSourcing;

/// <summary>
/// An event type and how JSON handles it, which is resolved when the first such event is met: at its start, an app should not
/// wait for hundreds of types that it may not meet for long. Thread-safe.
/// </summary>
internal sealed class EventJson(EventType type, JsonEventSerializer serializer)
{
    // Several threads may resolve it at once; the options keep one per type, so all get the same.
    private JsonTypeInfo? _info;
    private JsonProof? _proof;

    public EventType Type => type;

    /// <exception cref="NotSupportedException">JSON cannot handle the type.</exception>
    public JsonTypeInfo Info => _info ??= Resolve();

    /// <summary>Whether further events need no more checks when they are written.</summary>
    public bool IsProven { get; private set; }

    /// <summary>
    /// Checks that an event is read back as it was written: the first of its type, or every one if the type does not tell, as with
    /// converters of the app's own.
    /// </summary>
    /// <param name="payload">The event.</param>
    /// <param name="utf8Json">The JSON written for it.</param>
    /// <exception cref="ArgumentException">This event would not be read back as written.</exception>
    /// <exception cref="NotSupportedException">No event of the type would be read back as written.</exception>
    public void Prove(object payload, ReadOnlySpan<byte> utf8Json)
    {
        _proof ??= new JsonProof(Info, serializer.EventOutput, isOfDocuments: false);
        if (_proof.FlawOf(payload, utf8Json, out var isOfType) is { } flaw)
        {
            var message =
                $"An event '{type.StoredName}' ({type.ClrType}) would not be read back as it is written. {flaw} Nothing was written.";
            throw isOfType ? new NotSupportedException(message) : new ArgumentException(message, JsonEventSerializer.EventsParameter);
        }

        IsProven = _proof.IsDone;
    }

    private JsonTypeInfo Resolve()
    {
        try
        {
            return serializer.InfoOfEvents(type.ClrType);
        }
        catch (NotSupportedException e)
        {
            throw new NotSupportedException(
                $"JSON cannot handle {type.ClrType}. If EventStoreOptions.Json names a JsonSerializerContext, "
                + $"add [JsonSerializable(typeof({type.ClrType.Name}))] to that.",
                e);
        }
        catch (InvalidOperationException e)
        {
            throw new NotSupportedException($"JSON cannot handle {type.ClrType}: {Names.Sentence(Names.MessageOf(e))}", e);
        }
    }
}
