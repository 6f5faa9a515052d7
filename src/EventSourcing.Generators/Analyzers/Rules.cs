using Microsoft.CodeAnalysis;

namespace EventSourcing.Generators.Analyzers;

/// <summary>What the analyzers report. Each rule has its example in the section of the README that it links to.</summary>
internal static class Rules
{
    private const string Category = "EventSourcing";
    private const string Help =
        "https://github.com/event-sourcing-net/event-sourcing/blob/main/src/EventSourcing/README.md#what-the-compiler-checks";

    public static readonly DiagnosticDescriptor NotApplied = Rule("ES0100", DiagnosticSeverity.Warning,
        "A raised event is not applied",
        "'{0}' raises {1}, which no Apply of it takes, so the event changes nothing. Add 'void Apply({1} e)', "
        + "an empty one if nothing is to change.");

    public static readonly DiagnosticDescriptor WrongSignature = Rule("ES0101", DiagnosticSeverity.Warning,
        "An Apply, React, Key or Keys method is never called",
        "'{0}' is called for no event: {1}. The form is '{2}'.");

    public static readonly DiagnosticDescriptor ChangesOutside = Rule("ES0102", DiagnosticSeverity.Warning,
        "An Apply method changes something outside its state",
        "Apply of '{0}' changes {1}. It is run again over the same events for ever, so it may change {2} only.");

    public static readonly DiagnosticDescriptor DoesIO = Rule("ES0103", DiagnosticSeverity.Warning,
        "An Apply method does I/O",
        "Apply of '{0}' {1}. It is run again over the same events for ever; do I/O in the command before raising the event, "
        + "or in a reactor after it.");

    public static readonly DiagnosticDescriptor ReadsClock = Rule("ES0104", DiagnosticSeverity.Warning,
        "Applying an event reads the clock or randomness",
        "Applying an event in '{0}' uses {1}, which is another one each time the event is applied. "
        + "Put the value into the event when it is raised.");

    public static readonly DiagnosticDescriptor RaisesInApply = Rule("ES0105", DiagnosticSeverity.Warning,
        "An Apply method raises an event",
        "Apply of '{0}' raises an event, and would raise it again at each load. Raise all events in the command.");

    public static readonly DiagnosticDescriptor NotPartial = Rule("ES0106", DiagnosticSeverity.Error,
        "A class with Apply or React methods is not partial",
        "The {0} methods of '{1}' are never called, since it is not partial and nothing can be generated into it. Make it partial, "
        + "or write {2} by hand.");

    public static readonly DiagnosticDescriptor Mutable = Rule("ES0107", DiagnosticSeverity.Warning,
        "An event type is mutable",
        "The event {0} can be changed: {1}. What has happened does not change; {2}.");

    public static readonly DiagnosticDescriptor MutableCollection = Rule("ES0108", DiagnosticSeverity.Info,
        "An event holds a mutable collection",
        "'{0}.{1}' is a {2}, whose content can be changed. An IReadOnlyList, "
        + "IReadOnlyDictionary or an immutable collection is stored the same.");

    public static readonly DiagnosticDescriptor NoStableName = Rule("ES0109", DiagnosticSeverity.Warning,
        "An event type has no stable name",
        "{0} is used as an event and has no name in the store. Mark it [EventType(\"{1}\")].");

    public static readonly DiagnosticDescriptor NameOfTheType = Rule("ES0110", DiagnosticSeverity.Info,
        "An event is stored under the name of its type",
        "{0} is stored under the name of its type, so renaming the type makes its stored events unreadable. Write the name down: "
        + "[EventType(\"{0}\")].");

    public static readonly DiagnosticDescriptor NameClaimedTwice = Rule("ES0111", DiagnosticSeverity.Error,
        "A stored event name is claimed twice",
        "The event name '{0}' of version {1} is claimed by {2} and by {3}. Give one of them another name or version.",
        WellKnownDiagnosticTags.CompilationEnd);

    public static readonly DiagnosticDescriptor NotReadBack = Rule("ES0112", DiagnosticSeverity.Error,
        "JSON does not read back what it writes",
        "{0} '{1}' would not be read back as it is written: {2}.");

    public static readonly DiagnosticDescriptor NotRun = Rule("ES0113", DiagnosticSeverity.Error,
        "A check of EventSourcing.Testing is not awaited",
        "'{0}' {1}");

    public static readonly DiagnosticDescriptor NotInContract = Rule("ES0120", DiagnosticSeverity.Warning,
        "An event is not in the contract file",
        "EventContracts.txt has no line for version {1} of '{0}'. Add: {2}");

    public static readonly DiagnosticDescriptor ShapeChanged = Rule("ES0121", DiagnosticSeverity.Error,
        "The stored shape of an event has changed",
        "Version {1} of '{0}' differs from its line in EventContracts.txt: {2}. Stored events keep the old shape: "
        + "raise the Version to {3}, keep that line, and add an [Upcaster] from version {1}.");

    public static readonly DiagnosticDescriptor NameUnclaimed = Rule("ES0122", DiagnosticSeverity.Error,
        "A stored event name has no reader",
        "'{0}' is the name of no event, alias or upcaster any more, so its stored events are unreadable. "
        + "Add the name to the Aliases of an event, or an [Upcaster(\"{0}\", {1})].",
        WellKnownDiagnosticTags.CompilationEnd);

    public static readonly DiagnosticDescriptor VersionUnread = Rule("ES0123", DiagnosticSeverity.Error,
        "A stored version of an event has no reader",
        "Stored events of version {1} of '{0}' are unreadable: no [Upcaster] takes version {2} of '{3}', and it is not the current version",
        WellKnownDiagnosticTags.CompilationEnd);

    public static readonly DiagnosticDescriptor MalformedLine = Rule("ES0124", DiagnosticSeverity.Error,
        "A line of the contract file is malformed",
        "This line of EventContracts.txt {0}. The form is: name@1 {{ member: type, optional?: type }}");

    private static DiagnosticDescriptor Rule(string id, DiagnosticSeverity severity, string title, string message, params string[] tags) =>
        new(id, title, message, Category, severity, isEnabledByDefault: true, helpLinkUri: Help, customTags: tags);
}
