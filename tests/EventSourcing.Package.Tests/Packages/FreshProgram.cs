namespace EventSourcing.Package.Tests;

/// <summary>A program for a project of its own.</summary>
/// <param name="Name">The name of the project.</param>
/// <param name="Text">The program.</param>
/// <param name="PackageIds">The packages that the project references.</param>
internal sealed record FreshProgram(string Name, string Text, params string[] PackageIds)
{
    /// <summary>The C# blocks of a README of this tree.</summary>
    public static async Task<FreshProgram> OfReadmeAsync(string name, string readme, params string[] packageIds) =>
        new(name, ReadmeProgram.Read(await File.ReadAllTextAsync(SourceTree.PathOf(readme))).Text, packageIds);
}
