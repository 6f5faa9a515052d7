using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace EventSourcing.Generators.Analyzers;

/// <summary>Finds events that an aggregate raises and does not apply, or that have no stable name.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class RaisedEventAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = [Rules.NotApplied, Rules.NoStableName];

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.EnableConcurrentExecution();
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.RegisterCompilationStartAction(start =>
        {
            if (LibraryTypes.Of(start.Compilation) is { } library)
                start.RegisterOperationAction(operation => Check(operation, library), OperationKind.Invocation);
        });
    }

    /// <summary>Whether a call raises an event of an aggregate.</summary>
    internal static bool IsRaise(IInvocationOperation call, LibraryTypes library) =>
        call.TargetMethod.Name == "Raise" && LibraryTypes.Same(call.TargetMethod.ContainingType, library.Aggregate);

    private static void Check(OperationAnalysisContext context, LibraryTypes library)
    {
        var call = (IInvocationOperation)context.Operation;
        if (!IsRaise(call, library) || call.Arguments.Length != 1) return;
        var type = FoldingType.Of(context.ContainingSymbol.ContainingType, library);
        if (type is null) return;
        foreach (var (raised, expression) in EventsIn(call.Arguments[0].Value, library))
        {
            // A type that derives from an abstract class may apply the events that the abstract class raises.
            var isGenerated = type is { IsHandWritten: false, IsPartial: true };
            if (isGenerated && !type.Type.IsAbstract && !IsApplied(raised, type, library))
                context.ReportDiagnostic(Diagnostic.Create(Rules.NotApplied, expression.GetLocation(), type.Type.Name, raised.Name));
            if (!library.IsEvent(raised) && !library.IsNamedByHand(raised)
                && !type.Handlers.Any(method => method.Parameters.Any(p => LibraryTypes.Same(p.Type, raised))))
                context.ReportDiagnostic(Diagnostic.Create(
                    Rules.NoStableName, expression.GetLocation(), raised.Name, KebabCase.Of(raised.Name)));
        }
    }

    private static IEnumerable<(INamedTypeSymbol Type, SyntaxNode Expression)> EventsIn(IOperation value, LibraryTypes library)
    {
        switch (value)
        {
            case IConversionOperation conversion:
                return EventsIn(conversion.Operand, library);
            case IParenthesizedOperation parenthesized:
                return EventsIn(parenthesized.Operand, library);
            case IConditionalOperation { WhenFalse: { } otherwise } conditional:
                return EventsIn(conditional.WhenTrue, library).Concat(EventsIn(otherwise, library));
            case ICoalesceOperation coalesce:
                return EventsIn(coalesce.Value, library).Concat(EventsIn(coalesce.WhenNull, library));
            case ISwitchExpressionOperation choice:
                return choice.Arms.SelectMany(arm => EventsIn(arm.Value, library));
            case IWithOperation with when LibraryTypes.Same(with.Type, library.EventData):
                return EventsIn(with.Operand, library);
            case IObjectCreationOperation { Arguments.Length: 1 } creation when LibraryTypes.Same(creation.Type, library.EventData):
                return EventsIn(creation.Arguments[0].Value, library);
            case { Type: INamedTypeSymbol { TypeKind: TypeKind.Class
                or TypeKind.Struct, IsAbstract: false, SpecialType: SpecialType.None } type }
                // A variable may hold a derived type, unless its own type is an event.
                when !LibraryTypes.Same(type, library.EventData) && (value is IObjectCreationOperation || library.IsEvent(type)):
                return [(type, value.Syntax)];
            default:
                return [];
        }
    }

    private static bool IsApplied(INamedTypeSymbol raised, FoldingType aggregate, LibraryTypes library)
    {
        for (var type = aggregate; type is not null; type = FoldingType.Of(type.Type.BaseType, library))
        {
            if (type.IsHandWritten) return true;
            if (!type.IsPartial) continue;
            if (type.Handlers.Select(method => ApplyForm.Of(method, type, library)).Any(form =>
                form is { Event: { } handled, Flaw: null } && library.Takes(handled.Type, raised)))
                return true;
        }

        return false;
    }
}
