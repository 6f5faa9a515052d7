using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace EventSourcing.Generators.Analyzers;

/// <summary>
/// Finds fields and properties that JSON does not write, and that hold a value which nothing brings back. It tells by the code that
/// sets them: a constructor that JSON calls and a setter that JSON uses bring a value back, and a value that is computed from the
/// object alone can be computed again. Where the code does not show it, nothing is found.
/// </summary>
internal static class HiddenState
{
    private static readonly HashSet<string> Adding =
        ["Add", "AddRange", "AddFirst", "AddLast", "Append", "Enqueue", "Insert", "InsertRange", "Push", "TryAdd", "UnionWith"];

    /// <summary>Where a member gets a value that JSON does not bring back, as the end of a clause; null if none is seen.</summary>
    /// <param name="member">A field, or a property that has one.</param>
    /// <param name="type">The type whose JSON is looked at; it or a base of it declares the member.</param>
    /// <param name="constructor">The constructor that JSON calls; null for a struct's own.</param>
    /// <param name="symbolOf">What a name in the code stands for.</param>
    public static string? SourceOf(
        ISymbol member, INamedTypeSymbol type, IMethodSymbol? constructor, Func<IdentifierNameSyntax, ISymbol?> symbolOf)
    {
        if (type.AllInterfaces.Any(i => i.Name == "IJsonOnDeserialized")) return null;
        var declaring = member.ContainingType;
        if (declaring.DeclaringSyntaxReferences.IsEmpty) return null;
        if (declaring.GetMembers().OfType<IPropertySymbol>().Any(property => IsPopulated(property) && Shows(property, member.Name)))
            return null;
        string? source = null;
        var isWritten = false;
        foreach (var owner in CodeOf(member, type))
        {
            foreach (var write in owner.DeclaringSyntaxReferences.Select(part => part.GetSyntax()).OfType<TypeDeclarationSyntax>()
                .SelectMany(declaration => MemberWrite.AllOf(member, declaration, symbolOf)))
            {
                isWritten = true;
                var (isRestored, found) = Judge(write, owner, type, constructor);
                if (isRestored) return null;
                source ??= found;
            }
        }

        return source ?? (!isWritten && IsSetElsewhere(member) ? "code outside of its type can set" : null);
    }

    /// <summary>The classes whose code is looked at: the one that declares the member, and those that inherit it.</summary>
    private static IEnumerable<INamedTypeSymbol> CodeOf(ISymbol member, INamedTypeSymbol type)
    {
        if (member.DeclaredAccessibility == Accessibility.Private) return [member.ContainingType];
        return type.Bases().Prepend(type).TakeWhile(b => !LibraryTypes.Same(b, member.ContainingType)).Append(member.ContainingType);
    }

    /// <summary>Whether only code that is not seen here can give it a value.</summary>
    private static bool IsSetElsewhere(ISymbol member) => member switch
    {
        IFieldSymbol field => field is { IsReadOnly: false, DeclaredAccessibility: not Accessibility.Private },
        IPropertySymbol { SetMethod: { } set } => set.DeclaredAccessibility != Accessibility.Private,
        _ => false,
    };

    /// <summary>Whether a place brings the value back when JSON reads the object; if not, whether the value is one from outside.</summary>
    private static (bool IsRestored, string? Source) Judge(
        MemberWrite write, INamedTypeSymbol owner, INamedTypeSymbol type, IMethodSymbol? constructor)
    {
        if (write.IsCopy) return (false, null);
        if (write.IsOfAnother) return (false, $"{write.Place} sets");
        switch (write.Member)
        {
            case ConstructorDeclarationSyntax called:
                var isOwn = LibraryTypes.Same(owner, type);
                var isOfJson = constructor?.DeclaringSyntaxReferences.Any(part => part.GetSyntax() == called) == true;
                if (!isOwn || isOfJson || CallsAnother(constructor)) return (true, null);
                return (false, write.Uses(called.ParameterList.Parameters) ? "a constructor sets that JSON does not call" : null);
            case AccessorDeclarationSyntax { RawKind: (int)SyntaxKind.GetAccessorDeclaration }:
                return (false, null);
            case AccessorDeclarationSyntax accessor:
                var name = (accessor.Parent?.Parent as PropertyDeclarationSyntax)?.Identifier.ValueText;
                var property = owner.GetMembers(name ?? "").OfType<IPropertySymbol>().FirstOrDefault();
                if (property is not null && (IsOfJson(property) || property.IsMarked("JsonIgnoreAttribute"))) return (true, null);
                return (false, write.Uses("value") ? $"'{name ?? "this[]"}' sets, which JSON does not write" : null);
            case BaseMethodDeclarationSyntax method:
                return (false, write.Uses(method.ParameterList.Parameters) || (write.IsStep && method.IsCommand())
                    ? $"{write.Place} sets"
                    : null);
            default:
                return (false, null);
        }
    }

    private static bool CallsAnother(IMethodSymbol? constructor) => constructor?.DeclaringSyntaxReferences.Any(part =>
        part.GetSyntax() is ConstructorDeclarationSyntax { Initializer.RawKind: (int)SyntaxKind.ThisConstructorInitializer }) == true;

    /// <summary>
    /// Whether JSON sets a property, or the property itself is reported: a public one that JSON writes and cannot set.
    /// </summary>
    private static bool IsOfJson(IPropertySymbol property) => property.IsMarked("JsonIncludeAttribute")
        || property is { DeclaredAccessibility: Accessibility.Public, GetMethod.DeclaredAccessibility: Accessibility.Public };

    private static bool IsPopulated(IPropertySymbol property) =>
        property.IsMarked("JsonObjectCreationHandlingAttribute") || property.ContainingType.IsMarked("JsonObjectCreationHandlingAttribute");

    private static bool Shows(IPropertySymbol property, string name) => property.DeclaringSyntaxReferences.Any(part =>
        part.GetSyntax().DescendantNodes().OfType<IdentifierNameSyntax>().Any(node => node.Identifier.ValueText == name));

    /// <summary>Whether a method is there for what it changes. Another one may keep what it has computed.</summary>
    private static bool IsCommand(this BaseMethodDeclarationSyntax method) =>
        method is MethodDeclarationSyntax { ReturnType: PredefinedTypeSyntax { Keyword.RawKind: (int)SyntaxKind.VoidKeyword } };

    /// <summary>A place in the code that gives a member a value, or adds to the collection that it holds.</summary>
    /// <param name="Member">The constructor, method or accessor that does it; null for an initializer.</param>
    /// <param name="Value">The value, or what it is made from; null if there is none, as for <c>++</c>.</param>
    /// <param name="IsOfAnother">Whether the member is that of an object other than <c>this</c>.</param>
    /// <param name="IsStep">Whether the new value is made from the one before.</param>
    /// <param name="IsCopy">Whether the value is that of the same member of another object.</param>
    private sealed record MemberWrite(SyntaxNode? Member, SyntaxNode? Value, bool IsOfAnother, bool IsStep, bool IsCopy)
    {
        public string Place => Member switch
        {
            MethodDeclarationSyntax method => $"'{method.Identifier.ValueText}'",
            AccessorDeclarationSyntax { Parent.Parent: PropertyDeclarationSyntax property } => $"'{property.Identifier.ValueText}'",
            PropertyDeclarationSyntax property => $"'{property.Identifier.ValueText}'",
            _ => "an initializer",
        };

        /// <summary>All places in a declaration of the type. Other members may have the same name.</summary>
        public static IEnumerable<MemberWrite> AllOf(
            ISymbol written, TypeDeclarationSyntax declaration, Func<IdentifierNameSyntax, ISymbol?> symbolOf)
        {
            foreach (var name in declaration.DescendantNodes().OfType<IdentifierNameSyntax>())
            {
                if (name.Identifier.ValueText == written.Name && Of(name) is { } write
                    && LibraryTypes.Same(symbolOf(name)?.OriginalDefinition, written.OriginalDefinition))
                    yield return write;
            }
        }

        public bool Uses(SeparatedSyntaxList<ParameterSyntax> parameters) =>
            parameters.Any(parameter => Uses(parameter.Identifier.ValueText));

        public bool Uses(string name) => Value?.DescendantNodesAndSelf().OfType<IdentifierNameSyntax>().Any(node =>
            node.Identifier.ValueText == name) == true;

        private static MemberWrite? Of(IdentifierNameSyntax name)
        {
            ExpressionSyntax target = name;
            var isOfAnother = false;
            if (name.Parent is MemberAccessExpressionSyntax access && access.Name == name)
            {
                target = access;
                isOfAnother = access.Expression is not ThisExpressionSyntax;
            }

            while (target.Parent is ParenthesizedExpressionSyntax around) target = around;
            if (target.Parent is ElementAccessExpressionSyntax item && item.Expression == target) target = item;
            var (isWrite, value, isStep) = target.Parent switch
            {
                AssignmentExpressionSyntax assigned when assigned.Left == target =>
                    (true, assigned.Right, !assigned.IsKind(SyntaxKind.SimpleAssignmentExpression)
                        && !assigned.IsKind(SyntaxKind.CoalesceAssignmentExpression)),
                PostfixUnaryExpressionSyntax { RawKind: (int)SyntaxKind.PostIncrementExpression or (int)SyntaxKind.PostDecrementExpression }
                    or PrefixUnaryExpressionSyntax
                    {
                        RawKind: (int)SyntaxKind.PreIncrementExpression or (int)SyntaxKind.PreDecrementExpression,
                    } => (true, null, true),
                ArgumentSyntax { Parent: TupleExpressionSyntax { Parent: AssignmentExpressionSyntax assigned } tuple }
                    when assigned.Left == tuple => (true, assigned.Right, false),
                MemberAccessExpressionSyntax { Parent: InvocationExpressionSyntax call } adding
                    when adding.Expression == target && Adding.Contains(adding.Name.Identifier.ValueText) =>
                    (true, (SyntaxNode)call.ArgumentList, false),
                _ => (false, (SyntaxNode?)null, false),
            };
            if (!isWrite) return null;
            isOfAnother |= target.Parent is AssignmentExpressionSyntax { Parent: InitializerExpressionSyntax };
            var member = target.Ancestors().FirstOrDefault(node => node is BaseMethodDeclarationSyntax or AccessorDeclarationSyntax
                or BasePropertyDeclarationSyntax or FieldDeclarationSyntax or TypeDeclarationSyntax);
            return new MemberWrite(member, value, isOfAnother, isStep, IsOfSame(value, name.Identifier.ValueText) || IsCopying(member));
        }

        private static bool IsOfSame(SyntaxNode? value, string name) => name == value switch
        {
            IdentifierNameSyntax same => same.Identifier.ValueText,
            MemberAccessExpressionSyntax same => same.Name.Identifier.ValueText,
            _ => null,
        };

        private static bool IsCopying(SyntaxNode? member) => member is ConstructorDeclarationSyntax
        {
            ParameterList.Parameters: { Count: 1 } parameters,
        } copy && parameters[0].Type is SimpleNameSyntax type && type.Identifier.ValueText == copy.Identifier.ValueText;
    }
}
