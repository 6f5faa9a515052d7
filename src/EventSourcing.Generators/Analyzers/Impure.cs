using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace EventSourcing.Generators.Analyzers;

/// <summary>What in .NET returns another result each time, and what reaches outside the process.</summary>
internal static class Impure
{
    private static readonly Dictionary<string, string[]> Clocks = new(StringComparer.Ordinal)
    {
        ["System.DateTime"] = ["Now", "UtcNow", "Today"],
        ["System.DateTimeOffset"] = ["Now", "UtcNow"],
        ["System.Environment"] = ["TickCount", "TickCount64"],
        ["System.Guid"] = ["NewGuid", "CreateVersion7"],
        ["System.IO.Path"] = ["GetRandomFileName", "GetTempFileName"],
        ["System.Random"] = ["Shared"],
        ["System.TimeProvider"] = ["GetUtcNow", "GetLocalNow", "GetTimestamp", "GetElapsedTime"],
    };

    private static readonly HashSet<string> ClockTypes =
        ["System.Diagnostics.Stopwatch", "System.Random", "System.Security.Cryptography.RandomNumberGenerator"];

    private static readonly string[] OutsideNamespaces =
    [
        "System.IO", "System.Net", "System.Data", "Microsoft.Data", "Microsoft.EntityFrameworkCore", "Microsoft.Extensions.Logging",
    ];

    private static readonly HashSet<string> OutsideTypes =
    [
        "System.Console", "System.Diagnostics.Process", "System.Diagnostics.Debug", "System.Diagnostics.Trace", "System.Threading.Thread",
        "System.Threading.Tasks.Task",
        "EventSourcing.EventStore", "EventSourcing.AggregateHandle", "EventSourcing.IEventStorage",
    ];

    /// <summary>Members of the namespaces above that have no effect.</summary>
    private static readonly HashSet<string> Harmless =
    [
        "System.IO.Path", "System.IO.MemoryStream", "System.IO.StringReader", "System.IO.StringWriter", "System.IO.TextReader",
        "System.IO.TextWriter", "System.IO.BinaryReader", "System.IO.BinaryWriter", "System.IO.Stream",
        "System.Net.IPAddress", "System.Net.IPEndPoint", "System.Net.IPNetwork", "System.Net.WebUtility", "System.Net.Mail.MailAddress",
    ];

    /// <summary>What an operation reads that has another value each time; null if it reads nothing of that kind.</summary>
    public static string? ClockOf(IOperation operation)
    {
        if (MemberOf(operation) is not { } member || member.ContainingType is not { } type) return null;
        var typeName = type.ToDisplayString();
        if (Clocks.TryGetValue(typeName, out var members) && members.Contains(member.Name)) return $"{type.Name}.{member.Name}";
        if (!ClockTypes.Contains(typeName)) return null;

        // The expression that yields the instance is reported; a call on that instance need not be reported as well.
        var instance = (operation as IInvocationOperation)?.Instance;
        if (instance is IObjectCreationOperation || (instance is not null && ClockOf(instance) is not null)) return null;
        return operation is IObjectCreationOperation ? $"new {type.Name}" : $"{type.Name}.{member.Name}";
    }

    /// <summary>What an operation reaches outside the process; null if it reaches nothing.</summary>
    public static string? OutsideOf(IOperation operation)
    {
        if (operation is IPropertyReferenceOperation { Property.IsStatic: false } || ClockOf(operation) is not null) return null;
        if (MemberOf(operation) is not { ContainingType: { TypeKind: not TypeKind.Enum } type } member) return null;
        var typeName = type.OriginalDefinition.ToDisplayString();
        var bracket = typeName.IndexOf('<');
        if (bracket > 0) typeName = typeName.Substring(0, bracket);
        var isOutside = OutsideTypes.Contains(typeName)
            || (!Harmless.Contains(typeName) && !IsException(type)
                && OutsideNamespaces.Any(space => typeName.StartsWith(space + ".", StringComparison.Ordinal)));
        if (!isOutside || member.Name is "CompletedTask" or "FromResult" or "FromException" or "FromCanceled" or "ConfigureAwait")
            return null;
        return member is IMethodSymbol { MethodKind: MethodKind.Constructor } ? $"new {type.Name}" : $"{type.Name}.{member.Name}";
    }

    private static ISymbol? MemberOf(IOperation operation) => operation switch
    {
        IInvocationOperation call => call.TargetMethod,
        IPropertyReferenceOperation property => property.Property,
        IObjectCreationOperation creation => creation.Constructor,
        IMethodReferenceOperation reference => reference.Method,
        _ => null,
    };

    private static bool IsException(INamedTypeSymbol type)
    {
        for (var b = type; b is not null; b = b.BaseType)
        {
            if (b is { Name: "Exception", ContainingNamespace: { Name: "System", ContainingNamespace.IsGlobalNamespace: true } })
                return true;
        }

        return false;
    }
}
