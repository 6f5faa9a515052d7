using System.Globalization;
using Microsoft.CodeAnalysis.CSharp;

namespace EventSourcing.Generators;

/// <summary>Writes the list of an assembly's events, and the attribute by which the list is found.</summary>
internal static class EventMapWriter
{
    public static string Write(EventMap map)
    {
        var code = new CodeWriter();
        code.Line("[assembly: global::EventSourcing.CodeGeneration.EventTypeList<global::EventSourcing.Generated.EventTypeList>]").Line();
        code.Line("namespace EventSourcing.Generated;").Line();
        code.Line("/// <summary>The events of this assembly and their upcasters.</summary>").Line(CodeWriter.Mark);
        code.Open("file sealed class EventTypeList : global::EventSourcing.CodeGeneration.IEventTypeList");
        WriteList(code, "EventType", "Types", map.Events.Select(Call));
        code.Line();
        WriteList(code, "Upcaster", "Upcasters", map.Upcasters.Select(upcaster => upcaster.Call));
        code.Close();
        return code.ToString();
    }

    private static void WriteList(CodeWriter code, string type, string name, IEnumerable<string> calls)
    {
        var head = $"public global::System.Collections.Generic.IEnumerable<global::EventSourcing.{type}> {name} =>";
        code.Line("/// <inheritdoc/>");
        if (!calls.Any())
        {
            code.Line($"{head} [];");
            return;
        }

        // A plain array: a collection expression for an interface would add a wrapper, which costs time at start-up.
        code.Line($"{head} new global::EventSourcing.{type}[]").Line("{");
        foreach (var call in calls) code.Further($"global::EventSourcing.{type}.{call},");
        code.Line("};");
    }

    private static string Call(EventEntry e)
    {
        var names = e.Aliases.Select(alias => $", {Literal(alias)}");
        var version = e.Version == 1 && e.Aliases.Count == 0 ? "" : $", {e.Version.ToString(CultureInfo.InvariantCulture)}";
        return $"Of<{e.Type}>({Literal(e.Name)}{version}{string.Concat(names)})";
    }

    private static string Literal(string text) => SymbolDisplay.FormatLiteral(text, quote: true);
}
