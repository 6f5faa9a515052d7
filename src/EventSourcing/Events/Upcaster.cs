using System.Text.Json.Nodes;

namespace EventSourcing;

/// <summary>
/// Turns stored events of an old shape into those of the next version, or into other events. It runs on every read of such an
/// event, on every path, and nothing is ever written back; so it must be a pure function. Immutable and thread-safe.
/// </summary>
/// <remarks>
/// Upcasters chain: the next one takes what one returns, until the events are current. A stored event that becomes several, or
/// none, keeps its one position and version. Its parts differ in <see cref="RecordedEvent.SubIndex"/>, and share everything
/// else that was recorded with the event.
/// </remarks>
public sealed class Upcaster
{
    private readonly Func<object, object?> _upcast;

    private Upcaster(string? name, int version, Type? oldType, IReadOnlyList<Type>? into, bool splits, Func<object, object?> upcast)
    {
        if (oldType is null)
        {
            ArgumentNullException.ThrowIfNull(name);
            EventType.ThrowIfNotGivable(name, "The name that an upcaster takes", nameof(name));
            ArgumentOutOfRangeException.ThrowIfLessThan(version, 1);
        }

        Name = name;
        Version = version;
        OldType = oldType;
        Into = into?.Distinct().ToArray();
        Splits = splits;
        _upcast = upcast;
    }

    /// <summary>The stored name that it takes, or null if <see cref="OldType"/> determines it.</summary>
    internal string? Name { get; }

    internal int Version { get; }

    /// <summary>The type that it takes, or null if it takes JSON.</summary>
    internal Type? OldType { get; }

    /// <summary>The types of the events that it returns, or null for JSON of the next version.</summary>
    internal IReadOnlyList<Type>? Into { get; }

    /// <summary>Whether it returns finished events, any number of them.</summary>
    internal bool Splits { get; }

    /// <summary>Stored JSON of a version to JSON of the next.</summary>
    /// <param name="name">The name, without version. It may be one that was once stored but that no listed type has any more.</param>
    /// <param name="version">The version that it takes.</param>
    /// <param name="upcast">Returns the JSON of the next version; it may change and return its argument.</param>
    /// <returns>The upcaster.</returns>
    /// <exception cref="ArgumentException">The name is not valid, or the version below 1.</exception>
    public static Upcaster Json(string name, int version, Func<JsonObject, JsonObject> upcast)
    {
        ArgumentNullException.ThrowIfNull(upcast);
        return new Upcaster(name, version, oldType: null, into: null, splits: false, e => upcast((JsonObject)e));
    }

    /// <summary>
    /// Stored JSON of one event to JSON of another: for an event that continues as part of <typeparamref name="TEvent"/>.
    /// </summary>
    /// <typeparam name="TEvent">The listed type, of any version, whose JSON it returns.</typeparam>
    /// <param name="name">The name, without version.</param>
    /// <param name="version">The version that it takes.</param>
    /// <param name="upcast">Returns the JSON of <typeparamref name="TEvent"/>.</param>
    /// <returns>The upcaster.</returns>
    /// <exception cref="ArgumentException">The name is not valid, or the version below 1.</exception>
    public static Upcaster Json<TEvent>(string name, int version, Func<JsonObject, JsonObject> upcast)
        where TEvent : notnull
    {
        ArgumentNullException.ThrowIfNull(upcast);
        return new Upcaster(name, version, oldType: null, [typeof(TEvent)], splits: false, e => upcast((JsonObject)e));
    }

    /// <summary>Stored JSON to several events, one, or none.</summary>
    /// <param name="name">The name, without version; usually one that no listed type has any more.</param>
    /// <param name="version">The version that it takes.</param>
    /// <param name="into">All types that it may return, each a current one; none if such events no longer matter.</param>
    /// <param name="split">Returns the events in order.</param>
    /// <returns>The upcaster.</returns>
    /// <exception cref="ArgumentException">The name is not valid, or the version below 1.</exception>
    public static Upcaster Split(string name, int version, IReadOnlyList<Type> into, Func<JsonObject, IEnumerable<object>> split)
    {
        ArgumentNullException.ThrowIfNull(into);
        ArgumentNullException.ThrowIfNull(split);
        return new Upcaster(name, version, oldType: null, into, splits: true, e => split((JsonObject)e));
    }

    /// <summary>An event of an old type to one of another, usually of the next version.</summary>
    /// <typeparam name="TOld">The old type, listed with its name and version.</typeparam>
    /// <typeparam name="TNew">The listed type that it returns.</typeparam>
    /// <param name="upcast">Returns the new event.</param>
    /// <returns>The upcaster.</returns>
    public static Upcaster Typed<TOld, TNew>(Func<TOld, TNew> upcast)
        where TOld : notnull
        where TNew : notnull
    {
        ArgumentNullException.ThrowIfNull(upcast);
        return new Upcaster(name: null, 0, typeof(TOld), [typeof(TNew)], splits: false, e => upcast((TOld)e));
    }

    /// <summary>An event of an old type to several events, one, or none.</summary>
    /// <typeparam name="TOld">The old type, listed with its name and version.</typeparam>
    /// <param name="into">All types that it may return, each a current one.</param>
    /// <param name="split">Returns the events in order.</param>
    /// <returns>The upcaster.</returns>
    public static Upcaster Split<TOld>(IReadOnlyList<Type> into, Func<TOld, IEnumerable<object>> split)
        where TOld : notnull
    {
        ArgumentNullException.ThrowIfNull(into);
        ArgumentNullException.ThrowIfNull(split);
        return new Upcaster(name: null, 0, typeof(TOld), into, splits: true, e => split((TOld)e));
    }

    /// <summary>What it takes, for messages.</summary>
    /// <returns>For example <c>the upcaster of 'money-deposited' version 1</c>.</returns>
    public override string ToString() => OldType is null ? $"the upcaster of '{Name}' version {Version}" : $"the upcaster of {OldType}";

    /// <summary>Runs it once and checks what it returns.</summary>
    /// <param name="old">The JSON object, or the event of the old type.</param>
    /// <returns>The JSON object, the event, or an array of the events.</returns>
    /// <exception cref="UpcastFailedException">It threw, or returned something that it does not declare.</exception>
    internal object Upcast(object old)
    {
        object? result;
        try
        {
            result = _upcast(old);
            if (Splits && result is not null) result = ((IEnumerable<object>)result).ToArray();
        }
        catch (Exception failure)
        {
            throw new UpcastFailedException($"{this} failed: {Names.Sentence(Names.MessageOf(failure))}{HintOn(failure)}", failure);
        }

        if (result is null) throw new UpcastFailedException($"{this} gave null.");
        if (Splits)
        {
            foreach (var part in (object?[])result) ThrowIfNotDeclared(part);
        }
        else if (OldType is not null)
        {
            ThrowIfNotDeclared(result);
        }

        return result;
    }

    /// <summary>The hint on the one common mistake with the nodes of System.Text.Json.</summary>
    private static string HintOn(Exception failure) => failure is InvalidOperationException { Source: "System.Text.Json" }
        && Names.MessageOf(failure).Contains("parent", StringComparison.Ordinal)
        ? " A JsonNode stands in one place: to rename a member, take its value out first, as in: e.Remove(\"old\", out var value); "
            + "e[\"new\"] = value; or copy it by DeepClone()."
        : "";

    private void ThrowIfNotDeclared(object? result)
    {
        if (result is null) throw new UpcastFailedException($"{this} gave null for an event.");
        if (!Into!.Contains(result.GetType()))
            throw new UpcastFailedException(
                $"{this} gave an event of {result.GetType()}, which is not among the types that it declares: "
                + $"{(Into!.Count == 0 ? "none" : string.Join(", ", Into))}.");
    }
}

/// <summary>An upcaster failed; the store adds on which event.</summary>
internal sealed class UpcastFailedException(string message, Exception? innerException = null) : Exception(message, innerException);
