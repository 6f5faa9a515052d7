namespace EventSourcing.Generators;

/// <summary>An aggregate whose state is kept in snapshots.</summary>
/// <param name="Type">It.</param>
/// <param name="Fingerprint">The fingerprint of its fold and state.</param>
/// <param name="Fields">All that it holds.</param>
/// <param name="Accessors">How it gets at what C# does not let it.</param>
internal sealed record SnapshotModel(PartialType Type, string Fingerprint, EquatableList<SnapshotField> Fields, EquatableList<SnapshotAccessor> Accessors);

/// <summary>One field, or property that is one.</summary>
/// <param name="Name">Its name in the snapshot.</param>
/// <param name="Access">An expression for it, of which a reference can be taken.</param>
/// <param name="Kind">How it is read and written.</param>
/// <param name="Types">The type arguments with which it is read.</param>
/// <param name="Empty">The empty collection to begin with where there is none.</param>
internal sealed record SnapshotField(string Name, string Access, SnapshotFieldKind Kind, string Types, string? Empty);

internal enum SnapshotFieldKind
{
    /// <summary>One JSON value.</summary>
    Value,

    /// <summary>The items of a collection, which keeps what it compares by.</summary>
    Items,

    /// <summary>The keys and values of a dictionary, which keeps what it compares by.</summary>
    Entries,
}

/// <summary>A method that gives a reference to a field.</summary>
/// <param name="Holder">The class that it is in: one for the aggregate, one for each generic base class.</param>
/// <param name="Constraints">The constraints of a generic holder; null for the one in the aggregate.</param>
/// <param name="Method">Its name.</param>
/// <param name="Field">The field's name in metadata.</param>
/// <param name="FieldType">The field's type.</param>
/// <param name="Owner">The class of the field.</param>
internal sealed record SnapshotAccessor(string Holder, string? Constraints, string Method, string Field, string FieldType, string Owner);
