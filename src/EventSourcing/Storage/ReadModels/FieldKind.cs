namespace EventSourcing.Storage;

/// <summary>The kinds of values that a field may have.</summary>
public enum FieldKind
{
    /// <summary>Whole numbers of 64 bits.</summary>
    WholeNumber = 1,

    /// <summary>Numbers of double precision.</summary>
    Number = 2,

    /// <summary>Texts.</summary>
    Text = 3,
}
