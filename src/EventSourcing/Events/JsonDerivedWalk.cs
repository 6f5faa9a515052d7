using System.Collections;
using System.Text.Json.Serialization.Metadata;

namespace EventSourcing;

/// <summary>
/// Tells whether a value may contain one of a derived type that JSON writes, and reads back, as its base. It looks only at the
/// members whose types allow that, and there is none for a type without such members: it runs for each value. Thread-safe.
/// </summary>
internal sealed class JsonDerivedWalk
{
    private readonly JsonTypeInfo _root;
    private readonly Dictionary<Type, Node> _nodes = [];

    private JsonDerivedWalk(JsonTypeInfo root) => _root = root;

    /// <summary>The walk for a type; null if no value of it can contain such a part.</summary>
    public static JsonDerivedWalk? For(JsonTypeInfo root)
    {
        var walk = new JsonDerivedWalk(root);
        var node = walk.Add(root);
        walk.Prune();
        return node.LeadsToDerived ? walk : null;
    }

    /// <summary>Whether there may be one. <see cref="JsonMembers.Sliced"/> decides, and says at which path.</summary>
    public bool MayFindIn(object value)
    {
        try
        {
            // Only with a reference handler can JSON write a value that contains itself.
            return _nodes.TryGetValue(_root.Type, out var node)
                && MayFindIn(value, node, 0, _root.Options.ReferenceHandler is null ? null : new(ReferenceEqualityComparer.Instance));
        }
        catch (Exception)
        {
            // Any exception: the value's own members run in there. The caller looks again, and passes over those that fail.
            return true;
        }
    }

    private bool MayFindIn(object value, Node node, int depth, HashSet<object>? met)
    {
        if (depth > JsonOutput.MaxDepthOf(_root.Options)) return false;
        var isNew = met is null || met.Add(value);
        if (!isNew && JsonSearch.WritesOnce(_root.Options)) return false;
        if (value.GetType() != node.Info.Type)
        {
            if (JsonMembers.IsSliced(value, node.Info)) return true;
            if (node.IsPolymorphic)
            {
                if (!_nodes.TryGetValue(value.GetType(), out var derived)) return false;
                node = derived;
            }
        }

        if (!isNew) return false;
        foreach (var (property, of) in node.Members)
        {
            if (property.Get!(value) is { } part && MayFindIn(part, of, depth + 1, met)) return true;
        }

        if (node.Element is not { } element) return false;
        switch (value)
        {
            case IDictionary dictionary when node.Info.Kind == JsonTypeInfoKind.Dictionary:
                foreach (var item in dictionary.Values)
                {
                    if (item is not null && MayFindIn(item, element, depth + 1, met)) return true;
                }

                return false;
            case IList list when node.Info.Kind == JsonTypeInfoKind.Enumerable:
                for (var i = 0; i < list.Count; i++)
                {
                    if (list[i] is { } item && MayFindIn(item, element, depth + 1, met)) return true;
                }

                return false;
            case IEnumerable items when node.Info.Kind == JsonTypeInfoKind.Enumerable:
                foreach (var item in items)
                {
                    if (item is not null && MayFindIn(item, element, depth + 1, met)) return true;
                }

                return false;
            default:
                return false;
        }
    }

    private Node? Add(Type type) => _root.Options.TryGetTypeInfo(Nullable.GetUnderlyingType(type) ?? type, out var info) ? Add(info) : null;

    private Node Add(JsonTypeInfo info)
    {
        if (_nodes.TryGetValue(info.Type, out var known)) return known;
        var node = new Node(info) { MayBeDerived = JsonMembers.AllowsSliced(info) };
        _nodes.Add(info.Type, node);
        foreach (var derived in info.PolymorphismOptions?.DerivedTypes ?? [])
        {
            if (derived.DerivedType != info.Type && Add(derived.DerivedType) is { } of) node.Derived.Add(of);
        }

        if (info.Kind == JsonTypeInfoKind.Object)
        {
            foreach (var property in info.Properties)
            {
                if (JsonMembers.IsKept(property, info) && Add(property.PropertyType) is { } of) node.Members.Add((property, of));
            }
        }
        else if (info.ElementType is { } element)
        {
            node.Element = Add(element);
        }

        return node;
    }

    /// <summary>Leaves only what leads to a part that may be of a derived type.</summary>
    private void Prune()
    {
        bool isChanged;
        do
        {
            isChanged = false;
            foreach (var node in _nodes.Values)
            {
                if (node.LeadsToDerived || !node.Parts.Any(part => part.IsWanted) && !node.Derived.Any(of => of.LeadsToDerived)) continue;
                node.LeadsToDerived = isChanged = true;
            }
        }
        while (isChanged);

        foreach (var node in _nodes.Values)
        {
            node.Members.RemoveAll(member => !member.Of.IsWanted);
            if (node.Element is { IsWanted: false }) node.Element = null;
        }
    }

    private sealed class Node(JsonTypeInfo info)
    {
        public JsonTypeInfo Info => info;

        /// <summary>Whether a value declared as this may itself be of a derived type that JSON does not keep.</summary>
        public bool MayBeDerived { get; init; }

        /// <summary>Whether a part of it may be, at any depth.</summary>
        public bool LeadsToDerived { get; set; }

        public bool IsWanted => MayBeDerived || LeadsToDerived;

        public bool IsPolymorphic => Derived.Count > 0;

        public List<Node> Derived { get; } = [];

        public List<(JsonPropertyInfo Property, Node Of)> Members { get; } = [];

        public Node? Element { get; set; }

        public IEnumerable<Node> Parts => Element is null ? Members.Select(member => member.Of) : [Element];
    }
}
