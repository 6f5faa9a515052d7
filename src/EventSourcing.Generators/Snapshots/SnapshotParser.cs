using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace EventSourcing.Generators;

/// <summary>Reads aggregates marked [Snapshots].</summary>
internal static class SnapshotParser
{
    private const string Holder = "SnapshotAccess";

    public static Parsed<SnapshotModel> Parse(GeneratorAttributeSyntaxContext marked)
    {
        var type = (INamedTypeSymbol)marked.TargetSymbol;
        if (!AggregateParser.IsAggregate(type)) return Parsed<SnapshotModel>.Nothing;
        var classes = ClassesOf(type);
        if (classes.FindLastIndex(c => c.Interfaces.Any(i => i.IsOurs("ISnapshotState")) && !c.DeclaringSyntaxReferences.IsEmpty) is >= 0
            and var byHand)
            return Parsed<SnapshotModel>.Failed(FieldsNotKeptByHand(type, classes, byHand).ToList());
        if (PartialType.Obstacle(type) is { } obstacle) return Parsed<SnapshotModel>.Failed(obstacle);

        var flaws = FlawsOf(type, classes, marked.SemanticModel.Compilation).ToList();
        if (flaws.Count > 0) return Parsed<SnapshotModel>.Failed(flaws);

        var events = classes.SelectMany(c => c.AppliedEvents(returns: null));
        var fields = new List<SnapshotField>();
        var accessors = new List<SnapshotAccessor>();
        foreach (var field in classes.SelectMany(StateShape.FieldsOf)) Add(type, field, fields, accessors);
        return Parsed<SnapshotModel>.Of(new SnapshotModel(
            PartialType.Of(type),
            FoldFingerprint.Of(type, events, marked.Attributes[0].Named("Version")?.Value as int? ?? 1),
            fields.ToEquatableList(),
            accessors.ToEquatableList()));
    }

    /// <summary>The classes that hold the state, starting with the one below Aggregate.</summary>
    private static List<INamedTypeSymbol> ClassesOf(INamedTypeSymbol type)
    {
        var classes = new List<INamedTypeSymbol>();
        for (var current = type; !current.IsOurs("Aggregate"); current = current.BaseType!) classes.Insert(0, current);
        return classes;
    }

    /// <summary>
    /// Reports the fields of classes that derive from one with a handwritten ISnapshotState: that code does not see them. If a
    /// derived class has handwritten code too, that sees them.
    /// </summary>
    private static IEnumerable<DiagnosticInfo> FieldsNotKeptByHand(INamedTypeSymbol type, List<INamedTypeSymbol> classes, int byHand)
    {
        var derived = classes.Skip(byHand + 1).ToList();
        return derived.Exists(c =>
            c.GetMembers().OfType<IMethodSymbol>().Any(method => method.Name is "WriteState" or "EventSourcing.ISnapshotState.WriteState"))
            ? []
            : derived.SelectMany(StateShape.FieldsOf).Select(field => Flaw(
                field.AssociatedSymbol ?? field,
                NameOf(field),
                type,
                $"its base class '{classes[byHand].Name}' implements ISnapshotState by hand, and does not see it"));
    }

    private static IEnumerable<DiagnosticInfo> FlawsOf(INamedTypeSymbol type, List<INamedTypeSymbol> classes, Compilation compilation)
    {
        var shape = new StateShape();
        foreach (var c in classes)
        {
            if (c.DeclaringSyntaxReferences.IsEmpty)
                yield return Flaw(type, c.Name, type, "it is a base class in another assembly, and its fields are not seen");
            if (c.InstanceConstructors.FirstOrDefault(constructor => constructor.Parameters.Length > 0
                && constructor.DeclaringSyntaxReferences.Any(part => part.GetSyntax() is TypeDeclarationSyntax)) is { } primary)
                yield return Flaw(
                    primary.Parameters[0], primary.Parameters[0].Name, c, "parameters of a class are fields that are not seen");
            foreach (var field in StateShape.FieldsOf(c))
            {
                if ((shape.FlawOfField(field.Type) ?? FlawOfView(field) ?? FlawOfAccess(field, type, compilation)) is { } flaw)
                    yield return Flaw(field.AssociatedSymbol ?? field, NameOf(field), c, flaw);
            }

            // The field of an event is not among the members.
            foreach (var e in c.GetMembers().OfType<IEventSymbol>().Where(e =>
                e is { IsStatic: false, IsAbstract: false, AddMethod.IsImplicitlyDeclared: true }))
                yield return Flaw(e, e.Name, c, "it is an event, which holds delegates");
        }
    }

    /// <summary>
    /// A read-only list that is never set can only hold state as a view of another collection. Read back from a snapshot, it would
    /// be a copy that never changes.
    /// </summary>
    private static string? FlawOfView(IFieldSymbol field) =>
        field is { IsReadOnly: true, Type: INamedTypeSymbol { MetadataName: "IReadOnlyList`1" or "IReadOnlyCollection`1" } }
            ? "it is read-only, so it can only show what another field holds; make it a computed property of that field, "
                + "or static if it never changes"
            : null;

    /// <summary>Fields of base classes are accessed from outside these classes.</summary>
    private static string? FlawOfAccess(IFieldSymbol field, INamedTypeSymbol type, Compilation compilation)
    {
        var isGenericBase = field.ContainingType.Arity > 0 && !SymbolEqualityComparer.Default.Equals(field.ContainingType, type);
        var isAccessible = compilation.IsSymbolAccessibleWithin(field.Type, type)
            && (!isGenericBase || compilation.IsSymbolAccessibleWithin(field.OriginalDefinition.Type, type.ContainingAssembly));
        return isAccessible
            ? null
            : $"generated code cannot name its type '{field.Type.Name}', which is nested and not accessible outside of "
                + $"'{field.ContainingType.Name}'";
    }

    private static DiagnosticInfo Flaw(ISymbol place, string member, INamedTypeSymbol type, string reason) =>
        DiagnosticInfo.Of(GeneratorDiagnostics.StateNotKept, place, member, type.Name, reason);

    private static void Add(INamedTypeSymbol type, IFieldSymbol field, List<SnapshotField> fields, List<SnapshotAccessor> accessors)
    {
        var name = NameOf(field);
        var owner = field.ContainingType;
        if (fields.Any(other => other.Name == name)) name = $"{owner.Name}.{name}";

        // A field may have the same name as a parameter of the method in which it is used.
        var access = $"this.{(SyntaxFacts.GetKeywordKind(field.Name) == SyntaxKind.None ? field.Name : "@" + field.Name)}";
        if (field.AssociatedSymbol is not null || field.IsReadOnly || !SymbolEqualityComparer.Default.Equals(owner, type))
        {
            var accessor = AccessorOf(field, $"{name.Replace('.', '_')}Of", type);
            accessors.Add(accessor);
            var holder = accessor.Constraints is null ? Holder : accessor.Holder.Replace(Definition(owner), Arguments(owner));
            access = $"{holder}.{accessor.Method}(this)";
        }

        var (kind, types, empty) = KindOf(field.Type);
        fields.Add(new SnapshotField(name, access, kind, types, empty));
    }

    /// <summary>
    /// Fields of a generic base class are accessed through a class with the same type parameters, as the runtime requires.
    /// </summary>
    private static SnapshotAccessor AccessorOf(IFieldSymbol field, string method, INamedTypeSymbol type)
    {
        var owner = field.ContainingType;
        var isGenericBase = owner.Arity > 0 && !SymbolEqualityComparer.Default.Equals(owner, type);
        var definition = isGenericBase ? field.OriginalDefinition : field;
        return new SnapshotAccessor(
            isGenericBase ? $"{owner.Name}Access{Definition(owner)}" : Holder,
            isGenericBase ? ConstraintsOf(owner.OriginalDefinition) : null,
            method,
            field.MetadataName,
            TypeNames.Nullable(definition.Type),
            TypeNames.Of(definition.ContainingType));
    }

    private static string Definition(INamedTypeSymbol type) =>
        $"<{string.Join(", ", type.OriginalDefinition.TypeParameters.Select(parameter => parameter.Name))}>";

    private static string Arguments(INamedTypeSymbol type) => $"<{string.Join(", ", type.TypeArguments.Select(TypeNames.Of))}>";

    private static string ConstraintsOf(INamedTypeSymbol type) => string.Concat(type.TypeParameters.Select(parameter =>
    {
        var constraints = new List<string>();
        if (parameter.HasUnmanagedTypeConstraint) constraints.Add("unmanaged");
        else if (parameter.HasValueTypeConstraint) constraints.Add("struct");
        else if (parameter.HasReferenceTypeConstraint)
            constraints.Add(parameter.ReferenceTypeConstraintNullableAnnotation == NullableAnnotation.Annotated ? "class?" : "class");
        else if (parameter.HasNotNullConstraint) constraints.Add("notnull");
        constraints.AddRange(parameter.ConstraintTypes.Select(TypeNames.Of));
        if (parameter.HasConstructorConstraint) constraints.Add("new()");
        return constraints.Count == 0 ? "" : $" where {parameter.Name} : {string.Join(", ", constraints)}";
    }));

    private static (SnapshotFieldKind Kind, string Types, string? Empty) KindOf(ITypeSymbol type)
    {
        if (type is not INamedTypeSymbol { Arity: > 0 } named
            || named.ContainingNamespace.ToDisplayString() is not ("System.Collections.Generic" or "System.Collections.Immutable"))
            return (SnapshotFieldKind.Value, "", null);
        var (name, arguments) = (TypeNames.Of(type), string.Join(", ", named.TypeArguments.Select(TypeNames.Nullable)));
        return named.MetadataName switch
        {
            "List`1" or "HashSet`1" or "SortedSet`1" or "LinkedList`1" => (SnapshotFieldKind.Items, $"{arguments}, {name}", null),
            "Stack`1" or "Queue`1" => (SnapshotFieldKind.Items, arguments, null),
            "ImmutableHashSet`1" or "ImmutableSortedSet`1" => (SnapshotFieldKind.Items, $"{arguments}, {name}", $"{name}.Empty"),
            "Dictionary`2" or "SortedDictionary`2" or "SortedList`2" => (SnapshotFieldKind.Entries, $"{arguments}, {name}", null),
            "ImmutableDictionary`2" or "ImmutableSortedDictionary`2" =>
                (SnapshotFieldKind.Entries, $"{arguments}, {name}", $"{name}.Empty"),
            _ => (SnapshotFieldKind.Value, "", null),
        };
    }

    private static string NameOf(IFieldSymbol field) => (field.AssociatedSymbol ?? field).Name;
}
