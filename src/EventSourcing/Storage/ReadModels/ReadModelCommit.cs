namespace EventSourcing.Storage;

/// <summary>
/// Changes of read models that take effect together or not at all. They are applied in the order of the properties here:
/// guards, drops, creations, aliases, documents, tables.
/// </summary>
public sealed record ReadModelCommit
{
    /// <summary>Documents that must be as expected; otherwise nothing is written.</summary>
    public IReadOnlyList<DocumentGuard> Guards { get; init; } = [];

    /// <summary>Read models to remove, with their documents and aliases. It is no error if one does not exist.</summary>
    public IReadOnlyList<string> Drops { get; init; } = [];

    /// <summary>
    /// Read models to create. A read model that exists with the same definition is left unchanged. If it has another definition, that is an
    /// error.
    /// </summary>
    public IReadOnlyList<ReadModelDefinition> Creates { get; init; } = [];

    /// <summary>Aliases to set. An alias that exists is moved to the given read model.</summary>
    public IReadOnlyList<ReadModelAlias> Aliases { get; init; } = [];

    /// <summary>
    /// Documents to write or delete, each at most once. Their read models must exist already, or be created by this commit.
    /// </summary>
    public IReadOnlyList<DocumentChange> Changes { get; init; } = [];

    /// <summary>
    /// SQL to run in the same transaction. If it throws, nothing is written. It may be run again after a failure. In some databases, once
    /// one statement has failed, all later statements of the transaction fail. To go on after such an error, set a savepoint before the
    /// statement and roll back to it.
    /// </summary>
    public TableWork? Tables { get; init; }

    /// <summary>Throws if a name, a key or a definition is not valid. Every storage calls this first.</summary>
    /// <exception cref="ArgumentException">The message says what is not valid, and why.</exception>
    public void Validate()
    {
        ArgumentNullException.ThrowIfNull(Guards);
        ArgumentNullException.ThrowIfNull(Drops);
        ArgumentNullException.ThrowIfNull(Creates);
        ArgumentNullException.ThrowIfNull(Aliases);
        ArgumentNullException.ThrowIfNull(Changes);
        foreach (var guard in Guards)
        {
            ReadModelDefinition.ThrowIfInvalidName(guard.Model);
            StoredDocument.ThrowIfInvalidKey(guard.Key);
        }

        foreach (var name in Drops) ReadModelDefinition.ThrowIfInvalidName(name);
        foreach (var definition in Creates)
        {
            ArgumentNullException.ThrowIfNull(definition, nameof(Creates));
            definition.Validate();
        }

        foreach (var alias in Aliases)
        {
            ReadModelDefinition.ThrowIfInvalidName(alias.Alias);
            ReadModelDefinition.ThrowIfInvalidName(alias.Model);
        }

        if (Changes.Count == 0) return;
        var keys = new HashSet<(string Model, string Key)>(Changes.Count);
        foreach (var change in Changes)
        {
            ReadModelDefinition.ThrowIfInvalidName(change.Model);
            StoredDocument.ThrowIfInvalidKey(change.Key);
            if (!keys.Add((change.Model, change.Key)))
                throw new ArgumentException(
                    $"The document '{Names.Printable(change.Key)}' of '{change.Model}' is changed twice in one commit.", nameof(Changes));
        }
    }
}

/// <summary>The expected state of a document, required for a commit to take effect.</summary>
/// <param name="Model">The read model's name, not an alias. A read model that does not exist has no documents.</param>
/// <param name="Key">The document's key.</param>
/// <param name="Expected">Its bytes, or <see langword="null"/> if there must be no such document.</param>
public readonly record struct DocumentGuard(string Model, string Key, ReadOnlyMemory<byte>? Expected)
{
    /// <summary>Whether a document is as expected.</summary>
    /// <param name="actual">The document's bytes, or <see langword="null"/> if there is none.</param>
    /// <returns><see langword="true"/> if it is.</returns>
    public bool IsMetBy(byte[]? actual) =>
        Expected is { } expected ? actual is not null && expected.Span.SequenceEqual(actual) : actual is null;
}

/// <summary>Another name for a read model, for reading.</summary>
/// <param name="Alias">The other name. No read model may have it.</param>
/// <param name="Model">The read model. It must exist already, or be created by the same commit.</param>
public readonly record struct ReadModelAlias(string Alias, string Model);

/// <summary>A change of one document.</summary>
/// <param name="Model">The read model's name, not an alias.</param>
/// <param name="Key">The document's key.</param>
/// <param name="Data">
/// The document's new bytes, or <see langword="null"/> to delete the document. It is no error if there is none to delete.
/// </param>
public readonly record struct DocumentChange(string Model, string Key, ReadOnlyMemory<byte>? Data)
{
    private readonly IReadOnlyList<FieldValue>? _fields;

    /// <summary>The values of the read model's fields, in the order of its definition; for a deletion, none.</summary>
    public IReadOnlyList<FieldValue> Fields
    {
        get => _fields ?? [];
        init => _fields = value;
    }
}

/// <summary>A document of a read model, as stored.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Data">Its bytes.</param>
/// <param name="OrderedBy">The value of the field that the query orders by; missing if it orders by key.</param>
public readonly record struct StoredDocument(string Key, ReadOnlyMemory<byte> Data, FieldValue OrderedBy = default)
{
    /// <summary>
    /// Throws if a text cannot be a key: if it is empty, has over 200 characters, or contains U+0000 or a lone surrogate.
    /// </summary>
    /// <param name="key">The text.</param>
    /// <exception cref="InvalidIdException">Says what is wrong with it.</exception>
    public static void ThrowIfInvalidKey(string key) => Names.ThrowIfInvalidDocumentKey(key);
}
