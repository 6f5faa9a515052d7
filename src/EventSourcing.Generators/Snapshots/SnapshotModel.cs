namespace EventSourcing.Generators;

/// <summary>An aggregate whose state is kept in snapshots.</summary>
/// <param name="Type">The aggregate's type.</param>
/// <param name="Fingerprint">The fingerprint of its fold and state.</param>
/// <param name="Fields">All that it holds.</param>
/// <param name="Accessors">How the generated code reaches fields that C# does not let it access.</param>
internal sealed record SnapshotModel(
    PartialType Type, string Fingerprint, EquatableList<SnapshotField> Fields, EquatableList<SnapshotAccessor> Accessors);

/// <summary>One field, or a property that holds one.</summary>
/// <param name="Name">Its name in the snapshot.</param>
/// <param name="Access">An expression for it, of which a reference can be taken.</param>
/// <param name="Kind">How it is read and written.</param>
/// <param name="Types">The type arguments with which it is read.</param>
/// <param name="Empty">The empty collection to begin with if there is none.</param>
internal sealed record SnapshotField(string Name, string Access, SnapshotFieldKind Kind, string Types, string? Empty);

internal enum SnapshotFieldKind
{
    /// <summary>One JSON value.</summary>
    Value,

    /// <summary>The items of a collection; the collection keeps its comparer.</summary>
    Items,

    /// <summary>The keys and values of a dictionary; the dictionary keeps its comparer.</summary>
    Entries,
}

/// <summary>A method that returns a reference to a field.</summary>
/// <param name="Holder">The class that contains it: one for the aggregate, one for each generic base class.</param>
/// <param name="Constraints">The constraints of a generic holder; null for the one in the aggregate.</param>
/// <param name="Method">Its name.</param>
/// <param name="Field">The field's name in metadata.</param>
/// <param name="FieldType">The field's type.</param>
/// <param name="Owner">The class of the field.</param>
internal sealed record SnapshotAccessor(string Holder, string? Constraints, string Method, string Field, string FieldType, string Owner);
