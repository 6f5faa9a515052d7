using Microsoft.CodeAnalysis;

namespace EventSourcing.Generators;

/// <summary>What makes it impossible to generate what the code asks for: ES0001 to ES0019.</summary>
internal static class GeneratorDiagnostics
{
    public static readonly DiagnosticDescriptor NotPartial = Error(
        "ES0001",
        "Type is not partial",
        "'{0}' must be partial for the members of '{1}' to be generated; add the modifier, or write them by hand");

    public static readonly DiagnosticDescriptor FileLocal = Error(
        "ES0002",
        "Type is local to its file",
        "'{0}' is local to its file, so that nothing can be generated into it; make it internal, or write its members by hand");

    public static readonly DiagnosticDescriptor EventNotAccessible = Error(
        "ES0003",
        "Event type is not accessible",
        "The event type '{0}' is not accessible to the list of the assembly's events; make it and the types around it internal or public");

    public static readonly DiagnosticDescriptor EventNotConcrete = Error(
        "ES0004",
        "Event type is not concrete",
        "'{0}' cannot be an event: it is {1}, so that nothing stored could be read into it; mark the concrete types with [EventType]");

    public static readonly DiagnosticDescriptor NameReserved = Error(
        "ES0005",
        "Event name is reserved",
        "The event name '{0}' ends in '@' and digits, which is how versions are stored; give it another name, "
        + "and the version by Version = …");

    public static readonly DiagnosticDescriptor HandlerOfNoEvent = Error(
        "ES0006",
        "Handler is not for a concrete event",
        "'{0}' handles '{1}', which is {2}: a projection or reactor handles concrete events, since they determine what it reads; "
        + "write a method for each of them");

    public static readonly DiagnosticDescriptor NoInitialState = Error(
        "ES0007",
        "State has no initial value",
        "'{0}' cannot be made without arguments; declare its state before the first event: public static {0} Initial => …");

    public static readonly DiagnosticDescriptor UpcasterShape = Error(
        "ES0008", "Upcaster has a wrong form", "'{0}' cannot be an upcaster: {1}");

    public static readonly DiagnosticDescriptor StateNotKept = Error(
        "ES0009",
        "State cannot be kept in a snapshot",
        "'{0}' of '{1}' cannot be kept in a snapshot: {2}; change its type, or implement ISnapshotState by hand");

    public static readonly DiagnosticDescriptor ApplyNotCallable = Error(
        "ES0010", "Inherited Apply cannot be called", "'{0}.{1}' cannot be called when an event is applied to '{2}': {3}");

    public static readonly DiagnosticDescriptor NotGenerated = Error(
        "ES0011",
        "Members could not be generated",
        "The members of '{0}' could not be generated: {1}. Other types are not affected; write them by hand, "
        + "and report this as a bug of EventSourcing.");

    public static readonly DiagnosticDescriptor EventTypeInvalid = Error(
        "ES0012", "Event name or version is not valid", "[EventType] of '{0}' is not valid: {1}");

    public static readonly DiagnosticDescriptor KeyMayBeNull = Error(
        "ES0013",
        "Key of a document may be null",
        "'{0}' of '{1}' may return null, and a document needs a key; return {2}, or, for events that change no document, "
        + "an empty sequence from 'IEnumerable<{3}> Keys'");

    private static DiagnosticDescriptor Error(string id, string title, string message) =>
        new(id, title, message, "EventSourcing", DiagnosticSeverity.Error, isEnabledByDefault: true);
}
