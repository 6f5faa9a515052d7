using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace EventSourcing.Generators.Analyzers;

/// <summary>The library's types in a compilation that uses it, and which types are events there.</summary>
internal sealed class LibraryTypes
{
    private readonly Compilation _compilation;
    private readonly Lazy<List<INamedTypeSymbol>> _events;
    private readonly Lazy<HashSet<string>> _namedByHand;

    private LibraryTypes(Compilation compilation, INamedTypeSymbol aggregate)
    {
        _compilation = compilation;
        Aggregate = aggregate;
        State = Get("EventSourcing.IState`1");
        DocumentProjection = Get("EventSourcing.Projection`1");
        TableProjection = Get("EventSourcing.TableProjection");
        Reactor = Get("EventSourcing.Reactor");
        Delivery = Get("EventSourcing.Delivery");
        ProjectionTables = Get("EventSourcing.ProjectionTables");
        EventTypeAttribute = Get("EventSourcing.EventTypeAttribute");
        UpcasterAttribute = Get("EventSourcing.UpcasterAttribute");
        EventData = Get("EventSourcing.EventData");
        RecordedEvent = Get("EventSourcing.RecordedEvent");
        ErasedEvent = Get("EventSourcing.ErasedEvent");
        PayloadsErased = Get("EventSourcing.PayloadsErased");
        _events = new(FindEvents);
        _namedByHand = new(FindNamesGivenByHand);
    }

    public INamedTypeSymbol Aggregate { get; }

    public INamedTypeSymbol? State { get; }

    public INamedTypeSymbol? DocumentProjection { get; }

    public INamedTypeSymbol? TableProjection { get; }

    public INamedTypeSymbol? Reactor { get; }

    public INamedTypeSymbol? Delivery { get; }

    public INamedTypeSymbol? ProjectionTables { get; }

    public INamedTypeSymbol? EventTypeAttribute { get; }

    public INamedTypeSymbol? UpcasterAttribute { get; }

    public INamedTypeSymbol? EventData { get; }

    public INamedTypeSymbol? RecordedEvent { get; }

    public INamedTypeSymbol? ErasedEvent { get; }

    public INamedTypeSymbol? PayloadsErased { get; }

    /// <summary>The library's types; null if the compilation does not use the library, and there is nothing to check.</summary>
    public static LibraryTypes? Of(Compilation compilation) =>
        compilation.GetTypeByMetadataName("EventSourcing.Aggregate") is { } aggregate ? new LibraryTypes(compilation, aggregate) : null;

    public static bool Same(ISymbol? one, ISymbol? other) => one is not null && SymbolEqualityComparer.Default.Equals(one, other);

    public bool IsEvent(ITypeSymbol type) => AttributeOf(type, EventTypeAttribute) is not null;

    public DeclaredEvent? EventOf(INamedTypeSymbol type) =>
        AttributeOf(type, EventTypeAttribute) is { } attribute ? DeclaredEvent.From(type, attribute) : null;

    /// <summary>Whether a handler for the one type takes events of the other.</summary>
    public bool Takes(ITypeSymbol handled, ITypeSymbol @event)
    {
        var conversion = _compilation.ClassifyConversion(@event, handled);
        return conversion.IsIdentity || (conversion.IsImplicit && (conversion.IsReference || conversion.IsBoxing));
    }

    /// <summary>Whether there is an event of a type, so that it makes sense to handle the type.</summary>
    public bool IsBaseOfEvents(ITypeSymbol type) => _events.Value.Exists(e => Takes(type, e));

    /// <summary>
    /// Whether the code seems to list the type by <c>EventType.Of&lt;T&gt;</c>, which can give it a name. Determined by
    /// syntax only.
    /// </summary>
    public bool IsNamedByHand(ITypeSymbol type) => _namedByHand.Value.Contains(type.Name);

    public static AttributeData? AttributeOf(ISymbol symbol, INamedTypeSymbol? attribute) =>
        attribute is null ? null : symbol.GetAttributes().FirstOrDefault(a => Same(a.AttributeClass, attribute));

    private INamedTypeSymbol? Get(string name) => _compilation.GetTypeByMetadataName(name);

    private List<INamedTypeSymbol> FindEvents()
    {
        var found = new List<INamedTypeSymbol>();
        var library = Aggregate.ContainingAssembly;
        AddEvents(_compilation.Assembly.GlobalNamespace, found);
        foreach (var assembly in _compilation.SourceModule.ReferencedAssemblySymbols)
        {
            if (assembly.Modules.Any(module => module.ReferencedAssemblies.Contains(library.Identity)))
                AddEvents(assembly.GlobalNamespace, found);
        }

        return found;
    }

    private void AddEvents(INamespaceOrTypeSymbol container, List<INamedTypeSymbol> found)
    {
        foreach (var member in container.GetMembers())
        {
            if (member is not INamespaceOrTypeSymbol inner) continue;
            if (inner is INamedTypeSymbol type && IsEvent(type)) found.Add(type);
            AddEvents(inner, found);
        }
    }

    private HashSet<string> FindNamesGivenByHand()
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        foreach (var tree in _compilation.SyntaxTrees)
        {
            foreach (var name in tree.GetRoot().DescendantNodes().OfType<GenericNameSyntax>())
            {
                if (name.Identifier.ValueText == "Of" && name.TypeArgumentList.Arguments.Count == 1)
                    found.Add(name.TypeArgumentList.Arguments[0].GetLastToken().ValueText);
            }
        }

        return found;
    }
}
