namespace EventSourcing.Ledger;

/// <summary>The kinds of <see cref="DerivedState"/>.</summary>
public enum DerivedStateKind
{
    /// <summary>Snapshots of the streams of a category.</summary>
    Snapshots = 1,

    /// <summary>A read model of documents.</summary>
    Documents = 2,

    /// <summary>A read model of tables.</summary>
    Tables = 3,
}
