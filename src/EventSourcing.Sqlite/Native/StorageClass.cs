namespace EventSourcing;

/// <summary>What a stored value is, whatever type its column was declared with. The numbers are SQLite's.</summary>
internal enum StorageClass
{
    Integer = 1,
    Real = 2,
    Text = 3,
    Blob = 4,
    Null = 5,
}
