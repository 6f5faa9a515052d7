using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;

namespace EventSourcing.Generators.Analyzers;

/// <summary>
/// Tells which operations of an Apply change what the method must not change: static members, the event, a state or
/// projection itself.
/// </summary>
internal sealed class OutsideChanges(FoldingType type, IMethodSymbol method, LibraryTypes library)
{
    private static readonly HashSet<string> ChangingMethods =
    [
        "Add", "AddRange", "AddFirst", "AddLast", "Clear", "Dequeue", "Enqueue", "ExceptWith", "Insert", "InsertRange", "IntersectWith",
        "Pop", "Push",
        "Remove", "RemoveAll", "RemoveAt", "RemoveFirst", "RemoveLast", "RemoveRange", "RemoveWhere", "Reverse", "Sort",
        "SymmetricExceptWith",
        "TryAdd", "TryDequeue", "TryPop", "TryRemove", "UnionWith",
    ];

    /// <summary>What an operation changes outside, in words; null if it changes nothing.</summary>
    public string? In(IOperation operation) => operation switch
    {
        IDeconstructionAssignmentOperation { Target: ITupleOperation targets } =>
            targets.Elements.Select(element => Outside(element)).FirstOrDefault(name => name is not null),
        IAssignmentOperation assignment => Outside(assignment.Target),
        IIncrementOrDecrementOperation step => Outside(step.Target),
        IEventAssignmentOperation subscription => Outside(subscription.EventReference),
        IArgumentOperation { Parameter.RefKind: RefKind.Ref or RefKind.Out } argument => Outside(argument.Value),
        IInvocationOperation { Instance: { } collection, TargetMethod: var called } when ChangingMethods.Contains(called.Name)
            && IsMutableCollection(called.ContainingType) => Outside(collection, isContent: true),
        _ => null,
    };

    private static bool IsMutableCollection(INamedTypeSymbol type) =>
        type.ContainingNamespace?.ToDisplayString() is "System.Collections" or "System.Collections.Generic"
            or "System.Collections.ObjectModel" or "System.Collections.Concurrent";

    /// <summary>Whether a target is reached from outside; for a local or parameter itself, only if its content is changed.</summary>
    private string? Outside(IOperation target, bool isContent = false)
    {
        for (var at = target; ; isContent = true)
        {
            switch (at)
            {
                case IFieldReferenceOperation { Field.IsStatic: true } field:
                    return $"the static '{field.Field.ContainingType.Name}.{field.Field.Name}'";
                case IPropertyReferenceOperation { Property.IsStatic: true } property:
                    return $"the static '{property.Property.ContainingType.Name}.{property.Property.Name}'";
                case IEventReferenceOperation { Event.IsStatic: true } @event:
                    return $"the static '{@event.Event.ContainingType.Name}.{@event.Event.Name}'";
                case IMemberReferenceOperation { Instance: { } instance }:
                    at = instance;
                    break;
                case IInvocationOperation { Instance: { } instance }:
                    at = instance;
                    break;
                case IArrayElementReferenceOperation element:
                    at = element.ArrayReference;
                    break;
                case IConversionOperation conversion:
                    at = conversion.Operand;
                    break;
                case IConditionalAccessInstanceOperation:
                    at = ReceiverOf(at);
                    if (at is null) return null;
                    break;
                case IInstanceReferenceOperation { ReferenceKind: InstanceReferenceKind.ContainingTypeInstance }:
                    return OfInstance();
                case IParameterReferenceOperation parameter when isContent && IsEvent(parameter.Parameter, parameter.Type):
                    return "the event";
                case ILocalReferenceOperation local when isContent && !local.Local.Type.IsValueType && library.IsEvent(local.Local.Type)
                    && IsFromPattern(local.Local):
                    return "the event";
                default:
                    return null;
            }
        }
    }

    /// <summary>An aggregate changes itself. A state is a value, and a projection is shared: both return the new value.</summary>
    private string? OfInstance() => type switch
    {
        { Kind: FoldKind.Aggregate } => null,
        { Kind: FoldKind.State, Type.IsValueType: true } => null,
        { Kind: FoldKind.State } => "the state that it was given",
        _ => "the projection, which holds no state",
    };

    private bool IsEvent(IParameterSymbol parameter, ITypeSymbol? of) =>
        LibraryTypes.Same(parameter.ContainingSymbol, method)
        && of is { IsValueType: false }
        && (type.Kind is FoldKind.Aggregate or FoldKind.State
            ? true
            : !LibraryTypes.Same(of, type.Document) && !LibraryTypes.Same(of, library.ProjectionTables)
                && (LibraryTypes.Same(of, library.RecordedEvent) || library.IsEvent(of)));

    /// <summary>
    /// <c>case MoneyDeposited e:</c> names the event that was passed in; any other local is an event that Apply has made.
    /// </summary>
    private static bool IsFromPattern(ILocalSymbol local) =>
        local.DeclaringSyntaxReferences.FirstOrDefault()?.GetSyntax() is SingleVariableDesignationSyntax;

    private static IOperation? ReceiverOf(IOperation operation)
    {
        for (var parent = operation.Parent; parent is not null; parent = parent.Parent)
        {
            if (parent is IConditionalAccessOperation access && !access.Operation.DescendantsAndSelf().Contains(operation))
                return access.Operation;
        }

        return null;
    }
}
