namespace EventSourcing.Storage;

/// <summary>A read model to create: its name and the fields by which its documents can be found.</summary>
/// <param name="Name">The name.</param>
/// <param name="Fields">The fields, each name once; none if documents are found by key alone.</param>
public sealed record ReadModelDefinition(string Name, IReadOnlyList<FieldDefinition> Fields)
{
    /// <summary>The most fields that a read model may have.</summary>
    public const int MaxFields = 32;

    /// <summary>Throws if a text cannot be a read model's name; the rule is that for streams.</summary>
    /// <param name="name">The text.</param>
    /// <exception cref="ArgumentException">Says what is wrong with it.</exception>
    public static void ThrowIfInvalidName(string name) => Names.ThrowIfInvalid(name, "A read model's name");

    /// <summary>Throws if the name or a field is not valid.</summary>
    /// <exception cref="ArgumentException">Names the one that is not valid, and why.</exception>
    public void Validate()
    {
        ThrowIfInvalidName(Name);
        ArgumentNullException.ThrowIfNull(Fields);
        if (Fields.Count > MaxFields)
            throw new ArgumentException($"The read model '{Name}' has {Fields.Count} fields; the limit is {MaxFields}.", nameof(Fields));
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var field in Fields)
        {
            field.Validate();
            if (!names.Add(field.Name))
                throw new ArgumentException(
                    $"The read model '{Name}' has two fields named '{field.Name}'; upper and lower case are the same here, as in SQL.",
                    nameof(Fields));
        }
    }

    /// <summary>Throws if the values of a document do not fit the fields.</summary>
    /// <param name="change">The change of the document.</param>
    /// <exception cref="ArgumentException">Names the value that does not fit, and why.</exception>
    public void ThrowIfUnfit(in DocumentChange change)
    {
        if (change.Data is null) return;
        if (change.Fields.Count != Fields.Count)
        {
            throw new ArgumentException(
                $"The document '{Names.Printable(change.Key)}' brings {change.Fields.Count} field values, "
                + $"and the read model '{Name}' has {Fields.Count} fields.",
                nameof(change),
                new ReadModelMismatchException(Name, $"it has {Fields.Count} fields and was made with {change.Fields.Count}"));
        }

        for (var i = 0; i < Fields.Count; i++)
        {
            if (change.Fields[i].Fits(Fields[i].Kind)) continue;
            throw new ArgumentException(
                $"The field '{Fields[i].Name}' of '{Name}' holds {Fields[i].Kind} values; the document '{Names.Printable(change.Key)}' "
                + $"brings {change.Fields[i]}.",
                nameof(change),
                new ReadModelMismatchException(
                    Name,
                    $"its field '{Fields[i].Name}' holds {Fields[i].Kind} values, and the projection writes {change.Fields[i]} there"));
        }
    }

    /// <summary>The index of a field in the definition.</summary>
    /// <param name="field">Its name; case is ignored.</param>
    /// <param name="model">The name or alias under which the read model was asked for.</param>
    /// <returns>The index in <see cref="Fields"/>.</returns>
    /// <exception cref="UnknownFieldException">There is no such field.</exception>
    public int IndexOf(string field, string model)
    {
        for (var i = 0; i < Fields.Count; i++)
        {
            if (string.Equals(Fields[i].Name, field, StringComparison.OrdinalIgnoreCase)) return i;
        }

        throw new UnknownFieldException(model, field, this);
    }

    /// <summary>Throws if conditions name a field that does not exist, or compare it with a value of another kind.</summary>
    /// <param name="conditions">The conditions.</param>
    /// <param name="model">The name or alias under which the read model was asked for.</param>
    /// <exception cref="UnknownFieldException">There is no such field.</exception>
    /// <exception cref="ArgumentException">A value is of another kind.</exception>
    public void ThrowIfUnfit(IReadOnlyList<FieldCondition> conditions, string model)
    {
        ArgumentNullException.ThrowIfNull(conditions);
        foreach (var condition in conditions)
        {
            var field = Fields[IndexOf(condition.Field, model)];
            if (!condition.Value.Fits(field.Kind))
                throw new ArgumentException(
                    $"The field '{field.Name}' of '{model}' holds {field.Kind} values; the condition compares it with {condition.Value}.",
                    nameof(conditions));
        }
    }

    /// <summary>
    /// Throws if a query orders by a field that does not exist, or begins at a value of another kind, or its conditions do not
    /// fit.
    /// </summary>
    /// <param name="query">The query.</param>
    /// <param name="model">The name or alias under which the read model was asked for.</param>
    /// <exception cref="UnknownFieldException">There is no such field.</exception>
    /// <exception cref="ArgumentException">A value is of another kind.</exception>
    public void ThrowIfUnfit(DocumentQuery query, string model)
    {
        ArgumentNullException.ThrowIfNull(query);
        ThrowIfUnfit(query.Conditions, model);
        if (query.OrderBy is null) return;
        var field = Fields[IndexOf(query.OrderBy, model)];
        if (query.After is { } after && !after.Value.Fits(field.Kind))
            throw new ArgumentException(
                $"The field '{field.Name}' of '{model}' holds {field.Kind} values; the cursor has {after.Value}.", nameof(query));
    }

    /// <summary>Whether two definitions are equal.</summary>
    /// <param name="other">The other.</param>
    /// <returns><see langword="true"/> if they have the same name and the same fields in the same order.</returns>
    public bool Equals(ReadModelDefinition? other) => other is not null && Name == other.Name && Fields.SequenceEqual(other.Fields);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, Fields.Count);
}

/// <summary>A field by which documents can be found and ordered.</summary>
/// <param name="Name">Its name: 1–60 letters, digits and underscores of ASCII, not beginning with a digit.</param>
/// <param name="Kind">The kind of its values.</param>
public readonly record struct FieldDefinition(string Name, FieldKind Kind)
{
    private const int MaxLength = 60;

    internal void Validate()
    {
        ArgumentNullException.ThrowIfNull(Name);
        if (Name.Length is 0 or > MaxLength || char.IsAsciiDigit(Name[0]) || !Name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_'))
            throw new ArgumentException(
                $"A field's name must be 1–{MaxLength} letters, digits and underscores of ASCII, not beginning with a digit; "
                + $"'{Names.Printable(Name)}' is not.");
        if (Name.ToUpperInvariant() is "KEY" or "DATA" or "DOCUMENT")
            throw new ArgumentException($"A field cannot be named '{Name}': every document has one of that name.");
        if (Name.ToUpperInvariant() is "TABLEOID" or "XMIN" or "XMAX" or "CMIN" or "CMAX" or "CTID")
            throw new ArgumentException($"A field cannot be named '{Name}': PostgreSQL has a column of its own of that name.");
        if (!Enum.IsDefined(Kind)) throw new ArgumentException($"The field '{Name}' has no valid kind.");
    }
}
