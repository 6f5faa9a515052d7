namespace EventSourcing.Tamper;

/// <summary>What an edit is expected to come to.</summary>
internal enum Expectation
{
    /// <summary>It changes what was: it must be found.</summary>
    Found,

    /// <summary>It only adds what the library might have added itself: nothing that was kept earlier can tell.</summary>
    Extension,
}

/// <summary>A kind of edit: a row of the table.</summary>
/// <param name="Name">The row's name.</param>
/// <param name="Apply">Makes one, by chance, and says which.</param>
/// <param name="Expectation">What it is expected to come to.</param>
/// <param name="CanBeCovered">Whether making the tree anew afterwards would cover it.</param>
/// <param name="IsOfEvents">Whether a first bad position is to be named.</param>
internal sealed record EditKind(string Name, Func<Editor, string> Apply, Expectation Expectation = Expectation.Found, bool CanBeCovered = true, bool IsOfEvents = true)
{
    /// <summary>Another file is put in place instead: no shell is needed.</summary>
    public Func<SampleStore, Random, string, Task<string>>? Replace { get; init; }
}
