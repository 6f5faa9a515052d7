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

    public EventType Type => type;

    /// <exception cref="NotSupportedException">JSON cannot handle the type.</exception>
    public JsonTypeInfo Info => _info ??= Resolve();

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
